/** Fields that hold octets or addresses in a row: a fixed count of them, or all that are left. */
import {
  type Address,
  addressOf,
  formatAddress,
  IPV4_SIZE,
  IPV6_SIZE,
  parseAddress,
  readAddress,
  writeAddress,
} from './address.ts';
import { addressFromJson, type FixedField, JsonFault, type TailField, u16 } from './field.ts';
import { fromHex, toHex } from './hex.ts';
import { fail, ok } from './result.ts';

/** A fixed count of octets, such as a cookie. */
export function octets(count: number): FixedField<Uint8Array> {
  return {
    kind: 'fixed',
    bits: 8 * count,
    initial: new Uint8Array(count),
    stand: (before) => {
      const first = before >> 3;
      return {
        read: (o, at) => o.slice(at + first, at + first + count),
        write: (o, at, value) => {
          if (value.length !== count) throw new RangeError(`${value.length} octets, not ${count}`);
          o.set(value, at + first);
        },
      };
    },
    toJson: toHex,
    fromJson: (json, path) => {
      const value = octetsFromJson(json, path);
      if (value.length === count) return value;
      throw new JsonFault(path, `must be the hex text of ${count} octets`);
    },
  };
}

/** All octets that are left. */
export function rest(): TailField<Uint8Array> {
  return {
    kind: 'tail',
    initial: new Uint8Array(),
    parse: (o, at, end) => ok(o.slice(at, end)),
    sizeOf: (value) => value.length,
    write: (o, at, value) => o.set(value, at),
    toJson: toHex,
    fromJson: octetsFromJson,
  };
}

/** IPv6 addresses in a row up to the end; octets that make no whole address are refused. */
export function addresses(field: string): TailField<readonly Address[]> {
  return {
    kind: 'tail',
    initial: [],
    parse: (o, at, end) => {
      if ((end - at) % IPV6_SIZE !== 0) {
        const offset = end - ((end - at) % IPV6_SIZE);
        const message = `${end - offset} octets are left over; an address has 16`;
        return fail({ reason: 'bad-length', offset, field, message });
      }
      const found: Address[] = [];
      for (let p = at; p < end; p += IPV6_SIZE) found.push(readAddress(o, p));
      return ok(found);
    },
    sizeOf: (value) => IPV6_SIZE * value.length,
    write: (o, at, value) => {
      for (const [i, one] of value.entries()) writeAddress(o, at + IPV6_SIZE * i, one);
    },
    toJson: (value) => value.map(formatAddress),
    fromJson: (json, path) => {
      if (!Array.isArray(json)) throw new JsonFault(path, 'must be a list of IPv6 addresses');
      return json.map((one, i) => addressFromJson(one, `${path}[${i}]`));
    },
  };
}

/** IPv6 addresses in a row up to where a count before them says. */
export function countedAddresses(
  field: string,
  endAt: (octets: Uint8Array, start: number) => number,
): TailField<readonly Address[]> {
  return { ...addresses(field), endAt };
}

/** One address of IPv6 or IPv4, or none; octets that make neither are refused. */
export function optionalAddress(field: string): TailField<Address | undefined> {
  return {
    kind: 'tail',
    initial: undefined,
    parse: (o, at, end) => {
      const size = end - at;
      if (size === 0) return ok(undefined);
      if (size === IPV4_SIZE || size === IPV6_SIZE) return ok(addressOf(o.subarray(at, end)));
      const message = `an address of ${size} octets; it must have 16, 4 or none`;
      return fail({ reason: 'bad-length', offset: at, field, message });
    },
    sizeOf: (value) => value?.length ?? 0,
    write: (o, at, value) => {
      if (value !== undefined) writeAddress(o, at, value);
    },
    // What is absent is left out before it gets here.
    toJson: (value) => formatAddress(value!),
    fromJson: (json, path) => {
      const value = typeof json === 'string' ? parseAddress(json) : undefined;
      if (value !== undefined) return value;
      throw new JsonFault(path, 'must be the text of an address');
    },
  };
}

/** One number where octets are left for it, or none. */
export function optionalNumber(number: FixedField<number>): TailField<number | undefined> {
  const one = number.stand(0);
  return {
    kind: 'tail',
    initial: undefined,
    parse: (o, at, end) => ok(end > at ? one.read(o, at) : undefined),
    sizeOf: (value) => (value === undefined ? 0 : number.bits / 8),
    write: (o, at, value) => {
      if (value !== undefined) one.write(o, at, value);
    },
    // What is absent is left out before it gets here.
    toJson: (value) => value!,
    fromJson: number.fromJson,
  };
}

/** Numbers of two octets in a row up to the end. */
export function numbers(field: string): TailField<readonly number[]> {
  const one = u16().stand(0);
  return {
    kind: 'tail',
    initial: [],
    parse: (o, at, end) => {
      if ((end - at) % 2 !== 0) {
        const message = 'one octet is left over; a number has 2';
        return fail({ reason: 'bad-length', offset: end - 1, field, message });
      }
      return ok(Array.from({ length: (end - at) / 2 }, (_, i) => one.read(o, at + 2 * i)));
    },
    sizeOf: (value) => 2 * value.length,
    write: (o, at, value) => {
      for (const [i, number] of value.entries()) one.write(o, at + 2 * i, number);
    },
    toJson: (value) => [...value],
    fromJson: (json, path) => {
      if (!Array.isArray(json)) throw new JsonFault(path, 'must be a list of numbers');
      return json.map((number, i) => u16().fromJson(number, `${path}[${i}]`));
    },
  };
}

/** The octets that a hex text names. Throws JsonFault. */
export function octetsFromJson(json: unknown, path: string): Uint8Array {
  const value = typeof json === 'string' ? fromHex(json) : undefined;
  if (value !== undefined) return value;
  throw new JsonFault(path, 'must be hex text, two digits an octet');
}
