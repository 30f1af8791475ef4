import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet, type Sent } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import {
  MAX_PIECE,
  movedClientOptions,
  movedPieceIn,
} from '../../core/service/moving/moved-client.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';

const SERVICE = address('2001:db8:1::80');
const MASTER = address('2001:db8:1::2');
const ONE = address('2001:db8:1::3');
const TWO = address('2001:db8:1::4');
const CLIENT = address('2001:db8:f::1');
const keyOf = (spi: number): Authentication => ({
  method: 'rfc4285',
  spi,
  key: new Uint8Array(16).fill(spi & 0xff),
});

function slave() {
  const contentSlave = {
    ...{ service: SERVICE, link: 'eth0', address: TWO, policy: 'rotation' as const },
    members: [
      { address: ONE, authentication: keyOf(257) },
      { address: TWO, authentication: keyOf(258) },
    ],
    ...{ maxClients: 10, master: MASTER, authentication: keyOf(258), lifetime: seconds(20) },
    ...{ clientLifetime: seconds(60), directReturn: true, maxPeers: 10 },
  };
  const node = new ByHand({ name: 's2', contentSlave });
  return node.feed({ kind: 'start' }, 0).link(0).address(TWO, 0);
}

const STATE = Uint8Array.of(1);
const WHOLE = { server: TWO, client: CLIENT, transfer: 5, total: 1, offset: 0, octets: STATE };

function move(time: number, authentication: Authentication, change: object = {}): Uint8Array {
  const stamp = ntpTimestamp(EPOCH, at(time));
  const proof = homeProof(authentication, crypto, { careOf: ONE, home: SERVICE }, stamp);
  const octets = packet(ONE, TWO, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence: 1, acknowledge: true, homeRegistration: true, lifetime: 5 },
      options: [
        { option: 'alternate-care-of-address', careOfAddress: ONE },
        ...movedClientOptions({ ...WHOLE, ...change }),
        ...proof.options,
      ],
    },
  ]);
  proof.sign(octets);
  return octets;
}

/** What the last input sent to the other server. */
const sentToOne = (node: ByHand) => node.sent().filter(({ destination }) => destination === ONE);
const ARRIVED = 'service/arrived/2001:db8:f::1';
const attached = (node: ByHand) => node.outputs.filter(({ kind }) => kind === 'attach').length;
/** A slave that has been handed the client. */
const serving = () =>
  slave()
    .packet(move(2, keyOf(257)), 2)
    .feed({ kind: 'attached', id: ARRIVED, ok: true }, 2);

test('a client comes from another server once, with a proof, and to the server that is named', () => {
  const node = slave();
  assert.equal(attached(node.packet(move(1, keyOf(999)), 1)), 0);
  assert.equal(attached(node.packet(move(1, keyOf(257), { server: ONE }), 1.1)), 0);
  const octets = move(2, keyOf(257));
  assert.deepEqual(
    node.packet(octets, 2).outputs.filter(({ kind }) => kind === 'attach'),
    [{ kind: 'attach', id: ARRIVED, local: SERVICE, remote: CLIENT, state: STATE }],
  );
  assert.equal(node.role.sizes?.().clients, 0, 'the kernel has not said yet that it has them');
  node.feed({ kind: 'attached', id: ARRIVED, ok: true }, 2);
  assert.equal(node.role.sizes?.().clients, 1);
  assert.equal(node.one('binding-acknowledgement').destination, ONE);
  assert.equal(attached(node.packet(octets, 2.1)), 0, 'an old message brings nothing back');
  assert.equal(node.counters['service.client_moved'], 1);
  assert.equal(node.counters['mobility.bu_replayed'], 1);
});

