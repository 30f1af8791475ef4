/**
 * Options of type, length and data, as Destination Options, Hop-by-Hop Options and Mobility Header
 * messages carry them: one list of rules, two tables.
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *     |  Option Type  | Option Length |  Option Data       type 0 is Pad1: no length, no data
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *
 * Supported standards: RFC 8200 section 4.2, RFC 6275 section 6.2.1.
 */
import { type Fault, type Json, JsonFault, type TailField, u8 } from './field.ts';
import {
  type AnyDeclaration,
  Declaration,
  type Fields,
  type InputOf,
  type Loose,
  type ValueOf,
} from './message.ts';
import { label, nameIn } from './numbers.ts';
import { rest } from './octets-field.ts';
import { fail, ok, type Result, type WireReply } from './result.ts';

/**
 * Where an option may stand. `{ n: 8, y: 6 }` is the RFCs' "8n + 6", counted from the header's
 * start. 'last': padding goes before it, so that it ends the header (RFC 6275 section 6.2.7).
 */
export type Alignment = { readonly n: 2 | 4 | 8; readonly y: number } | 'last';

/** What an option's declaration has besides its fields. */
export interface OptionTraits {
  readonly align?: Alignment;
  /** What a wrong length is answered with; absent, the packet is dropped in silence. */
  readonly wrongLength?: WireReply;
}

/** An option as declared; its values carry the name under `option`. */
export class OptionDeclaration<Name extends string, F extends Fields> extends Declaration<
  'option',
  Name,
  F
> {
  readonly type: number;
  readonly traits: OptionTraits;

  constructor(name: Name, type: number, source: string, fields: F, traits: OptionTraits) {
    super('option', name, source, fields);
    this.type = type;
    this.traits = traits;
  }
}

/** Declares an option: fields of its data, that is, without type and length. */
export function option<const Name extends string, F extends Fields>(
  name: Name,
  type: number,
  source: string,
  fields: F,
  traits: OptionTraits = {},
): OptionDeclaration<Name, F> {
  return new OptionDeclaration(name, type, source, fields, traits);
}

/** One octet of padding. Source: RFC 8200 section 4.2. */
export const pad1 = option('pad1', 0, 'RFC 8200 section 4.2', {});
/** Two or more octets of padding. Source: RFC 8200 section 4.2. */
export const padn = option('padn', 1, 'RFC 8200 section 4.2', { data: rest() });
/** Any option that has no declaration: kept as it stands. */
export const unknownOption = new Declaration('option', 'unknown', 'RFC 8200 section 4.2', {
  type: u8(),
  data: rest(),
});

/** An option of no declared type. */
export type UnknownOption = ValueOf<typeof unknownOption>;
/** An option of no declared type; the type is required, since 0 would mean padding. */
export type UnknownOptionInput = {
  readonly option: 'unknown';
  readonly type: number;
  readonly data?: Uint8Array | undefined;
};

/** Options that every list may hold. */
export type CommonOption = ValueOf<typeof pad1> | ValueOf<typeof padn> | UnknownOption;
/** Options that every list may be given. */
export type CommonOptionInput = InputOf<typeof pad1> | InputOf<typeof padn> | UnknownOptionInput;

type OptionLoose = Loose & { readonly option: string };
type Declared = AnyDeclaration & { readonly type: number; readonly traits: OptionTraits };

/** An option list as the last field of a header; `names` are those of all types of its kind. */
export function optionList<const D extends readonly Declared[]>(
  declared: D,
  names: Numbers = {},
): TailField<
  readonly (ValueOf<D[number]> | CommonOption)[],
  readonly (InputOf<D[number]> | CommonOptionInput)[]
> {
  const byType = new Map<number, Declared>(declared.map((one) => [one.type, one]));
  const byName = optionNames<Declared>([pad1, padn, ...declared]);
  return {
    kind: 'tail',
    initial: [],
    parse: (octets, at, end) => parseOptions(octets, at, end, byType) as Result<never, Fault>,
    sizeOf: (list, before, exact) => {
      let p = before;
      for (const value of list as OptionLoose[]) {
        const declaration = declarationOf(value, byName);
        const size = sizeOfOption(value, declaration);
        p += size + (exact ? 0 : padding(p, size, declaration?.traits.align));
      }
      return p - before + (exact ? 0 : -p & 7);
    },
    write: (octets, at, list, before, exact) => {
      let p = before;
      const header = at - before;
      for (const value of list as OptionLoose[]) {
        const declaration = declarationOf(value, byName);
        const size = sizeOfOption(value, declaration);
        const gap = exact ? 0 : padding(p, size, declaration?.traits.align);
        writePadding(octets, header + p, gap);
        p += gap;
        writeOption(octets, header + p, value, declaration, size);
        p += size;
      }
      if (!exact) writePadding(octets, header + p, -p & 7);
    },
    ...optionsJson(byName, names),
  };
}

/** A list that is written as it stands, without padding of ours: options inside an option. */
export function exactly<T, I>(list: TailField<T, I>): TailField<T, I> {
  return {
    ...list,
    sizeOf: (value, before) => list.sizeOf(value, before, true),
    write: (octets, at, value, before) => list.write(octets, at, value, before, true),
  };
}

