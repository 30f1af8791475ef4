import { type Address, isIpv4 } from '../../wire/address.ts';
import { after, type Duration, type Instant, seconds } from '../time.ts';
import { MAX_PACKET } from './packet-view.ts';

/** How long a learned MTU holds before larger packets are tried again. Source: RFC 8201 section 4. */
const LIFETIME: Duration = seconds(600);
/** How long a suspicion of a search is believed that says nothing more; it speaks every second or so. */
const SUSPICION: Duration = seconds(5);
/** IPv6 links carry at least this (RFC 8200 section 5); what says less is not believed. */
export const MINIMUM_MTU = 1280;
/** And those of IPv4 this (RFC 791 section 3.2). */
const MINIMUM_IPV4_MTU = 68;

/** What every link carries of packets of the version that an address has. */
export const minimumMtu = (one: Address): number => (isIpv4(one) ? MINIMUM_IPV4_MTU : MINIMUM_MTU);
/** Destinations remembered; when full the oldest goes. */
const MAX_PATHS = 4096;

/** What the probes say of a path so far; undefined: as large as its link. */
export interface PathSizes {
  /** Senders are told that it takes no more. */
  readonly told: number | undefined;
  /** What is longer does not go whole now, though nobody is told of it: it may be true for a moment. */
  readonly whole: number | undefined;
}

export interface LearnedMtu {
  readonly destination: Address;
  readonly mtu: number;
  readonly until: Instant;
}

/**
 * What Packet Too Big messages, and those of IPv4 that say "fragmentation needed", have said of paths, and what probes have found (`path-probes.ts`), by
 * destination. Source: RFC 8201, RFC 1191, RFC 8899.
 */
export class PathMtus {
  readonly #paths = new Map<Address, { readonly mtu: number; readonly until: Instant }>();
  /** Bounded by the paths that are probed. */
  readonly #probed = new Map<Address, PathSizes>();

  get size(): number {
    return this.#paths.size;
  }

  /** The largest packet to a destination, where a link takes at most `link` octets. */
  to(destination: Address, link: number, now: Instant): number {
    const told = this.#probed.get(destination)?.told;
    return this.#learned(destination, told === undefined ? link : Math.min(told, link), now);
  }

  /**
   * The largest packet that goes whole, of what headers have made longer: less than `to` says while
   * the probes of the path are under way. Then it goes in fragments, and no sender is told.
   */
  whole(destination: Address, mtu: number): number {
    return Math.min(this.#probed.get(destination)?.whole ?? mtu, mtu);
  }

  /** The largest packet that may go without a look at how it grew. */
  atOnce(destination: Address, now: Instant): number {
    return this.whole(destination, this.to(destination, Number.POSITIVE_INFINITY, now));
  }

  /** Takes what probes say now; undefined: nothing, or nothing any more. */
  probed(destination: Address, sizes: PathSizes | undefined): void {
    if (sizes?.told === undefined && sizes?.whole === undefined) this.#probed.delete(destination);
    else this.#probed.set(destination, sizes);
  }

  /** Packets of this size have passed: what says less is over. */
  passed(destination: Address, size: number): void {
    const path = this.#paths.get(destination);
    if (path !== undefined && path.mtu < size) this.#paths.delete(destination);
  }

  /** What holds of a path, for who sends by it without asking here; `whole` too, for a moment. */
  now(destination: Address, now: Instant): LearnedMtu {
    const known = this.to(destination, MAX_PACKET, now);
    const mtu = this.whole(destination, known);
    return { destination, mtu, until: after(now, mtu < known ? SUSPICION : LIFETIME) };
  }

  #learned(destination: Address, link: number, now: Instant): number {
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
    const path = { mtu: Math.max(mtu, minimumMtu(destination)), until: after(now, LIFETIME) };
    this.#paths.set(destination, path);
    return { destination, ...path };
  }
}
