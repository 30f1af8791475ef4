/** A server whose network has no IPv6, and its agent: all between the two goes inside UDP over IPv4. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { PacketView } from '../../core/forwarding/packet-view.ts';
import { popUdp, pushUdp } from '../../core/forwarding/udp-tunnel.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import { type MobilityOptionInput, parsePacket } from '../../wire/packet.ts';

const SERVICE = address('2001:db8:a::80');
const [AGENT, AGENT4] = [address('2001:db8:1::2'), address('192.0.2.1')];
const [SERVER, SERVER4] = [address('2001:db8:e::1'), address('198.51.100.9')];
const CLIENT = address('2001:db8:f::1');
const authentication: Authentication = {
  method: 'rfc4285',
  spi: 257,
  key: new Uint8Array(16).fill(1),
};
const shared = { service: SERVICE, members: [{ address: SERVER, authentication }] };
const PORT = 4191;
const TO_AGENT = { src: SERVER4, dst: AGENT4, sport: PORT, dport: PORT };
const TO_SERVER = { src: AGENT4, dst: SERVER4, sport: PORT, dport: PORT };

function inUdp(octets: Uint8Array, ends = TO_AGENT): Uint8Array {
  const made = pushUdp(new PacketView(octets), ends);
  assert.ok(typeof made !== 'string');
  return made;
}

function agent(): ByHand {
  const anycastAgent = {
    ...{ ...shared, address: AGENT, address4: AGENT4 },
    ...{ policy: 'rotation' as const, maxClients: 4 },
  };
  const node = new ByHand({ name: 'a', anycastAgent });
  return node.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

function join(
  time: number,
  said: Address | undefined = SERVER4,
  careOfAddress: Address = SERVER,
): Uint8Array {
  const stamp = ntpTimestamp(EPOCH, at(time));
  const ends = { careOf: careOfAddress, home: SERVICE };
  const proof = homeProof(authentication, crypto, ends, stamp);
  const where: MobilityOptionInput[] =
    said === undefined ? [] : [{ option: 'ipv4-care-of-address', careOfAddress: said }];
  const octets = packet(careOfAddress, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence: 7, acknowledge: true, homeRegistration: true, lifetime: 5 },
      options: [{ option: 'alternate-care-of-address', careOfAddress }, ...where, ...proof.options],
    },
  ]);
  proof.sign(octets);
  return octets;
}

const join4 = (node: ByHand, time: number, said?: Address, ends = TO_AGENT) =>
  node.packet(inUdp(join(time, said), ends), time, { reason: 'udp-tunnel' });

/** The one packet that was sent over IPv4, out of its UDP. */
function answer(node: ByHand) {
  const [one, ...more] = node.outputs.flatMap((output) =>
    output.kind === 'transmit' && output.octets[0]! >> 4 === 4 ? [output.octets] : [],
  );
  assert.ok(one !== undefined && more.length === 0, 'one packet');
  const outer = new PacketView(one);
  const inner = popUdp(outer);
  assert.ok(typeof inner !== 'string', 'inside UDP');
  const parsed = parsePacket(inner);
  assert.ok(parsed.ok);
  const { src, dst, sport, dport } = outer;
  return { outer: { src, dst, sport, dport }, inner, layers: parsed.value };
}

const statusOf = (node: ByHand) => layerOf(answer(node).layers, 'binding-acknowledgement').status;

test('a server that comes over IPv4 is answered so, and what is for it goes so', () => {
  const node = join4(agent(), 1);
  assert.equal(statusOf(node), BINDING_STATUS.accepted);
  assert.deepEqual(answer(node).outer, TO_SERVER);
  const opening = packet(CLIENT, SERVICE, [{ layer: 'udp', sourcePort: 1, destinationPort: 53 }]);
  const passed = answer(node.packet(opening, 3, { reason: 'service-client' }));
  assert.deepEqual([passed.outer, passed.inner], [TO_SERVER, opening]);
  const push = [{ push: 'udp', ...TO_SERVER }];
  const { do: actions } = node.entries.get(`service/2001:db8:a::80/from/2001:db8:f::1`)!;
  assert.deepEqual(actions.slice(-1), push, 'whatever follows');
  const own = node.entries.get('home/to/2001:db8:e::1');
  assert.deepEqual([own?.match, own?.do], [{ dst: { address: SERVER }, mobility: true }, push]);
  const back = [...node.entries.values()].filter(({ match }) => match.innerSrc !== undefined);
  assert.deepEqual(
    back.map(({ match }) => [match.src?.address, match.dst?.address, match.innerSrc]),
    [
      [SERVER4, AGENT4, SERVICE],
      [SERVER4, AGENT4, SERVER],
    ],
  );
});

