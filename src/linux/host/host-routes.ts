/**
 * The routes that roles give this host. Those for one source stand in a routing table of that source,
 * which a rule leads to; it is asked before the tables for all.
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

/** Tables 9910 to 9999: sources that may have routes of their own; more are refused. */
const FIRST_TABLE = 9910;
const MAX_SOURCES = 90;
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

type Wanted = Omit<RouteOutput, 'kind' | 'action'>;

export class HostRoutes {
  readonly #around: RouteSurroundings;
  readonly #wanted = new Map<string, Wanted>();
  /** Source -> its table. */
  readonly #tables = new Map<Address, number>();
  /** The same of an earlier life, whose rules stand until they are swept away. */
  readonly #left = new Map<Address, number>();

  constructor(around: RouteSurroundings) {
    this.#around = around;
    for (const { priority, protocol, from, table } of around.netlink.rules()) {
      const isOurs = protocol === CAREOF_PROTOCOL && priority === PREFERENCE.sourceRoutes;
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
    const { source } = wanted;
    if (source !== undefined && !this.#tables.has(source) && !this.#open(source)) {
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
    const table = this.#tables.get(source);
    this.#tables.delete(source);
    if (table !== undefined) {
      this.#try(() => this.#around.netlink.removeRule(ruleOf([source, table])));
    }
  }

  #removeRoute(wanted: Wanted): void {
    const route = this.#route(wanted);
    if (route !== undefined) this.#try(() => this.#around.netlink.removeRoute(route));
  }

  /** Gives a source a table, and the rule that leads there. */
  #open(source: Address): boolean {
    const table = this.#left.get(source) ?? this.#freeTable();
    if (table === undefined) return false;
    const [error] = this.#around.netlink.runAll([addRule(ruleOf([source, table]))]);
    if (error !== undefined && error.code !== 'EEXIST') return false;
    this.#tables.set(source, table);
    return true;
  }

  #freeTable(): number | undefined {
    const taken = new Set([...this.#tables.values(), ...this.#left.values()]);
    for (let table = FIRST_TABLE; table < FIRST_TABLE + MAX_SOURCES; table++) {
      if (!taken.has(table)) return table;
    }
    return undefined;
  }

  #route({ prefix, prefixLength, link, via, source, metric }: Wanted): Route | undefined {
    const ifindex = this.#around.indexOf(link);
    const table = source === undefined ? TABLE.main : this.#tables.get(source);
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
const ruleOf = ([source, table]: readonly [Address, number]): Rule => ({
  priority: PREFERENCE.sourceRoutes,
  from: { address: source, length: 128 },
  table,
  findSource: true,
  protocol: CAREOF_PROTOCOL,
});
