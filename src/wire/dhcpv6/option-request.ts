import { JsonFault, type TailField } from '../field.ts';
import { fail, ok } from '../result.ts';

/** Option codes in a row, two octets each, up to the end. Source: RFC 8415 section 21.7. */
export function codes(): TailField<readonly number[]> {
  return {
    kind: 'tail',
    initial: [],
    parse: (octets, at, end) => {
      if ((end - at) % 2 !== 0) {
        const message = 'one octet is left over; an option code has two';
        return fail({ reason: 'bad-length', offset: end - 1, field: 'codes', message });
      }
      const found: number[] = [];
      for (let p = at; p < end; p += 2) found.push((octets[p]! << 8) | octets[p + 1]!);
      return ok(found);
    },
    sizeOf: (value) => 2 * value.length,
    write: (octets, at, value) => {
      for (const [i, code] of value.entries()) {
        if (!isCode(code)) throw new RangeError(`${code} is no option code`);
        octets[at + 2 * i] = code >> 8;
        octets[at + 2 * i + 1] = code;
      }
    },
    toJson: (value) => [...value],
    fromJson: (json, path) => {
      if (Array.isArray(json) && json.every(isCode)) return json as number[];
      throw new JsonFault(path, 'must be a list of whole numbers from 0 to 65535');
    },
  };
}

const isCode = (code: unknown): boolean =>
  typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 0xffff;
