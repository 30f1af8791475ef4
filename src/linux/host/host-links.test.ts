import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkAddress } from '../../core/role.ts';
import type { Link } from '../sys/netlink/links.ts';
import { HostLinks } from './host-links.ts';

const linkAddress = '\x02\0\0\0\0\x07' as LinkAddress;
const interfaceOf = (more: Partial<Link> = {}): Link => ({
  ifindex: 3,
  name: 'eth0',
  up: true,
  carrier: true,
  loopback: false,
  pointToPoint: false,
  mtu: 1500,
  linkAddress,
  type: 1,
  operationalState: 6,
  ...more,
});

function rig() {
  const log: string[] = [];
  const links = new HostLinks(new Map([['wired', 'eth0']]), {
    came: ({ link }) => log.push(`came ${link}`),
    cameUp: ({ link }) => log.push(`up ${link}`),
    went: ({ link }) => log.push(`went ${link}`),
    tell: (input) => log.push(input.kind === 'link' ? `tell ${input.link} ${input.up}` : '?'),
  });
  return { links, log };
}

test('a link is told of by the name that the configuration has for it', () => {
  const { links, log } = rig();
  links.follow(interfaceOf({ carrier: false }));
  assert.deepEqual(log, ['came wired']);
  links.tellAll();
  links.follow(interfaceOf());
  links.follow(interfaceOf());
  links.follow(interfaceOf({ carrier: false }));
  const told = ['tell wired false', 'up wired', 'tell wired true', 'tell wired false'];
  assert.deepEqual(log.slice(1), told);
  assert.equal(links.byName('wired')?.ifindex, 3);
  assert.equal(links.byName('eth0'), undefined);
});

test('an interface that goes is down first, and one of that name is another', () => {
  const { links, log } = rig();
  links.follow(interfaceOf());
  links.tellAll();
  log.length = 0;
  links.gone(3);
  links.gone(3);
  assert.deepEqual(log, ['tell wired false', 'went wired']);
  links.follow(interfaceOf({ ifindex: 9 }));
  assert.equal(links.byName('wired')?.ifindex, 9);
  links.follow(interfaceOf({ ifindex: 9, name: 'renamed' }));
  assert.equal(links.byName('wired'), undefined);
  assert.equal(links.byName('renamed')?.ifindex, 9);
});

test('loopback, own devices and links without addresses are none of its', () => {
  const { links, log } = rig();
  links.follow(interfaceOf({ loopback: true, type: 772, name: 'lo' }));
  links.follow(interfaceOf({ name: 'careof0', type: 65534 }));
  links.follow(interfaceOf({ name: 'careof1' }));
  const { linkAddress: _, ...bare } = interfaceOf({ name: 'ppp0', type: 512 });
  links.follow(bare);
  assert.deepEqual(log, []);
  links.follow(interfaceOf({ mtu: 9000 }));
  assert.equal(links.largestMtu(), 9000);
});
