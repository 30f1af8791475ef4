/**
 * The Encapsulating Security Payload: what stands behind an IPv6 header and its extension headers is
 * encrypted and proved, or taken out again. No state, no policy: see `protection.ts`.
 *
 *     SPI | sequence | IV | payload, padding 1 2 3 ..., pad length, next header | check value
 *                         '---------------- encrypted ----------------------'
 *     '-------------------------- proved -----------------------------------'
 *
 * Supported standards: RFC 4303 sections 2 and 3, without Extended Sequence Numbers.
 */
import type { EspTransform } from './esp-algorithms.ts';

/** SPI and sequence number. */
export const ESP_HEADER = 8;
/** Pad Length and Next Header. */
const TRAILER = 2;

/** What an ESP packet carries: octets of a protocol. */
export interface EspContent {
  readonly protocol: number;
  readonly octets: Uint8Array;
}

/** What is wrong with an ESP packet. */
export type EspFault =
  | 'malformed' // too short, or its padding cannot be
  | 'wrong-check-value'; // not made with our key, or changed on the way

/**
 * From the SPI to the integrity check value.
 * @param iv octets that nobody can foretell (RFC 3602 section 2), never twice the same with one key
 *   (RFC 4106 section 3.1); as many as the transform has.
 */
export function sealEsp(
  transform: EspTransform,
  spi: number,
  sequence: number,
  iv: Uint8Array,
  { protocol, octets }: EspContent,
): Uint8Array {
  const { block } = transform;
  const clear = new Uint8Array(Math.ceil((octets.length + TRAILER) / block) * block);
  const padding = clear.length - octets.length - TRAILER;
  clear.set(octets);
  for (let i = 1; i <= padding; i++) clear[octets.length + i - 1] = i;
  clear[clear.length - 2] = padding;
  clear[clear.length - 1] = protocol;
  const header = new Uint8Array(ESP_HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, spi);
  view.setUint32(4, sequence);
  const sealed = transform.seal(header, iv, clear);
  const packet = new Uint8Array(ESP_HEADER + iv.length + sealed.length);
  packet.set(header);
  packet.set(iv, ESP_HEADER);
  packet.set(sealed, ESP_HEADER + iv.length);
  return packet;
}

/** What is in an ESP packet, given from its SPI on. Source: RFC 4303 sections 2.4 and 3.4.4. */
export function openEsp(transform: EspTransform, octets: Uint8Array): EspContent | EspFault {
  const { iv, block, icv } = transform;
  const from = ESP_HEADER + iv;
  const encrypted = octets.length - from - icv;
  if (encrypted < TRAILER || encrypted % block !== 0) return 'malformed';
  const header = octets.subarray(0, ESP_HEADER);
  const clear = transform.open(header, octets.subarray(ESP_HEADER, from), octets.subarray(from));
  if (clear === undefined) return 'wrong-check-value';
  const padding = clear[clear.length - 2]!;
  const end = clear.length - TRAILER - padding;
  if (end < 0) return 'malformed';
  for (let i = 1; i <= padding; i++) if (clear[end + i - 1] !== i) return 'malformed';
  return { protocol: clear[clear.length - 1]!, octets: clear.slice(0, end) };
}
