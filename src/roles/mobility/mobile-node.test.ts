import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet, type Sent } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import {
  bindingManagementKey,
  signBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, ALL_NODES, address, formatAddress } from '../../wire/address.ts';
import type { LayerInput } from '../../wire/packet.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const PEER = address('2001:db8:f::c');
const ROUTER = address('fe80::1');
const CARE_OF = Object.fromEntries(
  ['a', 'b'].map((letter) => [letter, address(`2001:db8:${letter}::ff:fe00:7`)]),
) as Record<'a' | 'b', Address>;
const auth: Authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(7) };

function node(authentication: Authentication = auth, links = ['eth0']): ByHand {
  const one = new ByHand({
    name: 'mn',
    mobileNode: {
      home: HOME,
      homePrefixLength: 64,
      homeAgent: AGENT,
      authentication,
      links,
      lifetime: seconds(600),
      dad: 'off',
      routeOptimisation: true,
      maxPeers: 2,
    },
  });
  one.feed({ kind: 'start' }, 0).link(0).address(address('fe80::ff:fe00:7'), 0);
  return one;
}

/** A Router Advertisement for a network: `1` is home. */
function advertisement(letter: string, router = ROUTER, routerLifetime = 1800): Uint8Array {
  return packet(
    router,
    ALL_NODES,
    [
      {
        layer: 'router-advertisement',
        routerLifetime,
        options: [
          {
            option: 'prefix-information',
            prefixLength: 64,
            onLink: true,
            autonomous: true,
            validLifetime: 86_400,
            preferredLifetime: 14_400,
            prefix: address(`2001:db8:${letter}::`),
          },
        ],
      },
    ],
    255,
  );
}

/** Comes to another network, by a link that went down and up. */
function arrive(one: ByHand, letter: string, time: number): ByHand {
  one.link(time, false).link(time);
  return one.packet(advertisement(letter), time, { reason: 'icmpv6' });
}

const update = ({ layers }: Sent) => {
  const message = layers.find((layer) => layer.layer === 'binding-update');
  assert.ok(message?.layer === 'binding-update', 'a Binding Update');
  return message;
};
const stamp = (sent: Sent) =>
  update(sent).options.find((one) => one.option === 'replay-protection')!.timestamp;

/** The home agent's answer to an update. */
function answered(one: ByHand, sent: Sent, time: number, status = 0, theirs?: bigint): ByHand {
  const { sequence, lifetime } = update(sent);
  const away = sent.source !== HOME;
  const subject = { careOf: sent.source, home: HOME };
  const proof = homeProof(auth, crypto, subject, theirs ?? stamp(sent));
  const octets = packet(AGENT, sent.source, [
    ...(away ? [{ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME } as const] : []),
    { layer: 'binding-acknowledgement', status, sequence, lifetime, options: [...proof.options] },
  ]);
  proof.sign(octets);
  return one.packet(octets, time);
}

const homeUpdate = (one: ByHand): Sent => {
  const found = one.sent().filter(({ destination }) => destination === AGENT);
  assert.equal(found.length, 1, `one home update of ${one.names().join(', ')}`);
  return found[0]!;
};

/** Registered at home for the network `a`. */
function away(time = 1): ByHand {
  const one = node();
  arrive(one, 'a', time);
  return answered(one, homeUpdate(one), time);
}

test('away from home it registers, and goes on to take what comes by tunnel', () => {
  const one = node();
  arrive(one, 'a', 1);
  const sent = homeUpdate(one);
  assert.equal(sent.source, CARE_OF.a);
  const { homeRegistration, acknowledge, lifetime, options } = update(sent);
  assert.deepEqual([homeRegistration, acknowledge, lifetime], [true, true, 150]);
  assert.ok(options.some(({ option }) => option === 'alternate-care-of-address'));
  assert.deepEqual(
    one.run(5).map(({ time }) => time),
    [2.5],
    'repeated after 1.5 s',
  );
  answered(one, homeUpdate(one), 5);
  assert.deepEqual([one.counters['mobility.ba_received'], one.names()], [1, []]);
});

