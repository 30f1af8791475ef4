/**
 * IPv6 and IPv4 addresses as values.
 *
 * An address is its octets held in a string of 16 (or 4) characters, one octet each. So `===`
 * compares, `Map` and `Set` take it as a key, and copying costs nothing; only people need the text
 * form, which `formatAddress` gives and `parseAddress` reads.
 */
export type Address = string & { readonly unit: 'address' };

/** Octets in an IPv6 address. */
export const IPV6_SIZE = 16;
/** Octets in an IPv4 address. */
export const IPV4_SIZE = 4;

/** Reads an IPv6 address of 16 octets; the caller has checked that they are there. */
export function readAddress(octets: Uint8Array, at: number): Address {
  const o = octets;
  return String.fromCharCode(
    o[at]!,
    o[at + 1]!,
    o[at + 2]!,
    o[at + 3]!,
    o[at + 4]!,
    o[at + 5]!,
    o[at + 6]!,
    o[at + 7]!,
    o[at + 8]!,
    o[at + 9]!,
    o[at + 10]!,
    o[at + 11]!,
    o[at + 12]!,
    o[at + 13]!,
    o[at + 14]!,
    o[at + 15]!,
  ) as Address;
}

/** Reads an IPv4 address of 4 octets; the caller has checked that they are there. */
export function readIpv4Address(octets: Uint8Array, at: number): Address {
  const o = octets;
  return String.fromCharCode(o[at]!, o[at + 1]!, o[at + 2]!, o[at + 3]!) as Address;
}

/** Is it an IPv4 address? */
export const isIpv4 = (address: Address): boolean => address.length === IPV4_SIZE;

/** Writes an address, IPv6 or IPv4, at an offset. */
export function writeAddress(octets: Uint8Array, at: number, address: Address): void {
  for (let i = 0; i < address.length; i++) octets[at + i] = address.charCodeAt(i);
}

/** The address made of all these octets: 16 of them, or 4. Throws RangeError for any other count. */
export function addressOf(octets: Uint8Array): Address {
  if (octets.length !== IPV6_SIZE && octets.length !== IPV4_SIZE) {
    throw new RangeError(`an address has 16 or 4 octets, not ${octets.length}`);
  }
  return String.fromCharCode(...octets) as Address;
}

/** The octets of an address. */
export function addressOctets(address: Address): Uint8Array {
  const octets = new Uint8Array(address.length);
  writeAddress(octets, 0, address);
  return octets;
}

/** An address from text that the program itself wrote. Throws RangeError where it is none. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new RangeError(`not an IPv6 or IPv4 address: ${text}`);
  return parsed;
}

/** An address from anybody's text (RFC 4291 section 2.2, dotted quad for IPv4); no zone. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const words = [...head, ...new Array<number>(halves.length === 2 ? missing : 0).fill(0), ...tail];
  return words.map((word) => String.fromCharCode(word >> 8, word & 0xff)).join('') as Address;
}

/** Texts of addresses that were asked for lately, since few are asked for often; forgotten together. */
const TEXTS = new Map<Address, string>();
const MAX_TEXTS = 1024;

/** The text of an address: RFC 5952 for IPv6, dotted quad for IPv4. */
export function formatAddress(address: Address): string {
  const known = TEXTS.get(address);
  if (known !== undefined) return known;
  if (TEXTS.size >= MAX_TEXTS) TEXTS.clear();
  const text = format(address);
  TEXTS.set(address, text);
  return text;
}

function format(address: Address): string {
  if (address.length === IPV4_SIZE) return formatIpv4(address, 0);
  if (address.startsWith(IPV4_MAPPED)) return `::ffff:${formatIpv4(address, 12)}`;
  const [start, count] = longestZeroRun(address);
  if (count < 2) return words(address, 0, 8);
  return `${words(address, 0, start)}::${words(address, start + count, 8)}`;
}

const IPV4_MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff';

function formatIpv4(address: string, at: number): string {
  let text = `${address.charCodeAt(at)}`;
  for (let i = at + 1; i < at + 4; i++) text += `.${address.charCodeAt(i)}`;
  return text;
}

