/**
 * How a flow's packets travel, seen on the links next to its two ends: plain, inside a tunnel, or by
 * route optimisation.
 */
import type { PathKind } from '../core/events.ts';
import { innerAt } from '../core/forwarding/packet-view.ts';
import type { Instant } from '../core/time.ts';
import { type Address, readAddress } from '../wire/address.ts';
import { destinationOf, sourceOf } from '../wire/ip-fields.ts';
import { PROTOCOL } from '../wire/numbers.ts';
import { walkPacket } from '../wire/walk.ts';

/** A data packet, whatever it is wrapped in. */
export interface Carried {
  readonly path: PathKind;
  /** The addresses that the transports know. */
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** More tunnels inside each other than a scenario has. */
const MAX_DEPTH = 4;

/** The TCP segment or UDP datagram in a packet, and how it is carried; undefined for all others. */
export function carried(octets: Uint8Array): Carried | undefined {
  let path: PathKind = 'direct';
  let at = 0;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const walk = walkPacket(octets, at);
    if (walk === undefined || !walk.firstFragment) return undefined;
    const inside = innerAt(octets, walk);
    if (inside >= 0) {
      path = walk.protocol === PROTOCOL.udp ? 'udp-tunnelled' : 'tunnelled';
      at = inside;
      continue;
    }
    if (walk.protocol !== PROTOCOL.tcp && walk.protocol !== PROTOCOL.udp) return undefined;
    const { homeAddressAt, routing2At, upperAt } = walk;
    if (upperAt + 4 > walk.end) return undefined;
    if (path === 'direct' && (homeAddressAt >= 0 || routing2At >= 0)) path = 'route-optimised';
    return {
      path,
      source: homeAddressAt < 0 ? sourceOf(octets, at) : readAddress(octets, homeAddressAt),
      destination: routing2At < 0 ? destinationOf(octets, at) : readAddress(octets, routing2At + 8),
      protocol: walk.protocol,
      sourcePort: (octets[upperAt]! << 8) | octets[upperAt + 1]!,
      destinationPort: (octets[upperAt + 2]! << 8) | octets[upperAt + 3]!,
    };
  }
  return undefined;
}

/** A stretch of packets that travelled alike. */
export interface Run {
  readonly path: PathKind;
  readonly first: number;
  last: number;
  packets: number;
}

/** The packets of a flow at one of its ends, in order. */
export class PathRuns {
  readonly runs: Run[] = [];

  add(path: PathKind, at: Instant): void {
    const run = this.runs.at(-1);
    if (run?.path === path) {
      run.last = at;
      run.packets += 1;
    } else this.runs.push({ path, first: at, last: at, packets: 1 });
  }

  /** How the first packet at a moment or after it travelled. */
  at(moment: number): PathKind | undefined {
    return this.runs.find((run) => run.last >= moment)?.path;
  }
}

/** A flow at both ends: as its sender's link saw it, and as its receiver's did. */
export class FlowPaths {
  readonly sender = new PathRuns();
  readonly receiver = new PathRuns();

  /**
   * The path at a moment. A tunnel to one end alone shows at that end alone; so whichever end sees
   * more than a plain packet is right. Undefined when no packet came any more.
   */
  at(moment: number): PathKind | 'mixed' | undefined {
    const ends = [this.sender.at(moment), this.receiver.at(moment)];
    const special = new Set(ends.filter((path) => path !== undefined && path !== 'direct'));
    if (special.size > 1) return 'mixed';
    return [...special][0] ?? ends[1] ?? ends[0];
  }

  /**
   * The runs of the end that sees fewer plain packets: a tunnel that begins at the one end is over
   * before the other.
   */
  get telling(): readonly Run[] {
    const plain = ({ runs }: PathRuns) =>
      runs.reduce((sum, { path, packets }) => sum + (path === 'direct' ? packets : 0), 0);
    return plain(this.sender) < plain(this.receiver) ? this.sender.runs : this.receiver.runs;
  }
}
