/**
 * Sends packets of the control side to one neighbor on one link, whose address on the link the kernel
 * knows or finds out. What has no answer yet waits for it.
 */
import type { LinkAddress } from '../../core/role.ts';
import type { Address } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import { NEIGHBOUR_STATE, type Neighbour } from '../sys/netlink/neighbours.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { SysError } from '../sys/sys-error.ts';

/** Packets that wait for one neighbor; the oldest goes (RFC 4861 section 7.2.2: at least one). */
const MAX_WAITING = 3;
/** Neighbors that are waited for; more are refused. */
const MAX_NEIGHBORS = 512;
/** Source: RFC 4861 section 10: MAX_MULTICAST_SOLICIT times RETRANS_TIMER, and a little. */
const WAIT_MILLISECONDS = 3500;

export interface NeighborSurroundings {
  readonly netlink: Pick<Rtnetlink, 'neighbour' | 'useNeighbour'>;
  /** Puts a packet on a link. */
  send(octets: Uint8Array, ifindex: number, to: LinkAddress): void;
  count(counter: LinuxCounter): void;
}

interface Waiting {
  readonly packets: Uint8Array[];
  readonly timer: NodeJS.Timeout;
}

const keyOf = (ifindex: number, address: Address): string => `${ifindex} ${address}`;

export class Neighbors {
  readonly #around: NeighborSurroundings;
  readonly #waiting = new Map<string, Waiting>();

  constructor(around: NeighborSurroundings) {
    this.#around = around;
  }

  get size(): number {
    return this.#waiting.size;
  }

  send(octets: Uint8Array, ifindex: number, address: Address): void {
    const known = this.#around.netlink.neighbour(ifindex, address);
    const { linkAddress, state = 0 } = known ?? {};
    if (linkAddress !== undefined && (state & VALID) !== 0) {
      // One that may be out of date is asked while it is used (RFC 4861 section 7.3.3).
      if (state === NEIGHBOUR_STATE.STALE) this.#use(ifindex, address);
      this.#around.send(octets, ifindex, linkAddress);
      return;
    }
    const key = keyOf(ifindex, address);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.packets.push(octets);
      if (waiting.packets.length <= MAX_WAITING) return;
      waiting.packets.shift();
      this.#around.count('host.neighbor_refused');
      return;
    }
    if (this.#waiting.size >= MAX_NEIGHBORS) {
      this.#around.count('host.neighbor_refused');
      return;
    }
    const timer = setTimeout(() => this.#failed(key), WAIT_MILLISECONDS);
    this.#waiting.set(key, { packets: [octets], timer });
    this.#use(ifindex, address);
  }

  /** Takes what the kernel says of a neighbor. */
  follow({ ifindex, address, linkAddress, state = 0 }: Neighbour): void {
    const key = keyOf(ifindex, address);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    if ((state & NEIGHBOUR_STATE.FAILED) !== 0) this.#failed(key);
    if (linkAddress === undefined || (state & VALID) === 0) return;
    this.#waiting.delete(key);
    clearTimeout(waiting.timer);
    for (const octets of waiting.packets) this.#around.send(octets, ifindex, linkAddress);
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  #use(ifindex: number, address: Address): void {
    try {
      this.#around.netlink.useNeighbour(ifindex, address);
    } catch (error) {
      // The link is down, or has just gone: the packets wait and are given up.
      if (!(error instanceof SysError)) throw error;
    }
  }

  #failed(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    clearTimeout(waiting.timer);
    for (const _ of waiting.packets) this.#around.count('host.neighbor_failed');
  }
}

/** NUD_VALID of <net/neighbour.h>. */
const VALID =
  NEIGHBOUR_STATE.PERMANENT |
  NEIGHBOUR_STATE.NOARP |
  NEIGHBOUR_STATE.REACHABLE |
  NEIGHBOUR_STATE.PROBE |
  NEIGHBOUR_STATE.STALE |
  NEIGHBOUR_STATE.DELAY;
