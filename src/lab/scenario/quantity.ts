/**
 * Quantities as people write them in a scenario: a number with its unit. A number without one is
 * refused, because a reader cannot know whether `4` means seconds or milliseconds.
 *
 * Each reader gives the value, or a sentence that says what is wrong and what would be right.
 */
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.ts';
import { type Duration, microseconds } from '../../core/time.ts';
import {
  type Address,
  IPV6_SIZE,
  isIpv4,
  isLinkLocal,
  isMulticast,
  parseAddress,
} from '../../wire/address.ts';
import { fromHex } from '../../wire/hex.ts';
import { fail, ok, type Result } from '../../wire/result.ts';

export type Reading<T> = Result<T, string>;

/** Units of each kind of quantity, with what one of them is in the base unit. */
const UNITS = {
  time: { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3600e6 },
  size: { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  bandwidth: { 'bit/s': 1, 'kbit/s': 1e3, 'Mbit/s': 1e6, 'Gbit/s': 1e9 },
  rate: { '/s': 1, '/min': 1 / 60 },
  share: { '%': 0.01 },
} as const satisfies Record<string, Readonly<Record<string, number>>>;

export type QuantityKind = keyof typeof UNITS;

/** What each kind is called in a message, with examples that are right. */
export const KIND_TEXT: Readonly<Record<QuantityKind, string>> = {
  time: 'a time with its unit, such as 4s or 250ms',
  size: 'a size with its unit, such as 64B or 20MB',
  bandwidth: 'a bandwidth with its unit, such as 20Mbit/s',
  rate: 'a rate, such as 1000/s',
  share: 'a share in percent, such as 5%',
};

/** The pattern of each kind, for the JSON Schema that editors read. */
export const KIND_PATTERN: Readonly<Record<QuantityKind, string>> = {
  time: patternOf('time'),
  size: patternOf('size'),
  bandwidth: patternOf('bandwidth'),
  rate: patternOf('rate'),
  share: patternOf('share'),
};

function patternOf(kind: QuantityKind): string {
  return `^[0-9]+(\\.[0-9]+)?(${Object.keys(UNITS[kind]).join('|')})$`;
}

/** Reads `4s`, `20MB`, `20Mbit/s`, `1000/s` or `5%` into microseconds, octets, bit/s, 1/s or 0..1. */
export function readQuantity(kind: QuantityKind, text: string): Reading<number> {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s?([A-Za-z/%]*)$/.exec(text.trim());
  if (match === null) return fail(`${quote(text)} is not ${KIND_TEXT[kind]}`);
  const [, digits = '', unit = ''] = match;
  const units: Readonly<Record<string, number>> = UNITS[kind];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) return fail(wrongUnit(kind, text, digits, unit));
  const value = Number(digits) * factor;
  if (kind === 'share' && value > 1) return fail(`${quote(text)} is more than 100%`);
  return ok(kind === 'size' || kind === 'time' ? Math.round(value) : value);
}

function wrongUnit(kind: QuantityKind, text: string, digits: string, unit: string): string {
  const known = Object.keys(UNITS[kind]);
  if (unit === '') return `${quote(text)} has no unit: write ${KIND_TEXT[kind]}`;
  const alike = known.find((candidate) => candidate.toLowerCase() === unit.toLowerCase());
  const mend = alike === undefined ? KIND_TEXT[kind] : `${digits}${alike}`;
  return `${quote(text)} has the unit ${quote(unit)}: write ${mend} (units: ${known.join(', ')})`;
}

/** A time in microseconds. */
export function readTime(text: string): Reading<Duration> {
  const read = readQuantity('time', text);
  return read.ok ? ok(microseconds(read.value)) : read;
}

/** A stretch of the run; `to` is absent where it lasts to the end. */
export interface Span {
  readonly from: number;
  readonly to?: number;
}

/** Reads `6s..`, `2s..5s` or `..5s` into microseconds. */
export function readSpan(text: string): Reading<Span> {
  const parts = text.split('..').map((part) => part.trim());
  if (parts.length !== 2 || parts.every((part) => part === '')) {
    return fail(`${quote(text)} is not a stretch of time, such as "6s.." or "2s..5s"`);
  }
  const from = parts[0] === '' ? ok(0) : readQuantity('time', parts[0]!);
  if (!from.ok) return from;
  if (parts[1] === '') return ok({ from: from.value });
  const to = readQuantity('time', parts[1]!);
  if (!to.ok) return to;
  if (to.value <= from.value) return fail(`${quote(text)} ends before it begins`);
  return ok({ from: from.value, to: to.value });
}

/** How a measured value is judged. */
export interface Bound {
  readonly operator: '<' | '<=' | '=' | '>=' | '>' | '+-';
  readonly value: number;
  /** With `+-`: how far the value may be off, either way. */
  readonly tolerance?: number;
}

/**
 * Reads `"< 300ms"`, `"> 0"`, `"2s +- 10%"`, `"2s +- 5ms"`, or a bare value (which means equal);
 * `kind` absent: plain numbers.
 */