function parseOptions(
  octets: Uint8Array,
  at: number,
  end: number,
  byType: ReadonlyMap<number, Declared>,
): Result<Loose[], Fault> {
  const found: Loose[] = [];
  let p = at;
  while (p < end) {
    const type = octets[p]!;
    if (type === 0) {
      found.push({ option: 'pad1' });
      p += 1;
      continue;
    }
    const one = byType.get(type);
    if (p + 1 >= end) return fail(fault('truncated', p, `option ${type} has no length octet`));
    const length = octets[p + 1]!;
    const from = p + 2;
    p = from + length;
    if (one !== undefined && (one.open ? length < one.size : length !== one.size)) {
      const right = `${one.open ? 'at least ' : ''}${one.size}`;
      const message = `the length of ${one.name} is ${length}; it must be ${right}`;
      return fail(fault('bad-length', from - 1, message, one.traits.wrongLength));
    }
    if (p > end) {
      const message = `option ${type} says ${length} octets; ${end - from} are left in its header`;
      return fail(fault('bad-length', from - 1, message));
    }
    if (type === 1) found.push({ option: 'padn', data: octets.slice(from, p) });
    else if (one === undefined)
      found.push({ option: 'unknown', type, data: octets.slice(from, p) });
    else {
      const parsed = one.parse(octets, from, p);
      if (!parsed.ok) return parsed;
      found.push(parsed.value);
    }
  }
  return ok(found);
}

function fault(reason: Fault['reason'], offset: number, message: string, reply?: WireReply): Fault {
  const plain = { reason, offset, field: 'options', message };
  return reply === undefined ? plain : { ...plain, reply };
}

/** The declaration that an option is written by; undefined: it holds its own type. */
function declarationOf(
  { option: name }: OptionLoose,
  byName: ReadonlyMap<string, Declared>,
): Declared | undefined {
  const declaration = byName.get(name);
  if (declaration === undefined && name !== 'unknown') {
    throw new RangeError(`${name} is no option of this header`);
  }
  return declaration;
}

/** Octets of an option with its type and length. */
function sizeOfOption(value: OptionLoose, declaration: Declared | undefined): number {
  if (value.option === 'pad1') return 1;
  if (declaration !== undefined) return 2 + declaration.sizeOf(value);
  return 2 + ((value.data as Uint8Array | undefined)?.length ?? 0);
}

/** Octets of padding before an option of a size at an offset in its header. */
function padding(at: number, size: number, align: Alignment | undefined): number {
  if (align === undefined) return 0;
  if (align === 'last') return (16 - ((at + size) % 8)) % 8;
  return (align.y - (at % align.n) + align.n) % align.n;
}

/** The octets are zero before: Pad1 is there already. */
function writePadding(octets: Uint8Array, at: number, size: number): void {
  if (size < 2) return;
  octets[at] = padn.type;
  octets[at + 1] = size - 2;
}

function writeOption(
  octets: Uint8Array,
  at: number,
  value: OptionLoose,
  declaration: Declared | undefined,
  size: number,
): void {
  if (value.option === 'pad1') return;
  if (size > 257) throw new RangeError(`${value.option} has ${size - 2} octets; 255 fit`);
  octets[at + 1] = size - 2;
  if (declaration === undefined) {
    octets[at] = value.type as number;
    octets.set((value.data as Uint8Array | undefined) ?? [], at + 2);
  } else {
    octets[at] = declaration.type;
    declaration.write(octets, at + 2, value);
  }
}

/** Declarations under their names. */
export const optionNames = <D extends AnyDeclaration>(list: readonly D[]): ReadonlyMap<string, D> =>
  new Map(list.map((one) => [one.name, one]));

/** Assigned numbers under their names. */
type Numbers = { readonly [name: string]: number };

/**
 * JSON of an option list, whatever its wire form. An option that is not declared gets its assigned
 * name beside its type; read back, the name means nothing.
 */
export function optionsJson(
  byName: ReadonlyMap<string, AnyDeclaration>,
  names: Numbers,
  unknown: AnyDeclaration = unknownOption,
): {
  toJson(list: unknown): Json;
  // biome-ignore lint/suspicious/noExplicitAny: every list has its own element type
  fromJson(json: unknown, path: string): any;
} {
  const find = (name: string) => (name === 'unknown' ? unknown : byName.get(name));
  return {
    toJson: (list) =>
      (list as OptionLoose[]).map((one) => {
        const json = find(one.option)!.toJson(one);
        const name = one.option === 'unknown' ? nameIn(names, one.type as number) : undefined;
        return name === undefined ? json : { ...json, name: label(name) };
      }),
    fromJson: (json, path) => {
      if (!Array.isArray(json)) throw new JsonFault(path, 'must be a list of options');
      return json.map((one: unknown, i) => {
        const here = `${path}[${i}]`;
        const fields = recordFromJson(one, here);
        const declaration = typeof fields.option === 'string' ? find(fields.option) : undefined;
        if (declaration === undefined) {
          const known = [...byName.keys(), 'unknown'].join(', ');
          throw new JsonFault(`${here}.option`, `must be one of ${known}`);
        }
        const { name: _, ...unnamed } = fields;
        return declaration.fromJson(declaration === unknownOption ? unnamed : fields, here);
      });
    },
  };
}

/** The members of a JSON object. Throws JsonFault for anything else. */
export function recordFromJson(json: unknown, path: string): { [key: string]: unknown } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new JsonFault(path, 'must be an object');
  }
  return json as { [key: string]: unknown };
}
