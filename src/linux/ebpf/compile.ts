/**
 * Entries of the forwarding table in the form in which the kernel executes them.
 *
 * Every entry gets a form: one that the kernel cannot execute exactly becomes a rule that hands the
 * packet to the slow path, in the same place of the order of precedence. So no packet ever meets a
 * lesser entry because a better one was declined.
 */
import type { Action, ForwardingEntry } from '../../core/forwarding/entry.ts';
import { overhead } from '../../core/forwarding/overhead.ts';
import { rankOf, type Shape, shapeCode, shapeOf } from '../../core/forwarding/shape.ts';
import { type Address, IPV6_SIZE, isIpv4, writeAddress } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import {
  ADDRESS,
  FIELD,
  NUMBER_SHIFT,
  narrowKeyLayout,
  OPERATION,
  RULE_FLAG,
  ruleLayout,
  shapeLayout,
  VERDICT,
  wideKeyLayout,
} from './layout.ts';

/** The hooks as the kernel numbers them. */
export const HOOK = { arriving: 0, leaving: 1 } as const;

export interface CompiledEntry {
  readonly id: string;
  /** Both as the maps hold them; the key in its wide form, the rule with slot 0. */
  readonly shape: Uint8Array;
  readonly key: Uint8Array;
  readonly rule: Uint8Array;
}

export interface CompileOptions {
  /** Nanoseconds of the kernel's boot clock at instant 0. */
  readonly bootTimeOfStart: bigint;
  /** May entries touch Mobility Header messages only where they say so? */
  readonly mobilityExemption: boolean;
}

/** Throws RangeError where the match makes no sense, as the table does. */
export function compile(entry: ForwardingEntry, options: CompileOptions): CompiledEntry {
  const shape = shapeOf(entry.match);
  const places = placesOf(entry, shape);
  const id = shapeCode(shape) * 2 + HOOK[entry.at];
  return {
    id: entry.id,
    shape: encodeShape(shape, places, id),
    key: encodeKey(entry, shape, places, id),
    rule: encodeRule(entry, options),
  };
}

/** One address that a match asks for, and how many of its bits. */
interface Place {
  readonly pick: number;
  readonly bits: number;
  readonly address: Address;
}

const WHOLE = 128;

function placesOf({ match }: ForwardingEntry, shape: Shape): Place[] {
  const places: Place[] = [];
  const add = (pick: number, bits: number, address: Address | 'any' | undefined) => {
    if (bits > 0 && address !== undefined && address !== 'any') {
      places.push({ pick, bits, address });
    }
  };
  add(ADDRESS.dst, shape.dst, match.dst?.address);
  add(ADDRESS.src, shape.src, match.src?.address);
  add(ADDRESS.home, WHOLE, match.home);
  add(ADDRESS.routing2, WHOLE, match.routing2);
  add(ADDRESS.innerSrc, WHOLE, match.innerSrc);
  add(ADDRESS.innerDst, WHOLE, match.innerDst);
  return places;
}

/** Addresses that a key of the narrow map has room for. */
const NARROW = (narrowKeyLayout.size - narrowKeyLayout.offsetOf('addresses')) / IPV6_SIZE;

function encodeShape(shape: Shape, places: readonly Place[], id: number): Uint8Array {
  const octets = new Uint8Array(shapeLayout.size);
  const view = new DataView(octets.buffer);
  const masks = shapeLayout.offsetOf('masks');
  const picks = shapeLayout.offsetOf('picks');
  octets.fill(ADDRESS.none, picks, picks + 8);
  places.forEach(({ pick, bits }, i) => {
    octets[picks + i] = pick;
    octets.set(maskOf(bits), masks + i * IPV6_SIZE);
  });
  view.setBigUint64(shapeLayout.offsetOf('numbers'), numbersMask(shape), true);
  view.setUint32(shapeLayout.offsetOf('id'), id, true);
  view.setUint32(shapeLayout.offsetOf('rank'), rankOf(shape), true);
  view.setUint16(shapeLayout.offsetOf('need'), neededBy(shape), true);
  octets[shapeLayout.offsetOf('wide')] = places.length > NARROW ? 1 : 0;
  return octets;
}

function encodeKey(
  { match }: ForwardingEntry,
  shape: Shape,
  places: readonly Place[],
  id: number,
): Uint8Array {
  const octets = new Uint8Array(wideKeyLayout.size);
  const view = new DataView(octets.buffer);
  const { protocol = 0, sport = 0, dport = 0, flowLabel = 0 } = match;
  const numbers =
    (BigInt(protocol) << BigInt(NUMBER_SHIFT.protocol)) |
    (BigInt(sport) << BigInt(NUMBER_SHIFT.sport)) |
    (BigInt(dport) << BigInt(NUMBER_SHIFT.dport)) |
    (BigInt(flowLabel) << BigInt(NUMBER_SHIFT.flowLabel));
  view.setUint32(wideKeyLayout.offsetOf('shape'), id, true);
  view.setBigUint64(wideKeyLayout.offsetOf('numbers'), numbers & numbersMask(shape), true);
  places.forEach(({ bits, address }, i) => {
    const at = wideKeyLayout.offsetOf('addresses') + i * IPV6_SIZE;
    writeAddress(octets, at, address);
    maskOf(bits).forEach((mask, j) => {
      octets[at + j]! &= mask;
    });
  });
  return octets;
}

