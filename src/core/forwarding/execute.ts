import type { Address } from '../../wire/address.ts';
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { walkPacket } from '../../wire/walk.ts';
import { after, type Instant, seconds } from '../time.ts';
import { type ConnectionSegment, connectionSegment } from './connection-segment.ts';
import type {
  Action,
  DivertReason,
  DropReason,
  ForwardingEntry,
  Hook,
  NotifyReason,
} from './entry.ts';
import { innerAt, PacketView, wholePacket } from './packet-view.ts';
import {
  applyHomeAddress,
  applyRouting2,
  type Fault,
  insertHomeAddress,
  insertRouting2,
  popIp,
  pushIp,
  type Rewritten,
} from './rewrite.ts';
import type { ForwardingTable, Row } from './table.ts';
import { popUdp, pushUdp } from './udp-tunnel.ts';

/** Entries that one arriving packet may meet: tunnel, routing header, option, and one more. */
const MAX_DEPTH = 4;
/** An entry tells the control side of a pair of addresses no more often than this. */
const NOTICE_INTERVAL = seconds(1);
/** Pairs of addresses that an entry remembers for that; the oldest is forgotten. */
const MAX_NOTICED = 256;

/** For the control side, as the `notice` input of role.ts; addresses as they were at the action. */
export interface Notice {
  readonly entry: string;
  readonly reason: NotifyReason;
  readonly src: Address;
  readonly dst: Address;
  /** With the reason `connection`. */
  readonly connection?: ConnectionSegment;
}

/** The addresses of an outer header that was taken off; `udp`: the ports, where there was such a one. */
export interface Tunnel {
  readonly src: Address;
  readonly dst: Address;
  readonly udp?: { readonly sport: number; readonly dport: number };
}

/** What becomes of a packet. `entry` is the last one that it met. */
export type Outcome =
  /** No entry is for it: it goes on as it is. */
  | { readonly kind: 'unmatched' }
  /** It goes on as `octets`; `tunnel` is the last outer header that came off. */
  | {
      readonly kind: 'continue';
      readonly octets: Uint8Array;
      readonly entry: ForwardingEntry;
      readonly out?: ForwardingEntry['out'];
      readonly tunnel?: Tunnel;
      readonly notices: readonly Notice[];
    }
  /** It is the control side's. */
  | {
      readonly kind: 'divert';
      readonly octets: Uint8Array;
      readonly reason: DivertReason;
      readonly entry: ForwardingEntry;
      readonly tunnel?: Tunnel;
      readonly notices: readonly Notice[];
    }
  /** It ends here; without `entry` it was cut short before it came. */
  | {
      readonly kind: 'drop';
      readonly reason: DropReason | Fault | 'too-deep';
      readonly entry?: ForwardingEntry;
      readonly notices: readonly Notice[];
    };

/** A packet on its way through the table; its headers are read only where somebody asks. */
class Passage {
  octets: Uint8Array;
  tunnel: Tunnel | undefined;
  readonly beyond: number;
  readonly notices: Notice[] = [];
  #packet: PacketView | undefined;

  constructor(octets: Uint8Array, beyond: number) {
    this.octets = octets;
    this.beyond = beyond;
  }

