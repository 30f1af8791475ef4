/**
 * By which link, and to whom on it, packets go: as the host's routes and neighbors say. They are asked
 * again after a short time, so that what changes without a word to us holds soon too.
 */
import type { Address } from '../../wire/address.ts';
import { MARK } from '../plane/steering.ts';
import { NEIGHBOUR_STATE } from '../sys/netlink/neighbours.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import type { LinkWay } from '../sys/segment-sender.ts';
import type { HostLinks } from './host-links.ts';

const LIFETIME_MILLISECONDS = 20;
/** Ways that are known at once; with one more all are forgotten. */
const MAX_WAYS = 1024;

/** A neighbor that may be out of date is left to the kernel's own sending, which has it asked. */
const USABLE =
  NEIGHBOUR_STATE.PERMANENT |
  NEIGHBOUR_STATE.NOARP |
  NEIGHBOUR_STATE.REACHABLE |
  NEIGHBOUR_STATE.PROBE |
  NEIGHBOUR_STATE.DELAY;

export interface Way extends LinkWay {
  /** Octets of the longest packet. */
  readonly mtu: number;
}

export class Ways {
  readonly #netlink: Pick<Rtnetlink, 'routeOf' | 'neighbour'>;
  readonly #links: Pick<HostLinks, 'byIndex'>;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly way: Way | undefined; readonly until: number }>();

  /** @param now in milliseconds, of any clock that goes forward. */
  constructor(
    netlink: Pick<Rtnetlink, 'routeOf' | 'neighbour'>,
    links: Pick<HostLinks, 'byIndex'>,
    now: () => number = () => performance.now(),
  ) {
    this.#netlink = netlink;
    this.#links = links;
    this.#now = now;
  }

  /** The way of what the data plane sends; undefined where only the kernel itself can send it. */
  to(source: Address, destination: Address): Way | undefined {
    const key = source + destination;
    const now = this.#now();
    const known = this.#known.get(key);
    if (known !== undefined && now < known.until) return known.way;
    const way = this.#ask(source, destination);
    if (this.#known.size >= MAX_WAYS) this.#known.clear();
    this.#known.set(key, { way, until: now + LIFETIME_MILLISECONDS });
    return way;
  }

  /** Something has changed. */
  forget(): void {
    this.#known.clear();
  }

  #ask(source: Address, destination: Address): Way | undefined {
    const route = this.#netlink.routeOf({ source, destination, mark: MARK });
    if (typeof route === 'string' || route.ifindex === undefined) return undefined;
    if (route.type !== undefined && route.type !== 'unicast') return undefined;
    const link = this.#links.byIndex(route.ifindex);
    if (link?.up !== true) return undefined;
    const { ifindex, linkAddress: from } = link;
    const { linkAddress: to, state = 0 } =
      this.#netlink.neighbour(ifindex, route.via ?? destination) ?? {};
    if (to === undefined || (state & USABLE) === 0) return undefined;
    return { ifindex, from, to, mtu: Math.min(route.mtu ?? link.mtu, link.mtu) };
  }
}