/** The key as the map of its shape takes it. */
export function keyInMap(key: Uint8Array, wide: boolean): Uint8Array {
  return wide ? key : key.subarray(0, narrowKeyLayout.size);
}

export const isWide = (shape: Uint8Array): boolean => shape[shapeLayout.offsetOf('wide')] === 1;

function maskOf(bits: number): Uint8Array {
  return Uint8Array.from({ length: IPV6_SIZE }, (_, i) => {
    const here = Math.min(Math.max(bits - 8 * i, 0), 8);
    return 0xff00 >> here;
  });
}

function numbersMask(shape: Shape): bigint {
  const mask = (asked: boolean, width: number, shift: number): bigint =>
    asked ? ((1n << BigInt(width)) - 1n) << BigInt(shift) : 0n;
  return (
    mask(shape.protocol, 8, NUMBER_SHIFT.protocol) |
    mask(shape.sport, 16, NUMBER_SHIFT.sport) |
    mask(shape.dport, 16, NUMBER_SHIFT.dport) |
    mask(shape.flowLabel, 20, NUMBER_SHIFT.flowLabel)
  );
}

/** What a packet must have at all for the shape. */
function neededBy(shape: Shape): number {
  return (
    (shape.protocol ? FIELD.protocol : 0) |
    (shape.sport || shape.dport ? FIELD.ports : 0) |
    (shape.home > 0 ? FIELD.home : 0) |
    (shape.routing2 > 0 ? FIELD.routing2 : 0) |
    (shape.innerSrc || shape.innerDst ? FIELD.inner : 0)
  );
}

function encodeRule(entry: ForwardingEntry, options: CompileOptions): Uint8Array {
  const octets = new Uint8Array(ruleLayout.size);
  const view = new DataView(octets.buffer);
  const at = (member: string) => ruleLayout.offsetOf(member);
  const { match, expiresAt, priority = 0 } = entry;
  if (expiresAt !== undefined) {
    const expires = options.bootTimeOfStart + BigInt(expiresAt) * 1000n;
    view.setBigUint64(at('expires'), expires > 0n ? expires : 1n, true);
  }
  view.setInt32(at('priority'), priority, true);
  const touchesMobility =
    !options.mobilityExemption || match.mobility === true || match.protocol === PROTOCOL.mobility;
  octets[at('flags')] =
    (match.local === true ? RULE_FLAG.local : 0) | (touchesMobility ? RULE_FLAG.mobility : 0);
  const todo = operationsOf(entry);
  if (todo === undefined) {
    octets[at('verdict')] = VERDICT.slow;
    return octets;
  }
  if (todo === 'drop') {
    octets[at('verdict')] = VERDICT.drop;
    return octets;
  }
  octets[at('operations')] = todo;
  octets[at('growth')] = overhead(entry);
  for (const action of entry.do) {
    if ('push' in action) {
      writeAddress(octets, at('tunnel_src'), action.src);
      writeAddress(octets, at('tunnel_dst'), action.dst);
    } else if ('insert' in action) {
      const member = action.insert === 'home-address' ? 'home_care_of' : 'routing_care_of';
      writeAddress(octets, at(member), action.careOf);
    }
  }
  return octets;
}

/** Each action as one letter, so that lists of them can be told by their pattern. */
function letterOf(action: Action): string {
  // What UDP is around has a checksum over all of it, which is not for the kernel program.
  if ('push' in action) return action.push === 'ipv6' ? 'P' : 'U';
  if ('pop' in action) return action.pop === 'ipv6' ? 'p' : 'u';
  if ('insert' in action) return action.insert === 'home-address' ? 'H' : 'R';
  if ('apply' in action) return action.apply === 'home-address' ? 'h' : 'r';
  if ('drop' in action) return 'd';
  if ('notify' in action) return action.notify === 'connection' ? 't' : 'n';
  return 'c';
}

const OPERATIONS: Readonly<Record<string, number>> = {
  P: OPERATION.push,
  p: OPERATION.pop,
  H: OPERATION.insertHome,
  R: OPERATION.insertRouting2,
  h: OPERATION.applyHome,
  r: OPERATION.applyRouting2,
  n: OPERATION.notify,
  t: OPERATION.notifyConnection,
};

/** Lists of actions that the kernel does as they stand; a notice tells of the packet at its place. */
const ABLE = {
  arriving: /^(|r|h|rh|p)n?$/,
  leaving: /^[nt]?(|H|R|HR|RH)P?$/,
} as const;

/** What the kernel is to do; undefined: the slow path does it. */
function operationsOf(entry: ForwardingEntry): number | 'drop' | undefined {
  if (entry.credit !== undefined || entry.out !== undefined) return undefined;
  // Packets with IPv4 inside are the slow path's.
  const { innerSrc, innerDst } = entry.match;
  if ([innerSrc, innerDst].some((one) => one !== undefined && isIpv4(one))) return undefined;
  const letters = entry.do.map(letterOf).join('');
  if (letters.startsWith('d')) return 'drop';
  if (!ABLE[entry.at].test(letters) || !entry.do.every(hasIpv6Addresses)) return undefined;
  let operations = 0;
  for (const letter of letters) operations |= OPERATIONS[letter]!;
  return operations;
}

function hasIpv6Addresses(action: Action): boolean {
  if ('push' in action) {
    return action.src.length === IPV6_SIZE && action.dst.length === IPV6_SIZE;
  }
  return !('insert' in action) || action.careOf.length === IPV6_SIZE;
}