test('two advertisements in one instant: the later update is no replay of the first', () => {
  const one = node();
  arrive(one, 'a', 1);
  const first = homeUpdate(one);
  arrive(one, 'b', 1);
  const second = homeUpdate(one);
  assert.equal(second.source, CARE_OF.b);
  assert.ok(stamp(second) > stamp(first));
});

test('status 144: the clock is set and the update sent again at once, then ever more slowly', () => {
  const one = node();
  arrive(one, 'a', 1);
  const theirs = ntpTimestamp(EPOCH, at(1000));
  answered(one, homeUpdate(one), 1, 144, theirs);
  const times: number[] = [];
  for (let i = 0; i < 8; i++) {
    const now = one.role.deadline()! / seconds(1);
    times.push(now);
    one.feed({ kind: 'tick' }, now);
    if (i === 0) assert.equal(stamp(homeUpdate(one)), theirs);
    answered(one, homeUpdate(one), now, 144, theirs);
  }
  assert.deepEqual(times, [1, 2, 4, 8, 16, 32, 64, 96]);
});

test('an old answer 144 that is played back does not set the clock', () => {
  const one = node();
  arrive(one, 'a', 1);
  const first = homeUpdate(one);
  answered(one, first, 1);
  answered(one, first, 2, 144, 1n);
  assert.equal(one.counters['mobility.ba_unexpected'], 1);
  arrive(one, 'b', 3);
  assert.equal(stamp(homeUpdate(one)), ntpTimestamp(EPOCH, at(3)));
});

test('home again after a refusal: no attempt to register goes on', () => {
  const one = node();
  arrive(one, 'a', 1);
  answered(one, homeUpdate(one), 1, 134);
  arrive(one, '1', 5);
  answered(one, homeUpdate(one), 5, 133);
  assert.deepEqual(one.names(), ['neighbor-advertisement']);
  assert.deepEqual(
    one.run(200).filter(({ packet }) => packet.destination === AGENT),
    [],
  );
});

test('a life without memory that begins at home takes back what an earlier one may have left', () => {
  const one = node();
  arrive(one, '1', 1);
  const sent = homeUpdate(one);
  assert.deepEqual([sent.source, update(sent).lifetime], [HOME, 0]);
  answered(one, sent, 1, 133);
  assert.deepEqual(one.names(), ['neighbor-advertisement']);
  assert.ok(!one.events().some((kind) => kind.startsWith('registration')), 'quietly');
  const later = one.run(200).filter(({ packet }) => packet.destination === AGENT);
  assert.deepEqual(later, []);
  arrive(one, '1', 201);
  assert.deepEqual(one.names(), ['neighbor-advertisement'], 'once is enough');

  const remembers = node();
  for (const [key, value] of one.store) remembers.feed({ kind: 'restored', key, value }, 0);
  arrive(remembers, '1', 1);
  assert.deepEqual(remembers.names(), ['neighbor-advertisement'], 'it knows that nothing is held');
});

test('refused, it tries again after 32 s', () => {
  const one = node();
  arrive(one, 'a', 1);
  answered(one, homeUpdate(one), 1, 130);
  const [again] = one.run(40).filter(({ packet }) => packet.destination === AGENT);
  assert.equal(again?.time, 33);
});

test('home again the binding is taken back, and the address claimed when that is acknowledged', () => {
  const one = away();
  arrive(one, '1', 5);
  const sent = homeUpdate(one);
  assert.deepEqual([sent.source, update(sent).lifetime, sent.output.link], [HOME, 0, 'eth0']);
  answered(one, sent, 5);
  assert.deepEqual(one.names(), ['neighbor-advertisement']);
  const again = one.run(25).filter(({ packet }) => packet.destination === ALL_NODES);
  assert.equal(again.map(({ time }) => time).join(), '6,13', 'a link may be out for a moment');
});