test('pieces are put together in any order, and each is answered', () => {
  const total = MAX_PIECE + 5;
  const state = Uint8Array.from({ length: total }, (_, i) => i & 255);
  const piece = (offset: number, transfer = 6) => {
    const octets = state.subarray(offset, offset + MAX_PIECE);
    return { total, offset, octets, transfer };
  };
  const node = slave();
  const answers = () => sentToOne(node).length;
  node.packet(move(2, keyOf(257), piece(MAX_PIECE, 5)), 2);
  node.packet(move(2.1, keyOf(257), piece(MAX_PIECE)), 2.1);
  assert.equal(answers(), 1);
  node.packet(move(2.2, keyOf(257), piece(MAX_PIECE)), 2.2);
  assert.equal(attached(node), 0, 'the same piece twice, and one of another attempt');
  node.packet(move(2.3, keyOf(257), piece(0)), 2.3);
  const [put] = node.outputs.filter(({ kind }) => kind === 'attach');
  assert.ok(put?.kind === 'attach');
  assert.deepEqual(put.state, state);
  assert.equal(answers(), 0, 'the kernel has not taken them yet');
  node.feed({ kind: 'attached', id: ARRIVED, ok: false }, 2.4);
  const [refusal] = sentToOne(node);
  assert.equal(
    layerOf(refusal!.layers, 'binding-acknowledgement').status,
    BINDING_STATUS.insufficientResources,
  );
  assert.equal(node.role.sizes?.().clients, 0);
});

test('only clients of its own are handed on, and only to servers', () => {
  const node = serving();
  const handOver = (client = CLIENT, to = ONE) =>
    node.feed({ kind: 'command', command: { do: 'hand-over', client, to } }, 3).outputs;
  assert.deepEqual(handOver(address('2001:db8:f::9')), [
    { kind: 'count', counter: 'service.not_moved' },
  ]);
  assert.equal(handOver(CLIENT, CLIENT)[0]?.kind, 'count');
  assert.equal(handOver().at(-1)?.kind, 'detach');
  const ENTRY = 'service/2001:db8:1::80/from/2001:db8:f::1';
  const waits = [{ divert: 'control', reason: 'service-client' }];
  assert.deepEqual(node.entries.get(ENTRY)?.do, waits, 'before the connections are taken out');
  node.feed({ kind: 'detached', id: 'service/move/2001:db8:f::1', state: undefined }, 3);
  assert.equal(node.counters['service.not_moved'], 3, 'what cannot be moved stays');
  assert.deepEqual(node.entries.get(ENTRY)?.do, [{ notify: 'tunnelled-from-peer' }]);
  handOver();
  const state = Uint8Array.of(7);
  node.feed({ kind: 'detached', id: 'service/move/2001:db8:f::1', state }, 3);
  assert.equal(node.one('binding-update').destination, ONE);
  assert.deepEqual(node.entries.get(ENTRY)?.do, waits);
  const from = packet(CLIENT, SERVICE, [{ layer: 'udp', sourcePort: 1, destinationPort: 2 }]);
  node.packet(from, 3, { reason: 'service-client' });
  answerTo(node.feed({ kind: 'tick' }, 3.2), sentToOne(node)[0]!, 3.2);
  assert.deepEqual(node.entries.get(ENTRY)?.do, [{ push: 'ipv6', src: TWO, dst: ONE }]);
  assert.deepEqual(sentToOne(node)[0]?.octets.subarray(40), from, 'what has waited goes there');
});

/** What `ONE` answers to an update of ours. */
function answerTo(node: ByHand, update: Sent, time: number, status = 0) {
  const { sequence, options } = layerOf(update.layers, 'binding-update');
  const stamp = options.find((one) => one.option === 'replay-protection')!.timestamp;
  const proof = homeProof(keyOf(258), crypto, { careOf: TWO, home: SERVICE }, stamp);
  const octets = packet(ONE, TWO, [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: SERVICE },
    {
      layer: 'binding-acknowledgement',
      ...{ status, sequence, lifetime: 5 },
      options: [...proof.options],
    },
  ]);
  proof.sign(octets);
  return node.packet(octets, time);
}

const MOVE = 'service/move/2001:db8:f::1';
const handOver = (node: ByHand) =>
  node.feed({ kind: 'command', command: { do: 'hand-over', client: CLIENT, to: ONE } }, 3);

