/**
 * Packets of dice: pure noise now and then, mostly a good beginning of one format or another, and
 * noise behind it. Lengths and checksums fit, so that the noise is reached.
 */
import type { Random } from '../../src/core/role.ts';
import { namedSecrets } from '../../src/sim/random.ts';
import { mend } from './sane.ts';

/** What an IPv6 header, or a header behind it, may announce. */
const NEXT = [0, 4, 6, 17, 41, 43, 44, 47, 50, 58, 59, 60, 135, 135, 135, 58];
const NEXT_IPV4 = [1, 1, 4, 6, 17, 41, 47, 47];
const ICMPV6_TYPES = [1, 2, 3, 4, 128, 129, 133, 134, 134, 135, 136, 137, 144, 145, 146, 147, 147];
const ICMPV4_TYPES = [0, 3, 5, 8, 11, 12, 13];
const ADDRESS = [0x20, 0x01, 0x0d, 0xb8];
const MOST_NOISE = 64;
const NOISE = Array.from(namedSecrets(1, 'noise')(1 << 16));

/** One packet. */
export function diced(random: Random): Uint8Array {
  const die = (count: number) => Math.floor(random() * count);
  if (die(10) === 0) return Uint8Array.from(noise(die(80), die));
  const octets = die(5) === 0 ? ipv4(die) : ipv6(die);
  const packet = Uint8Array.from(octets);
  mend(packet);
  return packet;
}

type Die = (count: number) => number;

const oneOf = <T>(list: readonly T[], die: Die): T => list[die(list.length)]!;
/** A piece of noise that was drawn once: drawing each octet anew takes longer than parsing it. */
function noise(size: number, die: Die): number[] {
  const from = die(NOISE.length - size);
  return NOISE.slice(from, from + size);
}

const wide = (value: number): [number, number] => [(value >> 8) & 0xff, value & 0xff];

function ipv6(die: Die): number[] {
  const next = oneOf(NEXT, die);
  const inside = content(next, die, 0);
  const ends = [...ADDRESS, ...noise(12, die), ...ADDRESS, ...noise(12, die)];
  return [0x60, 0, 0, 0, ...wide(inside.length), next, 64, ...ends, ...inside];
}

function ipv4(die: Die): number[] {
  const next = oneOf(NEXT_IPV4, die);
  const inside = content(next, die, 0);
  const words = die(4) === 0 ? die(11) : 0;
  const fragment = die(8) === 0 ? [die(64), die(256)] : [0, 0];
  const size = 20 + 4 * words + inside.length;
  const head = [0x45 + words, 0, ...wide(size), 0, 0, ...fragment, 64, next, 0, 0];
  return [...head, ...noise(8 + 4 * words, die), ...inside];
}

/** What a header of this number announces, begun well. */
function content(next: number, die: Die, depth: number): number[] {
  switch (next) {
    case 135:
      return mobility(die);
    case 58:
      return [oneOf(ICMPV6_TYPES, die), 0, 0, 0, ...noise(4 + die(16), die), ...ndOptions(die)];
    case 1:
      return withChecksum([oneOf(ICMPV4_TYPES, die), 0, 0, 0, ...noise(die(40), die)]);
    case 0:
    case 43:
    case 44:
    case 60:
      return extension(next, die, depth);
    case 47:
      return [...gre(die), ...(die(2) === 0 ? ipv6(die) : noise(die(30), die))];
    case 41:
      return depth < 4 && die(4) > 0 ? ipv6(die) : noise(die(60), die);
    case 4:
      return die(4) > 0 ? fixedIpv4(die) : noise(die(40), die);
    default:
      return noise(die(MOST_NOISE), die);
  }
}

function extension(next: number, die: Die, depth: number): number[] {
  const behind = depth < 6 ? oneOf(NEXT, die) : 59;
  const inside = content(behind, die, depth + 1);
  if (next === 44)
    return [behind, 0, ...(die(2) === 0 ? [0, 0] : noise(2, die)), 0, 0, 0, 1, ...inside];
  if (next === 43 && die(2) === 0) {
    return [behind, 2, 2, die(3), 0, 0, 0, 0, ...ADDRESS, ...noise(12, die), ...inside];
  }
  const options =
    next === 43 ? noise(6, die) : [...homeAddress(die), ...typed(die, [0, 1, 4, 5, 201])];
  while (options.length % 8 !== 6) options.push(0);
  return [behind, (options.length + 2) / 8 - 1, ...options, ...inside];
}

const homeAddress = (die: Die): number[] =>
  die(2) === 0 ? [1, 2, 0, 0, 201, 16, ...ADDRESS, ...noise(12, die)] : [];

function mobility(die: Die): number[] {
  const fixed = noise(2 + oneOf([0, 4, 8, 16], die), die);
  const message = [59, 0, die(25), 0, 0, 0, ...fixed, ...typed(die)];
  while (message.length % 8 !== 0) message.push(0);
  message[1] = message.length / 8 - 1;
  if (die(16) === 0) message[1] = die(40);
  return message;
}

/** Options of type, length and data; the last one may say what is not so. */
function typed(die: Die, types?: readonly number[]): number[] {
  const options: number[] = [];
  for (let left = die(4); left > 0; left--) {
    const size = die(3) === 0 ? oneOf([0, 2, 4, 8, 16, 18], die) : die(20);
    options.push(types === undefined ? die(70) : oneOf(types, die), size, ...noise(size, die));
  }
  if (die(4) === 0) options.push(die(70), die(256));
  return options;
}

function ndOptions(die: Die): number[] {
  const options: number[] = [];
  for (let left = die(4); left > 0; left--) {
    const size = 1 + die(4);
    options.push(die(32), size, ...noise(8 * size - 2, die));
  }
  if (die(4) === 0) options.push(...noise(die(9), die));
  return options;
}

function gre(die: Die): number[] {
  const flags = oneOf([0, 0x20, 0x10, 0x30, 0x80, 0x40], die);
  const parts = [0x80, 0x20, 0x10].filter((bit) => (flags & bit) !== 0).length;
  const type = oneOf([0x0800, 0x86dd, 0x86dd, 0x6558], die);
  return [flags, die(20) === 0 ? die(256) : 0, ...wide(type), ...noise(4 * parts, die)];
}

/** An IPv4 packet whose own header checksum is right, to stand inside another. */
function fixedIpv4(die: Die): number[] {
  const packet = Uint8Array.from(ipv4(die));
  mend(packet);
  return [...packet];
}

function withChecksum(message: number[]): number[] {
  let sum = 0;
  for (const [i, octet] of message.entries()) sum += i % 2 === 0 ? octet << 8 : octet;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  [message[2], message[3]] = wide(~sum);
  return message;
}
