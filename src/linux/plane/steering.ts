/**
 * What is routed into the anchor device, so that the data plane can execute the table: the routes
 * and rules that the leaving entries, and the identities of the host, ask for.
 *
 *     90        fwmark M (sent by the data plane)  -> goto 110
 *     91        iif careof1 (asked by the kernel's program, for what it sends) -> goto 110
 *     92        all                                -> table 9900: destinations that entries name
 *     93        from SOURCE                        -> table 9901: default dev careof0; or table 9903
 *                                                     and up: destinations of this source alone
 *     94        from an address of a link          -> goto 110   } where there is an identity
 *     95        all                                -> table 9902 } that is preferred
 *     110       nop
 *     111-119   from SOURCE                        -> that source's own routes (host/host-routes.ts)
 */
import type { ForwardingEntry, Prefix } from '../../core/forwarding/entry.ts';
import { overhead } from '../../core/forwarding/overhead.ts';
import { minimumMtu } from '../../core/forwarding/path-mtus.ts';
import {
  type Address,
  formatAddress,
  isIpv4,
  UNSPECIFIED,
  UNSPECIFIED_IPV4,
} from '../../wire/address.ts';

/** Mark of the packets that the data plane sends: they do not come back to it. */
export const MARK = 0xca0f;
export const PREFERENCE = {
  marked: 90,
  carried: 91,
  destinations: 92,
  sources: 93,
  bound: 94,
  preferred: 95,
  end: 110,
  sourceRoutes: 111,
} as const;
export const TABLE = { destinations: 9900, sources: 9901, preferred: 9902, pairs: 9903 } as const;
/** Tables 9903 to 9949; more sources share the destinations of all, which catches more than it must. */
export const MAX_PAIR_TABLES = 47;

/** A route into the anchor device. */
export interface AnchorRoute {
  readonly table: number;
  readonly prefix: Address;
  readonly prefixLength: number;
  readonly mtu: number;
  /** The source that is chosen for who has none yet. */
  readonly preferredSource?: Address;
}

/** A rule of the routing policy; what is absent matches all. */
export interface SteeringRule {
  readonly preference: number;
  readonly source?: Prefix;
  /** Also for who has no source yet, if this is the one that would be chosen. */
  readonly findSource?: boolean;
  readonly then: { readonly table: number } | { readonly goto: number };
}

export interface SteeringState {
  readonly routes: ReadonlyMap<string, AnchorRoute>;
  readonly rules: ReadonlyMap<string, SteeringRule>;
}

/** Of what stands at each key, and was told before, what must be added (or replaced) and removed. */
export interface Difference<T> {
  readonly add: readonly T[];
  readonly remove: readonly T[];
}

/** Entries that ask for the same thing, with the octets that each adds to a packet. */
type Askers = Map<string, number>;

interface Asked {
  readonly table: number;
  readonly prefix: Prefix;
  readonly askers: Askers;
}

/** Entries that name this source and a destination too. */
interface Pairs {
  readonly source: Prefix;
  readonly table: number;
  readonly entries: Map<string, ForwardingEntry>;
}

/** Follows the leaving entries and the host's addresses. */
export class Steering {
  readonly #destinations = new Map<string, Asked>();
  readonly #sources = new Map<string, Asked>();
  readonly #pairs = new Map<string, Pairs>();
  readonly #changed = new Set<string>();
  readonly #toldRoutes = new Map<string, AnchorRoute>();
  readonly #toldRules = new Map<string, SteeringRule>();
  #mtu = 1500;
  #preferred: Address | undefined;
  /** Of addresses of links, that with the best routes. */
  #best: Address | undefined;
  #toldUnbound: Address | undefined;
  #linkAddresses: ReadonlySet<Address> = new Set();

