/**
 * Messages as another complete implementation writes them, without IPsec and without RFC 4285: octets
 * put together by hand, with its order of headers, its padding and its flags. Each role takes them at
 * once; what it answers holds nothing that such an implementation would not know.
 *
 * Source: RFC 6275 sections 6.1.3 to 6.1.8, 6.2 and 6.3 with their alignments.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet, type Sent } from '../../../test/by-hand.ts';
import {
  bindingManagementKey,
  signBindingAuthorization,
  verifyBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, ALL_NODES, address, addressOctets } from '../../wire/address.ts';
import { fixUpperChecksum } from '../../wire/walk.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const CARE_OF = address('2001:db8:a::ff:fe00:7');
const PEER = address('2001:db8:f::c');

/** Octets of hexadecimal digits and addresses. */
const octetsOf = (...parts: readonly string[]): number[] =>
  parts.flatMap((part) =>
    part.includes(':')
      ? [...addressOctets(address(part))]
      : [...Buffer.from(part.replaceAll(' ', ''), 'hex')],
  );

/** An IPv6 packet of what follows its header, with the checksum put in. */
function ipv6(from: string, to: string, next: string, ...payload: readonly string[]): Uint8Array {
  const rest = octetsOf(...payload);
  const length = rest.length.toString(16).padStart(4, '0');
  const octets = Uint8Array.from([
    ...octetsOf(`6000 0000 ${length} ${next} 40`, from, to),
    ...rest,
  ]);
  assert.ok(fixUpperChecksum(octets));
  return octets;
}

const [home, agent, careOf, peer] = [
  '2001:db8:1::100',
  '2001:db8:1::1',
  '2001:db8:a::ff:fe00:7',
  '2001:db8:f::c',
];
/** Destination Options: PadN of four octets, Home Address. Routing Type 2. Each before the Mobility Header. */
const HOME_ADDRESS = ['87 02 0102 0000 c910', home];
const ROUTING_2 = ['87 02 02 01 0000 0000', home];
const word = (value: number) => value.toString(16).padStart(4, '0');

/** Flags A, H, L, K; the care-of address in its option behind PadN of two octets. */
const homeUpdate = (sequence: number, lifetime: string, from = careOf) => [
  `3b 03 05 00 0000 ${word(sequence)} f000 ${lifetime} 0100 0310`,
  from,
];

const PLAIN = new Set([
  ...['pad1', 'padn', 'binding-refresh-advice', 'alternate-care-of-address'],
  ...['nonce-indices', 'binding-authorization-data'],
]);

/** Ours has no options but those of RFC 6275. */
function plain({ layers }: Sent): void {
  const message = layers.at(-1)!;
  const options = 'options' in message ? (message.options as { option: string }[]) : [];
  for (const { option } of options) assert.ok(PLAIN.has(option), option);
}

test('a home agent takes a foreign mobile node: with all flags, from away and at home again', () => {
  const homeAgent = {
    link: 'eth0',
    address: AGENT,
    prefix: address('2001:db8:1::'),
    prefixLength: 64,
    mobileNodes: [],
    allowUnauthenticated: true,
    maxBindings: 10,
  };
  const one = new ByHand({ name: 'ha', homeAgent });
  one.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
  const away = ipv6(careOf, agent, '3c', ...HOME_ADDRESS, ...homeUpdate(0xfffe, 'ffff'));
  one.packet(away, 1);
  const [answer] = one.run(3).filter(({ packet }) => packet.destination === CARE_OF);
  const told = answer!.packet.layers.at(-1)!;
  assert.ok(told.layer === 'binding-acknowledgement');
  assert.deepEqual([told.status, told.sequence], [0, 0xfffe]);
  assert.equal(answer!.packet.layers[1]!.layer, 'routing-type-2');
  plain(answer!.packet);
  const atHome = ipv6(home, agent, '87', ...homeUpdate(0xffff, '0000', home));
  const back = one.packet(atHome, 5, { from: '\x02\0\0\0\0\x09' as never });
  const { message, destination } = back.one('binding-acknowledgement');
  assert.deepEqual([message.status, message.sequence, destination], [0, 0xffff, HOME]);
  assert.deepEqual([...one.role.inspect!().bindings], []);
});

