/** What a host of a plan is made of: the kernel's settings, its addresses and its routes. */
import { execFileSync } from 'node:child_process';
import { IFA_F } from '../../linux/sys/netlink/addresses.ts';
import { TABLE } from '../../linux/sys/netlink/routes.ts';
import type { Rtnetlink } from '../../linux/sys/netlink/rtnetlink.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import type { PlannedNode } from '../plan.ts';
import type { RouteChange } from '../plan-anycast.ts';
import type { PlannedRoute } from '../plan-routes.ts';

/** Below /proc/sys/net, before there is an interface: what `default` says holds for each that comes. */
export function settingsOf({ forwarding, role }: PlannedNode): ReadonlyMap<string, string> {
  return new Map([
    // Addresses are given by the plan or by a role; both have made sure that nobody else has them.
    ['ipv6/conf/all/accept_dad', '0'],
    ['ipv6/conf/default/accept_dad', '0'],
    ['ipv6/conf/default/dad_transmits', '0'],
    ['ipv6/conf/default/accept_ra', '0'],
    ['ipv6/conf/default/autoconf', '0'],
    ['ipv6/conf/default/router_solicitations', '0'],
    // As careof recommends: segments that vanish are made smaller (RFC 4821), over IPv6 too.
    ['ipv4/tcp_mtu_probing', '1'],
    ['ipv6/conf/all/forwarding', forwarding ? '1' : '0'],
    ['ipv4/conf/all/forwarding', forwarding ? '1' : '0'],
    ['ipv4/conf/default/forwarding', forwarding ? '1' : '0'],
    // Packets come by another link than answers go, and next hops are not redirected to.
    ['ipv4/conf/all/rp_filter', '0'],
    ['ipv4/conf/default/rp_filter', '0'],
    ['ipv4/conf/all/send_redirects', '0'],
    ['ipv4/conf/default/send_redirects', '0'],
    // An application may use a home address that the node does not have yet.
    ...(role === 'mobile-node' || role === 'multihomed-host'
      ? [['ipv6/ip_nonlocal_bind', '1'] as const]
      : []),
  ]);
}

/** Gives a host its addresses and routes, when its interfaces are there. Throws SysError. */
export function configure(
  netlink: Rtnetlink,
  { interfaces, routes, ipv4 }: PlannedNode,
  ifindexOf: (interfaceName: string) => number,
): void {
  netlink.setLink(netlink.link('lo')!.ifindex, { up: true });
  for (const { name, addresses } of interfaces) {
    const ifindex = ifindexOf(name);
    netlink.setLink(ifindex, { up: true });
    // Of two that are as good the kernel takes the newer one.
    for (const address of [...addresses].reverse()) {
      netlink.addAddress({ ifindex, address, prefixLength: 64, flags: IFA_F.NODAD });
    }
  }
  if (ipv4 !== undefined) {
    const ifindex = ifindexOf(interfaces[0]!.name);
    netlink.addAddress({ ifindex, address: ipv4, prefixLength: 32 });
  }
  const tables = new Map<Address, number>();
  for (const { prefix, prefixLength, interface: link, via, source } of routes) {
    const table = source === undefined ? TABLE.main : tableOf(netlink, source, tables);
    netlink.addRoute({
      destination: { address: prefix, length: prefixLength },
      ifindex: ifindexOf(link),
      table,
      ...(via !== undefined && { via }),
    });
  }
}

/** Subflows of a connection beside its first one. */
const SUBFLOWS = '4';

/** A host tells who it is connected with of its further addresses, and connects to theirs. Source: ip-mptcp(8). */
export function allowMultipath({ interfaces }: PlannedNode): void {
  const ip = (...args: string[]) => execFileSync('ip', ['mptcp', ...args]);
  ip('limits', 'set', 'subflow', SUBFLOWS, 'add_addr_accepted', SUBFLOWS);
  for (const address of interfaces.flatMap((one) => one.addresses).slice(1)) {
    ip('endpoint', 'add', formatAddress(address), 'signal');
  }
}

/** Routes of the main table change, as a routing protocol has it. Throws SysError. */
export function reroute(
  netlink: Rtnetlink,
  { add, remove }: Omit<RouteChange, 'node'>,
  ifindexOf: (interfaceName: string) => number,
): void {
  const made = ({ prefix, prefixLength, interface: link, via }: PlannedRoute) => ({
    destination: { address: prefix, length: prefixLength },
    ifindex: ifindexOf(link),
    table: TABLE.main,
    ...(via !== undefined && { via }),
  });
  for (const route of remove) netlink.removeRoute(made(route));
  for (const route of add) netlink.addRoute(made(route));
}

/** Tables of routes for one source, and the rules that lead there behind those of a daemon. */
const FIRST_TABLE = 1000;
const PRIORITY = 1000;

/** The table of a source's own routes; made with its rule where it is not there yet. */
function tableOf(netlink: Rtnetlink, source: Address, tables: Map<Address, number>): number {
  const known = tables.get(source);
  if (known !== undefined) return known;
  const table = FIRST_TABLE + tables.size;
  tables.set(source, table);
  netlink.addRule({ priority: PRIORITY, from: { address: source, length: 128 }, table });
  return table;
}
