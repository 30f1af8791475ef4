/** Values of the home agent items' packet layouts: what may stand there, and does it. */
import type { Seen } from './bench.ts';
import { demand } from './conditions.ts';
import { type Format, NotRun } from './items.ts';

/** Values that an item names X and Y, in seconds. */
export type Variables = Map<string, number>;

const numberIn = (text: string): number => Number(text.replace(/ \(.*\)$/, ''));

/** The number that a layout wants written: `105`, `0xff (as ...)`, `X/2`. @param unit in seconds. */
export function numberOf(text: string, variables: Variables, unit = 1): number {
  const half = /^([XY])\/2$/.exec(text);
  if (half !== null) return Math.floor(variable(half[1]!, variables) / 2 / unit);
  const value = numberIn(text);
  if (Number.isNaN(value)) throw new NotRun(`the value: ${text}`);
  return value;
}

function variable(name: string, variables: Variables): number {
  const value = variables.get(name);
  if (value === undefined) throw new NotRun(`${name} has no value yet`);
  return value;
}

/** Judges a number by what a layout allows; binds a variable that is new. @param unit in seconds. */
export function judge(
  what: string,
  is: number,
  text: string,
  variables: Variables,
  unit = 1,
): void {
  if (text === 'any') return;
  const bound = /^([XY])(?: \(<= (\w+)\))?$/.exec(text);
  if (bound !== null) {
    const [, name, limit] = bound;
    if (limit !== undefined) demand(is * unit <= most(limit, variables, unit), `${what} is ${is}`);
    variables.set(name!, is * unit);
    return;
  }
  const compared = /^(=<|>) (.+)$/.exec(text);
  if (compared !== null) {
    const other = most(compared[2]!, variables, unit);
    const met = compared[1] === '>' ? is * unit > other : is * unit <= other;
    demand(met, `${what} is ${is}; it must be ${text}`);
    return;
  }
  const allowed = text
    .replace(/ \(.*\)$/, '')
    .split(' or ')
    .map(Number);
  if (allowed.some(Number.isNaN)) throw new NotRun(`the value: ${text}`);
  demand(allowed.includes(is), `${what} is ${is}; it must be ${text}`);
}

function most(text: string, variables: Variables, unit: number): number {
  const match = /^([XY])(\/2)?$/.exec(text);
  if (match === null) return Number(text) * unit;
  return variable(match[1]!, variables) / (match[2] === undefined ? 1 : 2);
}

/** Every value of a field, whether the layout has one or a list. */
export const valuesOf = (format: Format, header: string, field: string): readonly string[] => {
  const value = format[header]?.[field];
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
};

/** What a layout is judged on: a packet, taken out of ESP if it was in it. */
export interface Opened extends Seen {
  /** The octets without ESP. */
  readonly protected: boolean;
}