test('a client that the other server refuses goes on where it was', () => {
  const node = handOver(serving());
  const state = Uint8Array.of(7);
  node.feed({ kind: 'detached', id: MOVE, state }, 3);
  const { administrativelyProhibited } = BINDING_STATUS;
  answerTo(node, node.one('binding-update'), 3.1, administrativelyProhibited);
  assert.equal(node.counters['service.not_moved'], 1);
  const [put] = node.outputs.filter(({ kind }) => kind === 'attach');
  assert.ok(put?.kind === 'attach');
  assert.deepEqual(put.state, state);
  const entry = () => node.entries.get('service/2001:db8:1::80/from/2001:db8:f::1')?.do;
  assert.deepEqual(entry(), [{ divert: 'control', reason: 'service-client' }]);
  node.feed({ kind: 'attached', id: 'service/back/2001:db8:f::1', ok: true }, 3.1);
  assert.deepEqual(entry(), [{ notify: 'tunnelled-from-peer' }]);
  assert.deepEqual(
    node.run(20).filter(({ packet }) => packet.destination === ONE),
    [],
    'it is not asked again',
  );
});

test('a large state goes in a window of updates, and what is not answered goes again', () => {
  const node = handOver(serving());
  const state = Uint8Array.from({ length: 18 * MAX_PIECE }, (_, i) => (i * 7) & 255);
  node.feed({ kind: 'detached', id: MOVE, state }, 3);
  const came = new Uint8Array(state.length);
  let first = sentToOne(node);
  assert.equal(first.length, 16);
  const take = (update: Sent) => {
    const { options } = layerOf(update.layers, 'binding-update');
    const piece = movedPieceIn(options, ONE)!;
    came.set(piece.octets, piece.offset);
  };
  // The first one is lost.
  for (const update of first.slice(1)) take(update);
  const later = first.slice(1).flatMap((update) => {
    answerTo(node, update, 3.01);
    return sentToOne(node);
  });
  assert.equal(later.length, 2);
  for (const update of later) {
    take(update);
    answerTo(node, update, 3.02);
  }
  assert.equal(node.counters['service.not_moved'], undefined);
  first = node.run(3.2).flatMap(({ packet }) => (packet.destination === ONE ? [packet] : []));
  assert.equal(first.length, 1, 'after 200 ms');
  take(first[0]!);
  answerTo(node, first[0]!, 3.21);
  assert.deepEqual(came, state);
  assert.ok(node.events().includes('service.client'));
  assert.deepEqual(
    node.run(10).filter(({ packet }) => packet.destination === ONE),
    [],
  );
});

/** A slave that has sent the client on, and the update that no answer has come to. */
function sentOn() {
  const node = handOver(serving());
  node.feed({ kind: 'detached', id: MOVE, state: Uint8Array.of(7) }, 3);
  return { node, update: node.one('binding-update') };
}

test('the answer to any copy of an update counts', () => {
  const { node, update } = sentOn();
  node.feed({ kind: 'tick' }, 3.2);
  assert.notEqual(node.one('binding-update').octets, update.octets, 'it is asked again');
  answerTo(node, update, 3.21);
  assert.ok(node.events().includes('service.client'));
  assert.deepEqual(
    node.run(10).filter(({ packet }) => packet.destination === ONE),
    [],
  );
});

test('a client that has gone on is not brought back by a piece that comes again', () => {
  const { node } = sentOn();
  const again = move(3.1, keyOf(257));
  assert.equal(attached(node.packet(again, 3.1)), 0);
  const { status } = layerOf(sentToOne(node)[0]!.layers, 'binding-acknowledgement');
  assert.equal(status, BINDING_STATUS.accepted);
});

test('a client that is back was taken, and can be handed on again', () => {
  const { node } = sentOn();
  const from = packet(CLIENT, SERVICE, [{ layer: 'udp', sourcePort: 1, destinationPort: 2 }]);
  node.packet(from, 3.1, { reason: 'service-client' });
  assert.equal(attached(node.packet(move(3.2, keyOf(257), { transfer: 9 }), 3.2)), 1);
  node.feed({ kind: 'attached', id: ARRIVED, ok: true }, 3.2);
  const transmitted = node.outputs.filter(({ kind }) => kind === 'transmit');
  assert.ok(
    transmitted.some((one) => one.kind === 'transmit' && Buffer.from(one.octets).equals(from)),
    'what has waited meets the kernel',
  );
  assert.equal(handOver(node).outputs.at(-1)?.kind, 'detach');
  assert.equal(node.counters['service.not_moved'], undefined);
});
