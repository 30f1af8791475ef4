/**
 * What is routed into the anchor device, so that the data plane can execute the table: the routes
 * and rules that the leaving entries, and the identities of the host, ask for.
 *
 *     90        fwmark M (sent by the data plane)  -> goto 110
 *     91        iif careof1 (asked by the kernel's program, for what it sends) -> goto 110
 *     92        all                                -> table 9900: destinations that entries name
 *     93        from SOURCE                        -> table 9901: default dev careof0
 *     94        from an address of a link          -> goto 110   } where there is an identity
 *     95        all                                -> table 9902 } that is preferred
 *     110       nop
 *     111 ...   from SOURCE                        -> that source's own routes (host/source-routes.ts)
 */
import type { ForwardingEntry, Prefix } from '../../core/forwarding/entry.ts';
import { overhead } from '../../core/forwarding/overhead.ts';
import { MINIMUM_MTU } from '../../core/forwarding/path-mtus.ts';
import { type Address, formatAddress, UNSPECIFIED } from '../../wire/address.ts';

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
export const TABLE = { destinations: 9900, sources: 9901, preferred: 9902 } as const;

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
  readonly prefix: Prefix;
  readonly askers: Askers;
}

/** Follows the leaving entries and the host's addresses. */
export class Steering {
  readonly #destinations = new Map<string, Asked>();
  readonly #sources = new Map<string, Asked>();
  /** By the source that they name: entries that name a destination too. */
  readonly #pairs = new Map<string, Map<string, ForwardingEntry>>();
  readonly #changed = new Set<string>();
  readonly #toldRoutes = new Map<string, AnchorRoute>();
  readonly #toldRules = new Map<string, SteeringRule>();
  #mtu = 1500;
  #preferred: Address | undefined;
  #linkAddresses: ReadonlySet<Address> = new Set();

  add(entry: ForwardingEntry): void {
    if (entry.at !== 'leaving') return;
    const { src, dst } = entry.match;
    if (src === undefined) this.#ask(this.#destinations, dst ?? ALL, entry);
    else if (dst === undefined) {
      if (this.#ask(this.#sources, src, entry)) this.#settlePairs(keyOf(src));
    } else {
      const pairs = this.#pairs.get(keyOf(src)) ?? new Map<string, ForwardingEntry>();
      this.#pairs.set(keyOf(src), pairs.set(entry.id, entry));
      if (!this.#sources.has(keyOf(src))) this.#ask(this.#destinations, dst, entry);
    }
  }

  remove(entry: ForwardingEntry): void {
    if (entry.at !== 'leaving') return;
    const { src, dst } = entry.match;
    if (src === undefined) this.#unask(this.#destinations, dst ?? ALL, entry);
    else if (dst === undefined) {
      if (this.#unask(this.#sources, src, entry)) this.#settlePairs(keyOf(src));
    } else {
      const pairs = this.#pairs.get(keyOf(src));
      pairs?.delete(entry.id);
      if (pairs?.size === 0) this.#pairs.delete(keyOf(src));
      this.#unask(this.#destinations, dst, entry);
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

  /** What has changed since the last call. */
  changes(): {
    readonly routes: Difference<AnchorRoute>;
    readonly rules: Difference<SteeringRule>;
  } {
    const routes = { add: [] as AnchorRoute[], remove: [] as AnchorRoute[] };
    for (const key of this.#changed) {
      const asked = this.#destinations.get(key);
      tell(this.#toldRoutes, key, asked && this.#routeTo(asked), routes);
    }
    this.#changed.clear();
    const few = new Map<string, AnchorRoute>(this.#fewRoutes());
    for (const key of ['*sources', '*preferred']) {
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

  #ask(table: Map<string, Asked>, prefix: Prefix, entry: ForwardingEntry): boolean {
    const key = keyOf(prefix);
    const known = table.get(key);
    const askers: Askers = known?.askers ?? new Map<string, number>();
    askers.set(entry.id, overhead(entry));
    if (known === undefined) table.set(key, { prefix, askers });
    if (table === this.#destinations) this.#changed.add(key);
    return known === undefined;
  }

  #unask(table: Map<string, Asked>, prefix: Prefix, { id }: ForwardingEntry): boolean {
    const key = keyOf(prefix);
    const known = table.get(key);
    if (known?.askers.delete(id) !== true) return false;
    if (table === this.#destinations) this.#changed.add(key);
    return known.askers.size === 0 && table.delete(key);
  }

  /** A source that is steered as a whole needs no route for each of its destinations. */
  #settlePairs(source: string): void {
    const steered = this.#sources.has(source);
    for (const entry of this.#pairs.get(source)?.values() ?? []) {
      const { dst } = entry.match;
      if (steered) this.#unask(this.#destinations, dst!, entry);
      else this.#ask(this.#destinations, dst!, entry);
    }
  }

  #routeTo({ prefix: { address: prefix, length = 128 }, askers }: Asked): AnchorRoute {
    const { destinations: table } = TABLE;
    return { table, prefix, prefixLength: length, mtu: this.#room(askers) };
  }

  /** Routes that depend on all entries together; no prefix has such keys. */
  *#fewRoutes(): Iterable<[string, AnchorRoute]> {
    const all = { prefix: UNSPECIFIED, prefixLength: 0 };
    const askers: Askers = new Map();
    for (const [key, asked] of this.#sources) {
      for (const [id, octets] of asked.askers) askers.set(id, octets);
      for (const [id, entry] of this.#pairs.get(key) ?? []) askers.set(id, overhead(entry));
    }
    const mtu = this.#room(askers);
    if (this.#sources.size > 0) yield ['*sources', { table: TABLE.sources, ...all, mtu }];
    const preferredSource = this.#preferred;
    if (preferredSource === undefined) return;
    yield ['*preferred', { table: TABLE.preferred, ...all, mtu, preferredSource }];
  }

  *#rules(): Iterable<[string, SteeringRule]> {
    for (const [key, { prefix: source }] of this.#sources) {
      const then = { table: TABLE.sources };
      yield [`from ${key}`, { preference: PREFERENCE.sources, source, then }];
    }
    if (this.#preferred === undefined) return;
    for (const address of this.#linkAddresses) {
      const then = { goto: PREFERENCE.end };
      yield [`bound ${address}`, { preference: PREFERENCE.bound, source: { address }, then }];
    }
  }

  /** What is left of the MTU by the entry that takes most of it. */
  #room(askers: Askers): number {
    let most = 0;
    for (const octets of askers.values()) most = Math.max(most, octets);
    return Math.max(this.#mtu - most, MINIMUM_MTU);
  }
}

const ALL: Prefix = { address: UNSPECIFIED, length: 0 };

const keyOf = ({ address, length = 128 }: Prefix): string => `${formatAddress(address)}/${length}`;

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
