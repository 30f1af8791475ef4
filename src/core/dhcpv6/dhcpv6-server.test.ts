import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, layerOf } from '../../../test/by-hand.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';
import { type Dhcpv6Message, dhcpv6Message } from '../../wire/dhcpv6/dhcpv6-message.ts';
import {
  DHCPV6_MESSAGE,
  DHCPV6_STATUS,
  type Dhcpv6MessageName,
} from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Dhcpv6Option, Dhcpv6OptionInput } from '../../wire/dhcpv6/dhcpv6-options.ts';
import { nameIn } from '../../wire/numbers.ts';
import { seconds } from '../time.ts';
import { ALL_DHCP_SERVERS, sendDhcpv6 } from './dhcpv6-packets.ts';

const SERVER = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 7);
const POOL = address('2001:db8:a::1:0');
const rapid = { option: 'rapid-commit' } as const;

function server(poolSize = 2, rapidCommit = true): ByHand {
  const one = new ByHand({
    name: 'ar',
    accessRouter: {
      advertisements: [],
      dhcpv6: [
        {
          link: 'eth0',
          prefix: address('2001:db8:a::'),
          prefixLength: 64,
          first: POOL,
          poolSize,
          validLifetime: seconds(1000),
          preferredLifetime: seconds(800),
          rapidCommit,
        },
      ],
    },
  });
  return one.feed({ kind: 'start' }, 0).link(0).address(address('fe80::1'), 0);
}

const client = (number: number) => Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 0x10 + number);

/** An identity association with an address in it. */
const association = (wanted?: Address): Dhcpv6OptionInput => ({
  option: 'ia-na',
  iaid: 5,
  options: wanted === undefined ? [] : [{ option: 'ia-address', address: wanted }],
});

interface Asking {
  readonly from?: number | 'nobody';
  readonly to?: Uint8Array;
  readonly options?: readonly Dhcpv6OptionInput[];
}

/** What the server answers: name of the message, then addresses and statuses. */
function ask(one: ByHand, name: Dhcpv6MessageName, time: number, asking: Asking = {}): string {
  const { from = 1, to, options = [association()] } = asking;
  const [sent] = sendDhcpv6({
    from: 'client',
    link: 'eth0',
    source: address('fe80::11'),
    destination: ALL_DHCP_SERVERS,
    message: name,
    transactionId: 0x123456,
    options: [
      ...(from === 'nobody' ? [] : [{ option: 'client-id', duid: client(from) } as const]),
      ...(to === undefined ? [] : [{ option: 'server-id', duid: to } as const]),
      ...options,
    ],
  });
  assert.ok(sent?.kind === 'transmit');
  one.packet(sent.octets, time, { reason: 'dhcpv6' });
  const [answer, ...more] = one.sent();
  assert.equal(more.length, 0);
  if (answer === undefined) return 'nothing';
  assert.equal(answer.destination, address('fe80::11'));
  const parsed = dhcpv6Message.parse(layerOf(answer.layers, 'udp').payload);
  assert.ok(parsed.ok);
  assert.equal(parsed.value.transactionId, 0x123456);
  return shown(parsed.value);
}

function shown({ messageType, options }: Dhcpv6Message): string {
  const words = [nameIn(DHCPV6_MESSAGE, messageType)];
  const inner = options.flatMap((one): readonly Dhcpv6Option[] =>
    one.option === 'ia-na' ? [one, ...one.options] : [one],
  );
  for (const one of inner) {
    if (one.option === 'rapid-commit') words.push('rapid');
    if (one.option === 'status-code') words.push(nameIn(DHCPV6_STATUS, one.status));
    if (one.option !== 'ia-address') continue;
    words.push(formatAddress(one.address).slice('2001:db8:'.length));
    if (one.validLifetime === 0) words.push('gone');
  }
  return words.join(' ');
}

const wants = (wanted: Address, to?: Uint8Array, from = 1): Asking => ({
  from,
  options: [association(wanted)],
  ...(to === undefined ? {} : { to }),
});