/** Routes that the node gives to packets of its home address: link and next hop. */
function homeRoutes(one: ByHand, routes: Set<string>): Set<string> {
  for (const output of one.outputs) {
    if (output.kind !== 'route' || output.source !== HOME) continue;
    const { action, link, via } = output;
    const route = `${link} ${via === undefined ? 'on-link' : formatAddress(via)}`;
    if (action === 'add') routes.add(route);
    else routes.delete(route);
  }
  return routes;
}

test('at home by another interface: the address is claimed, and no route of the first stays', () => {
  const one = node(auth, ['eth0', 'eth1']);
  const routes = new Set<string>();
  one.link(1, true, 'eth1').packet(advertisement('1'), 1, { link: 'eth1', reason: 'icmpv6' });
  assert.deepEqual([...homeRoutes(one, routes)], ['eth1 on-link', 'eth1 fe80::1']);
  answered(one, homeUpdate(one), 1, 133);
  one.packet(advertisement('1'), 2, { reason: 'icmpv6' });
  assert.deepEqual([...homeRoutes(one, routes)], ['eth0 on-link', 'eth0 fe80::1']);
  assert.equal(one.one('neighbor-advertisement').output.link, 'eth0');
});

test('at home by another router, as the first is gone: packets leave by the new one', () => {
  const one = node();
  const routes = new Set<string>();
  homeRoutes(one.packet(advertisement('1'), 1, { reason: 'icmpv6' }), routes);
  const other = address('fe80::2');
  one.packet(advertisement('1', other), 2, { reason: 'icmpv6' });
  assert.deepEqual([...homeRoutes(one, routes)], ['eth0 on-link', 'eth0 fe80::1']);
  homeRoutes(one.packet(advertisement('1', ROUTER, 0), 3, { reason: 'icmpv6' }), routes);
  assert.deepEqual([...routes], ['eth0 on-link', 'eth0 fe80::2']);
});

test('a home agent with nothing to take back (133) leaves nothing to expire', () => {
  const one = away();
  arrive(one, '1', 5);
  answered(one, homeUpdate(one), 5, 133);
  const late = one.run(2000).filter(({ packet }) => packet.destination === AGENT);
  assert.deepEqual(late, []);
});

test('a Binding Error of the home agent is believed, once a second', () => {
  const one = away();
  const error = packet(AGENT, CARE_OF.a, [
    { layer: 'binding-error', status: 1, homeAddress: HOME },
  ]);
  one.packet(error, 2);
  answered(one, homeUpdate(one), 2.1);
  one.packet(error, 2.5);
  assert.deepEqual([one.names(), one.counters['mobility.be_ignored']], [[], 1]);
  one.packet(error, 3);
  assert.equal(homeUpdate(one).source, CARE_OF.a);
});

const notice = {
  kind: 'notice',
  entry: '',
  reason: 'tunnelled-from-peer',
  src: PEER,
  dst: HOME,
} as const;
const HOME_TOKEN = new Uint8Array(8).fill(1);
const CARE_TOKEN = new Uint8Array(8).fill(2);

function tested(one: ByHand, careOf: Address, time: number): void {
  const inits = one.sent();
  for (const { layers } of inits) {
    const init = layers.at(-1)!;
    if (init.layer === 'home-test-init') {
      const { homeInitCookie } = init;
      const layer = { layer: 'home-test', nonceIndex: 1, homeInitCookie } as const;
      const octets = packet(PEER, HOME, [{ ...layer, homeKeygenToken: HOME_TOKEN }]);
      const away = one.entries.has('path/from/2001:db8:1::100');
      one.packet(octets, time, away ? { tunnel: { src: AGENT, dst: careOf } } : {});
    }
    if (init.layer === 'care-of-test-init') {
      const { careOfInitCookie } = init;
      const layer = { layer: 'care-of-test', nonceIndex: 2, careOfInitCookie } as const;
      one.packet(packet(PEER, careOf, [{ ...layer, careOfKeygenToken: CARE_TOKEN }]), time);
    }
  }
}

