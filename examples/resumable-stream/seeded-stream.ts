/** A file that nobody need keep: its octets follow from a seed, and can be made from any place on. */
import { createCipheriv, createHash } from 'node:crypto';

const BLOCK = 16;

/** So many octets of the file of a seed, from an offset on. */
export function seededOctets(seed: number, offset: number, size: number): Buffer {
  const key = createHash('sha256').update(`resumable-stream ${seed}`).digest();
  const counter = Buffer.alloc(BLOCK);
  counter.writeBigUInt64BE(BigInt(Math.floor(offset / BLOCK)), BLOCK - 8);
  const skipped = offset % BLOCK;
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  return cipher.update(Buffer.alloc(skipped + size)).subarray(skipped);
}

const STEP = 1 << 16;

/** SHA-256 of the whole file. */
export function seededDigest(seed: number, size: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += STEP) {
    hash.update(seededOctets(seed, at, Math.min(STEP, size - at)));
  }
  return hash.digest('hex');
}
