import type { Address } from '../../wire/address.ts';

/** Where packets to a prefix, of IPv6 or IPv4, go. */
export interface Route {
  readonly prefix: Address;
  readonly prefixLength: number;
  readonly link: string;
  /** The next hop, an IPv6 address (RFC 8950 for one of an IPv4 prefix); absent, the prefix is on the link. */
  readonly via?: Address;
  /** The route is only for packets from this address. */
  readonly source?: Address;
  /** Among equals the lowest wins. */
  readonly metric?: number;
  /** Who made it: routes of different origin do not replace or remove one another. */
  readonly origin: 'fixed' | 'address' | 'role' | 'redirect';
}

/** Destinations whose routes are remembered; then all are forgotten and found again. */
const MAX_REMEMBERED = 16_384;
/** Redirects that a host remembers; the oldest goes. */
const MAX_REDIRECTS = 256;
/** Routes of one node; more are refused. */
const MAX_ROUTES = 4096;

/**
 * The routes of a node: longest prefix first, then those for one source before those for all, then
 * the lowest metric, then the oldest.
 */
export class RouteTable {
  #routes: readonly Route[] = [];
  readonly #remembered = new Map<Address, readonly Route[]>();

  /** Adds a route, or replaces the one that goes the same way. Says whether there was room. */
  add(route: Route): boolean {
    const others = this.#routes.filter((one) => !sameRoute(one, route));
    if (others.length >= MAX_ROUTES) return false;
    this.#set([...others, route].sort(compare));
    return true;
  }

  /** Removes the route that goes the same way. */
  remove(route: Route): void {
    this.#set(this.#routes.filter((one) => !sameRoute(one, route)));
  }

  /** Sends packets for one destination to another first hop. Source: RFC 4861 section 8.3. */
  redirect(link: string, destination: Address, target: Address): void {
    const old = this.#routes.filter((one) => one.origin === 'redirect');
    const same = old.find((one) => one.prefix === destination);
    const gone = same ?? (old.length >= MAX_REDIRECTS ? old[0] : undefined);
    if (gone !== undefined) this.remove(gone);
    this.add({
      prefix: destination,
      prefixLength: 128,
      link,
      ...(target !== destination && { via: target }),
      origin: 'redirect',
    });
  }

  /** Forgets the redirects on a link: all, or those to a neighbor that does not answer. */
  forgetRedirects(link: string, target?: Address): void {
    const goes = (one: Route) =>
      one.origin === 'redirect' &&
      one.link === link &&
      (target === undefined || (one.via ?? one.prefix) === target);
    if (this.#routes.some(goes)) this.#set(this.#routes.filter((one) => !goes(one)));
  }

  all(): readonly Route[] {
    return this.#routes;
  }

  /** All routes to a destination, best first. */
  to(destination: Address): readonly Route[] {
    const known = this.#remembered.get(destination);
    if (known !== undefined) return known;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    const found = this.#routes.filter((one) =>
      hasPrefix(destination, one.prefix, one.prefixLength),
    );
    this.#remembered.set(destination, found);
    return found;
  }

  /**
   * The route of a packet over a link that is usable. Without a source, which the route is to help
   * choose, routes for one source count too.
   */
  lookup(
    destination: Address,
    source: Address | undefined,
    usable: (link: string) => boolean,
  ): Route | undefined {
    for (const route of this.to(destination)) {
      if (route.source !== undefined && source !== undefined && route.source !== source) continue;
      if (usable(route.link)) return route;
    }
    return undefined;
  }

  #set(routes: readonly Route[]): void {
    this.#routes = routes;
    this.#remembered.clear();
  }
}

/** Do the first `length` bits of two addresses of one kind agree? */
export const hasPrefix = (address: Address, prefix: Address, length: number): boolean =>
  address.length === prefix.length && commonPrefixLength(address, prefix) >= length;

/** How many leading bits two addresses have in common. Source: RFC 6724 section 2.2. */
export function commonPrefixLength(a: Address, b: Address): number {
  for (let i = 0; i < a.length; i++) {
    const differs = a.charCodeAt(i) ^ b.charCodeAt(i);
    if (differs !== 0) return 8 * i + Math.clz32(differs) - 24;
  }
  return 8 * a.length;
}

function sameRoute(a: Route, b: Route): boolean {
  return (
    a.origin === b.origin &&
    a.prefix === b.prefix &&
    a.prefixLength === b.prefixLength &&
    a.link === b.link &&
    a.via === b.via &&
    a.source === b.source
  );
}

function compare(a: Route, b: Route): number {
  return (
    b.prefixLength - a.prefixLength ||
    Number(b.source !== undefined) - Number(a.source !== undefined) ||
    (a.metric ?? 0) - (b.metric ?? 0)
  );
}
