/** Octets with an address that stays, for structures that point to each other. */
import koffi from 'koffi';

export interface Memory {
  readonly octets: Buffer;
  readonly address: bigint;
}

/**
 * Octets of zero. They live as long as somebody holds `octets`: an address alone does not hold them,
 * so pointers are written by `point`.
 */
export function allocate(size: number): Memory {
  // A Buffer made from a size may lie in the moving part of the heap, an ArrayBuffer's never does.
  const octets = Buffer.from(new ArrayBuffer(Math.max(size, 8)), 0, size);
  return { octets, address: BigInt(koffi.address(octets)) };
}

/** What octets point to, by the offset of the pointer; held as long as the octets themselves are. */
const pointees = new WeakMap<Uint8Array, Map<number, Memory>>();

/** Writes a pointer of 8 octets to `to`, which then lives as long as the octets that point to it. */
export function point(from: Buffer, at: number, to: Memory, offset = 0): void {
  const held = pointees.get(from) ?? new Map<number, Memory>();
  pointees.set(from, held.set(at, to));
  from.writeBigUInt64LE(to.address + BigInt(offset), at);
}

/** Octets that are this short may lie in the moving part of the heap. */
const MOVING = 256;

/** The octets, or a copy of them, at an address that `addressOf` gives and that stays. */
export function staying(octets: Uint8Array): Uint8Array {
  if (octets.buffer.byteLength >= MOVING) return octets;
  const copy = allocate(MOVING).octets.subarray(0, octets.length);
  copy.set(octets);
  return copy;
}

/** Where octets that stay are; they must be held as long as the address is used. */
export const addressOf = (octets: Uint8Array): bigint => BigInt(koffi.address(octets));
