/** What the TypeScript data plane needs around it: the host's real routes, its stack, its addresses. */
import type { LearnedMtu } from '../../core/forwarding/path-mtus.ts';
import type { Input } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { LargePacket } from '../sys/large-packet.ts';

/** What became of a packet that was sent by the host's routes. */
export type SendResult = 'sent' | 'too-big' | 'no-route' | 'refused';

/** By which link a packet leaves, where its entry says so. */
export interface Out {
  readonly link: string;
  readonly nextHop?: Address;
}

export interface PlaneSurroundings {
  readonly now: () => Instant;
  /** Sends a whole packet as it is; `source` decides among routes that are for one source only. */
  send(octets: Uint8Array, source: Address, destination: Address, out: Out | undefined): SendResult;
  /** The same for packets that have one way; gives how many of the first were sent. */
  sendMany(
    packets: readonly Uint8Array[],
    source: Address,
    destination: Address,
    out: Out | undefined,
  ): number;
  /**
   * The same for a large packet, none of whose segments is longer than its path is known to take; false
   * where its segments have to be sent one by one.
   */
  sendLarge(packet: LargePacket, source: Address, destination: Address): boolean;
  /** The MTU of the way that a packet takes; undefined: there is none. */
  mtuOf(source: Address, destination: Address, out: Out | undefined): number | undefined;
  /** The MTU of the link that packets leave by, whatever the host has learned of the path behind it. */
  linkMtuOf(source: Address, destination: Address, out: Out | undefined): number | undefined;
  /** The packet has arrived by the anchor device: the host's stack delivers or forwards it. */
  deliver(octets: Uint8Array): boolean;
  /** The same for a large packet, whose octets stay as they are until `flush` of the host's device. */
  deliverLarge(packet: LargePacket): boolean;
  /** Is it an address of the host, on whatever link? */
  isOwn(address: Address): boolean;
  /** Does the host take what is sent to a group, on this link? */
  hears(link: string, group: Address): boolean;
  /** An address of the host that errors to a destination may come from. */
  sourceFor(destination: Address): Address | undefined;
  /** A path takes no more than this: who else sends by it has to know. */
  learned?(path: LearnedMtu): void;
  /** Packets that an entry has carried, the accelerator's too. */
  carried(entry: string): number;
  /** The plane's `tick` is wanted at this moment; undefined: no more. */
  wakeAt(at: Instant | undefined): void;
  /** Octets that nobody can guess. */
  secrets(count: number): Uint8Array;
  control(input: Input): void;
  count(counter: LinuxCounter): void;
}
