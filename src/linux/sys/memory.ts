/** Octets with an address that stays, for structures that point to each other. */
import koffi from 'koffi';

export interface Memory {
  readonly octets: Buffer;
  readonly address: bigint;
}

/** Octets of zero. They live as long as somebody holds `octets`: an address alone does not hold them. */
export function allocate(size: number): Memory {
  // A Buffer made from a size may lie in the moving part of the heap, an ArrayBuffer's never does.
  const octets = Buffer.from(new ArrayBuffer(Math.max(size, 8)), 0, size);
  return { octets, address: BigInt(koffi.address(octets)) };
}
