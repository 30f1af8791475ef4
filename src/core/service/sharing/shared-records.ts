/**
 * What agents of one address tell each other, as text under keys: the last word of each server, and
 * which server each client has. Times are wall-clock time, since their instants are not the same.
 *
 *     service/2001:db8:a::80/member/257         { by, address, sequence, lifetime, until, ... }
 *     service/2001:db8:a::80/client/2001:db8::1 { by, to: "257" }
 */
import {
  type Address,
  formatAddress,
  isIpv4,
  isUnicastRoutable,
  parseAddress,
} from '../../../wire/address.ts';
import { type SharedEntry, versionOf, versionText } from '../../shared-store.ts';
import type { UdpEnd } from '../../signalling/udp-signalling.ts';
import { type Duration, type Instant, seconds } from '../../time.ts';
import type { MemberRecord } from '../member.ts';
import { MAX_NEAR, type NearPrefix } from '../near-prefixes.ts';

/** So long a server that is gone is remembered, and longer than a replay of its updates is fresh. */
const GONE = seconds(60);
/** Octets of a server's number as text. */
const MAX_NUMBER = 10;

/** Which server a client has, and by way of which agent it comes. */
export interface ClientRecord {
  readonly client: Address;
  readonly version: bigint;
  readonly by: Address;
  /** The number of the server; absent: it has none any more. */
  readonly to?: string;
  readonly until: number;
}

export type SharedRecord =
  | { readonly about: 'member'; readonly member: MemberRecord }
  | { readonly about: 'client'; readonly client: ClientRecord };

export const prefixOf = (service: Address): string => `service/${formatAddress(service)}/`;
/** Of what agents say of themselves (`agents/agent-presence.ts`). */
export const agentPrefixOf = (service: Address): string => `${prefixOf(service)}agent/`;

export function memberEntry(
  service: Address,
  { registrant, version, by, silent, there }: MemberRecord,
  epoch: number,
  now: Instant,
): SharedEntry {
  const base = {
    key: `${prefixOf(service)}member/${registrant}`,
    version: versionText(version),
  };
  if (there === undefined) {
    const value = JSON.stringify({ by: formatAddress(by), silent });
    return { ...base, value, until: epoch + now + GONE };
  }
  const { address, udp, expiresAt, near, since, ...rest } = there;
  const value = JSON.stringify({
    ...{ by: formatAddress(by), address: formatAddress(address), ...rest },
    ...{ until: epoch + expiresAt, ...(since !== undefined && { since: epoch + since }) },
    ...(udp && { udp: [formatAddress(udp.address), udp.port] }),
    ...(near && { near: near.map((one) => [formatAddress(one.address), one.length]) }),
  });
  return { ...base, value, until: epoch + expiresAt + GONE };
}

export function clientEntry(service: Address, record: ClientRecord): SharedEntry {
  const { client, version, by, to, until } = record;
  const key = `${prefixOf(service)}client/${formatAddress(client)}`;
  const value = to === undefined ? {} : { value: JSON.stringify({ by: formatAddress(by), to }) };
  return { key, version: versionText(version), ...value, until };
}

/** What an entry says; undefined where it cannot be read. */
export function recordOf(
  service: Address,
  { key, version, value, until }: SharedEntry,
  epoch: number,
): SharedRecord | undefined {
  const prefix = prefixOf(service);
  const number = versionOf(version);
  if (number === undefined || !key.startsWith(prefix)) return undefined;
  const [about, name, ...rest] = key.slice(prefix.length).split('/');
  if (name === undefined || rest.length > 0) return undefined;
  const said = value === undefined ? {} : objectIn(value);
  const by = addressIn(said?.by);
  if (about === 'client') {
    const client = routable(name);
    if (client === undefined || said === undefined) return undefined;
    if (value === undefined) {
      return { about, client: { client, version: number, by: client, until } };
    }
    const { to } = said;
    if (by === undefined || typeof to !== 'string' || to.length > MAX_NUMBER) return undefined;
    return { about, client: { client, version: number, by, to, until } };
  }
  if (about !== 'member' || said === undefined || by === undefined) return undefined;
  if (name.length > MAX_NUMBER) return undefined;
  const member = { registrant: name, version: number, by };
  if (said.address === undefined) {
    return { about, member: said.silent === true ? { ...member, silent: true } : member };
  }
  const there = thereIn(said, epoch);
  return there && { about, member: { ...member, there } };
}

function thereIn(
  said: Readonly<Record<string, unknown>>,
  epoch: number,
): MemberRecord['there'] | undefined {
  const address = addressIn(said.address);
  const udp = udpIn(said.udp);
  const { sequence, lifetime, until, capacity, sessions, since, ipv4 } = said;
  if (address === undefined || udp === undefined || !isNumber(until)) return undefined;
  if (!isNumber(sequence) || sequence > 0xffff || !isNumber(lifetime)) return undefined;
  const near = nearIn(said.near);
  return {
    ...{ address, ...udp, sequence, lifetime: lifetime as Duration },
    expiresAt: (until - epoch) as Instant,
    ...(isNumber(capacity) && { capacity }),
    ...(isNumber(sessions) && { sessions }),
    ...(isNumber(since) && { since: (since - epoch) as Instant }),
    ...(near.length > 0 && { near }),
    ...(ipv4 === true && { ipv4 }),
  };
}

/** Undefined where it cannot be: servers are met inside UDP over IPv4 alone. */
function udpIn(value: unknown): { readonly udp?: UdpEnd } | undefined {
  if (value === undefined) return {};
  const [text, port] = Array.isArray(value) ? (value as unknown[]) : [];
  const address = routable(text);
  if (address === undefined || !isIpv4(address)) return undefined;
  return isNumber(port) && port < 0x10000 ? { udp: { address, port } } : undefined;
}

function nearIn(value: unknown): NearPrefix[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_NEAR).flatMap((one: unknown) => {
    const [text, length] = Array.isArray(one) ? (one as unknown[]) : [];
    const address = typeof text === 'string' ? parseAddress(text) : undefined;
    return address !== undefined && isNumber(length) && length <= 128 ? [{ address, length }] : [];
  });
}

const isNumber = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** An address of a node of the service itself. */
function addressIn(value: unknown): Address | undefined {
  const address = routable(value);
  return address === undefined || isIpv4(address) ? undefined : address;
}

function routable(value: unknown): Address | undefined {
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  return address !== undefined && isUnicastRoutable(address) ? address : undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
