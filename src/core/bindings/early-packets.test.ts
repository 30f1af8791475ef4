import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet } from '../../../test/by-hand.ts';
import { A, HOME, SELF, tokens, update } from '../../../test/peer-updates.ts';
import { type Address, address } from '../../wire/address.ts';
import type { Mechanism } from '../mechanisms.ts';
import { addressSetIn, addressSetOption } from '../peers/address-set.ts';

const B = address('2001:db8:b::1');
const OTHER = address('2001:db8:e::c');

const data = (careOf: Address, home = HOME) =>
  packet(careOf, SELF, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: home }] },
    { layer: 'udp', sourcePort: 1, destinationPort: 9, payload: new Uint8Array(8) },
  ]);
const early = (one: ByHand, careOf: Address, time: number, home = HOME) =>
  one.packet(data(careOf, home), time, { reason: 'home-address-unverified' });

/** A node that a peer has told of its addresses A and B, in peace: nothing is bound. */
function node(...without: Mechanism[]): ByHand {
  const one = new ByHand({ name: 'cn', correspondentNode: { maxBindings: 4 } }, without);
  one.feed({ kind: 'start' }, 0).address(SELF, 0).address(OTHER, 0);
  const options = [addressSetOption({ addresses: [A, B], parks: false })];
  one.packet(update(tokens(one, A, 1), { sequence: 5, atHome: true, lifetime: 0, options }), 1);
  return one;
}

test('who tells its addresses is told ours, and that we hold early packets', () => {
  const { message } = node().one('binding-acknowledgement');
  assert.deepEqual(addressSetIn(message.options), { addresses: [OTHER], parks: true });
  const silent = node('address-sets').one('binding-acknowledgement').message;
  assert.equal(addressSetIn(silent.options), undefined);
});

test('who tells nothing is told nothing', () => {
  const one = new ByHand({ name: 'cn', correspondentNode: { maxBindings: 4 } });
  one.feed({ kind: 'start' }, 0).address(SELF, 0);
  one.packet(update(tokens(one, A, 1), { sequence: 5 }), 1);
  assert.equal(addressSetIn(one.one('binding-acknowledgement').message.options), undefined);
});

test('data that overtakes its update waits, and arrives behind it', () => {
  const one = node();
  assert.deepEqual(early(one, A, 2).names(), []);
  one.packet(update(tokens(one, A, 2), { sequence: 6 }), 2.02);
  assert.deepEqual(one.names(), ['binding-acknowledgement', 'udp']);
  assert.deepEqual(one.sent()[1]!.octets, data(A));
  const kinds = one.outputs.map(({ kind }) => kind);
  assert.ok(kinds.indexOf('forward') < kinds.lastIndexOf('transmit'), 'its entry is there by then');
  assert.deepEqual(one.run(3), []);
});

test('data whose update does not come is refused after 50 ms', () => {
  const one = node();
  early(one, A, 2);
  const [error] = one.run(3);
  assert.equal(error?.time, 2.05);
  assert.equal(error.packet.layers.at(-1)?.layer, 'binding-error');
  assert.equal(one.counters['mobility.home_address_unverified'], 1);
});

test('an update from elsewhere lets nothing through', () => {
  const one = node();
  early(one, B, 2);
  one.packet(update(tokens(one, A, 2), { sequence: 6 }), 2.02);
  assert.deepEqual(one.names(), ['binding-acknowledgement']);
  assert.equal(one.run(3)[0]?.packet.layers.at(-1)?.layer, 'binding-error');
});

test('what no entry takes when it arrives again is refused', () => {
  const one = node();
  early(one, A, 2);
  one.packet(update(tokens(one, A, 2), { sequence: 6 }), 2.02);
  assert.deepEqual(one.names(), ['binding-acknowledgement', 'udp']);
  const again = data(A);
  again[7]! -= 1;
  one.packet(again, 2.03, { reason: 'home-address-unverified' });
  assert.deepEqual(one.names(), ['binding-error']);
});

test('what nobody has told of is refused at once, and so is what is too much', () => {
  const one = node();
  assert.deepEqual(early(one, address('2001:db8:c::1'), 2).names(), ['binding-error']);
  assert.deepEqual(early(one, A, 2, address('2001:db8:1::9')).names(), ['binding-error']);
  for (let i = 0; i < 8; i++) assert.deepEqual(early(one, A, 2).names(), []);
  assert.deepEqual(early(one, A, 2).names(), ['binding-error']);
  assert.equal(one.role.sizes?.()['early-packets'], 8);
  assert.deepEqual(early(node('early-packets'), A, 2).names(), ['binding-error']);
});
