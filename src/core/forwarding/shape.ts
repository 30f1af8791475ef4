import { type Address, IPV4_SIZE, IPV6_SIZE, isIpv4 } from '../../wire/address.ts';
import type { Action, Match, Prefix } from './entry.ts';

/** How an address of an option or routing header is asked for: not, by presence, or by value. */
type Wanted = 0 | 1 | 2;
const PRESENT = 1;
const VALUE = 2;

/** Which fields a match asks for, and how many bits of the addresses; 0 bits: not asked for. */
export interface Shape {
  readonly dst: number;
  readonly src: number;
  readonly protocol: boolean;
  readonly sport: boolean;
  readonly dport: boolean;
  readonly flowLabel: boolean;
  readonly home: Wanted;
  readonly routing2: Wanted;
  readonly innerSrc: boolean;
  readonly innerDst: boolean;
  readonly rest: boolean;
}

/** The fields that can be asked for: of a packet, or the values that a match wants to see. */
export interface Values {
  readonly dst: Address;
  readonly src: Address;
  readonly protocol: number | undefined;
  readonly sport: number | undefined;
  readonly dport: number | undefined;
  readonly flowLabel: number | undefined;
  readonly home: Address | undefined;
  readonly routing2: Address | undefined;
  readonly innerSrc: Address | undefined;
  readonly innerDst: Address | undefined;
}

/** Is a match for IPv4 packets? */
export function isForIpv4({ src, dst }: Match): boolean {
  return (src !== undefined && isIpv4(src.address)) || (dst !== undefined && isIpv4(dst.address));
}

/** Throws RangeError where a header that entries push has addresses of another version. */
export function checkActions(actions: readonly Action[]): void {
  for (const action of actions) {
    if (!('push' in action)) continue;
    const { push, src, dst } = action;
    const size = push === 'ipv4' || (push === 'udp' && isIpv4(dst)) ? IPV4_SIZE : IPV6_SIZE;
    if (src.length !== size || dst.length !== size) {
      throw new RangeError('the ends of a tunnel have addresses of its own version');
    }
  }
}

/** Throws RangeError where a match asks for what no packet can have. */
export function shapeOf(match: Match): Shape {
  const size = isForIpv4(match) ? IPV4_SIZE : IPV6_SIZE;
  checkAddresses(match, size);
  return {
    dst: bitsOf(match.dst, size),
    src: bitsOf(match.src, size),
    protocol: match.protocol !== undefined,
    sport: match.sport !== undefined,
    dport: match.dport !== undefined,
    flowLabel: match.flowLabel !== undefined,
    home: wanted(match.home),
    routing2: wanted(match.routing2),
    innerSrc: match.innerSrc !== undefined,
    innerDst: match.innerDst !== undefined,
    rest: match.rest === true,
  };
}

/** What a packet must have for the match; fields that are not asked for hold anything. */
export function valuesOf(match: Match): Values {
  return {
    dst: match.dst?.address ?? NOTHING,
    src: match.src?.address ?? NOTHING,
    protocol: match.protocol,
    sport: match.sport,
    dport: match.dport,
    flowLabel: match.flowLabel,
    home: match.home === 'any' ? NOTHING : match.home,
    routing2: match.routing2 === 'any' ? NOTHING : match.routing2,
    innerSrc: match.innerSrc,
    innerDst: match.innerDst,
  };
}

const NOTHING = '' as Address;

/** More than any rank can be by what a shape asks for. */
const BEFORE_REST = 2 ** 21;

/**
 * The order in which shapes are tried, higher first: those for the rest come last; most bits of addresses asked for, wherever they
 * stand (an address that an option holds counts all its bits, its mere presence none); then longest
 * destination prefix; then most fields.
 */
export function rankOf(shape: Shape): number {
  const whole = [shape.innerSrc, shape.innerDst, shape.home === VALUE, shape.routing2 === VALUE];
  const bits = shape.dst + shape.src + 8 * IPV6_SIZE * whole.filter(Boolean).length;
  const present = [shape.home === PRESENT, shape.routing2 === PRESENT];
  const flags = [shape.protocol, shape.sport, shape.dport, shape.flowLabel, ...present];
  const before = shape.rest ? 0 : BEFORE_REST;
  return before + (bits * 129 + shape.dst) * 16 + flags.filter(Boolean).length;
}