function peerAnswer(one: ByHand, sent: Sent, time: number, status = 0): ByHand {
  const { sequence, lifetime } = update(sent);
  const release = sent.source === HOME;
  const key = bindingManagementKey(crypto, HOME_TOKEN, release ? undefined : CARE_TOKEN);
  const layers: LayerInput[] = [
    {
      layer: 'binding-acknowledgement',
      status,
      sequence,
      lifetime,
      options: [{ option: 'binding-authorization-data', authenticator: new Uint8Array(12) }],
    },
  ];
  if (!release) layers.unshift({ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME });
  const octets = packet(PEER, sent.source, layers);
  signBindingAuthorization(crypto, octets, key, { careOf: sent.source, correspondent: PEER });
  return one.packet(octets, time);
}

const toPeer = (one: ByHand): Sent => {
  const found = one.sent().filter(({ layers }) => layers.at(-1)!.layer === 'binding-update');
  assert.equal(found.length, 1, `one update of ${one.names().join(', ')}`);
  assert.equal(found[0]!.destination, PEER);
  return found[0]!;
};
const PATH = 'path/from/2001:db8:1::100/to/2001:db8:f::c';
const how = (one: ByHand) => JSON.stringify(one.entries.get(PATH)?.do ?? 'tunnel');
const optimised = (letter: 'a' | 'b') =>
  JSON.stringify([{ insert: 'home-address', careOf: CARE_OF[letter] }]);

/** Away at `a`, and registered at the peer. */
function optimisedAway(): ByHand {
  const one = away();
  one.feed(notice, 2);
  assert.deepEqual(one.names(), ['home-test-init', 'care-of-test-init']);
  tested(one, CARE_OF.a, 2.1);
  peerAnswer(one, toPeer(one), 2.2);
  assert.equal(how(one), optimised('a'));
  return one;
}

test('a peer heard of by the tunnel is tested, told, and from then on reached directly', () => {
  const one = optimisedAway();
  assert.equal(one.entries.get(PATH)?.expiresAt, at(2.1 + 420 - 0.1));
});

test('the answer of a peer that comes when the tokens have just run out is taken', () => {
  const one = away();
  one.feed(notice, 2);
  const inits = one.sent();
  assert.equal(inits.length, 2);
  tested(one, CARE_OF.a, 2.1);
  peerAnswer(one, toPeer(one), 213);
  assert.equal(how(one), optimised('a'));
});

test('from A to B and back to A before B is proved: the peer is reached by A again', () => {
  const one = optimisedAway();
  arrive(one, 'b', 3);
  assert.equal(how(one), '"tunnel"');
  arrive(one, 'a', 3.1);
  assert.equal(how(one), optimised('a'));
  answered(one, homeUpdate(one), 3.2);
  const late = one.run(3.9).filter(({ packet }) => packet.destination === PEER);
  assert.deepEqual(late, [], 'and B is not asked about any more');
});

test('a peer that sends to the last place is told again after its silence, as long as it may', () => {
  const one = optimisedAway();
  arrive(one, 'b', 3);
  answered(one, homeUpdate(one), 3.1);
  const log = one.run(500).filter(({ packet }) => packet.destination === PEER);
  // The home token is fresh, so it is the path that is silent: the binding is taken back by the home
  // agent; 31 s of that, 32 s of rest, and over again.
  const from = log.map(({ time, packet: { source } }) => [time, source === HOME ? 'home' : 'b']);
  const tests = [4, 6, 10, 18].map((time) => [time, 'b']);
  assert.deepEqual(from.slice(0, 6), [...tests, [34, 'home'], [35, 'home']]);
  const last = log.at(-1)!.time; // what the peer holds is over at 422.1 s
  assert.ok(last > 390 && last < 460, `the last at ${last}`);
});

