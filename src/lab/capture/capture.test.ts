import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../wire/hex.ts';
import { readCapture } from './capture-reader.ts';
import { pcapngFrame, pcapngHead } from './pcapng-writer.ts';

const PACKET = fromHex(
  '6000000000083aff20010db800010000000000000000000120010db800010000000000000000000280000000abcd0001',
)!;
const MAC = (last: number) => String.fromCharCode(2, 0, 0, 0, 0, last);
const TIME = 1_767_225_600_000_001;

function file(...frames: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([pcapngHead('core'), ...frames]));
}

test('what is written is read back, with the link that it was seen on', () => {
  const one = pcapngFrame({
    time: TIME,
    from: MAC(1),
    to: MAC(2),
    octets: PACKET,
    comment: 'echo',
  });
  const { frames, fault } = readCapture(file(one));
  assert.equal(fault, undefined);
  assert.deepEqual(frames, [{ number: 1, packet: PACKET, link: 'core' }]);
});

test('the octets of a block stand where the format has them', () => {
  const octets = pcapngFrame({ time: TIME, from: MAC(1), to: MAC(2), octets: PACKET });
  const view = new DataView(octets.buffer);
  assert.equal(view.getUint32(0, true), 6);
  assert.equal(view.getUint32(4, true), octets.length);
  assert.equal(view.getUint32(12, true) * 2 ** 32 + view.getUint32(16, true), TIME);
  assert.equal(view.getUint32(20, true), 14 + PACKET.length);
  assert.equal(view.getUint32(octets.length - 4, true), octets.length);
  assert.deepEqual(octets.subarray(28, 42), fromHex('02000000000202000000000186dd'));
  assert.equal(octets.length % 4, 0);
});

test('every cut of a file is read without a throw, and what stood before the cut stays', () => {
  const frame = pcapngFrame({ time: TIME, from: MAC(1), to: MAC(2), octets: PACKET });
  const whole = file(frame, frame);
  const ends = new Set([44, pcapngHead('core').length, whole.length - frame.length]);
  for (let end = 0; end < whole.length; end++) {
    const { frames, fault } = readCapture(whole.subarray(0, end));
    assert.ok(frames.length <= 1);
    assert.equal(fault === undefined, ends.has(end), `cut at ${end}`);
  }
});

test('pcap of both byte orders, link types 1, 101, 228 and 229, and others by name', () => {
  for (const little of [true, false]) {
    for (const [linkType, head] of [
      [1, '02000000000202000000000186dd'],
      [101, ''],
      [228, ''],
      [229, ''],
    ] as const) {
      const data = new Uint8Array(Buffer.concat([Buffer.from(head, 'hex'), PACKET]));
      const octets = new Uint8Array(40 + data.length);
      const view = new DataView(octets.buffer);
      view.setUint32(0, 0xa1b2c3d4, little);
      view.setUint32(20, linkType, little);
      view.setUint32(32, data.length, little);
      view.setUint32(36, data.length, little);
      octets.set(data, 40);
      assert.deepEqual(readCapture(octets), { frames: [{ number: 1, packet: PACKET }] });
      view.setUint32(20, 147, little);
      assert.match(readCapture(octets).frames[0]?.skipped ?? '', /link type 147/);
    }
  }
  assert.equal(readCapture(new Uint8Array(30)).fault, 'the file is neither pcap nor pcapng');
});

const vectors =
  process.env.CAREOF_VECTORS ??
  fileURLToPath(new URL('../../../../shared/vectors', import.meta.url));
const captures = (() => {
  try {
    return readdirSync(join(vectors, 'pcaps'));
  } catch {
    return [];
  }
})();

test('Ethernet frames: tags before the type are skipped, other types are told', () => {
  const frame = (head: string) => {
    const data = Buffer.concat([Buffer.from(head, 'hex'), PACKET]);
    const octets = new Uint8Array(40 + data.length);
    const view = new DataView(octets.buffer);
    view.setUint32(0, 0xa1b2c3d4, true);
    view.setUint32(20, 1, true);
    view.setUint32(32, data.length, true);
    octets.set(data, 40);
    return readCapture(octets).frames[0];
  };
  const addresses = '020000000002020000000001';
  assert.deepEqual(frame(`${addresses}8100000586dd`)?.packet, PACKET);
  assert.deepEqual(frame(`${addresses}88a800058100000686dd`)?.packet, PACKET);
  assert.deepEqual(frame(`${addresses}0800`)?.packet, PACKET, 'IPv4');
  assert.equal(frame(`${addresses}0806`)?.skipped, 'Ethernet type 0x0806');
});

test('captures of other makers', { skip: captures.length === 0 && 'no vectors here' }, () => {
  for (const name of captures) {
    const { frames, fault } = readCapture(readFileSync(join(vectors, 'pcaps', name)));
    assert.equal(fault, undefined, name);
    assert.ok(frames.length > 0, name);
  }
});
