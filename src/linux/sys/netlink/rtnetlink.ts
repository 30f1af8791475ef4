/**
 * The network configuration of one namespace: asked for, changed and watched, without a process.
 *
 * Single changes throw; `runAll` executes thousands of requests, made by the functions of `links.ts`,
 * `addresses.ts`, `routes.ts`, `rules.ts` and `neighbours.ts`, and gives the errors back by index.
 */
import type { Address } from '../../../wire/address.ts';
import type { Poller, Watch } from '../poller.ts';
import { SysError } from '../sys-error.ts';
import {
  addAddress,
  type InterfaceAddress,
  listAddresses,
  parseInterfaceAddress,
  RTM_ADDRESS,
  removeAddress,
  replaceAddress,
} from './addresses.ts';
import {
  changeLink,
  createBridge,
  createVeth,
  deleteLink,
  getLink,
  type Link,
  type LinkChange,
  listLinks,
  parseLink,
  RTM_LINK,
  type VethEnd,
} from './links.ts';
import type { Message } from './message.ts';
import {
  getNeighbour,
  listNeighbours,
  type Neighbour,
  parseNeighbour,
  RTM_NEIGHBOUR,
  removeNeighbour,
  replaceNeighbour,
  useNeighbour,
} from './neighbours.ts';
import type { Request } from './request.ts';
import {
  addRoute,
  getRoute,
  listRoutes,
  parseRoute,
  type Route,
  type RouteFilter,
  type RouteQuestion,
  RTM_ROUTE,
  removeRoute,
  replaceRoute,
} from './routes.ts';
import { addRule, listRules, parseRule, type Rule, removeRule } from './rules.ts';
import { NETLINK, NetlinkSocket } from './socket.ts';

/** A socket for questions and changes, in the namespace where it was opened. */
export class Rtnetlink {
  readonly #socket = new NetlinkSocket(NETLINK.ROUTE);

  runAll = (requests: readonly Request[]): (SysError | undefined)[] =>
    this.#socket.runAll(requests);
  run = (request: Request): void => this.#socket.run(request);

  links = (): Link[] => this.#socket.dump(listLinks(), parseLink);
  /** By ifindex or name; undefined where it is not there. */
  link = (which: number | string): Link | undefined =>
    absent(() => this.#socket.ask(getLink(which), parseLink));
  setLink = (ifindex: number, change: LinkChange): void => this.run(changeLink(ifindex, change));
  /** Gives false where it was not there. */
  deleteLink = (ifindex: number): boolean => this.#gone(deleteLink(ifindex));
  createVeth = (one: VethEnd, other: VethEnd): void => this.run(createVeth(one, other));
  createBridge = (name: string): void => this.run(createBridge(name));

  addresses = (ifindex?: number): InterfaceAddress[] =>
    this.#socket.dump(listAddresses(ifindex), parseInterfaceAddress);
  addAddress = (address: InterfaceAddress): void => this.run(addAddress(address));
  replaceAddress = (address: InterfaceAddress): void => this.run(replaceAddress(address));
  removeAddress = (address: InterfaceAddress): boolean => this.#gone(removeAddress(address));

  routes = (filter?: RouteFilter): Route[] => {
    const { table, protocol } = filter ?? {};
    // Kernels that do not filter by themselves list all; so does IPv6 for exceptions of a route.
    return this.#socket
      .dump(listRoutes(filter), parseRoute)
      .filter((route) => table === undefined || route.table === table)
      .filter((route) => protocol === undefined || route.protocol === protocol);
  };
  addRoute = (route: Route): void => this.run(addRoute(route));
  replaceRoute = (route: Route): void => this.run(replaceRoute(route));
  removeRoute = (route: Route): boolean => this.#gone(removeRoute(route));
  /** The route that a packet takes, or the error's name: ENETUNREACH, EHOSTUNREACH, EACCES ... */
  routeOf(question: RouteQuestion): Route | string {
    try {
      return this.#socket.ask(getRoute(question), parseRoute) ?? 'ENETUNREACH';
    } catch (error) {
      if (error instanceof SysError) return error.code;
      throw error;
    }
  }

  rules = (options?: { readonly ipv4?: boolean }): Rule[] =>
    this.#socket.dump(listRules(options), parseRule);
  addRule = (rule: Rule): void => this.run(addRule(rule));
  removeRule = (rule: Rule): boolean => this.#gone(removeRule(rule));

  neighbours = (filter?: { readonly ifindex?: number; readonly proxy?: boolean }): Neighbour[] =>
    this.#socket.dump(listNeighbours(filter), parseNeighbour);
  neighbour = (ifindex: number, address: Address): Neighbour | undefined =>
    absent(() => this.#socket.ask(getNeighbour(ifindex, address), parseNeighbour));
  replaceNeighbour = (neighbour: Neighbour): void => this.run(replaceNeighbour(neighbour));
  removeNeighbour = (neighbour: Neighbour): boolean => this.#gone(removeNeighbour(neighbour));
  /** Has the kernel resolve an address. */
  useNeighbour = (ifindex: number, address: Address): void =>
    this.run(useNeighbour(ifindex, address));

  close = (): void => this.#socket.close();

  /** Runs a request that removes something; false where it was not there. */
  #gone(request: Request): boolean {
    const [error] = this.#socket.runAll([request]);
    if (error === undefined) return true;
    if (isAbsence(error)) return false;
    throw error;
  }
}

/** What the kernel says of a thing that is not there, by kind of thing. */
const ABSENCES = ['ENOENT', 'ENODEV', 'ESRCH', 'EADDRNOTAVAIL'];

/** Does the error say only that the thing is not there? */
export const isAbsence = (error: SysError): boolean => ABSENCES.includes(error.code);

function absent<T>(ask: () => T | undefined): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof SysError && isAbsence(error)) return undefined;
    throw error;
  }
}

