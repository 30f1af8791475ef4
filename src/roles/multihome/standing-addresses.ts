import { type Place, routes } from '../../core/neighbor-discovery/place.ts';
import type { Output } from '../../core/role.ts';
import type { Address } from '../../wire/address.ts';

/** Where an identity lives while its provider is gone. */
const ANCHOR = 'careof0';

/** How the kernel has an address just now. */
interface Standing {
  /** Absent: on the anchor. */
  readonly place?: Place;
  readonly flags: { readonly optimistic?: true; readonly deprecated?: true };
  readonly metric?: number;
}

/** A place, and how it is to stand in the kernel. */
export interface Wanted {
  readonly place: Place;
  readonly optimistic: boolean;
  readonly deprecated: boolean;
  /** Among the ways to everywhere, lower first. */
  readonly metric: number;
}

/**
 * What the kernel has of the addresses of a multihomed host: on their links, with routes by which a
 * packet leaves by the provider of its source; and on the interface that carries no packets, while
 * sessions go on that began with an address whose provider is gone.
 *
 * Source: RFC 8028 sections 3 and 5, RFC 6724 sections 5 and 7.
 */
export class StandingAddresses {
  readonly #standing = new Map<Address, Standing>();

  has(address: Address): boolean {
    return this.#standing.has(address);
  }

  /**
   * Makes it so. @param kept identities that stay without a place.
   */
  follow(wanted: readonly Wanted[], kept: ReadonlySet<Address>): Output[] {
    const outputs: Output[] = [];
    const places = new Map(wanted.map((one) => [one.place.address, one]));
    for (const one of places.values()) outputs.push(...this.#stand(one));
    for (const [address, { place }] of this.#standing) {
      if (places.has(address)) continue;
      if (kept.has(address)) {
        if (place !== undefined) outputs.push(...this.#anchor(address, place));
        continue;
      }
      this.#standing.delete(address);
      outputs.push(...this.#leave(address, place));
    }
    // Of an earlier life.
    for (const address of kept) {
      if (!this.#standing.has(address)) outputs.push(...this.#anchor(address, undefined));
    }
    return outputs;
  }

  #stand({ place, optimistic, deprecated, metric }: Wanted): Output[] {
    const { address, link, prefix } = place;
    const before = this.#standing.get(address);
    const flags = {
      ...(optimistic && ({ optimistic } as const)),
      ...(deprecated && ({ deprecated } as const)),
    };
    const standing = { place, flags, metric };
    this.#standing.set(address, standing);
    const moved = before?.place?.link !== link;
    const flagged = moved || !sameFlags(before.flags, flags);
    const rerouted = moved || before.place?.router !== place.router || before.metric !== metric;
    const outputs: Output[] = [];
    if (flagged) {
      const { length: prefixLength } = prefix;
      outputs.push({ kind: 'address', action: 'add', link, address, prefixLength, ...flags });
    }
    if (before !== undefined && moved) outputs.push(...this.#leave(address, before.place));
    if (!rerouted) return outputs;
    const by = moved ? undefined : before.place;
    if (by !== undefined && by.router !== place.router) {
      outputs.push(...routes('remove', by, address, before?.metric));
    }
    return [...outputs, ...routes('add', place, address, metric)];
  }

  #anchor(address: Address, place: Place | undefined): Output[] {
    const flags = { deprecated: true } as const;
    this.#standing.set(address, { flags });
    return [
      { kind: 'address', action: 'add', link: ANCHOR, address, prefixLength: 128, ...flags },
      ...(place === undefined ? [] : this.#leave(address, place)),
    ];
  }

  #leave(address: Address, place: Place | undefined): Output[] {
    if (place === undefined) {
      return [{ kind: 'address', action: 'remove', link: ANCHOR, address, prefixLength: 128 }];
    }
    const { link, prefix } = place;
    return [
      ...routes('remove', place, address),
      { kind: 'address', action: 'remove', link, address, prefixLength: prefix.length },
    ];
  }
}

const sameFlags = (a: Standing['flags'], b: Standing['flags']): boolean =>
  a.optimistic === b.optimistic && a.deprecated === b.deprecated;
