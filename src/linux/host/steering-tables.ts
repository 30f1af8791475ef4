/** Tells the kernel what is to be routed into the anchor device. */

import type { Prefix } from '../../core/forwarding/entry.ts';
import { formatAddress, isIpv4, UNSPECIFIED, UNSPECIFIED_IPV4 } from '../../wire/address.ts';
import type { RouteStatus, RuleStatus } from '../node-status.ts';
import {
  type AnchorRoute,
  MARK,
  PREFERENCE,
  type Steering,
  type SteeringRule,
  TABLE,
} from '../plane/steering.ts';
import type { Request } from '../sys/netlink/request.ts';
import { TABLE as KERNEL, type Route, removeRoute, replaceRoute } from '../sys/netlink/routes.ts';
import { isAbsence, type Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { addRule, type Rule, removeRule } from '../sys/netlink/rules.ts';
import type { SysError } from '../sys/sys-error.ts';
import { CAREOF_PROTOCOL } from './host-addresses.ts';
import { OWN_DEVICES } from './host-links.ts';

const protocol = CAREOF_PROTOCOL;
const ANYWHERE: Prefix = { address: UNSPECIFIED, length: 0 };
const ANYWHERE_OF_IPV4: Prefix = { address: UNSPECIFIED_IPV4, length: 0 };
/** The metric of a route that any other is taken before. */
const LEAST_WANTED = 0xffff_ffff;

/** Rules that are there as long as the node runs. */
const FIXED: readonly Rule[] = [
  { priority: PREFERENCE.end, action: 'nop', protocol },
  {
    priority: PREFERENCE.marked,
    mark: MARK,
    markMask: 0xffff,
    action: 'goto',
    target: PREFERENCE.end,
    protocol,
  },
  {
    priority: PREFERENCE.carried,
    arrivedBy: OWN_DEVICES.slow,
    action: 'goto',
    target: PREFERENCE.end,
    protocol,
  },
  { priority: PREFERENCE.destinations, table: TABLE.destinations, protocol },
  { priority: PREFERENCE.preferred, table: TABLE.preferred, protocol },
];
/** The same for IPv4, from when the first entry is for it. */
const FIXED_OF_IPV4: readonly Rule[] = FIXED.map((rule) => ({ ...rule, ipv4: true }));

export class SteeringTables {
  readonly #netlink: Rtnetlink;
  readonly #steering: Steering;
  readonly #anchor: number;
  readonly #refused: () => void;
  #fixed = FIXED;

  /** @param refused is called for each route or rule that the kernel does not take. */
  constructor(netlink: Rtnetlink, steering: Steering, anchor: number, refused: () => void) {
    this.#netlink = netlink;
    this.#steering = steering;
    this.#anchor = anchor;
    this.#refused = refused;
    this.#run(FIXED.map(addRule));
  }

  /** Tells the kernel what has changed; false where nothing has. */
  settle(): boolean {
    const { routes, rules } = this.#steering.changes();
    const requests = [
      ...routes.add.map((route) => replaceRoute(this.#route(route))),
      ...rules.add.map((rule) => addRule(ruleOf(rule))),
      ...rules.remove.map((rule) => removeRule(ruleOf(rule))),
      ...routes.remove.map((route) => removeRoute(this.#route(route))),
    ];
    if (requests.length === 0) return false;
    this.#mindIpv4(routes.add.some(({ prefix }) => isIpv4(prefix)));
    const changed = [...routes.add, ...routes.remove].map(({ prefix, prefixLength }) => ({
      address: prefix,
      length: prefixLength,
    }));
    const others = [...rules.add, ...rules.remove].map(ruleOf);
    const everywhere = [
      ...(others.some(({ ipv4 }) => ipv4 !== true) ? [ANYWHERE] : []),
      ...(others.some(({ ipv4 }) => ipv4 === true) ? [ANYWHERE_OF_IPV4] : []),
    ];
    this.#run([...requests, ...this.#lookAgain([...everywhere, ...changed])]);
    return true;
  }

  /** Who has nothing to do with IPv4 finds none of our rules there. */
  #mindIpv4(isWanted: boolean): void {
    if (!isWanted || this.#fixed !== FIXED) return;
    this.#fixed = [...FIXED, ...FIXED_OF_IPV4];
    this.#run(FIXED_OF_IPV4.map(addRule));
  }

  /**
   * Sockets keep the route that they were connected by for as long as nothing changes above it in its own
   * table, and so past rules and tables that came later. A route to the same destination that comes
   * into the main table, and goes again, makes them look anew.
   */
  #lookAgain(destinations: readonly Prefix[]): Request[] {
    return destinations.flatMap((destination) => {
      const route: Route = {
        ...toPrefix(destination),
        ifindex: this.#anchor,
        table: KERNEL.main,
        metric: LEAST_WANTED,
        protocol,
      };
      return [replaceRoute(route), removeRoute(route)];
    });
  }

  /** Routes and rules as they stand in the kernel. */
  state(): { readonly routes: readonly Route[]; readonly rules: readonly Rule[] } {
    const { routes, rules } = this.#steering.state();
    return {
      routes: [...routes.values()].map((route) => this.#route(route)),
      rules: [...this.#fixed, ...[...rules.values()].map(ruleOf)],
    };
  }

  status(): { readonly routes: RouteStatus[]; readonly rules: RuleStatus[] } {
    const { routes, rules } = this.#steering.state();
    return {
      routes: [...routes.values()].map(({ table, prefix, prefixLength, mtu }) => {
        const kind = 'unicast' as const;
        return { table, prefix, prefixLength, mtu, kind, interface: OWN_DEVICES.anchor };
      }),
      rules: [...this.#fixed, ...[...rules.values()].map(ruleOf)].map((rule) => ({
        preference: rule.priority,
        text: textOf(rule),
      })),
    };
  }

  #run(requests: readonly Request[]): void {
    for (const error of this.#netlink.runAll(requests)) {
      if (error !== undefined && !isSettled(error)) this.#refused();
    }
  }

  #route({ table, prefix, prefixLength, mtu, preferredSource }: AnchorRoute): Route {
    return {
      ...toPrefix({ address: prefix, length: prefixLength }),
      ifindex: this.#anchor,
      table,
      protocol,
      mtu,
      ...(preferredSource !== undefined && { preferredSource }),
    };
  }
}

/** What a route says of where it leads: of everywhere the version alone. */
function toPrefix(destination: Prefix): Pick<Route, 'destination' | 'ipv4'> {
  return {
    ...(destination.length !== 0 && { destination }),
    ...(isIpv4(destination.address) && { ipv4: true }),
  };
}

/** It is there already (left by an earlier life), or not any more. */
const isSettled = (error: SysError): boolean => error.code === 'EEXIST' || isAbsence(error);

function ruleOf({ preference: priority, source, findSource, then }: SteeringRule): Rule {
  return {
    priority,
    ...(source && {
      from: { address: source.address, length: source.length ?? 8 * source.address.length },
      ...(isIpv4(source.address) && { ipv4: true }),
    }),
    ...(findSource && { findSource }),
    ...('goto' in then ? { action: 'goto', target: then.goto } : { table: then.table }),
    protocol,
  };
}

/** As `ip rule` shows it. */
export function textOf({ from, mark, arrivedBy, action, target, table }: Rule): string {
  const source = from === undefined ? 'from all' : `from ${formatAddress(from.address)}`;
  const marked = mark === undefined ? '' : ` fwmark 0x${mark.toString(16)}`;
  const whom = `${source}${marked}${arrivedBy === undefined ? '' : ` iif ${arrivedBy}`}`;
  if (action === 'goto') return `${whom} goto ${target}`;
  return action === 'nop' ? `${whom} nop` : `${whom} lookup ${table}`;
}
