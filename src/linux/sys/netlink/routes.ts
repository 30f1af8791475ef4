/** Routes by rtnetlink. Source: rtnetlink(7); <linux/rtnetlink.h>. */
import type { Prefix } from '../../../core/forwarding/entry.ts';
import { type Address, addressOctets, addressOf, formatAddress } from '../../../wire/address.ts';
import {
  type Message,
  type MessageWriter,
  NLM_F,
  nested,
  parseAttributes,
  u32,
} from './message.ts';
import { AF, familyOf, type Request } from './request.ts';

/** <linux/rtnetlink.h> */
export const RTM_ROUTE = { NEW: 24, DEL: 25, GET: 26 } as const;
// struct rtmsg
const RTMSG = {
  size: 12,
  family: 0,
  destinationLength: 1,
  sourceLength: 2,
  table: 4,
  protocol: 5,
  scope: 6,
  type: 7,
  flags: 8,
};
// enum rtattr_type_t
const RTA = {
  DST: 1,
  SRC: 2,
  IIF: 3,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  TABLE: 15,
  MARK: 16,
  VIA: 18,
};
const RTAX_MTU = 2;
const RTNH_F_ONLINK = 4;
const RTM_F_FIB_MATCH = 0x2000;
/** RTN_*: what a route does. */
const TYPE = {
  unicast: 1,
  local: 2,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;
const TYPE_NAMES = new Map<number, keyof typeof TYPE>(
  Object.entries(TYPE).map(([name, number]) => [number, name as keyof typeof TYPE]),
);
const SCOPE = { universe: 0, link: 253, nowhere: 255 };
/** RT_TABLE_MAIN and RT_TABLE_LOCAL. */
export const TABLE = { main: 254, local: 255 } as const;
const RTPROT_STATIC = 4;

export interface Route {
  /** Absent: everything. */
  readonly destination?: Prefix;
  /** The family, where no address tells it; IPv6 at first. */
  readonly ipv4?: boolean;
  /** Only for packets from these addresses (IPv6, where the kernel has subtrees). */
  readonly source?: Prefix;
  /** ifindex of the link that it leads to. */
  readonly ifindex?: number;
  /** The next hop; of an IPv4 route it may be an IPv6 address (RFC 8950). */
  readonly via?: Address;
  /** The address that unbound sockets send from. */
  readonly preferredSource?: Address;
  /** Lower ones are taken first; the kernel's default for IPv6 is 1024. */
  readonly metric?: number;
  /** 254 (main) where absent. */
  readonly table?: number;
  /** Who made it, 0 to 255; 4 (static) where absent. */
  readonly protocol?: number;
  readonly type?: keyof typeof TYPE;
  readonly mtu?: number;
  /** The gateway is on the link, whatever its address says. */
  readonly onLink?: boolean;
}

/** Which routes are listed; the kernel itself leaves out the others. */
export interface RouteFilter {
  readonly ipv4?: boolean;
  readonly table?: number;
  readonly protocol?: number;
  readonly ifindex?: number;
}

/** Reads an RTM_NEWROUTE or RTM_DELROUTE; nothing for other messages. Throws RangeError on bad lengths. */
export function parseRoute({ type, body }: Message): Route | undefined {
  if (type !== RTM_ROUTE.NEW && type !== RTM_ROUTE.DEL) return undefined;
  if (body.length < RTMSG.size) throw new RangeError('netlink: half an rtmsg');
  const family = body[RTMSG.family]!;
  if (family !== AF.INET && family !== AF.INET6) return undefined;
  const attributes = parseAttributes(body, RTMSG.size);
  const route: { -readonly [Key in keyof Route]: Route[Key] } = {
    table: u32(attributes, RTA.TABLE) ?? body[RTMSG.table]!,
    protocol: body[RTMSG.protocol]!,
  };
  // One by one, since tables have many routes and building objects from lists takes long.
  const set = <Key extends keyof Route>(key: Key, value: Route[Key] | undefined): void => {
    if (value !== undefined) route[key] = value;
  };
  set('destination', prefixOf(attributes.get(RTA.DST), body[RTMSG.destinationLength]!, family));
  set('source', prefixOf(attributes.get(RTA.SRC), body[RTMSG.sourceLength]!, family));
  if (family === AF.INET) route.ipv4 = true;
  set('ifindex', u32(attributes, RTA.OIF));
  set('via', addressAt(attributes.get(RTA.GATEWAY) ?? attributes.get(RTA.VIA)?.subarray(2)));
  set('preferredSource', addressAt(attributes.get(RTA.PREFSRC)));
  set('metric', u32(attributes, RTA.PRIORITY));
  set('type', TYPE_NAMES.get(body[RTMSG.type]!));
  if (attributes.has(RTA.METRICS)) set('mtu', u32(nested(attributes, RTA.METRICS), RTAX_MTU));
  const flags = new DataView(body.buffer, body.byteOffset).getUint32(RTMSG.flags, true);
  if ((flags & RTNH_F_ONLINK) !== 0) route.onLink = true;
  return route;
}

function prefixOf(octets: Uint8Array | undefined, length: number, family: number) {
  if (length === 0) return undefined;
  const any = addressOf(new Uint8Array(family === AF.INET ? 4 : 16));
  return { address: addressAt(octets) ?? any, length };
}

const addressAt = (octets: Uint8Array | undefined): Address | undefined =>
  octets?.length === 16 || octets?.length === 4 ? addressOf(octets) : undefined;

/** Adds a route; EEXIST where one of that prefix, metric and table is there. */
export const addRoute = (route: Route): Request =>
  changeOf(route, RTM_ROUTE.NEW, NLM_F.CREATE | NLM_F.EXCL, 'add route');

/** Adds a route, or puts it in the place of the one of that prefix, metric and table. */
export const replaceRoute = (route: Route): Request =>
  changeOf(route, RTM_ROUTE.NEW, NLM_F.CREATE | NLM_F.REPLACE, 'set route');

/** Adds a route beside others of that prefix and metric. */
export const appendRoute = (route: Route): Request =>
  changeOf(route, RTM_ROUTE.NEW, NLM_F.CREATE | NLM_F.APPEND, 'append route');

/** Removes a route, the first that has all that is said here; ESRCH where there is none. */
export const removeRoute = (route: Route): Request =>
  changeOf(route, RTM_ROUTE.DEL, 0, 'remove route');

export const listRoutes = (filter: RouteFilter = {}): Request => ({
  type: RTM_ROUTE.GET,
  flags: 0,
  write: (writer) => {
    writer.structure(RTMSG.size, (octets, at) => {
      octets[at + RTMSG.family] = filter.ipv4 === true ? AF.INET : AF.INET6;
      octets[at + RTMSG.protocol] = filter.protocol ?? 0;
    });
    if (filter.table !== undefined) writer.u32(RTA.TABLE, filter.table);
    if (filter.ifindex !== undefined) writer.u32(RTA.OIF, filter.ifindex);
  },
  describe: () => 'list routes',
});

/** Which way a packet would go. */
export interface RouteQuestion {
  readonly destination: Address;
  readonly source?: Address;
  readonly ifindex?: number;
  /** As if it had come in by this interface. */
  readonly arrivedBy?: number;
  readonly mark?: number;
  /** Asks for the route as it stands in its table, not for what becomes of it. */
  readonly asConfigured?: boolean;
}

/** Asks which route a packet takes; ENETUNREACH and the like where none. */
export const getRoute = (question: RouteQuestion): Request => ({
  type: RTM_ROUTE.GET,
  flags: 0,
  write: (writer) => {
    const { destination, source, ifindex, arrivedBy, mark, asConfigured } = question;
    const bits = destination.length * 8;
    writer.structure(RTMSG.size, (octets, at) => {
      octets[at + RTMSG.family] = familyOf(destination);
      octets[at + RTMSG.destinationLength] = bits;
      octets[at + RTMSG.sourceLength] = source === undefined ? 0 : bits;
      octets.writeUInt32LE(asConfigured === true ? RTM_F_FIB_MATCH : 0, at + RTMSG.flags);
    });
    writer.address(RTA.DST, destination);
    if (source !== undefined) writer.address(RTA.SRC, source);
    if (ifindex !== undefined) writer.u32(RTA.OIF, ifindex);
    if (arrivedBy !== undefined) writer.u32(RTA.IIF, arrivedBy);
    if (mark !== undefined) writer.u32(RTA.MARK, mark);
  },
  describe: () => `find a route to ${formatAddress(question.destination)}`,
});

const lengthOf = ({ address, length }: Prefix): number => length ?? address.length * 8;

function describePrefix(prefix: Prefix | undefined): string {
  if (prefix === undefined) return 'default';
  return `${formatAddress(prefix.address)}/${lengthOf(prefix)}`;
}

function familyOfRoute({ destination, via, ipv4 }: Route): number {
  const address = destination?.address ?? via;
  if (address !== undefined) return familyOf(address);
  return ipv4 === true ? AF.INET : AF.INET6;
}

function changeOf(route: Route, type: number, flags: number, verb: string): Request {
  return {
    type,
    flags,
    write: (writer) => {
      writeHeader(writer, route, type === RTM_ROUTE.NEW);
      writeAttributes(writer, route);
    },
    describe: () => {
      const { ifindex, via, table = TABLE.main } = route;
      const by = via === undefined ? '' : ` via ${formatAddress(via)}`;
      const dev = ifindex === undefined ? '' : ` by link ${ifindex}`;
      return `${verb} ${describePrefix(route.destination)}${by}${dev} in table ${table}`;
    },
  };
}

function writeHeader(writer: MessageWriter, route: Route, isNew: boolean): void {
  const { destination, source, table = TABLE.main, via } = route;
  const type = route.type ?? (isNew ? 'unicast' : undefined);
  const family = familyOfRoute(route);
  // IPv4 asks that the scope of a route without a gateway is the link; IPv6 does not look.
  const near = family === AF.INET && type === 'unicast' && via === undefined;
  // Of one that goes, whatever its scope is.
  const scope = isNew ? (near ? SCOPE.link : SCOPE.universe) : SCOPE.nowhere;
  writer.structure(RTMSG.size, (octets, at) => {
    octets[at + RTMSG.family] = family;
    octets[at + RTMSG.destinationLength] = destination === undefined ? 0 : lengthOf(destination);
    octets[at + RTMSG.sourceLength] = source === undefined ? 0 : lengthOf(source);
    // Tables beyond 255 stand in RTA_TABLE alone.
    octets[at + RTMSG.table] = table < 256 ? table : 0;
    octets[at + RTMSG.protocol] = route.protocol ?? (isNew ? RTPROT_STATIC : 0);
    octets[at + RTMSG.scope] = scope;
    octets[at + RTMSG.type] = type === undefined ? 0 : TYPE[type];
    octets.writeUInt32LE(route.onLink === true ? RTNH_F_ONLINK : 0, at + RTMSG.flags);
  });
}

/** One of another version than its route stands behind its family: struct rtvia. */
function writeNextHop(writer: MessageWriter, via: Address, family: number): void {
  if (familyOf(via) === family) writer.address(RTA.GATEWAY, via);
  else writer.attribute(RTA.VIA, Buffer.from([familyOf(via), 0, ...addressOctets(via)]));
}

function writeAttributes(writer: MessageWriter, route: Route): void {
  const { destination, source, ifindex, via, preferredSource, metric, mtu } = route;
  if (destination !== undefined) writer.address(RTA.DST, destination.address);
  if (source !== undefined) writer.address(RTA.SRC, source.address);
  if (ifindex !== undefined) writer.u32(RTA.OIF, ifindex);
  if (via !== undefined) writeNextHop(writer, via, familyOfRoute(route));
  if (preferredSource !== undefined) writer.address(RTA.PREFSRC, preferredSource);
  if (metric !== undefined) writer.u32(RTA.PRIORITY, metric);
  writer.u32(RTA.TABLE, route.table ?? TABLE.main);
  if (mtu !== undefined) writer.nest(RTA.METRICS, () => writer.u32(RTAX_MTU, mtu));
}