/** What changed. */
export type Change =
  | { readonly kind: 'link'; readonly present: boolean; readonly link: Link }
  | { readonly kind: 'address'; readonly present: boolean; readonly address: InterfaceAddress }
  | { readonly kind: 'route'; readonly present: boolean; readonly route: Route }
  | { readonly kind: 'neighbour'; readonly present: boolean; readonly neighbour: Neighbour }
  /** Changes were lost, since too many came at once: list again all that matters. */
  | { readonly kind: 'overrun' };

/** RTNLGRP_* of <linux/rtnetlink.h>. */
const GROUPS = {
  links: [1],
  neighbours: [3],
  addresses: [5, 9],
  routes: [7, 11],
} as const;

/** Reads what a notification says; nothing for those that we do not know. */
export function changeOf(message: Message): Change | undefined {
  const { type } = message;
  switch (type) {
    case RTM_LINK.NEW:
    case RTM_LINK.DEL: {
      const link = parseLink(message);
      return link && { kind: 'link', present: type === RTM_LINK.NEW, link };
    }
    case RTM_ADDRESS.NEW:
    case RTM_ADDRESS.DEL: {
      const address = parseInterfaceAddress(message);
      return address && { kind: 'address', present: type === RTM_ADDRESS.NEW, address };
    }
    case RTM_ROUTE.NEW:
    case RTM_ROUTE.DEL: {
      const route = parseRoute(message);
      return route && { kind: 'route', present: type === RTM_ROUTE.NEW, route };
    }
    case RTM_NEIGHBOUR.NEW:
    case RTM_NEIGHBOUR.DEL: {
      const neighbour = parseNeighbour(message);
      return neighbour && { kind: 'neighbour', present: type === RTM_NEIGHBOUR.NEW, neighbour };
    }
    default:
      return undefined;
  }
}

/** Datagrams that are read in one round, so that others have their turn. */
const ROUND = 64;

/** Tells of every change of some kinds in the namespace where it was opened. */
export class RtnetlinkMonitor {
  readonly #socket = new NetlinkSocket(NETLINK.ROUTE);
  readonly #watch: Watch;
  #open = true;

  constructor(
    poller: Poller,
    kinds: readonly (keyof typeof GROUPS)[],
    changed: (change: Change) => void,
  ) {
    for (const kind of kinds) for (const group of GROUPS[kind]) this.#socket.join(group);
    this.#watch = poller.watch(this.#socket.fd, () => {
      for (let round = 0; round < ROUND && this.#open; round++) {
        const messages = this.#socket.notifications();
        if (messages === 'overrun') changed({ kind: 'overrun' });
        else if (messages.length === 0) return;
        else for (const change of messages.map(changeOf)) if (change) changed(change);
      }
    });
  }

  keepAlive = (yes: boolean): void => this.#watch.keepAlive(yes);

  close(): void {
    this.#open = false;
    this.#watch.close();
    this.#socket.close();
  }
}
