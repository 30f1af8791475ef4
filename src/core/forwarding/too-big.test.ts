import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tooBig } from './too-big.ts';

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
