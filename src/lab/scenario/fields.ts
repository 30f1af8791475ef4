/**
 * The building blocks of the scenario schema: each takes the text that stands in the file, says in
 * the file's own words what it expected, and gives the value that the lab works with.
 */
import { z } from 'zod';
import type { Duration } from '../../core/time.ts';
import { suggestion } from './nearest.ts';
import {
  KIND_PATTERN,
  KIND_TEXT,
  type QuantityKind,
  type Reading,
  readBound,
  readIpv4,
  readIpv6,
  readKey,
  readNetwork,
  readOctets,
  readPrefix,
  readQuantity,
  readSpan,
} from './quantity.ts';

/** Says what was expected, whatever stands there instead. */
function expected(what: string): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) => (input === undefined ? `is missing: ${what}` : `is not ${what}`),
  };
}

/** Text that `read` turns into a value; `what` says in words what is expected. */
function textRead<T>(what: string, read: (text: string) => Reading<T>, meta: object = {}) {
  return z
    .string({
      error: ({ input }) => {
        if (input === undefined) return `is missing: ${what}`;
        return typeof input === 'number' ? `${input} has no unit: write ${what}` : `is not ${what}`;
      },
    })
    .meta({ description: what, ...meta })
    .transform((text, context): T => {
      const reading = read(text);
      if (reading.ok) return reading.value;
      context.addIssue({ code: 'custom', message: reading.error });
      return z.NEVER;
    });
}

function quantity(kind: QuantityKind) {
  return textRead(KIND_TEXT[kind], (text) => readQuantity(kind, text), {
    pattern: KIND_PATTERN[kind],
  });
}

/** Whatever happens in a scenario happens within a day. */
const DAY = 24 * 3600e6;

/** A time in microseconds. */
export const time = () =>
  quantity('time')
    .refine((value) => value <= DAY, { error: 'is more than a day: write at most 24h' })
    .transform((value) => value as Duration);
/** A size in octets. */
export const size = () => quantity('size');
/** A bandwidth in bit/s. */
export const bandwidth = () => quantity('bandwidth');
/** A rate per second. */
export const rate = () => quantity('rate');
/** A share from 0 to 1. */
export const share = () => quantity('share');

export const prefix = () =>
  textRead('an IPv6 prefix of 64 bits, such as 2001:db8:1::/64', readPrefix);
export const ipv6 = () => textRead('an IPv6 address, such as 2001:db8:1::100', readIpv6);
export const ipv4 = () => textRead('an IPv4 address, such as 192.0.2.80', readIpv4);
export const key = () => textRead('"hex:" with the octets of the key, or "file:PATH"', readKey);
export const network = () => textRead('an IPv6 prefix, such as 2001:db8:a::/48', readNetwork);
/** So many octets that are no secret. */
export const octets = (size: number) =>
  textRead(`"hex:" with ${size} octets`, (text) => readOctets(text, size));
export const span = () =>
  textRead('a stretch of time, such as "6s.." or "2s..5s"', readSpan, { examples: ['6s..'] });

/** A bound on a measured value; a bare value means equal. */
export function bound(kind?: QuantityKind) {
  const what =
    kind === undefined ? 'a count or a bound, such as 0 or "> 0"' : `a bound on ${KIND_TEXT[kind]}`;
  return z
    .union([z.string(), z.number()], expected(what))
    .meta({ description: what })
    .transform((value, context) => {
      const reading = readBound(String(value), kind);
      if (reading.ok) return reading.value;
      context.addIssue({ code: 'custom', message: reading.error });
      return z.NEVER;
    });
}

/** Names of links, nodes, interfaces and flows. */
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

export function name(what: string) {
  return z
    .string(expected(what))
    .regex(NAME, { error: `is not a name: ${NAME_RULE}` })
    .meta({ description: what });
}

export const NAME_RULE = 'a name begins with a-z and holds a-z, 0-9 and "-", at most 31 of them';

/** Entries by name, such as the links. */
export function named<T extends z.ZodType>(what: string, entry: T) {
  return z.record(z.string().regex(NAME), entry, expected(what));
}

/** One of a closed list. */
export function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.enum(names, {
    error: ({ input }) => {
      if (input === undefined) return `is missing: one of ${names.join(', ')}`;
      return `${JSON.stringify(input)} is unknown: ${suggestion(String(input), names)}`;
    },
  });
}

export function text(what: string) {
  return z
    .string(expected(what))
    .min(1, { error: `is empty: ${what}` })
    .meta({
      description: what,
    });
}

export function whole(what: string, least: number, most: number) {
  const range = `a whole number from ${least} to ${most} (${what})`;
  return z
    .int(expected(range))
    .min(least, `is not ${range}`)
    .max(most, `is not ${range}`)
    .meta({ description: what });
}

export function yesNo(what: string) {
  return z.boolean(expected(`true or false (${what})`)).meta({ description: what });
}

export function list<T extends z.ZodType>(what: string, item: T) {
  return z.array(item, expected(what));
}

/**
 * An object with these keys and no others. An unknown key's message names the key that was probably
 * meant; keys of `later` are those that this version refuses, with the reason. Each unknown key has
 * one line of the message, in the order of the issue's `keys`.
 */
export function object<T extends z.ZodRawShape>(
  what: string,
  shape: T,
  later: Readonly<Record<string, string>> = {},
) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return expected(what).error(issue);
      return issue.keys
        .map((unknown) => later[unknown] ?? `is no key here: ${suggestion(unknown, known)}`)
        .join('\n');
    },
  });
}