test('Solicit and Request: offered, then leased; with Rapid Commit at once', () => {
  const one = server();
  assert.ok(one.entries.has('dhcpv6/server/eth0'));
  assert.equal(ask(one, 'solicit', 1), 'advertise a::1:0');
  assert.equal(ask(one, 'solicit', 1, { from: 2 }), 'advertise a::1:0', 'an offer holds nothing');
  assert.equal(ask(one, 'request', 2, wants(POOL, SERVER)), 'reply a::1:0');
  assert.equal(ask(one, 'request', 2, wants(POOL, SERVER, 2)), 'reply a::1:1');
  assert.equal(ask(one, 'solicit', 3, { from: 1 }), 'advertise a::1:0', 'its own again');
  const quick = { options: [rapid, association()] };
  assert.equal(ask(server(), 'solicit', 1, quick), 'reply rapid a::1:0');
  assert.equal(ask(server(2, false), 'solicit', 1, quick), 'advertise a::1:0');
});

test('a full pool: NoAddrsAvail, and never a quick answer of that kind', () => {
  const one = server(1);
  ask(one, 'request', 1, wants(POOL, SERVER));
  const quick = { from: 2, options: [rapid, association()] };
  assert.equal(ask(one, 'solicit', 2, quick), 'advertise noAddrsAvail');
  assert.equal(ask(one, 'request', 2, wants(POOL, SERVER, 2)), 'reply noAddrsAvail');
  assert.equal(one.counters['dhcpv6.no_address'], 2);
  assert.equal(ask(one, 'solicit', 1002, quick), 'reply rapid a::1:0', 'the lease has ended');
});

test('T1 is drawn before half of the preferred lifetime, T2 is at 80 %', () => {
  const one = server();
  ask(one, 'solicit', 1);
  const parsed = dhcpv6Message.parse(layerOf(one.sent()[0]!.layers, 'udp').payload);
  assert.ok(parsed.ok);
  const ia = parsed.value.options.find((each) => each.option === 'ia-na');
  assert.ok(ia?.option === 'ia-na');
  assert.deepEqual([ia.t1, ia.t2], [360, 640], '0.9 of 400 s with a die of 0.5');
});

test('Renew and Rebind: what is known is renewed, what is not is said so by one of the two', () => {
  const one = server();
  assert.equal(ask(one, 'renew', 1, wants(POOL, SERVER)), 'reply noBinding');
  assert.equal(ask(one, 'rebind', 1, wants(POOL)), 'nothing', 'another server may know it');
  const foreign = address('2001:db8:b::1');
  assert.equal(ask(one, 'rebind', 1, wants(foreign)), 'reply b::1 gone');
  ask(one, 'request', 2, wants(POOL, SERVER));
  assert.equal(ask(one, 'renew', 900, wants(POOL, SERVER)), 'reply a::1:0');
  assert.equal(ask(one, 'rebind', 1800, wants(POOL)), 'reply a::1:0', 'it was renewed at 900 s');
});

test('Confirm: is the address one of this link?', () => {
  const one = server();
  assert.equal(ask(one, 'confirm', 1, wants(POOL)), 'reply success');
  assert.equal(ask(one, 'confirm', 1, wants(address('2001:db8:b::1'))), 'reply notOnLink');
  assert.equal(ask(one, 'confirm', 1), 'nothing', 'about no address at all');
});

test('Release and Decline: free again, or nobody`s', () => {
  const one = server(1);
  ask(one, 'request', 1, wants(POOL, SERVER));
  assert.equal(ask(one, 'release', 2, wants(POOL, SERVER, 2)), 'reply success noBinding');
  assert.equal(ask(one, 'release', 2, wants(POOL, SERVER)), 'reply success');
  assert.equal(ask(one, 'request', 3, wants(POOL, SERVER, 2)), 'reply a::1:0');
  assert.equal(ask(one, 'decline', 4, wants(POOL, SERVER, 2)), 'reply success');
  assert.equal(ask(one, 'solicit', 5), 'advertise noAddrsAvail');
});

test('messages for another server, or of nobody, get no answer', () => {
  const one = server();
  const other = client(9);
  assert.equal(ask(one, 'request', 1, wants(POOL, other)), 'nothing');
  assert.equal(ask(one, 'request', 1, wants(POOL)), 'nothing', 'no server named');
  assert.equal(ask(one, 'solicit', 1, { to: SERVER }), 'nothing', 'a server named');
  assert.equal(ask(one, 'solicit', 1, { from: 'nobody' }), 'nothing');
  assert.equal(ask(one, 'reply', 1), 'nothing');
  assert.equal(one.counters['dhcpv6.unexpected'], 5);
  assert.equal(ask(one, 'informationRequest', 1, { from: 'nobody', options: [] }), 'reply');
});
