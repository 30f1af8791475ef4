import { type Fault, type TailField, u16 } from '../field.ts';
import {
  type AnyDeclaration,
  Declaration,
  type InputOf,
  type Loose,
  type ValueOf,
} from '../message.ts';
import { rest } from '../octets-field.ts';
import {
  optionNames,
  optionsJson,
  type UnknownOption,
  type UnknownOptionInput,
} from '../options.ts';
import { fail, ok, type Result } from '../result.ts';
import { DHCPV6_OPTION } from './dhcpv6-numbers.ts';

/** Octets of code and length. */
const HEAD = 4;

/** Any option that has no declaration: kept as it stands. */
const unknown = new Declaration('option', 'unknown', 'RFC 8415 section 21.1', {
  type: u16(),
  data: rest(),
});

type Declared = AnyDeclaration & { readonly type: number };
type OptionLoose = Loose & { readonly option: string };

/** A list of options with codes and lengths of two octets. Source: RFC 8415 section 21.1. */
export function dhcpv6OptionList<const D extends readonly Declared[]>(
  declared: D,
): TailField<
  readonly (ValueOf<D[number]> | UnknownOption)[],
  readonly (InputOf<D[number]> | UnknownOptionInput)[]
> {
  const byCode = new Map<number, Declared>(declared.map((one) => [one.type, one]));
  const byName = optionNames<Declared>(declared);
  const sizeOf = (one: OptionLoose, exact: boolean): number => {
    if (one.option === 'unknown') return HEAD + unknown.sizeOf(one) - 2;
    const declaration = byName.get(one.option);
    if (declaration === undefined) throw new RangeError(`${one.option} is no option of this list`);
    return HEAD + declaration.sizeOf(one, exact);
  };
  return {
    kind: 'tail',
    initial: [],
    // The declarations read exactly the values that their types name.
    parse: (octets, at, end) => parseOptions(octets, at, end, byCode) as Result<never, Fault>,
    sizeOf: (list, _, exact) => {
      let size = 0;
      for (const one of list as readonly OptionLoose[]) size += sizeOf(one, exact);
      return size;
    },
    write: (octets, at, list, _, exact) => {
      let p = at;
      for (const one of list as readonly OptionLoose[]) {
        const size = sizeOf(one, exact);
        writeOption(octets, p, one, size - HEAD, byName.get(one.option));
        p += size;
      }
    },
    ...optionsJson(byName, DHCPV6_OPTION, unknown),
  };
}

function writeOption(
  octets: Uint8Array,
  at: number,
  one: OptionLoose,
  length: number,
  declaration: Declared | undefined,
): void {
  if (length > 0xffff) throw new RangeError(`${one.option} has ${length} octets; 65535 fit`);
  const code = declaration?.type ?? (one.type as number);
  octets[at] = code >> 8;
  octets[at + 1] = code;
  octets[at + 2] = length >> 8;
  octets[at + 3] = length;
  if (declaration !== undefined) declaration.write(octets, at + HEAD, one);
  else octets.set((one.data as Uint8Array | undefined) ?? [], at + HEAD);
}

function parseOptions(
  octets: Uint8Array,
  at: number,
  end: number,
  byCode: ReadonlyMap<number, Declared>,
): Result<Loose[], Fault> {
  const found: Loose[] = [];
  let p = at;
  while (p < end) {
    if (p + HEAD > end) {
      const message = `${end - p} octets are left where an option has a code and a length`;
      return fail({ reason: 'truncated', offset: p, field: 'options', message });
    }
    const code = (octets[p]! << 8) | octets[p + 1]!;
    const length = (octets[p + 2]! << 8) | octets[p + 3]!;
    const from = p + HEAD;
    if (from + length > end) {
      const message = `option ${code} says ${length} octets; ${end - from} are left`;
      return fail({ reason: 'bad-length', offset: p + 2, field: 'options', message });
    }
    const one = byCode.get(code);
    p = from + length;
    if (one === undefined) {
      found.push({ option: 'unknown', type: code, data: octets.slice(from, p) });
    } else if (one.open ? length < one.size : length !== one.size) {
      const message = `${one.name} has ${length} octets; it must have ${one.size}`;
      return fail({ reason: 'bad-length', offset: from - 2, field: 'options', message });
    } else {
      const parsed = one.parse(octets, from, p);
      if (!parsed.ok) return parsed;
      found.push(parsed.value);
    }
  }
  return ok(found);
}