test('home and away again: nothing is sent by a binding that was taken back', () => {
  const one = optimisedAway();
  arrive(one, '1', 5);
  answered(one, homeUpdate(one), 5);
  one.run(5);
  const release = one.outputs;
  assert.ok(release, 'ran');
  arriveReleased(one);
  arrive(one, 'b', 20);
  assert.equal(how(one), '"tunnel"');
});

function arriveReleased(one: ByHand): void {
  // The home token is fresh: the update went out with the return.
  const again = one.run(7).filter(({ packet }) => packet.destination === PEER);
  const sent = again.at(-1)?.packet;
  assert.ok(sent !== undefined && update(sent).lifetime === 0, 'the binding is taken back');
  peerAnswer(one, sent, 7);
  one.feed({ kind: 'tick' }, 8);
}

/** A moment after a Binding Error: so many packets have come straight from the peer since then. */
function listened(one: ByHand, time: number, packets: number): ByHand {
  one.feed({ kind: 'tick' }, time);
  const asked = one.outputs.find((output) => output.kind === 'ask');
  assert.ok(asked !== undefined && one.entries.has(asked.entries[0]!), 'it asks what came');
  one.feed({ kind: 'answer', id: asked.id, use: [{ packets, octets: 0 }] }, time);
  assert.ok(!one.entries.has(asked.entries[0]!), 'the entry goes');
  return one;
}

test('a Binding Error 1 is a lie where the peer goes on sending straight to us', () => {
  const one = optimisedAway();
  const error = { layer: 'binding-error', status: 1, homeAddress: HOME } as const;
  for (let i = 0; i < 5; i++) one.packet(packet(PEER, CARE_OF.a, [error]), 3);
  assert.deepEqual([how(one), one.counters['mobility.be_ignored']], [optimised('a'), 4]);
  listened(one, 3.2, 1);
  assert.deepEqual([how(one), one.names()], [optimised('a'), []]);
  assert.deepEqual(
    [one.counters['mobility.be_ignored'], one.counters['mobility.be_received']],
    [5, undefined],
  );
  one.packet(packet(PEER, CARE_OF.a, [error]), 4);
  arrive(one, 'b', 4.1);
  one.packet(packet(PEER, CARE_OF.a, [error]), 4.1);
  listened(one, 4.2, 0);
  assert.equal(one.counters['mobility.be_received'], undefined, 'it was said of another place');
});

test('a restarted node uses on what is held where it is, renews it elsewhere, or takes it back', () => {
  const { store } = optimisedAway();
  const restarted = (time: number, letter: string): ByHand => {
    const one = node();
    for (const [key, value] of store) one.store.set(key, value);
    for (const [key, value] of store) one.feed({ kind: 'restored', key, value }, time);
    return arrive(one, letter, time);
  };
  const same = restarted(10, 'a');
  assert.deepEqual([how(same), same.names()], [optimised('a'), []]);
  const again = restarted(10, 'b');
  assert.equal(update(homeUpdate(again)).sequence, 0x8002, 'it began with 0x8000');
  answered(again, homeUpdate(again), 10);
  assert.deepEqual(again.names(), ['home-test-init', 'care-of-test-init']);
  assert.ok(restarted(10, '1').names().includes('home-test-init'), 'to take it back');
  const keys = [...restarted(3000, 'b').store.keys()];
  assert.ok(!keys.some((key) => key.startsWith('peer/')));
});

