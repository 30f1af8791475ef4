/**
 * What an earlier life of a node has left in the kernel: known by the protocol number that careof
 * marks all it sets with. It goes on working until the new life has had time to want it again.
 */
import { type InterfaceAddress, removeAddress } from '../sys/netlink/addresses.ts';
import type { Request } from '../sys/netlink/request.ts';
import { type Route, removeRoute } from '../sys/netlink/routes.ts';
import { isAbsence, type Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { type Rule, removeRule } from '../sys/netlink/rules.ts';
import { CAREOF_PROTOCOL } from './host-addresses.ts';

/** What a node wants to have in the kernel. */
export interface WantedState {
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  wantsAddress(address: InterfaceAddress): boolean;
}

const NOTHING: WantedState = { routes: [], rules: [], wantsAddress: () => false };

/** Removes all that careof has set and that is not wanted; gives how much that was. */
export function sweep(netlink: Rtnetlink, wanted: WantedState = NOTHING): number {
  const isOurs = ({ protocol }: { readonly protocol?: number }) => protocol === CAREOF_PROTOCOL;
  const routes = new Set(wanted.routes.map(routeKey));
  const rules = new Set(wanted.rules.map(ruleKey));
  const requests: Request[] = [
    ...[...netlink.rules(), ...netlink.rules({ ipv4: true })]
      .filter((rule) => isOurs(rule) && !rules.has(ruleKey(rule)))
      .map(removeRule),
    ...[false, true]
      .flatMap((ipv4) => netlink.routes({ protocol: CAREOF_PROTOCOL, ipv4 }))
      .filter((route) => !routes.has(routeKey(route)))
      .map(removeRoute),
    ...netlink
      .addresses()
      .filter((address) => isOurs(address) && !wanted.wantsAddress(address))
      .map(removeAddress),
  ];
  for (const error of netlink.runAll(requests)) {
    if (error !== undefined && !isAbsence(error)) throw error;
  }
  return requests.length;
}

const routeKey = ({ table, destination, ipv4, ifindex, via, metric = 1024 }: Route): string =>
  [table, ipv4, destination?.address, destination?.length, ifindex, via, metric].join(' ');

const ruleKey = ({ priority, ipv4, from, table, action, target, arrivedBy }: Rule): string =>
  [priority, ipv4, from?.address, action ?? 'table', table ?? 0, target, arrivedBy].join(' ');
