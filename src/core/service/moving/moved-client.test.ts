import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../../wire/address.ts';
import type { MobilityOption } from '../../../wire/packet.ts';
import {
  MAX_PIECE,
  MAX_STATE,
  movedClientOptions,
  movedPieceIn,
  piecesOf,
} from './moved-client.ts';

const server = address('2001:db8:1::3');
const client = address('2001:db8:f::1');
const pieceOf = (size: number) => ({
  ...{ server, client, transfer: 7, total: 50_000, offset: 1000 },
  octets: Uint8Array.from({ length: size }, (_, i) => i & 255),
});
const optionsOf = (piece: Parameters<typeof movedClientOptions>[0]) =>
  movedClientOptions(piece) as MobilityOption[];

test('a piece is read back by the server that it is for', () => {
  for (const size of [0, 1, 204, 205, MAX_PIECE]) {
    const options = optionsOf(pieceOf(size));
    assert.equal(options.length, Math.max(1, Math.ceil(size / 204)));
    assert.deepEqual(movedPieceIn(options, server), pieceOf(size));
  }
  assert.deepEqual([0, 1, MAX_PIECE, MAX_PIECE + 1].map(piecesOf), [1, 1, 1, 2]);
});

test('another server takes nothing of it, and nobody takes two things for one', () => {
  const piece = pieceOf(20);
  assert.equal(movedPieceIn(optionsOf(piece), address('2001:db8:1::4')), undefined);
  for (const change of [{ client: server }, { transfer: 8 }, { total: 60_000 }, { offset: 1021 }]) {
    const next = { ...piece, offset: 1020, ...change };
    const options = [...optionsOf(piece), ...optionsOf(next)];
    assert.equal(movedPieceIn(options, server), undefined, JSON.stringify(change));
  }
  const next = optionsOf({ ...piece, offset: 1020 });
  assert.equal(movedPieceIn([...optionsOf(piece), ...next], server)?.octets.length, 40);
  assert.equal(movedPieceIn([], server), undefined);
});

test('more than there is, or more than is taken, is nothing', () => {
  const piece = pieceOf(20);
  const read = (change: object) => movedPieceIn(optionsOf({ ...piece, ...change }), server);
  assert.equal(read({ offset: 49_981 }), undefined);
  assert.ok(read({ offset: 49_980 }));
  assert.equal(read({ total: MAX_STATE + 1 }), undefined);
  assert.equal(read({ client: address('ff02::1') }), undefined, 'a group is no client');
});
