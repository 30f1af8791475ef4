/**
 * The routes that roles give this host. Those for one source stand in a routing table of that source,
 * which a rule leads to; it is asked before the tables for all, and before those of sources whose routes
 * have a higher metric: who has no source yet takes the first.
 */
import type { Prefix } from '../../core/forwarding/entry.ts';
import type { Address } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { RouteStatus } from '../node-status.ts';
import { PREFERENCE } from '../plane/steering.ts';
import { type Route, TABLE } from '../sys/netlink/routes.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { addRule, type Rule } from '../sys/netlink/rules.ts';
import { SysError } from '../sys/sys-error.ts';
import type { RouteOutput } from './host.ts';
import { CAREOF_PROTOCOL } from './host-addresses.ts';

/** Tables 9950 to 9999: sources that may have routes of their own; more are refused. */
const FIRST_TABLE = 9950;
const MAX_SOURCES = 50;
/** Rules of sources have this many preferences, from `sourceRoutes` on; the last is shared. */
const PREFERENCES = 9;
/** Metric of a role's best routes: behind those that come with addresses (256), before others (1024). */
const METRIC = 512;

export interface RouteSurroundings {
  readonly netlink: Pick<
    Rtnetlink,
    'replaceRoute' | 'removeRoute' | 'removeRule' | 'rules' | 'runAll'
  >;
  indexOf(link: string): number | undefined;
  nameOf(ifindex: number): string | undefined;
  count(counter: LinuxCounter): void;
}

/** The table of a source, and its place among the others. */
interface SourceTable {
  readonly table: number;
  readonly rank: number;
}

type Wanted = Omit<RouteOutput, 'kind' | 'action'>;

export class HostRoutes {
  readonly #around: RouteSurroundings;
  readonly #wanted = new Map<string, Wanted>();
  readonly #tables = new Map<Address, SourceTable>();
  /** Tables of an earlier life, whose rules stand until they are swept away. */
  readonly #left = new Map<Address, number>();

  constructor(around: RouteSurroundings) {
    this.#around = around;
    for (const { priority, protocol, from, table } of around.netlink.rules()) {
      const rank = priority - PREFERENCE.sourceRoutes;
      const isOurs = protocol === CAREOF_PROTOCOL && rank >= 0 && rank < PREFERENCES;
      if (isOurs && from !== undefined && table !== undefined) this.#left.set(from.address, table);
    }
  }

  /** Does what a role says. */
  perform({ kind: _, action, ...wanted }: RouteOutput): void {
    const key = keyOf(wanted);
    const stood = this.#wanted.get(key);
    if (action === 'add') {
      this.#wanted.set(key, wanted);
      this.#add(wanted);
      // Routes of other metrics stand beside each other: the new one first, so that there is always one.
      if (stood !== undefined && stood.metric !== wanted.metric) this.#removeRoute(stood);
    } else if (stood !== undefined) {
      this.#wanted.delete(key);
      this.#remove(stood);
    }
  }

