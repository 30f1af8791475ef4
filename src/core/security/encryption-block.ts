/**
 * The padding of RSAES-PKCS1-v1_5, which makes what is encrypted as long as the key:
 *
 *     0 | 2 | eight octets or more, none of them zero | 0 | message
 *
 * Made here and not by a library because the padding's octets come from the node's own dice, so that
 * runs repeat; and because libraries refuse to take it off. They fear an attacker who tries
 * ciphertexts and watches: here only a peer that has authenticated the whole message gets so far.
 *
 * Source: RFC 8017 section 7.2.
 */
import type { Secrets } from '../role.ts';

/** Octets of padding at the least, and the three that stand around it. */
const LEAST_PADDING = 8;
const FRAME = 3;

/** A block of `size` octets; undefined where the message does not fit. */
export function paddedBlock(
  message: Uint8Array,
  size: number,
  secrets: Secrets,
): Uint8Array | undefined {
  const padding = size - message.length - FRAME;
  if (padding < LEAST_PADDING) return undefined;
  const block = new Uint8Array(size);
  block[1] = 2;
  // 0 may not occur; that 255 comes up twice as often takes next to nothing from what is unknown.
  block.set(
    secrets(padding).map((octet) => octet || 255),
    2,
  );
  block.set(message, size - message.length);
  return block;
}

/** The message in a block; undefined where it is no such block. */
export function messageIn(block: Uint8Array): Uint8Array | undefined {
  if (block[0] !== 0 || block[1] !== 2) return undefined;
  const end = block.indexOf(0, 2);
  return end < 2 + LEAST_PADDING ? undefined : block.slice(end + 1);
}