  add(entry: ForwardingEntry): void {
    if (entry.at !== 'leaving') return;
    const { src, dst } = entry.match;
    if (src === undefined) this.#ask(dst ?? ALL, entry);
    else if (dst === undefined) this.#askSource(src, entry);
    else {
      const key = keyOf(src);
      const pairs = this.#pairs.get(key) ?? {
        ...{ source: src, table: this.#freeTable(), entries: new Map<string, ForwardingEntry>() },
      };
      this.#pairs.set(key, pairs);
      pairs.entries.set(entry.id, entry);
      if (!this.#sources.has(key)) this.#ask(dst, entry, pairs.table);
    }
  }

  remove(entry: ForwardingEntry): void {
    if (entry.at !== 'leaving') return;
    const { src, dst } = entry.match;
    if (src === undefined) this.#unask(dst ?? ALL, entry);
    else if (dst === undefined) this.#unaskSource(src, entry);
    else {
      const pairs = this.#pairs.get(keyOf(src));
      if (pairs === undefined) return;
      this.#unask(dst, entry, pairs.table);
      pairs.entries.delete(entry.id);
      if (pairs.entries.size === 0) this.#pairs.delete(keyOf(src));
    }
  }

  /** The MTU of the anchor device: the largest of the links. */
  setMtu(mtu: number): void {
    if (mtu === this.#mtu) return;
    this.#mtu = mtu;
    for (const key of this.#destinations.keys()) this.#changed.add(key);
  }

  /**
   * `preferred`: the identity on the anchor device that new connections are to have. `onLinks`: the
   * addresses of the links; who has chosen one of them goes by the host's own routes.
   */
  setAddresses(preferred: Address | undefined, onLinks: ReadonlySet<Address>): void {
    this.#preferred = preferred;
    this.#linkAddresses = onLinks;
  }

  /**
   * The address of a link that has the best routes. Where its packets are steered, who has no source yet
   * is led here too and told to take it: the kernel finds the way of a connection before its source, and
   * stays with that way.
   */
  setBest(best: Address | undefined): void {
    this.#best = best;
  }

  get #unbound(): Address | undefined {
    const isSteered = this.#best !== undefined && this.#sources.has(keyOf({ address: this.#best }));
    return isSteered ? this.#best : undefined;
  }

  /** What has changed since the last call. */
  changes(): {
    readonly routes: Difference<AnchorRoute>;
    readonly rules: Difference<SteeringRule>;
  } {
    const routes = { add: [] as AnchorRoute[], remove: [] as AnchorRoute[] };
    if (this.#unbound !== this.#toldUnbound) {
      this.#toldUnbound = this.#unbound;
      for (const key of this.#destinations.keys()) this.#changed.add(key);
    }
    for (const key of this.#changed) {
      const asked = this.#destinations.get(key);
      tell(this.#toldRoutes, key, asked && this.#routeTo(asked), routes);
    }
    this.#changed.clear();
    const few = new Map<string, AnchorRoute>(this.#fewRoutes());
    for (const key of ['*sources', '*sources of IPv4', '*preferred']) {
      tell(this.#toldRoutes, key, few.get(key), routes);
    }
    const rules = { add: [] as SteeringRule[], remove: [] as SteeringRule[] };
    const wanted = new Map(this.#rules());
    for (const key of [...this.#toldRules.keys()]) {
      if (!wanted.has(key)) tell(this.#toldRules, key, undefined, rules);
    }
    for (const [key, rule] of wanted) tell(this.#toldRules, key, rule, rules);
    return { routes, rules };
  }

  /** What the host has been told. */
  state(): SteeringState {
    return { routes: this.#toldRoutes, rules: this.#toldRules };
  }

  #ask(prefix: Prefix, entry: ForwardingEntry, table: number = TABLE.destinations): void {
    const key = routeKey(table, prefix);
    const asked = this.#destinations.get(key) ?? { table, prefix, askers: new Map() };
    asked.askers.set(entry.id, overhead(entry));
    this.#destinations.set(key, asked);
    this.#changed.add(key);
  }

  #unask(prefix: Prefix, { id }: ForwardingEntry, table: number = TABLE.destinations): void {
    const key = routeKey(table, prefix);
    const asked = this.#destinations.get(key);
    if (asked?.askers.delete(id) !== true) return;
    if (asked.askers.size === 0) this.#destinations.delete(key);
    this.#changed.add(key);
  }

  /** A source that is steered as a whole needs no route for each of its destinations. */
  #askSource(source: Prefix, entry: ForwardingEntry): void {
    const key = keyOf(source);
    const known = this.#sources.get(key);
    const asked = known ?? { table: TABLE.sources, prefix: source, askers: new Map() };
    asked.askers.set(entry.id, overhead(entry));
    if (known !== undefined) return;
    this.#sources.set(key, asked);
    const pairs = this.#pairs.get(key);
    for (const one of pairs?.entries.values() ?? []) {
      this.#unask(one.match.dst!, one, pairs!.table);
    }
  }

  #unaskSource(source: Prefix, { id }: ForwardingEntry): void {
    const key = keyOf(source);
    const asked = this.#sources.get(key);
    if (asked?.askers.delete(id) !== true || asked.askers.size > 0) return;
    this.#sources.delete(key);
    const pairs = this.#pairs.get(key);
    for (const one of pairs?.entries.values() ?? []) this.#ask(one.match.dst!, one, pairs!.table);
  }

  #freeTable(): number {
    const taken = new Set([...this.#pairs.values()].map(({ table }) => table));
    for (let table: number = TABLE.pairs; table < TABLE.pairs + MAX_PAIR_TABLES; table++) {
      if (!taken.has(table)) return table;
    }
    return TABLE.destinations;
  }

  #routeTo({ table, prefix: { address: prefix, length }, askers }: Asked): AnchorRoute {
    const mtu = this.#room(askers, prefix);
    const route = { table, prefix, prefixLength: length ?? 8 * prefix.length, mtu };
    const isForAll = table === TABLE.destinations && !isIpv4(prefix);
    const preferredSource = isForAll ? this.#unbound : undefined;
    return preferredSource === undefined ? route : { ...route, preferredSource };
  }

  /** Routes that depend on all entries together; no prefix has such keys. */
  *#fewRoutes(): Iterable<[string, AnchorRoute]> {
    const six = this.#sourcesTo(UNSPECIFIED);
    const four = this.#sourcesTo(UNSPECIFIED_IPV4);
    if (six.any) yield ['*sources', six.route];
    if (four.any) yield ['*sources of IPv4', four.route];
    const preferredSource = this.#preferred ?? this.#unbound;
    if (preferredSource === undefined) return;
    yield ['*preferred', { ...six.route, table: TABLE.preferred, preferredSource }];
  }

  /** The route to everywhere for sources of the same version as `prefix`. */
  #sourcesTo(prefix: Address): { readonly any: boolean; readonly route: AnchorRoute } {
    const askers: Askers = new Map();
    let any = false;
    for (const [key, asked] of this.#sources) {
      if (isIpv4(asked.prefix.address) !== isIpv4(prefix)) continue;
      any = true;
      for (const [id, octets] of asked.askers) askers.set(id, octets);
      for (const [id, entry] of this.#pairs.get(key)?.entries ?? []) {
        askers.set(id, overhead(entry));
      }
    }
    const mtu = this.#room(askers, prefix);
    return { any, route: { table: TABLE.sources, prefix, prefixLength: 0, mtu } };
  }

  *#rules(): Iterable<[string, SteeringRule]> {
    for (const [key, { prefix: source }] of this.#sources) {
      const then = { table: TABLE.sources };
      yield [`from ${key}`, { preference: PREFERENCE.sources, source, then }];
    }
    for (const [key, { source, table }] of this.#pairs) {
      if (this.#sources.has(key) || table === TABLE.destinations) continue;
      const then = { table };
      const rule = { preference: PREFERENCE.sources, source, findSource: true, then };
      yield [`from ${key} by ${table}`, rule];
    }
    if ((this.#preferred ?? this.#unbound) === undefined) return;
    for (const address of this.#linkAddresses) {
      if (this.#sources.has(keyOf({ address }))) continue;
      const then = { goto: PREFERENCE.end };
      yield [`bound ${address}`, { preference: PREFERENCE.bound, source: { address }, then }];
    }
  }

  /** What is left of the MTU by the entry that takes most of it. */
  #room(askers: Askers, to: Address): number {
    let most = 0;
    for (const octets of askers.values()) most = Math.max(most, octets);
    return Math.max(this.#mtu - most, minimumMtu(to));
  }
}

const ALL: Prefix = { address: UNSPECIFIED, length: 0 };

const routeKey = (table: number, prefix: Prefix): string => `${table} ${keyOf(prefix)}`;

const keyOf = ({ address, length }: Prefix): string =>
  `${formatAddress(address)}/${length ?? 8 * address.length}`;

/** Notes what is to stand at a key now, and what the host must do for it. */
function tell<T extends AnchorRoute | SteeringRule>(
  told: Map<string, T>,
  key: string,
  now: T | undefined,
  changes: { readonly add: T[]; readonly remove: T[] },
): void {
  const before = told.get(key);
  if (now === undefined) {
    if (before !== undefined) changes.remove.push(before);
    told.delete(key);
  } else if (before === undefined || !isSame(before, now)) {
    // A rule has no name: the one that was must go. A route is replaced in one step.
    if (before !== undefined && 'preference' in before) changes.remove.push(before);
    changes.add.push(now);
    told.set(key, now);
  }
}

function isSame<T extends AnchorRoute | SteeringRule>(a: T, b: T): boolean {
  if ('preference' in a) return true; // all that a rule says stands in its key
  const [one, other] = [a, b as AnchorRoute];
  return one.mtu === other.mtu && one.preferredSource === other.preferredSource;
}