test('forged Binding Errors: type 2 counts only while an answer is awaited', () => {
  const one = optimisedAway();
  const error = (to: Address, status: number) =>
    packet(PEER, to, [{ layer: 'binding-error', status, homeAddress: HOME }]);
  one.packet(error(CARE_OF.a, 2), 3);
  assert.deepEqual([how(one), one.counters['mobility.be_ignored']], [optimised('a'), 1]);
  one.packet(error(HOME, 1), 3);
  assert.deepEqual([how(one), one.counters['mobility.be_ignored']], [optimised('a'), 2]);
  one.packet(error(CARE_OF.a, 1), 4);
  listened(one, 4.2, 0);
  assert.deepEqual([how(one), one.counters['mobility.be_received']], ['"tunnel"', 1]);
  assert.deepEqual(one.names(), ['home-test-init', 'care-of-test-init'], 'it proves itself anew');
  one.packet(error(CARE_OF.a, 2), 4.3);
  assert.equal(one.counters['mobility.peer_unaware'], 1);
});

test('Binding Refresh Requests are obeyed once a second', () => {
  const one = optimisedAway();
  const request = packet(PEER, HOME, [{ layer: 'binding-refresh-request' }]);
  one.packet(request, 3);
  assert.deepEqual(one.names(), ['home-test-init', 'care-of-test-init'], 'proved anew: 11.7.4');
  tested(one, CARE_OF.a, 3.1);
  peerAnswer(one, toPeer(one), 3.1);
  one.packet(request, 3.2);
  assert.deepEqual(one.names(), []);
  one.packet(request, 4);
  tested(one, CARE_OF.a, 4.1);
  assert.equal(update(toPeer(one)).lifetime, 105);
});

test('a Parameter Problem about an Init of ours makes a peer unaware, one about the option a doubt', () => {
  const problem = (invoking: Uint8Array, code: number, pointer: number) =>
    packet(PEER, CARE_OF.a, [{ layer: 'parameter-problem', code, pointer, invoking }]);
  const testing = away();
  testing.feed(notice, 2);
  const init = testing.one('care-of-test-init').octets;
  const forged = init.slice();
  forged[48]! ^= 1;
  const icmp = { reason: 'icmpv6' } as const;
  testing.packet(problem(forged, 1, 6), 3, icmp).packet(problem(init, 0, 6), 3, icmp);
  assert.equal(testing.counters['mobility.peer_unaware'], undefined);
  testing.packet(problem(init, 1, 6), 3, icmp);
  assert.equal(testing.counters['mobility.peer_unaware'], 1);
  testing.feed(notice, 3602);
  assert.deepEqual(testing.names(), [], 'for an hour');

  const one = optimisedAway();
  const data = packet(CARE_OF.a, PEER, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    { layer: 'udp', sourcePort: 1, destinationPort: 2 },
  ]);
  const option = data.indexOf(0xc9, 40);
  one.packet(problem(data, 0, option), 3, icmp).packet(problem(data, 2, option + 1), 3, icmp);
  assert.equal(how(one), optimised('a'));
  const notOurs = data.slice();
  notOurs[option + 17]! ^= 1;
  one.packet(problem(notOurs, 2, option), 3, icmp);
  assert.equal(how(one), optimised('a'), 'a home address that is none of ours');
  one.packet(problem(data, 2, option), 3, icmp);
  assert.deepEqual([how(one), one.names()], [optimised('a'), ['binding-update']], 'it is asked');
  one.packet(problem(data, 2, option), 3.5, icmp);
  assert.deepEqual(one.names(), [], 'once a second');
  assert.equal(one.counters['mobility.peer_unaware'], undefined);
});

test('a list full of peers that are left alone has room for a new one', () => {
  const one = away();
  const icmp = { reason: 'icmpv6' } as const;
  const peers = ['c', 'd', 'e'].map((last) => address(`2001:db8:f::${last}`));
  for (const [i, src] of peers.entries()) {
    one.feed({ ...notice, src }, 3 * i + 2);
    const init = one.one('care-of-test-init');
    assert.equal(init.destination, src);
    const layer = { layer: 'parameter-problem', code: 1, pointer: 6 } as const;
    const problem = packet(src, CARE_OF.a, [{ ...layer, invoking: init.octets }]);
    one.packet(problem, 3 * i + 3, icmp);
    assert.equal(one.counters['mobility.peer_unaware'], i + 1);
  }
  assert.equal(one.counters['mobility.list_full'], undefined);
});

