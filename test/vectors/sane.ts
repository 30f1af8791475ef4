/** What must hold for any octets whatever, and how damage gets past the checksums. */
import assert from 'node:assert/strict';
import {
  fixUpperChecksum,
  internetChecksum,
  type Layer,
  parsePacket,
  receiverFault,
  serialisePacket,
  toHex,
  walkHeaders,
} from '../../src/wire/index.ts';

/** A value that re-serialises to itself, or an error with an offset within the octets. */
export function sane(octets: Uint8Array, what: string): void {
  const parsed = parsePacket(octets);
  if (!parsed.ok) {
    const { offset } = parsed.error;
    assert.ok(offset >= 0 && offset <= octets.length, `${what}: offset ${offset}`);
    return;
  }
  const again = serialisePacket(parsed.value);
  if (Buffer.compare(again, octets) !== 0) assert.equal(toHex(again), toHex(octets), what);
  const fault = receiverFault(parsed.value);
  assert.ok(fault === undefined || (fault.offset >= 0 && fault.offset < octets.length), what);
  if (octets[0]! >> 4 === 6) agrees(parsed.value, octets, what);
}

/** The walk sees the same upper layer as the parser, where that took the first packet apart. */
function agrees(layers: readonly Layer[], octets: Uint8Array, what: string): void {
  const walk = walkHeaders(octets);
  assert.ok(walk !== undefined, `${what}: the parser accepts it and the walk does not`);
  if (walk.fragmentAt >= 0) return;
  const inner = layers.findIndex(({ layer }, i) => i > 0 && layer === 'ipv6');
  const outer = inner < 0 ? layers : layers.slice(0, inner + 1);
  const names: readonly string[] = outer.map(({ layer }) => layer);
  if (walk.protocol === 17) assert.ok(names.includes('udp'), what);
  if (walk.protocol === 6) assert.ok(names.includes('tcp'), what);
  if (walk.protocol === 41) assert.ok(inner > 0, what);
  if (walk.protocol === 135)
    assert.ok(
      outer.some((layer) => 'mhType' in layer),
      what,
    );
}

/** Makes length and checksums fit again, so that what is wrong lies deeper; false where they did. */
export function mend(octets: Uint8Array): boolean {
  if (octets.length < 20 || octets[0]! >> 4 !== 4) return fixUpperChecksum(octets);
  const end = 4 * (octets[0]! & 0x0f);
  if (end < 20 || end > octets.length) return false;
  octets[10] = 0;
  octets[11] = 0;
  const sum = internetChecksum(octets, 0, end);
  octets[10] = sum >> 8;
  octets[11] = sum;
  return true;
}

/** The first octets of a packet, with lengths that say so. */
export function shortened(packet: Uint8Array, size: number): Uint8Array {
  const cut = packet.slice(0, size);
  const isIpv4 = (packet[0] ?? 0) >> 4 === 4;
  if (size < (isIpv4 ? 20 : 40)) return cut;
  const [at, length] = isIpv4 ? [2, size] : [4, size - 40];
  cut[at] = length >> 8;
  cut[at + 1] = length;
  return cut;
}
