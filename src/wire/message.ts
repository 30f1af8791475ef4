/**
 * The declarer: a header, message or option is written down once, as an ordered table of fields,
 * and from it come its TypeScript types, parser, serialiser, offsets and description.
 *
 *     const sample = message('sample', 'RFC 0000 section 1', { code: u8(), quick: flag(),
 *       reserved: reserved(7), data: rest() });
 *     type Sample = ValueOf<typeof sample>;
 */
import {
  type Fault,
  type Field,
  type FixedField,
  type Json,
  JsonFault,
  type TailField,
} from './field.ts';
import { fail, ok, type Result, type WireError } from './result.ts';

/** An ordered table of fields: fixed ones first, then tails; only a last tail may be unbounded. */
export type Fields = { readonly [name: string]: Field };

type Read<F> =
  F extends FixedField<infer T> ? T : F extends TailField<infer T, infer _> ? T : never;
type Taken<F> =
  F extends FixedField<infer T> ? T : F extends TailField<infer _, infer I> ? I : never;

type Value<Tag extends string, Name, F> = { readonly [K in Tag]: Name } & {
  readonly [K in keyof F]: Read<F[K]>;
};
type Input<Tag extends string, Name, F> = { readonly [K in Tag]: Name } & {
  readonly [K in keyof F]?: Taken<F[K]> | undefined;
};

/** What parsing a declaration gives. */
export type ValueOf<M> =
  M extends Declaration<infer Tag, infer Name, infer F> ? Value<Tag, Name, F> : never;

/** What serialising a declaration takes: the tag, and any of the fields. */
export type InputOf<M> =
  M extends Declaration<infer Tag, infer Name, infer F> ? Input<Tag, Name, F> : never;

/** Values under their fields' names, as the generic code sees them. */
export type Loose = { readonly [name: string]: unknown };

/** What all declarations can do, whatever their fields: the view for tables and generic code. */
export interface AnyDeclaration {
  readonly name: string;
  /** RFC and section. */
  readonly source: string;
  readonly fields: Fields;
  /** Octets of the fixed part. */
  readonly size: number;
  /** Are there tails behind the fixed part? */
  readonly open: boolean;
  /** Reads what stands in [at, end). Offsets of errors count from the start of `octets`. */
  parse(octets: Uint8Array, at?: number, end?: number): Result<Loose>;
  /** Octets that `write` would write. `exact`: option lists get no padding of ours. */
  sizeOf(input: Loose, exact?: boolean): number;
  /**
   * Writes at an offset where the octets are still zero; what the input lacks comes from `computed`.
   * Throws RangeError as `serialise` does.
   */
  write(octets: Uint8Array, at: number, input: Loose, exact?: boolean, computed?: Loose): void;
  /** Offset of the octet in which a field begins. */
  offsetOf(field: string): number;
  toJson(value: Loose): { readonly [key: string]: Json };
  /** Throws JsonFault with the path of what is wrong. */
  fromJson(json: { readonly [key: string]: unknown }, path: string): Loose;
}

const NONE: Loose = {};

/** Declares a header or message; its values carry the name under `layer`. */
export function message<const Name extends string, F extends Fields>(
  name: Name,
  source: string,
  fields: F,
): Declaration<'layer', Name, F> {
  return new Declaration('layer', name, source, fields);
}

interface Placed {
  readonly key: string;
  readonly offset: number;
  /** The octet behind its last bit. */
  readonly end: number;
  readonly initial: unknown;
  read(octets: Uint8Array, at: number): unknown;
  write(octets: Uint8Array, at: number, value: unknown): void;
}

interface Tail {
  readonly key: string;
  readonly field: TailField<unknown>;
}