test('one that comes from elsewhere than it says is refused, and nothing goes there', () => {
  const elsewhere = { ...TO_AGENT, src: address('203.0.113.1') };
  for (const node of [
    join4(agent(), 1, SERVER4, elsewhere),
    join4(agent(), 1, SERVER4, { ...TO_AGENT, sport: PORT + 1 }),
    join4(agent(), 1, address('203.0.113.1')),
  ]) {
    assert.equal(statusOf(node), BINDING_STATUS.administrativelyProhibited);
    assert.equal(node.counters['service.ipv4_translated'], 1);
    assert.equal(node.role.sizes?.().bindings, 0);
  }
  const straight = agent().packet(join(1), 1);
  const { status } = straight.one('binding-acknowledgement').message;
  assert.equal(status, BINDING_STATUS.administrativelyProhibited, 'what came by IPv6 says IPv4');
  assert.equal(join4(agent(), 1, undefined).counters['service.ipv4_translated'], undefined);
});

test('one that says it has the address of somebody else is refused, and gets nothing of theirs', () => {
  for (const claimed of [AGENT, SERVICE, CLIENT, address('2001:db8:e::2')]) {
    const node = agent().packet(inUdp(join(1, SERVER4, claimed)), 1, { reason: 'udp-tunnel' });
    assert.equal(statusOf(node), BINDING_STATUS.administrativelyProhibited);
    assert.equal(node.counters['service.ipv4_not_its_own'], 1);
    assert.equal(node.role.sizes?.().bindings, 0);
  }
});

test('what comes inside UDP over IPv4 and is for nobody here is not taken', () => {
  const node = agent();
  const other = packet(SERVER, address('2001:db8:1::99'), [
    { layer: 'binding-update', sequence: 1, homeRegistration: true, lifetime: 5 },
  ]);
  node.packet(inUdp(other), 1, { reason: 'udp-tunnel' });
  assert.equal(node.role.sizes?.().bindings, 0);
  assert.equal(node.counters['mobility.tunnel_unverified'], 1);
});

test('the server says where it is met, and sends and takes everything over IPv4', () => {
  const anycastServer = {
    ...{ ...shared, address: SERVER, address4: SERVER4, policy: 'rotation' as const },
    ...{ overIpv4: new Map([[AGENT, AGENT4]]), agents: [AGENT], capacity: 1, near: [] },
    ...{ authentication, lifetime: seconds(20), clientLifetime: seconds(60) },
    ...{ directReturn: true, maxPeers: 10, maxClients: 10 },
  };
  const node = new ByHand({ name: 's', anycastServer }).feed({ kind: 'start' }, 0);
  const way = [{ push: 'udp', ...TO_AGENT }];
  const to = 'service/over-ipv4/2001:db8:1::2/to';
  assert.deepEqual(node.entries.get(to)?.do, way, 'before anything is sent');
  node.link(0).address(SERVER, 0);
  const { message, source, destination } = node.one('binding-update');
  assert.deepEqual([source, destination], [SERVER, AGENT]);
  const said = message.options.find((one) => one.option === 'ipv4-care-of-address');
  assert.equal(said?.careOfAddress, SERVER4);
  assert.deepEqual(node.entries.get('service/2001:db8:a::80/back')?.do, way, 'answers, too');
  const own = [...node.entries.values()].filter(({ match }) => match.src?.address === SERVICE);
  assert.equal(own.length, 1, 'nothing goes straight');
  const from = [...node.entries.values()].filter(({ match }) => match.src?.address === AGENT4);
  assert.deepEqual(
    from.map(({ match }) => match.innerDst),
    [SERVER, SERVICE],
  );
  const notice = { entry: from[1]!.id, reason: 'tunnelled-from-peer' } as const;
  node.feed({ kind: 'notice', ...notice, src: CLIENT, dst: SERVICE }, 3);
  assert.equal(node.role.sizes?.().clients, 1);
  assert.deepEqual(node.sent(), [], 'it gets to nobody else, and binds nobody');
});
