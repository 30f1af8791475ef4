import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tooBig } from './too-big.ts';

/** An IPv4 packet of so many octets, which routers may cut or not; the rest is of no matter. */
const ipv4Told = (made: number, added: number, mtu: number, flags: number) => {
  const octets = new Uint8Array(made);
  octets.set([0x45, 0, made >> 8, made, 0, 0, flags]);
  return tooBig(octets, new Uint8Array(made + added), mtu);
};

const told = (made: number, added: number, mtu: number) =>
  tooBig(new Uint8Array(made), new Uint8Array(made + added), mtu);

test('a sender is told what headers leave of the path, and 1280 at least', () => {
  assert.equal(told(1500, 40, 1500), 1460);
  assert.equal(told(1500, 0, 1280), 1280);
  assert.equal(told(1281, 40, 1300), 1280);
});

test('what is no longer than any link must take goes in fragments', () => {
  assert.equal(told(1280, 40, 1300), 'fragment');
  assert.equal(told(1250, 64, 1280), 'fragment');
  assert.equal(told(1280, 24, 1303), 'fragment');
});

test('IPv4: a sender that lets nobody cut its packets is told what is left, 68 at least', () => {
  assert.equal(ipv4Told(1500, 40, 1500, 0x40), 1460);
  assert.equal(ipv4Told(1280, 40, 1280, 0x40), 1240);
  assert.equal(ipv4Told(576, 40, 100, 0x40), 68);
  assert.equal(ipv4Told(68, 40, 100, 0x40), 'fragment');
});

test('IPv4: what may be cut goes in fragments', () => {
  assert.equal(ipv4Told(1500, 40, 1500, 0), 'fragment');
});
