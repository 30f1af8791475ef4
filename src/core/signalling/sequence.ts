/**
 * Is sequence number `a` newer than `b`, counting modulo 2^16 with a window of 2^15?
 * Source: RFC 6275 section 9.5.1.
 */
export function sequenceNewer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}
