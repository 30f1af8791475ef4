/**
 * What a home agent keeps of its home network's prefixes over a restart, once they were renumbered:
 * its configuration knows the first prefix only. Times are those of the wall clock.
 *
 * Source: RFC 6275 section 10.6.1 for what is told of a prefix.
 */
import type { KeptPrefix } from '../../core/neighbor-discovery/link-prefixes.ts';
import { MAX_LINK_PREFIXES } from '../../core/neighbor-discovery/link-prefixes.ts';
import type { Duration, Instant } from '../../core/time.ts';
import { formatAddress, parseAddress } from '../../wire/address.ts';

export const NETWORK_KEY = 'home-network/prefixes';

export function storedPrefixes(all: readonly KeptPrefix[], epoch: number): string {
  return JSON.stringify(
    all.map(({ said, ends }) => ({
      prefix: formatAddress(said.prefix),
      length: said.length,
      ...(said.address === undefined ? {} : { address: formatAddress(said.address) }),
      autonomous: said.autonomous,
      valid_us: said.validLifetime,
      preferred_us: said.preferredLifetime,
      ...(ends && { ends_us: [epoch + ends.valid, epoch + ends.preferred] }),
    })),
  );
}

/** The prefixes that a stored value stands for; undefined where it is damaged. */
export function restorePrefixes(value: string, epoch: number): KeptPrefix[] | undefined {
  let stored: unknown;
  try {
    stored = JSON.parse(value);
  } catch {
    return undefined; // a journal cut off in the middle of a line
  }
  if (!Array.isArray(stored) || stored.length === 0 || stored.length > MAX_LINK_PREFIXES) {
    return undefined;
  }
  const all = stored.flatMap((one) => restored(one, epoch) ?? []);
  return all.length === stored.length ? all : undefined;
}

const text = (value: unknown) => (typeof value === 'string' ? parseAddress(value) : undefined);

function restored(one: Record<string, unknown> | null, epoch: number): KeptPrefix | undefined {
  const prefix = text(one?.prefix);
  const { length, autonomous, ends_us: ends } = one ?? {};
  const { valid_us: validLifetime, preferred_us: preferredLifetime } = one ?? {};
  if (prefix === undefined || typeof length !== 'number') return undefined;
  if (typeof validLifetime !== 'number' || typeof preferredLifetime !== 'number') return undefined;
  const said = {
    prefix,
    length,
    address: text(one?.address),
    autonomous: autonomous === true,
    validLifetime: validLifetime as Duration,
    preferredLifetime: preferredLifetime as Duration,
  };
  if (ends === undefined) return { said };
  if (!Array.isArray(ends) || ends.length !== 2) return undefined;
  const [valid, preferred] = ends.map((end) => (Number(end) - epoch) as Instant);
  if (Number.isNaN(valid) || Number.isNaN(preferred)) return undefined;
  return { said, ends: { valid: valid!, preferred: preferred! } };
}