export function readBound(text: string, kind?: QuantityKind): Reading<Bound> {
  const [middle, tolerance] = text.split('+-');
  if (tolerance !== undefined && kind !== undefined) return readAbout(middle!, tolerance, kind);
  const match = /^(<=|>=|<|>|=)?\s*(.+)$/.exec(text.trim());
  const [, operator = '=', amount = ''] = match ?? [];
  if (kind !== undefined && amount !== '0') {
    const read = readQuantity(kind, amount);
    if (!read.ok) return fail(`${read.error}, or a bound such as "${EXAMPLE_BOUND[kind]}"`);
    return ok({ operator: operator as Bound['operator'], value: read.value });
  }
  if (!/^[0-9]+$/.test(amount)) {
    return fail(`${quote(text)} is not a count or a bound, such as 0 or "> 0"`);
  }
  return ok({ operator: operator as Bound['operator'], value: Number(amount) });
}

function readAbout(middle: string, tolerance: string, kind: QuantityKind): Reading<Bound> {
  const value = readQuantity(kind, middle.trim());
  if (!value.ok) return value;
  const isShare = tolerance.trim().endsWith('%');
  const off = readQuantity(isShare ? 'share' : kind, tolerance.trim());
  if (!off.ok) return off;
  const factor = isShare ? value.value : 1;
  return ok({ operator: '+-', value: value.value, tolerance: off.value * factor });
}

const EXAMPLE_BOUND: Readonly<Record<QuantityKind, string>> = {
  time: '< 300ms',
  size: '>= 20MB',
  bandwidth: '> 1Mbit/s',
  rate: '> 10/s',
  share: '< 5%',
};

/** Does a value keep a bound? */
export function within(value: number, bound: Bound): boolean {
  switch (bound.operator) {
    case '<':
      return value < bound.value;
    case '<=':
      return value <= bound.value;
    case '=':
      return value === bound.value;
    case '>=':
      return value >= bound.value;
    case '>':
      return value > bound.value;
    case '+-':
      return Math.abs(value - bound.value) <= bound.tolerance!;
  }
}

/** A prefix with the address that it was written with. */
export interface PrefixText {
  readonly address: Address;
  readonly length: number;
}

/** Reads an IPv6 prefix of 64 bits, which is what stateless address configuration needs. */
export function readPrefix(text: string): Reading<PrefixText> {
  const [head = '', length, ...rest] = text.split('/');
  const address = parseAddress(head);
  if (address === undefined || address.length !== IPV6_SIZE || rest.length > 0) {
    return fail(`${quote(text)} is not an IPv6 prefix, such as 2001:db8:1::/64`);
  }
  if (length === undefined) return fail(`${quote(text)} has no length: write ${text}/64`);
  if (length !== '64') {
    return fail(`${quote(text)}: nodes make 64 bits of their addresses, so write ${head}/64`);
  }
  if (/[^\0]/.test(address.slice(8))) {
    return fail(`${quote(text)} has bits set behind its 64: write a network, as 2001:db8:1::/64`);
  }
  // RFC 4291 sections 2.4 and 2.5: ::/64 has the unspecified and the loopback address.
  if (isMulticast(address) || isLinkLocal(address) || /^\0{8}/.test(address)) {
    return fail(`${quote(text)} is no prefix to give to a link: write one such as 2001:db8:1::/64`);
  }
  return ok({ address, length: 64 });
}

/** Reads a prefix of any length, which need not be one of a link. */
export function readNetwork(text: string): Reading<PrefixText> {
  const [, head = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(head);
  const length = Number(digits);
  if (address?.length !== IPV6_SIZE || digits === '' || length > 128) {
    return fail(`${quote(text)} is not an IPv6 prefix, such as 2001:db8:a::/48`);
  }
  if (maskAddress(address, length) === address) return ok({ address, length });
  return fail(`${quote(text)} has bits set behind its ${length}: write a network`);
}

/** Reads octets that are no secret. */
export function readOctets(text: string, size: number): Reading<Uint8Array> {
  const octets = text.startsWith('hex:') ? fromHex(text.slice(4)) : undefined;
  if (octets === undefined) return fail(`${quote(text)} is not "hex:" with ${size} octets`);
  if (octets.length === size) return ok(octets);
  return fail(`"hex:" wants ${size} octets here, and has ${octets.length}`);
}

/** Reads an IPv6 address. */
export function readIpv6(text: string): Reading<Address> {
  const address = parseAddress(text);
  if (address !== undefined && address.length === IPV6_SIZE) return ok(address);
  return fail(`${quote(text)} is not an IPv6 address, such as 2001:db8:1::100`);
}

/** Reads an IPv4 address. */
export function readIpv4(text: string): Reading<Address> {
  const address = parseAddress(text);
  if (address !== undefined && isIpv4(address)) return ok(address);
  return fail(`${quote(text)} is not an IPv4 address, such as 192.0.2.80`);
}

/** A key as it stands in the file: octets, or the name of a file that has them. */
export type KeySource =
  | { readonly kind: 'hex'; readonly octets: Uint8Array }
  | { readonly kind: 'file'; readonly path: string };

/** Reads `hex:0011..` or `file:PATH`. */
export function readKey(text: string): Reading<KeySource> {
  if (text.startsWith('file:') && text.length > 5) return ok({ kind: 'file', path: text.slice(5) });
  const digits = text.startsWith('hex:') ? text.slice(4) : undefined;
  if (digits === undefined) {
    return fail('a key is "hex:" with its octets, or "file:" with the path of a file of octets');
  }
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) {
    return fail(`"hex:" wants an even number of hexadecimal digits, and here are ${digits.length}`);
  }
  return ok({ kind: 'hex', octets: new Uint8Array(Buffer.from(digits, 'hex')) });
}

/** Text of the file in a message: quoted, and short. */
export function quote(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 37)}...` : text}"`;
}
