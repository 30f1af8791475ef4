/** The host as the data plane sees it. */
import { randomBytes } from 'node:crypto';
import type { LearnedMtu } from '../../core/forwarding/path-mtus.ts';
import type { Input } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, IPV4_DUMMY, isIpv4 } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import { MARK } from '../plane/steering.ts';
import type { Out, PlaneSurroundings, SendResult } from '../plane/surroundings.ts';
import { type LargePacket, longestOf } from '../sys/large-packet.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import type { HostNetwork } from './host-network.ts';
import type { Neighbors } from './neighbors.ts';
import type { Outlet } from './outlet.ts';
import type { Way, Ways } from './ways.ts';

export interface HostParts {
  readonly now: () => Instant;
  readonly outlet: Pick<Outlet, 'rawTo' | 'segments'>;
  readonly netlink: Rtnetlink;
  readonly network: HostNetwork;
  readonly neighbors: Neighbors;
  readonly ways: Ways;
  deliver(octets: Uint8Array): boolean;
  deliverLarge(packet: LargePacket): boolean;
  carried(entry: string): number;
  wakeAt(at: Instant | undefined): void;
  tell(input: Input): void;
  learned(path: LearnedMtu): void;
  count(counter: LinuxCounter): void;
}

/** Errors of a send that say that there is no way, in contrast to one that is shut just now. */
const NO_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EACCES']);

export function planeSurroundings(parts: HostParts): PlaneSurroundings {
  const { netlink, network } = parts;
  const { links, addresses, groups } = network;
  const routeOf = (source: Address | undefined, destination: Address, ifindex?: number) => {
    // Of IPv4 the kernel says nothing for a source that is not its own.
    const isAsked = source !== undefined && (!isIpv4(source) || addresses.isOwn(source));
    const from = isAsked ? { source } : {};
    const by = ifindex === undefined ? {} : { ifindex };
    const route = netlink.routeOf({ destination, ...from, ...by, mark: MARK });
    return typeof route === 'string' ? undefined : route;
  };
  return {
    now: parts.now,
    send: (octets, source, destination, out) => send(parts, octets, source, destination, out),
    sendMany: (packets, source, destination, out) => {
      if (out?.nextHop !== undefined) return 0; // one by one, since they may wait for a neighbor
      const on = out === undefined ? undefined : links.byName(out.link);
      if (out !== undefined && (on?.up !== true || addresses.isOwn(destination))) return 0;
      return parts.outlet.rawTo(destination).sendMany(packets, source, destination, on?.ifindex);
    },
    mtuOf: (source, destination, out) => {
      if (out !== undefined) return links.byName(out.link)?.mtu;
      const route = routeOf(source, destination);
      const link = route?.ifindex === undefined ? undefined : links.byIndex(route.ifindex);
      return route?.mtu ?? link?.mtu;
    },
    sendLarge: (packet, source, destination) => {
      const way = parts.ways.to(source, destination);
      return way !== undefined && sendLarge(parts, packet, way);
    },
    linkMtuOf: (source, destination, out) => {
      if (out !== undefined) return links.byName(out.link)?.mtu;
      const ifindex = routeOf(source, destination)?.ifindex;
      return ifindex === undefined ? undefined : links.byIndex(ifindex)?.mtu;
    },
    carried: (entry) => parts.carried(entry),
    wakeAt: (at) => parts.wakeAt(at),
    secrets: (count) => new Uint8Array(randomBytes(count)),
    deliver: (octets) => parts.deliver(octets),
    deliverLarge: (packet) => parts.deliverLarge(packet),
    isOwn: (address) => addresses.isOwn(address),
    hears: (link, group) => groups.hears(link, group),
    sourceFor: (destination) => {
      const preferred = routeOf(undefined, destination)?.preferredSource;
      if (isIpv4(destination)) return preferred ?? IPV4_DUMMY;
      return preferred ?? [...addresses.global()].find((one) => !isIpv4(one));
    },
    learned: (path) => parts.learned(path),
    control: (input) => parts.tell(input),
    count: (counter) => parts.count(counter),
  };
}

/** Nobody on the link has it. */
const NO_WAY = Symbol('no way');

/**
 * To whom on a link a packet goes that an entry sends out by it. A socket's packet for an address of the host
 * itself would come back, whatever link it is told: routes of the link alone are asked only without a source.
 */
function nextHopOn(
  { netlink, network }: HostParts,
  destination: Address,
  { link, nextHop }: Out,
): Address | typeof NO_WAY | undefined {
  if (nextHop !== undefined || !network.addresses.isOwn(destination)) return nextHop;
  const ifindex = network.links.byName(link)?.ifindex;
  const route = netlink.routeOf({ destination, ...(ifindex && { ifindex }), mark: MARK });
  if (typeof route === 'string' || (route.type ?? 'unicast') !== 'unicast') return NO_WAY;
  return route.via ?? destination;
}

function send(
  parts: HostParts,
  octets: Uint8Array,
  source: Address,
  destination: Address,
  out: Out | undefined,
): SendResult {
  const { outlet, network, neighbors } = parts;
  const on = out === undefined ? undefined : network.links.byName(out.link);
  if (out !== undefined && on?.up !== true) return 'refused';
  const nextHop = out === undefined ? undefined : nextHopOn(parts, destination, out);
  if (nextHop === NO_WAY) return 'no-route';
  if (on !== undefined && nextHop !== undefined) {
    if (octets.length > on.mtu) return 'too-big';
    // It waits for its neighbor, perhaps, and the octets stand in a buffer that is read into again.
    neighbors.send(octets.slice(), on.ifindex, nextHop);
    return 'sent';
  }
  const error = outlet.rawTo(destination).send(octets, source, destination, on?.ifindex);
  if (error === undefined) return 'sent';
  if (error === 'EMSGSIZE') return 'too-big';
  return NO_ROUTE.has(error) ? 'no-route' : 'refused';
}

function sendLarge({ outlet, count }: HostParts, packet: LargePacket, way: Way): boolean {
  if (!outlet.segments.takes(packet) || longestOf(packet) > way.mtu) return false;
  // As a queue that is full drops packets; who sends them sends them again.
  if (outlet.segments.send(packet, way) !== undefined) count('plane.not_sent');
  return true;
}
