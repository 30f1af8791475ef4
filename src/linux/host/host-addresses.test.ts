import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { IFA_F, type InterfaceAddress } from '../sys/netlink/addresses.ts';
import { SysError } from '../sys/sys-error.ts';
import type { AddressOutput } from './host.ts';
import { HostAddresses } from './host-addresses.ts';

const one = address('2001:db8::1');
const local = address('fe80::1');
const add = (more: Partial<AddressOutput> = {}): AddressOutput => ({
  kind: 'address',
  action: 'add',
  link: 'eth0',
  address: one,
  prefixLength: 64,
  ...more,
});

function rig() {
  const log: string[] = [];
  const set: InterfaceAddress[] = [];
  const state = { refuses: false };
  const addresses = new HostAddresses({
    netlink: {
      replaceAddress: (said) => {
        if (state.refuses) throw new SysError('set address', 1);
        set.push(said);
      },
      removeAddress: () => true,
    },
    indexOf: (link) => ({ eth0: 3, careof0: 7 })[link],
    linkOf: (ifindex) => ({ 3: 'eth0', 7: 'careof0' })[ifindex],
    anycast: (action) => log.push(`anycast ${action}`) > 0,
    changed: () => {},
    tell: (input) => input.kind === 'address' && log.push(`${input.link} ${input.present}`),
    count: (counter) => log.push(counter),
  });
  addresses.tellAll();
  return { addresses, log, set, state };
}

test('a role is told at once of what it gave, and once', () => {
  const { addresses, log, set } = rig();
  addresses.perform(add({ deprecated: true }));
  assert.deepEqual(log, ['eth0 true']);
  const { flags, preferredSeconds, protocol } = set[0]!;
  assert.deepEqual([flags, preferredSeconds, protocol], [IFA_F.NODAD, 0, 175]);
  addresses.follow(set[0]!, true);
  assert.equal(addresses.isOwn(one), true);
  addresses.perform(add({ action: 'remove' }));
  addresses.follow(set[0]!, false);
  assert.deepEqual(log, ['eth0 true', 'eth0 false']);
  assert.equal(addresses.isOwn(one), false);
});

test('what the operator gives is told when it may be sent from', () => {
  const { addresses, log } = rig();
  const said = { ifindex: 3, address: local, prefixLength: 64 };
  addresses.follow({ ...said, flags: IFA_F.TENTATIVE }, true);
  assert.deepEqual(log, []);
  addresses.follow({ ...said, flags: 0 }, true);
  addresses.follow({ ...said, ifindex: 99 }, true);
  assert.deepEqual(log, ['eth0 true']);
  assert.deepEqual([...addresses.global()], []);
  addresses.follow({ ...said, flags: IFA_F.DADFAILED | IFA_F.TENTATIVE }, true);
  assert.deepEqual(log, ['eth0 true', 'eth0 false']);
});

test('an identity may stand on two links for a moment; the anchor one is for new connections', () => {
  const { addresses, log } = rig();
  const home = { preferred: true, prefixLength: 128 };
  addresses.perform(add({ link: 'careof0', ...home }));
  assert.equal(addresses.preferred(7), one);
  addresses.perform(add(home));
  addresses.perform(add({ link: 'careof0', ...home, action: 'remove' }));
  assert.equal(addresses.isOwn(one), true);
  assert.equal(addresses.preferred(7), undefined);
  assert.deepEqual(log, ['careof0 true', 'eth0 true', 'careof0 false']);
});

test('an anycast address is received at, and no role hears of it', () => {
  const { addresses, log } = rig();
  addresses.perform(add({ anycast: true }));
  assert.equal(addresses.isOwn(one), true);
  assert.deepEqual(addresses.on(3), []);
  addresses.perform(add({ anycast: true, action: 'remove' }));
  assert.equal(addresses.isOwn(one), false);
  assert.deepEqual(log, ['anycast add', 'anycast remove']);
});

test('what the kernel refuses is counted, and tried again when the link comes back', () => {
  const { addresses, log, set, state } = rig();
  state.refuses = true;
  addresses.perform(add());
  addresses.perform(add({ link: 'nowhere' }));
  assert.deepEqual(log, ['host.address_refused', 'host.address_refused']);
  state.refuses = false;
  addresses.restore('eth0');
  assert.equal(set.length, 1);
  assert.equal(log.at(-1), 'eth0 true');
});