/** The words [from, to) of an address as text. */
function words(address: Address, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    text += (i > from ? ':' : '') + wordAt(address, i).toString(16);
  }
  return text;
}

const wordAt = (address: Address, i: number): number =>
  (address.charCodeAt(2 * i) << 8) | address.charCodeAt(2 * i + 1);

/** The first longest run of zero words, as [start, count] (RFC 5952 section 4.2.3). */
function longestZeroRun(address: Address): [number, number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (let i = 0; i <= 8; i++) {
    if (i < 8 && wordAt(address, i) === 0) continue;
    if (i - start > best[1]) best = [start, i - start];
    start = i + 1;
  }
  return best;
}

function groups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const words: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
      const quad = parseIpv4(part);
      if (quad === undefined) return undefined;
      words.push((quad.charCodeAt(0) << 8) | quad.charCodeAt(1));
      words.push((quad.charCodeAt(2) << 8) | quad.charCodeAt(3));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) words.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return words;
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const octets = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  if (octets.some((octet) => octet > 255)) return undefined;
  return String.fromCharCode(...octets) as Address;
}

/** `::`, the unspecified address. */
export const UNSPECIFIED: Address = address('::');
/** 0.0.0.0, the unspecified address of IPv4. */
export const UNSPECIFIED_IPV4: Address = address('0.0.0.0');
/** Errors come from it where a router has no IPv4 address (RFC 7600 section 4.8). */
export const IPV4_DUMMY: Address = address('192.0.0.8');
/** 255.255.255.255, all nodes on the link (RFC 919). */
export const BROADCAST_IPV4: Address = address('255.255.255.255');
/** All nodes on the link (RFC 4291 section 2.7.1). */
export const ALL_NODES: Address = address('ff02::1');
/** All routers on the link (RFC 4291 section 2.7.1). */
export const ALL_ROUTERS: Address = address('ff02::2');

/** Is it a multicast address: ff00::/8, or 224.0.0.0/4 and the broadcast address? */
export function isMulticast(address: Address): boolean {
  if (address.length !== IPV4_SIZE) return address.charCodeAt(0) === 0xff;
  return address.charCodeAt(0) >> 4 === 0x0e || address === BROADCAST_IPV4;
}

/** Is it a link-local unicast address: fe80::/10, or 169.254.0.0/16 (RFC 3927)? */
export function isLinkLocal(address: Address): boolean {
  const [first, second] = [address.charCodeAt(0), address.charCodeAt(1)];
  if (address.length === IPV4_SIZE) return first === 169 && second === 254;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** An IPv4 address in the place of an IPv6 one, `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2); others stay. */
export const toMapped = (address: Address): Address =>
  isIpv4(address) ? ((IPV4_MAPPED + address) as Address) : address;

/** The IPv4 address that stands in the place of an IPv6 one; others stay. */
export const fromMapped = (address: Address): Address =>
  address.startsWith(IPV4_MAPPED) ? (address.slice(IPV4_MAPPED.length) as Address) : address;

/** May packets from elsewhere be sent to it: unicast, not unspecified, loopback or link-local? */
export function isUnicastRoutable(address: Address): boolean {
  if (isMulticast(address) || isLinkLocal(address)) return false;
  // On no wire is an IPv4-mapped address of IPv6 (RFC 6890 section 2.2.3); inside it stands for that of IPv4.
  if (address.length !== IPV4_SIZE) {
    return !NOT_ROUTABLE.has(address) && !address.startsWith(IPV4_MAPPED);
  }
  // This network, loopback, and what is reserved (RFC 6890 section 2.2.2).
  const first = address.charCodeAt(0);
  return first !== 0 && first !== 127 && first < 240;
}
const NOT_ROUTABLE: ReadonlySet<Address> = new Set([UNSPECIFIED, address('::1')]);

/** The solicited-node multicast address of a unicast address (RFC 4291 section 2.7.1). */
export function solicitedNode(target: Address): Address {
  return (SOLICITED_NODE_PREFIX + target.slice(13)) as Address;
}
const SOLICITED_NODE_PREFIX = address('ff02::1:ff00:0').slice(0, 13);