/** A header, message or option as declared. `Tag` is the key that holds its name in a value. */
export class Declaration<Tag extends string, Name extends string, F extends Fields>
  implements AnyDeclaration
{
  readonly tag: Tag;
  readonly name: Name;
  readonly source: string;
  readonly fields: F;
  readonly size: number;
  readonly open: boolean;
  readonly #placed: readonly Placed[];
  readonly #tails: readonly Tail[];
  /** A value with every key in place: a copy of it is filled faster than an empty object. */
  readonly #blank: Loose;

  constructor(tag: Tag, name: Name, source: string, fields: F) {
    const { placed, tails, size } = place(name, fields);
    this.tag = tag;
    this.name = name;
    this.source = source;
    this.fields = fields;
    this.size = size;
    this.open = tails.length > 0;
    this.#placed = placed;
    this.#tails = tails;
    const initials = Object.entries(fields).map(([key, field]) => [key, field.initial]);
    this.#blank = { [tag]: name, ...Object.fromEntries(initials) };
  }

  parse(octets: Uint8Array, at = 0, end = octets.length): Result<Value<Tag, Name, F>> {
    if (end - at < this.size) return fail(this.#truncated(at, end));
    const value: Record<string, unknown> = { ...this.#blank };
    for (const one of this.#placed) value[one.key] = one.read(octets, at);
    let from = at + this.size;
    for (const { key, field } of this.#tails) {
      const to = field.endAt === undefined ? end : field.endAt(octets, at);
      if (to < from || to > end) return fail(this.#wrongLength(key, from, to, end));
      const parsed = field.parse(octets, from, to, at);
      if (!parsed.ok) return fail(inLayer(this.name, parsed.error));
      value[key] = parsed.value;
      from = to;
    }
    // The loops above put in exactly the keys and types that the table names.
    return ok(value as Value<Tag, Name, F>);
  }

  sizeOf(input: Loose, exact = false): number {
    let size = this.size;
    for (const { key, field } of this.#tails) {
      size += field.sizeOf(input[key] ?? field.initial, size, exact);
    }
    return size;
  }

  write(octets: Uint8Array, at: number, input: Loose, exact = false, computed = NONE): void {
    let key = '';
    try {
      for (const one of this.#placed) {
        key = one.key;
        one.write(octets, at, input[key] ?? computed[key] ?? one.initial);
      }
      let size = this.size;
      for (let i = 0; i < this.#tails.length; i++) {
        const { key: name, field } = this.#tails[i]!;
        key = name;
        const value = input[name] ?? field.initial;
        field.write(octets, at + size, value, size, exact);
        if (i + 1 < this.#tails.length) size += field.sizeOf(value, size, exact);
      }
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new RangeError(`${this.name}.${key}: ${cause.message}`, { cause });
    }
  }

  /** The octets of a value. Throws RangeError where a number does not fit its field. */
  serialise(input: Input<Tag, Name, F>, exact = false): Uint8Array {
    const octets = new Uint8Array(this.sizeOf(input, exact));
    this.write(octets, 0, input, exact);
    return octets;
  }

  /** Offset of the octet in which a field begins; a tail behind another tail has none. */
  offsetOf(field: keyof F & string): number {
    if (this.#tails[0]?.key === field) return this.size;
    const found = this.#placed.find(({ key }) => key === field);
    if (found === undefined) throw new RangeError(`${this.name}.${field} has no fixed offset`);
    return found.offset;
  }

  /** One line for each field, `name = value`. */
  describe(value: Value<Tag, Name, F>): string[] {
    return Object.entries(this.toJson(value))
      .slice(1)
      .map(([key, json]) => `${key} = ${typeof json === 'string' ? json : JSON.stringify(json)}`);
  }

  toJson(value: Loose): { readonly [key: string]: Json } {
    const json: Record<string, Json> = { [this.tag]: this.name };
    for (const [key, field] of Object.entries(this.fields)) {
      if (value[key] !== undefined) json[key] = field.toJson(value[key]);
    }
    return json;
  }

  fromJson(json: { readonly [key: string]: unknown }, path: string): Loose {
    const value: Record<string, unknown> = { [this.tag]: this.name };
    for (const [key, one] of Object.entries(json)) {
      if (key === this.tag) continue;
      const field = Object.hasOwn(this.fields, key) ? this.fields[key] : undefined;
      if (field === undefined) {
        const known = Object.keys(this.fields).join(', ');
        throw new JsonFault(`${path}.${key}`, `is no field of ${this.name}; it has ${known}`);
      }
      value[key] = field.fromJson(one, `${path}.${key}`);
    }
    return value;
  }

  #truncated(at: number, end: number): WireError {
    const have = Math.max(end - at, 0);
    return {
      reason: 'truncated',
      offset: at + have,
      layer: this.name,
      field: this.#placed.find(({ end: needs }) => needs > have)?.key ?? '',
      message: `${have} octets are left where ${this.name} needs at least ${this.size}`,
    };
  }

  #wrongLength(field: string, from: number, to: number, end: number): WireError {
    const message = `${field} would take ${to - from} octets of the ${end - from} that are left`;
    return { reason: 'bad-length', offset: from, layer: this.name, field, message };
  }
}

/** Gives each field its place. A declaration whose bits make no whole octets is our own mistake. */
function place(name: string, fields: Fields): { placed: Placed[]; tails: Tail[]; size: number } {
  const placed: Placed[] = [];
  const tails: Tail[] = [];
  let bits = 0;
  for (const [key, field] of Object.entries(fields)) {
    if (field.kind === 'tail') {
      tails.push({ key, field });
      continue;
    }
    if (tails.length > 0) throw new RangeError(`${name}: ${key} stands behind a tail`);
    const { initial } = field;
    const access = field.stand(bits);
    const offset = bits >> 3;
    bits += field.bits;
    placed.push({ key, offset, end: Math.ceil(bits / 8), initial, ...access });
  }
  if (bits % 8 !== 0) throw new RangeError(`${name}: ${bits} bits are no whole octets`);
  if (tails.slice(0, -1).some(({ field }) => field.endAt === undefined)) {
    throw new RangeError(`${name}: only the last tail may be unbounded`);
  }
  return { placed, tails, size: bits / 8 };
}

const inLayer = (layer: string, fault: Fault): WireError => ({ ...fault, layer });