/** One number for each shape. */
export function shapeCode(shape: Shape): number {
  let code = shape.dst * 129 + shape.src;
  code = code * 9 + shape.home * 3 + shape.routing2;
  code = code * 4 + (shape.protocol ? 2 : 0) + (shape.flowLabel ? 1 : 0);
  code = code * 4 + (shape.sport ? 2 : 0) + (shape.dport ? 1 : 0);
  code = code * 4 + (shape.innerSrc ? 2 : 0) + (shape.innerDst ? 1 : 0);
  return code * 2 + (shape.rest ? 1 : 0);
}

/** The asked-for fields as one text; undefined where the packet lacks one of them. */
export function keyOf(shape: Shape, values: Values): string | undefined {
  let key = '';
  if (shape.dst > 0) key = masked(values.dst, shape.dst);
  if (shape.src > 0) key += masked(values.src, shape.src);
  if (shape.protocol || shape.sport || shape.dport || shape.flowLabel) {
    const numbers = numbersKey(shape, values);
    if (numbers === undefined) return undefined;
    key += numbers;
  }
  if (shape.home > 0) {
    if (values.home === undefined) return undefined;
    if (shape.home === VALUE) key += values.home;
  }
  if (shape.routing2 > 0) {
    if (values.routing2 === undefined) return undefined;
    if (shape.routing2 === VALUE) key += values.routing2;
  }
  if (shape.innerSrc) {
    if (values.innerSrc === undefined) return undefined;
    key += values.innerSrc;
  }
  if (shape.innerDst) {
    if (values.innerDst === undefined) return undefined;
    key += values.innerDst;
  }
  return key;
}

/**
 * The numbers of a match, zero where one is not asked for: within one shape that tells all apart.
 * One character an octet, so that V8 keeps the whole key at one octet a character.
 */
function numbersKey(shape: Shape, values: Values): string | undefined {
  const protocol = shape.protocol ? values.protocol : 0;
  const sport = shape.sport ? values.sport : 0;
  const dport = shape.dport ? values.dport : 0;
  const flowLabel = shape.flowLabel ? values.flowLabel : 0;
  if (protocol === undefined || sport === undefined) return undefined;
  if (dport === undefined || flowLabel === undefined) return undefined;
  return String.fromCharCode(
    protocol,
    sport >> 8,
    sport & 0xff,
    dport >> 8,
    dport & 0xff,
    flowLabel >> 16,
    (flowLabel >> 8) & 0xff,
    flowLabel & 0xff,
  );
}

/** The first `bits` of an address. */
function masked(address: Address, bits: number): string {
  if (bits === 8 * address.length) return address;
  const whole = bits >> 3;
  if (bits % 8 === 0) return address.slice(0, whole);
  const rest = address.charCodeAt(whole) & (0xff00 >> (bits % 8));
  return address.slice(0, whole) + String.fromCharCode(rest & 0xff);
}

function bitsOf(prefix: Prefix | undefined, size: number): number {
  if (prefix === undefined) return 0;
  const bits = prefix.length ?? 8 * size;
  if (prefix.address.length !== size || !Number.isInteger(bits) || bits < 0 || bits > 8 * size) {
    throw new RangeError(
      'prefixes of an entry are of one version, and no longer than its addresses',
    );
  }
  return bits;
}

/** The addresses inside are of one version too; only IPv6 has headers with an address in them. */
function checkAddresses({ innerSrc, innerDst, home, routing2 }: Match, size: number): void {
  if (innerSrc !== undefined && innerDst !== undefined && innerSrc.length !== innerDst.length) {
    throw new RangeError('a packet inside has two addresses of one version');
  }
  if (size === IPV4_SIZE && (home !== undefined || routing2 !== undefined)) {
    throw new RangeError('no IPv4 packet has a home address or Type 2 Routing header');
  }
}

function wanted(address: Address | 'any' | undefined): Wanted {
  if (address === undefined) return 0;
  if (address === 'any') return PRESENT;
  if (address.length !== IPV6_SIZE)
    throw new RangeError('a header of IPv6 names IPv6 addresses only');
  return VALUE;
}