test('an acknowledgement of another home address, or stamped otherwise, is none of ours', () => {
  const one = node();
  arrive(one, 'a', 1);
  const sent = homeUpdate(one);
  answered(one, sent, 1.1, 0, stamp(sent) + 1n);
  const { sequence } = update(sent);
  const proof = homeProof(auth, crypto, { careOf: CARE_OF.a, home: HOME }, stamp(sent));
  const octets = packet(AGENT, CARE_OF.a, [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: address('2001:db8:1::200') },
    { layer: 'binding-acknowledgement', sequence, lifetime: 150, options: [...proof.options] },
  ]);
  proof.sign(octets);
  one.packet(octets, 1.1);
  const { 'mobility.ba_unauthenticated': refused, 'mobility.ba_received': taken } = one.counters;
  assert.deepEqual([refused, taken], [2, undefined]);
  answered(one, sent, 1.2);
  assert.equal(one.counters['mobility.ba_received'], 1);
});

test('answers 136 to 138 make it prove itself anew, three times', () => {
  const one = away();
  one.feed(notice, 2);
  for (let i = 0; i < 4; i++) {
    const now = 3 + i;
    one.run(now - 0.5);
    if (one.sent().length > 0) tested(one, CARE_OF.a, now - 0.4);
    const sent = one.sent().find(({ layers }) => layers.at(-1)!.layer === 'binding-update');
    if (sent === undefined) assert.fail(`no update the ${i}th time`);
    peerAnswer(one, sent, now, 136 + (i % 3));
  }
  assert.ok(one.events().includes('registration.refused'));
});

test('a Home Test that did not come by the home agent proves nothing', () => {
  const one = away();
  one.feed(notice, 2);
  const { homeInitCookie } = one.one('home-test-init').message;
  const octets = packet(PEER, HOME, [{ layer: 'home-test', nonceIndex: 1, homeInitCookie }]);
  one.packet(octets, 2.1);
  assert.equal(one.counters['mobility.test_unexpected'], 1);
  one.packet(octets, 2.1, { tunnel: { src: PEER, dst: CARE_OF.a } });
  assert.equal(one.counters['mobility.test_unexpected'], 2);
  one.packet(octets, 2.1, { tunnel: { src: AGENT, dst: CARE_OF.a } });
  assert.equal(one.counters['mobility.test_unexpected'], 2);
});

test('a wrong key: the answer is counted and told of, and the update repeated', () => {
  const one = node({ ...auth, key: new Uint8Array(16) } as Authentication);
  arrive(one, 'a', 1);
  answered(one, homeUpdate(one), 1);
  assert.equal(one.counters['mobility.ba_unauthenticated'], 1);
  assert.ok(one.events().includes('registration.refused'));
  assert.equal(one.run(3).length > 0, true);
});

test('a Binding Error of a peer is believed once a second', () => {
  const one = optimisedAway();
  const error = { layer: 'binding-error', status: 1, homeAddress: HOME } as const;
  one.packet(packet(PEER, CARE_OF.a, [error]), 3.8);
  listened(one, 4, 0);
  tested(one, CARE_OF.a, 4.1);
  peerAnswer(one, toPeer(one), 4.2);
  one.packet(packet(PEER, CARE_OF.a, [error]), 4.7);
  listened(one, 4.9, 0);
  assert.deepEqual([how(one), one.counters['mobility.be_ignored']], [optimised('a'), 1]);
  one.packet(packet(PEER, CARE_OF.a, [error]), 4.9);
  listened(one, 5.1, 0);
  assert.equal(how(one), '"tunnel"');
});
