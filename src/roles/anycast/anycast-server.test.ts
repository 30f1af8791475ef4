import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet, type Sent } from '../../../test/by-hand.ts';
import type { AnycastServerConfig, Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';

const SERVICE = address('2001:db8:a::80');
const [ONE, TWO] = [address('2001:db8:1::2'), address('2001:db8:2::2')];
const [EAST, WEST] = [address('2001:db8:e::1'), address('2001:db8:d::1')];
const authentication: Authentication = {
  method: 'rfc4285',
  spi: 257,
  key: new Uint8Array(16).fill(1),
};

function server(change: Partial<AnycastServerConfig> = {}): ByHand {
  const anycastServer: AnycastServerConfig = {
    ...{ service: SERVICE, address: EAST, policy: 'rotation', maxClients: 10 },
    members: [{ address: EAST, authentication }],
    ...{ agents: [ONE, TWO], capacity: 1, near: [], authentication, lifetime: seconds(20) },
    ...{ clientLifetime: seconds(60), directReturn: true, maxPeers: 10, ...change },
  };
  const node = new ByHand({ name: 's', anycastServer });
  node.feed({ kind: 'start' }, 0).link(0, true, 'east').link(0, true, 'west');
  return node.address(EAST, 0, 'east');
}

const joins = (packets: readonly Sent[]) =>
  packets
    .filter(({ layers }) => layers.at(-1)!.layer === 'binding-update')
    .map(({ source, destination }) => [source, destination]);

/** The agent's answer to the update that was sent last. */
function accept(node: ByHand, time: number, agent: Address, careOf = EAST): void {
  const { message } = node.one('binding-update');
  const stamp = ntpTimestamp(EPOCH, at(time));
  const proof = homeProof(authentication, crypto, { careOf, home: SERVICE }, stamp);
  const octets = packet(agent, careOf, [
    { layer: 'routing-type-2', homeAddress: SERVICE },
    {
      layer: 'binding-acknowledgement',
      ...{ status: 0, sequence: message.sequence, lifetime: 5, options: proof.options },
    },
  ]);
  proof.sign(octets);
  node.packet(octets, time);
}

test('a server joins all its agents, or the first of those that share what they know', () => {
  assert.deepEqual(joins(server().sent()), [
    [EAST, ONE],
    [EAST, TWO],
  ]);
  assert.deepEqual(joins(server({ agentsShare: true }).sent()), [[EAST, ONE]]);
});

test('when its agent is silent it joins the next one, within five seconds', () => {
  const node = server({ agentsShare: true });
  accept(node, 0, ONE);
  const sent = node.run(5.5);
  const next = sent.filter(({ packet }) => joins([packet]).some(([, to]) => to === TWO));
  assert.ok(next.length > 0 && next[0]!.time <= 5, `${next[0]?.time}`);
  assert.equal(node.counters['service.agent_silent'], 1);
  // Agents that share nothing are asked for nothing.
  assert.equal(
    server()
      .run(5.5)
      .some(({ packet }) => packet.layers.at(-1)!.layer === 'heartbeat'),
    false,
  );
});

test('a server whose link goes down registers its other address, and stays there', () => {
  const node = server({ agents: [ONE], otherAddresses: [WEST] });
  accept(node, 0, ONE);
  node.address(WEST, 1, 'west').link(10, false, 'east');
  assert.deepEqual(joins(node.sent()), [[WEST, ONE]]);
  const options = layerOf(node.one('binding-update').layers, 'binding-update').options;
  const named = options.find((one) => one.option === 'alternate-care-of-address');
  assert.equal(named?.careOfAddress ?? WEST, WEST);
  assert.equal(node.counters['service.server_moved'], 1);
  node.link(20, true, 'east');
  assert.equal(node.counters['service.server_moved'], 1, 'it stays where it is while it can');
  node.link(30, false, 'west');
  assert.equal(node.counters['service.server_moved'], 2);
});

test('an error about what another server sent to a client goes to the others, which pass it no further', () => {
  const node = server({
    ...{ agents: [], nearest: true },
    members: [EAST, WEST].map((one) => ({ address: one, authentication })),
  });
  const [mine, theirs] = [address('2001:db8:c::2'), address('2001:db8:c::3')];
  const syn = { layer: 'tcp', sourcePort: 5000, destinationPort: 80, syn: true } as const;
  node.packet(packet(mine, SERVICE, [syn]), 2, { reason: 'service-client' });
  const tooBig = (from: Address, to: Address) => {
    const quoted = { layer: 'tcp', sourcePort: 80, destinationPort: 5000, ack: true } as const;
    const invoking = packet(from, to, [quoted]);
    return packet(ONE, SERVICE, [{ layer: 'packet-too-big', mtu: 1280, invoking }]);
  };
  const error = tooBig(SERVICE, theirs);
  const hear = (octets: Uint8Array, change = {}) =>
    node.packet(octets, 3, { reason: 'icmpv6', ...change }).sent();
  const [passed, ...more] = hear(error);
  assert.deepEqual([passed?.source, passed?.destination, more.length], [EAST, WEST, 0]);
  assert.ok(passed?.layers.some(({ layer }) => layer === 'packet-too-big'));
  assert.deepEqual(hear(error, { tunnel: { src: WEST, dst: EAST } }), []);
  assert.deepEqual(hear(tooBig(SERVICE, mine)), [], 'its own kernel has it');
  assert.deepEqual(hear(tooBig(theirs, SERVICE)), []);
  assert.deepEqual(hear(packet(ONE, SERVICE, [{ layer: 'echo-request' }])), []);
  assert.equal(node.counters['service.error_passed_on'], 1);
  assert.equal(node.counters['service.error_ignored'], 1);
  for (let n = 0; n < 500; n++) hear(error);
  assert.ok(node.counters['service.error_passed_on']! <= 200, 'anybody can forge errors');
});

test('a client that is on its way is not taken back since it was heard before that', () => {
  const members = [EAST, WEST].map((one) => ({ address: one, authentication }));
  const node = server({ agents: [], nearest: true, members });
  const client = address('2001:db8:c::2');
  const syn = { layer: 'tcp', sourcePort: 5000, destinationPort: 80, syn: true } as const;
  node.packet(packet(client, SERVICE, [syn]), 2, { reason: 'service-client' });
  const done = () => node.outputs.flatMap((one) => (one.kind === 'forward' ? one.entry.do : []));
  node.feed({ kind: 'command', command: { do: 'hand-over', client, to: WEST } }, 3);
  assert.deepEqual(done(), [{ divert: 'control', reason: 'service-client' }]);
  const from = { entry: 'service/from', src: client, dst: SERVICE };
  node.feed({ kind: 'notice', reason: 'tunnelled-from-peer', ...from }, 3.001);
  assert.deepEqual(node.outputs, [], 'its packets still wait');
  const id = `service/move/${formatAddress(client)}`;
  node.feed({ kind: 'detached', id, state: undefined }, 3.1);
  assert.deepEqual(done(), [{ notify: 'tunnelled-from-peer' }], 'it could not go');
});

test('a server with one address waits for its link', () => {
  const node = server({ agents: [ONE] });
  accept(node, 0, ONE);
  node.link(10, false, 'east');
  assert.deepEqual(joins(node.sent()), []);
  assert.equal(node.counters['service.server_moved'], undefined);
});

test('a server whose agent falls silent tries its other address first, within three seconds', () => {
  const node = server({ agents: [ONE, TWO], agentsShare: true, otherAddresses: [WEST] });
  accept(node, 0, ONE);
  node.address(WEST, 1, 'west');
  const sent = node
    .run(5.5)
    .flatMap(({ time, packet }) => joins([packet]).map(([from, to]) => ({ time, from, to })));
  assert.deepEqual([sent[0]?.from, sent[0]?.to], [WEST, ONE]);
  assert.ok(sent[0]!.time <= 3, `${sent[0]!.time}`);
  assert.deepEqual([sent.at(-1)?.from, sent.at(-1)?.to], [WEST, TWO], 'then the next agent');
});