  /** The kernel forgets the routes of a link that is switched off. */
  restore(link: string): void {
    for (const wanted of this.#wanted.values()) if (wanted.link === link) this.#add(wanted);
  }

  /** Routes and rules as they stand in the kernel, so that what is left of an earlier life is known. */
  state(): { readonly routes: readonly Route[]; readonly rules: readonly Rule[] } {
    const routes = [...this.#wanted.values()].flatMap((wanted) => this.#route(wanted) ?? []);
    return { routes, rules: [...this.#tables].map(ruleOf) };
  }

  /** Of sources that have routes to everywhere, that whose have the least metric. */
  best(): Address | undefined {
    let best: Wanted | undefined;
    for (const wanted of this.#wanted.values()) {
      if (wanted.source === undefined || wanted.prefixLength > 0) continue;
      if (best === undefined || (wanted.metric ?? 0) < (best.metric ?? 0)) best = wanted;
    }
    return best?.source;
  }

  status(): RouteStatus[] {
    return this.state().routes.map((route) => {
      const { table, destination, ifindex, via, metric } = route;
      const name = ifindex === undefined ? undefined : this.#around.nameOf(ifindex);
      return {
        table: table ?? TABLE.main,
        prefix: destination?.address ?? ANYWHERE,
        prefixLength: destination?.length ?? 0,
        kind: 'unicast',
        ...(name !== undefined && { interface: name }),
        ...(via !== undefined && { via }),
        ...(metric !== undefined && { metric }),
      };
    });
  }

  #add(wanted: Wanted): void {
    const { source, metric } = wanted;
    if (source !== undefined && !this.#open(source, metric ?? 0)) {
      this.#around.count('host.route_refused');
      return;
    }
    const route = this.#route(wanted);
    if (route === undefined || !this.#try(() => this.#around.netlink.replaceRoute(route))) {
      this.#around.count('host.route_refused');
    }
  }

  #remove(wanted: Wanted): void {
    this.#removeRoute(wanted);
    const { source } = wanted;
    const others = [...this.#wanted.values()].some((one) => one.source === source);
    if (source === undefined || others) return;
    const stood = this.#tables.get(source);
    this.#tables.delete(source);
    if (stood !== undefined) this.#removeRule(source, stood);
  }

  #removeRule(source: Address, stood: SourceTable): void {
    this.#try(() => this.#around.netlink.removeRule(ruleOf([source, stood])));
  }

  #removeRoute(wanted: Wanted): void {
    const route = this.#route(wanted);
    if (route !== undefined) this.#try(() => this.#around.netlink.removeRoute(route));
  }

  /** Gives a source a table, and the rule that leads there, in the place that its metric asks for. */
  #open(source: Address, metric: number): boolean {
    const stood = this.#tables.get(source);
    const table = stood?.table ?? this.#left.get(source) ?? this.#freeTable();
    if (table === undefined) return false;
    const wanted = { table, rank: Math.min(metric, PREFERENCES - 1) };
    if (stood?.rank === wanted.rank) return true;
    const [error] = this.#around.netlink.runAll([addRule(ruleOf([source, wanted]))]);
    if (error !== undefined && error.code !== 'EEXIST') return false;
    this.#tables.set(source, wanted);
    if (stood !== undefined) this.#removeRule(source, stood);
    return true;
  }

  #freeTable(): number | undefined {
    const used = [...this.#tables.values()].map(({ table }) => table);
    const taken = new Set([...used, ...this.#left.values()]);
    for (let table = FIRST_TABLE; table < FIRST_TABLE + MAX_SOURCES; table++) {
      if (!taken.has(table)) return table;
    }
    return undefined;
  }

  #route({ prefix, prefixLength, link, via, source, metric }: Wanted): Route | undefined {
    const ifindex = this.#around.indexOf(link);
    const table = source === undefined ? TABLE.main : this.#tables.get(source)?.table;
    if (ifindex === undefined || table === undefined) return undefined;
    const destination: Prefix & { readonly length: number } = {
      address: prefix,
      length: prefixLength,
    };
    return {
      ...(prefixLength > 0 && { destination }),
      ifindex,
      ...(via !== undefined && { via, onLink: true }),
      metric: METRIC + (metric ?? 0),
      table,
      protocol: CAREOF_PROTOCOL,
    };
  }

  #try(change: () => void): boolean {
    try {
      change();
      return true;
    } catch (error) {
      if (error instanceof SysError) return false;
      throw error;
    }
  }
}

const ANYWHERE = '\0'.repeat(16) as Address;

const keyOf = ({ prefix, prefixLength, link, via, source }: Wanted): string =>
  [prefix, prefixLength, link, via, source].join(' ');

/**
 * The rule holds for packets from the source, and for those that have none yet and would choose it:
 * routes for one source help to choose the source, as long as no routes for all do.
 */
const ruleOf = ([source, { table, rank }]: readonly [Address, SourceTable]): Rule => ({
  priority: PREFERENCE.sourceRoutes + rank,
  from: { address: source, length: 128 },
  table,
  findSource: true,
  protocol: CAREOF_PROTOCOL,
});