test('a correspondent tests and binds a foreign mobile node', () => {
  const one = new ByHand({ name: 'cn', correspondentNode: { maxBindings: 4 } });
  one.feed({ kind: 'start' }, 0).address(PEER, 0);
  const init = (from: string, type: string) =>
    ipv6(from, peer, '87', `3b 01 ${type} 00 0000 0000 0102 0304 0506 0708`);
  const homeTest = one.packet(init(home, '01'), 1).one('home-test').message;
  const careOfTest = one.packet(init(careOf, '02'), 1).one('care-of-test').message;
  const key = bindingManagementKey(crypto, homeTest.homeKeygenToken, careOfTest.careOfKeygenToken);
  const ends = { careOf: CARE_OF, correspondent: PEER };
  // Nonce indices at 2n, then the authenticator at 8n+2 with nothing behind it.
  const indices = `0404 ${word(homeTest.nonceIndex)} ${word(careOfTest.nonceIndex)}`;
  const update = `3b 03 05 00 0000 0001 8000 0069 ${indices} 050c ${'00'.repeat(12)}`;
  const octets = ipv6(careOf, peer, '3c', ...HOME_ADDRESS, update);
  signBindingAuthorization(crypto, octets, key, ends);
  const answer = one.packet(octets, 1).one('binding-acknowledgement');
  assert.deepEqual([answer.message.status, answer.message.lifetime], [0, 105]);
  assert.ok(verifyBindingAuthorization(crypto, answer.output.octets, key, ends));
  assert.ok(one.entries.has('path/to/2001:db8:1::100'));
  plain(answer);
});

/** Comes to the network of CARE_OF. */
function arrived(): ByHand {
  const one = new ByHand({
    name: 'mn',
    mobileNode: {
      home: HOME,
      homePrefixLength: 64,
      homeAgent: AGENT,
      authentication: { method: 'none' },
      links: ['eth0'],
      lifetime: seconds(600),
      dad: 'off',
      routeOptimisation: true,
      maxPeers: 2,
    },
  });
  one.feed({ kind: 'start' }, 0).link(0).address(address('fe80::ff:fe00:7'), 0);
  const prefix = { prefix: address('2001:db8:a::'), prefixLength: 64, onLink: true } as const;
  const lifetimes = { validLifetime: 86_400, preferredLifetime: 14_400 } as const;
  const option = {
    option: 'prefix-information',
    autonomous: true,
    ...prefix,
    ...lifetimes,
  } as const;
  const said = { layer: 'router-advertisement', routerLifetime: 1800, options: [option] } as const;
  const octets = packet(address('fe80::1') as Address, ALL_NODES, [said], 255);
  return one.packet(octets, 1, { reason: 'icmpv6' });
}

for (const [what, flags, rest] of [
  ['padded', '00', '0102 0000'],
  ['with flag K and a refresh advice', '80', '0202 0010'],
] as const) {
  test(`a mobile node takes what a foreign home agent answers: ${what}`, () => {
    const one = arrived();
    const sent = one.one('binding-update');
    assert.deepEqual([sent.source, sent.destination], [CARE_OF, AGENT]);
    const { acknowledge, homeRegistration, sequence } = sent.message;
    assert.deepEqual([acknowledge, homeRegistration], [true, true]);
    assert.ok(sent.message.options.some(({ option }) => option === 'alternate-care-of-address'));
    plain(sent);
    const status = `3b 01 06 00 0000 00 ${flags} ${word(sequence)} 0096 ${rest}`;
    one.packet(ipv6(agent, careOf, '2b', ...ROUTING_2, status), 2);
    assert.ok(one.events().includes('registration.accepted'));
    assert.equal(one.counters['mobility.ba_unauthenticated'], undefined);
  });
}
