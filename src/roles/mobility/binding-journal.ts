/**
 * What home agents and correspondents keep over a restart: one stored value a binding, with times of the
 * wall clock, since a new process begins to count at zero.
 *
 * Source: RFC 6275 sections 9.1 and 10.1 for what a binding holds.
 */
import type { Binding, BindingScope } from '../../core/bindings/binding-cache.ts';
import type { UdpEnd } from '../../core/signalling/udp-signalling.ts';
import type { Duration, Instant } from '../../core/time.ts';
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';

const PREFIX = { home: 'home-binding/', peer: 'peer-binding/' } as const;

export const storeKey = (scope: BindingScope, home: Address): string =>
  PREFIX[scope] + formatAddress(home);

/**
 * JSON, put together by hand since it is made for each update: nothing in it needs escaping.
 * @param local our address that the binding was made with.
 */
export function storedBinding(binding: Binding, epoch: number, local?: Address): string {
  const { sequence, lifetime, expiresAt } = binding;
  const careOf = formatAddress(binding.careOf);
  const udp = binding.udp && `,"udp":"${formatAddress(binding.udp.address)} ${binding.udp.port}"`;
  const at = local && `,"local":"${formatAddress(local)}"`;
  return `{"careof":"${careOf}","sequence":${sequence},"lifetime_us":${lifetime},"expires_us":${epoch + expiresAt}${udp ?? ''}${at ?? ''}}`;
}

export interface StoredBinding extends Binding {
  readonly local?: Address;
}

/** The binding that a stored value stands for; undefined where it is none of this scope, or is damaged. */
export function restoreBinding(
  scope: BindingScope,
  key: string,
  value: string,
  epoch: number,
  now: Instant,
): StoredBinding | undefined {
  if (!key.startsWith(PREFIX[scope])) return undefined;
  const home = parseAddress(key.slice(PREFIX[scope].length));
  let stored: Record<string, unknown> | null;
  try {
    stored = JSON.parse(value);
  } catch {
    return undefined; // a journal cut off in the middle of a line
  }
  if (typeof stored !== 'object' || stored === null) return undefined;
  const addressIn = (text: unknown) => (typeof text === 'string' ? parseAddress(text) : undefined);
  const [careOf, local] = [addressIn(stored.careof), addressIn(stored.local)];
  const { sequence, lifetime_us: lifetime, expires_us: expires } = stored;
  if (home === undefined || careOf === undefined) return undefined;
  if (typeof sequence !== 'number' || typeof expires !== 'number') return undefined;
  if (typeof lifetime !== 'number') return undefined;
  const udp = typeof stored.udp === 'string' ? udpEndOf(stored.udp) : undefined;
  return {
    scope,
    home,
    registrant: '',
    bindingId: 0,
    careOf,
    ...(udp && { udp }),
    ...(local && { local }),
    sequence: sequence & 0xffff,
    lifetime: lifetime as Duration,
    expiresAt: Math.max(now, expires - epoch) as Instant,
  };
}

function udpEndOf(text: string): UdpEnd | undefined {
  const [one = '', port = ''] = text.split(' ');
  const address = parseAddress(one);
  const isPort = /^\d{1,5}$/.test(port) && Number(port) <= 0xffff;
  return address !== undefined && isPort ? { address, port: Number(port) } : undefined;
}
