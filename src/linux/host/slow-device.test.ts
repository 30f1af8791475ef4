import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSlowFrame } from './slow-device.ts';

const frame = (flags: number, ethertype = [0x86, 0xdd]) =>
  Uint8Array.from([0, 0, 1, 7, 0, flags, 2, 0, 0, 0, 0, 9, ...ethertype, 0x60, 1, 2]);

test('a packet in doubt, with the link that it came by and who sent it', () => {
  const packet = readSlowFrame(frame(0))!;
  assert.equal(packet.ifindex, 0x107);
  assert.equal(packet.from, '\x02\0\0\0\0\x09');
  assert.deepEqual([...packet.octets], [0x60, 1, 2]);
  assert.equal(packet.told, undefined);
});

test('a copy for a notice says at which hook', () => {
  assert.equal(readSlowFrame(frame(1))!.told, 'arriving');
  assert.equal(readSlowFrame(frame(3))!.told, 'leaving');
});

test('other frames are nothing', () => {
  assert.equal(readSlowFrame(frame(0, [0x08, 0x00])), undefined);
  assert.equal(readSlowFrame(frame(0).subarray(0, 14)), undefined);
});