  get packet(): PacketView {
    if (this.#packet?.octets !== this.octets) this.#packet = new PacketView(this.octets);
    return this.#packet;
  }
}

/**
 * The data plane: does to one packet what the table says.
 *
 * At `leaving` one entry is executed, with its whole list. At `arriving` a packet from which a
 * header came off meets the table again, as if it had just arrived, up to four times; so a packet
 * with a Home Address option inside a tunnel needs no entry of its own. `octets` is not written to,
 * and an outcome may share its memory.
 *
 * @param beyond octets of payload that a data plane keeps elsewhere: they count for the entries that
 * the packet meets.
 */
export function execute(
  table: ForwardingTable,
  hook: Hook,
  octets: Uint8Array,
  now: Instant,
  beyond = 0,
): Outcome {
  const whole = wholePacket(octets);
  if (whole === undefined) {
    const foreign = octets.length > 0 && octets[0]! >> 4 !== 6 && !isIpv4Packet(octets);
    return foreign ? UNMATCHED : { kind: 'drop', reason: 'malformed', notices: [] };
  }
  const passage = new Passage(whole, beyond);
  let last: ForwardingEntry | undefined;
  for (let depth = 0; ; depth++) {
    const row = table.find(hook, passage.packet, now);
    if (row === undefined) {
      if (last === undefined) return UNMATCHED;
      return { kind: 'continue', octets: passage.octets, ...ending(last, passage) };
    }
    last = row.entry;
    if (depth === MAX_DEPTH) {
      return { kind: 'drop', reason: 'too-deep', entry: last, notices: passage.notices };
    }
    const end = follow(row, passage, now, table.encapsulationLimit);
    if (end !== undefined) return end;
    if (hook === 'leaving' || !last.do.some(takesOff)) {
      return { kind: 'continue', octets: passage.octets, ...ending(last, passage) };
    }
  }
}

const UNMATCHED: Outcome = { kind: 'unmatched' };

/** The entry that a leaving packet would meet, so that a host can reckon what it may send. */
export function leavingEntry(
  table: ForwardingTable,
  octets: Uint8Array,
  now: Instant,
): ForwardingEntry | undefined {
  const whole = wholePacket(octets);
  return whole && table.find('leaving', new PacketView(whole), now)?.entry;
}

const takesOff = (action: Action) => 'pop' in action || 'apply' in action;

function ending(entry: ForwardingEntry, { tunnel, notices }: Passage) {
  return {
    entry,
    ...(entry.out && { out: entry.out }),
    ...(tunnel && { tunnel }),
    notices,
  };
}

/** Counts the packet and does the entry's actions; an outcome where one of them ends its way. */
function follow(row: Row, passage: Passage, now: Instant, limit: number): Outcome | undefined {
  const { entry } = row;
  row.packets += 1;
  row.octets += passage.octets.length + passage.beyond;
  for (const action of entry.do) {
    if ('drop' in action) return dropped(action.drop, entry, passage);
    if ('divert' in action) {
      const { octets, tunnel, notices } = passage;
      const { reason } = action;
      return {
        kind: 'divert',
        octets,
        reason,
        entry,
        ...(tunnel && { tunnel }),
        notices,
      };
    }
    if ('notify' in action) {
      notify(row, action.notify, passage, now);
      continue;
    }
    if ('push' in action && tunnelsAround(passage.packet) >= limit) {
      return dropped('too-deep', entry, passage);
    }
    const rewritten = rewrite(passage.packet, action);
    if (typeof rewritten === 'string') return dropped(rewritten, entry, passage);
    if ('pop' in action) passage.tunnel = tunnelOf(passage.packet, action.pop);
    passage.octets = rewritten;
  }
  return undefined;
}

/** What the control side is told of a header that comes off. */
function tunnelOf({ src, dst, sport, dport }: PacketView, kind: 'ipv6' | 'ipv4' | 'udp'): Tunnel {
  const ports = kind === 'udp' && sport !== undefined && dport !== undefined;
  return ports ? { src, dst, udp: { sport, dport } } : { src, dst };
}

function dropped(
  reason: DropReason | Fault | 'too-deep',
  entry: ForwardingEntry,
  { notices }: Passage,
): Outcome {
  return { kind: 'drop', reason, entry, notices };
}

/** Packets that go round between two tunnels grow each time: what is in too many goes no further. */
function tunnelsAround({ octets, walk: outermost }: PacketView): number {
  let tunnels = 0;
  let at = outermost === undefined ? -1 : innerAt(octets, outermost);
  while (at >= 0) {
    tunnels += 1;
    const walk = walkPacket(octets, at);
    at = walk === undefined ? -1 : innerAt(octets, walk);
  }
  return tunnels;
}

function notify(row: Row, reason: NotifyReason, passage: Passage, now: Instant): void {
  const { home, dst, protocol } = passage.packet;
  // A peer that is away itself is known by its home address, not by where it is just now.
  const src = home ?? passage.packet.src;
  // Signalling is no flow: nobody is to be told where we are for having tested that we are there. Errors ask for
  // no answer, and anybody can send them (RFC 6275 section 11.3.5).
  if (protocol === PROTOCOL.mobility || passage.packet.isError) return;
  const connection = reason === 'connection' ? connectionSegment(passage.packet) : undefined;
  if (reason === 'connection' && connection === undefined) return;
  const ends = src + dst + (connection === undefined ? '' : connectionKey(connection));
  const last = row.noticed.get(ends);
  if (last !== undefined && now < after(last, NOTICE_INTERVAL)) return;
  row.noticed.delete(ends); // so that the map stays in order of time
  row.noticed.set(ends, now);
  if (row.noticed.size > MAX_NOTICED) row.noticed.delete(row.noticed.keys().next().value!);
  const notice = { entry: row.entry.id, reason, src, dst };
  passage.notices.push(connection === undefined ? notice : { ...notice, connection });
}

const connectionKey = ({ sport, dport, does }: ConnectionSegment): string =>
  `${sport}/${dport}/${does}`;

type Change = Exclude<Action, { divert: unknown } | { drop: unknown } | { notify: unknown }>;

function rewrite(packet: PacketView, action: Change): Rewritten {
  if ('push' in action) {
    return action.push === 'udp' ? pushUdp(packet, action) : pushIp(packet, action);
  }
  if ('pop' in action) return action.pop === 'udp' ? popUdp(packet) : popIp(packet, action.pop);
  if ('apply' in action) {
    return action.apply === 'home-address' ? applyHomeAddress(packet) : applyRouting2(packet);
  }
  return action.insert === 'home-address'
    ? insertHomeAddress(packet, action.careOf)
    : insertRouting2(packet, action.careOf);
}
