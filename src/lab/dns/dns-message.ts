/**
 * DNS messages of the lab: one question, and answers that hold addresses (AAAA) or names (PTR).
 *
 *     +-------------------------------+-------------------------------+
 *     |              ID               |QR|OP  |AA TC RD|RA  |  RCODE  |
 *     +-------------------------------+-------------------------------+
 *     |           questions           |            answers            |
 *     +-------------------------------+-------------------------------+
 *     |           authority           |          additional           |
 *     +-------------------------------+-------------------------------+
 *     |  name, type, class of the question; then records
 *
 * Records of other types are passed over. What cannot be read is undefined, since anybody can send it.
 *
 * Source: RFC 1035 section 4, RFC 3596 sections 2.1 and 2.5.
 */
import { type Address, addressOctets, addressOf } from '../../wire/address.ts';

export const DNS_PORT = 53;
/** What a message without extensions holds at most. Source: RFC 1035 section 4.2.1. */
export const MAX_DNS_MESSAGE = 512;
export const DNS_CODE = { noError: 0, nameError: 3 } as const;

const TYPE = { PTR: 12, AAAA: 28 } as const;
const CLASS_INTERNET = 1;
const HEADER = 12;
const FLAG = { response: 0x8000, authoritative: 0x0400, recursionDesired: 0x0100 } as const;
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** Pointers of one name; honest ones are few. */
const MAX_POINTERS = 16;

export interface DnsQuestion {
  /** In lower case, without the dot at its end. */
  readonly name: string;
  readonly type: keyof typeof TYPE;
}

export interface DnsMessage {
  /** 16 bits. */
  readonly id: number;
  readonly response: boolean;
  readonly code: number;
  readonly question: DnsQuestion;
  /** Answers to an AAAA question. */
  readonly addresses: readonly Address[];
  /** Answers to a PTR question. */
  readonly names: readonly string[];
}

/** The name under which an address is asked for its names. Source: RFC 3596 section 2.5. */
export function reverseName(address: Address): string {
  const nibbles = [...addressOctets(address)].flatMap((octet) => [octet >> 4, octet & 15]);
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}

/** The octets of a message; records live for `ttl` seconds. Throws RangeError where a name is none. */
export function serialiseDns(message: DnsMessage, ttl = 60): Uint8Array {
  const { id, response, code, question, addresses, names } = message;
  const flags = response ? FLAG.response | FLAG.authoritative | code : FLAG.recursionDesired;
  const type = TYPE[question.type];
  const records = [
    ...addresses.map((one) => record(TYPE.AAAA, ttl, addressOctets(one))),
    ...names.map((one) => record(TYPE.PTR, ttl, nameOctets(one))),
  ];
  return Uint8Array.from([
    ...[id, flags, 1, records.length, 0, 0].flatMap(u16),
    ...nameOctets(question.name),
    ...u16(type),
    ...u16(CLASS_INTERNET),
    ...records.flat(),
  ]);
}

const u16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

/** Its name is a pointer to the question's. */
const record = (type: number, ttl: number, data: ArrayLike<number>): number[] => [
  ...u16(0xc000 | HEADER),
  ...u16(type),
  ...u16(CLASS_INTERNET),
  ...u16(ttl >>> 16),
  ...u16(ttl),
  ...u16(data.length),
  ...Array.from(data),
];

function nameOctets(name: string): number[] {
  const labels = name === '' ? [] : name.split('.');
  const wrong = labels.some((label) => label.length < 1 || label.length > MAX_LABEL);
  if (wrong || name.length > MAX_NAME) throw new RangeError(`"${name}" is no DNS name`);
  return [...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
}

export function parseDns(octets: Uint8Array): DnsMessage | undefined {
  if (octets.length < HEADER) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const flags = view.getUint16(2);
  if (view.getUint16(4) !== 1) return undefined;
  const asked = readName(octets, HEADER);
  if (asked === undefined || asked.end + 4 > octets.length) return undefined;
  const type = typeNamed(view.getUint16(asked.end));
  if (type === undefined || view.getUint16(asked.end + 2) !== CLASS_INTERNET) return undefined;
  const addresses: Address[] = [];
  const names: string[] = [];
  let at = asked.end + 4;
  for (let left = view.getUint16(6); left > 0; left--) {
    const owner = readName(octets, at);
    if (owner === undefined || owner.end + 10 > octets.length) return undefined;
    const data = owner.end + 10;
    const size = view.getUint16(owner.end + 8);
    at = data + size;
    if (at > octets.length) return undefined;
    const found = typeNamed(view.getUint16(owner.end));
    if (owner.name !== asked.name || found !== type) continue;
    if (type === 'AAAA' && size === 16) addresses.push(addressOf(octets.subarray(data, at)));
    const target = type === 'PTR' ? readName(octets, data) : undefined;
    if (target !== undefined && target.end === at) names.push(target.name);
  }
  const response = (flags & FLAG.response) !== 0;
  const question = { name: asked.name, type };
  return { id: view.getUint16(0), response, code: flags & 15, question, addresses, names };
}

const typeNamed = (number: number): keyof typeof TYPE | undefined =>
  (Object.keys(TYPE) as (keyof typeof TYPE)[]).find((name) => TYPE[name] === number);

/** A name and where it ends; pointers go back only. Source: RFC 1035 section 4.1.4. */
function readName(
  octets: Uint8Array,
  start: number,
): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let end: number | undefined;
  let pointers = 0;
  for (let at = start, size = 0; at < octets.length; ) {
    const length = octets[at]!;
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: end ?? at + 1 };
    if (length >= 0xc0) {
      const to = ((length & 0x3f) << 8) | (octets[at + 1] ?? 0xff);
      if (to >= at || ++pointers > MAX_POINTERS) return undefined;
      end ??= at + 2;
      at = to;
      continue;
    }
    size += length + 1;
    if (length > MAX_LABEL || size > MAX_NAME + 1 || at + 1 + length > octets.length)
      return undefined;
    labels.push(String.fromCharCode(...octets.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return undefined;
}
