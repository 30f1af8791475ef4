import type { Address } from '../../wire/address.ts';
import { after, type Duration, type Instant, seconds } from '../time.ts';

/** How long a learned MTU holds before larger packets are tried again. Source: RFC 8201 section 4. */
const LIFETIME: Duration = seconds(600);
/** IPv6 links carry at least this (RFC 8200 section 5); what says less is not believed. */
export const MINIMUM_MTU = 1280;
/** Destinations remembered; when full the oldest goes. */
const MAX_PATHS = 4096;

export interface LearnedMtu {
  readonly destination: Address;
  readonly mtu: number;
  readonly until: Instant;
}

/** What Packet Too Big messages have said, by destination. Source: RFC 8201. */
export class PathMtus {
  readonly #paths = new Map<Address, { readonly mtu: number; readonly until: Instant }>();

  get size(): number {
    return this.#paths.size;
  }

  /** The largest packet to a destination, where a link takes at most `link` octets. */
  to(destination: Address, link: number, now: Instant): number {
    if (this.#paths.size === 0) return link;
    const path = this.#paths.get(destination);
    if (path === undefined) return link;
    if (path.until <= now) {
      this.#paths.delete(destination);
      return link;
    }
    return Math.min(path.mtu, link);
  }

  /** All that holds still, oldest first. */
  *all(now: Instant): IterableIterator<LearnedMtu> {
    for (const [destination, path] of this.#paths) {
      if (path.until > now) yield { destination, ...path };
    }
  }

  /** Gives what holds now. */
  learn(destination: Address, mtu: number, now: Instant): LearnedMtu {
    this.#paths.delete(destination);
    if (this.#paths.size >= MAX_PATHS) {
      for (const oldest of this.#paths.keys()) {
        this.#paths.delete(oldest);
        break;
      }
    }
    const path = { mtu: Math.max(mtu, MINIMUM_MTU), until: after(now, LIFETIME) };
    this.#paths.set(destination, path);
    return { destination, ...path };
  }
}
