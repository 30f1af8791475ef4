/** The sockets by which packets leave this host: by its routes, or on a link. */
import type { LinkAddress } from '../../core/role.ts';
import { isMulticast, readAddress } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import { MARK } from '../plane/steering.ts';
import { RawIpv6Sender } from '../sys/ipv6-socket.ts';
import { PacketSender } from '../sys/packet-socket.ts';
import { SegmentSender } from '../sys/segment-sender.ts';
import type { TransmitOutput } from './host.ts';
import { groupLinkAddress, type HostLink } from './host-links.ts';
import type { Neighbors } from './neighbors.ts';

export class Outlet {
  /** Whole packets by the host's routes. */
  readonly raw: RawIpv6Sender;
  /** Large packets by a link. */
  readonly segments: SegmentSender;
  readonly #sender: PacketSender;
  readonly #count: (counter: LinuxCounter) => void;

  /** @param open opens a socket in the namespace of the node. Throws SysError. */
  constructor(
    open: <T extends { close(): void }>(make: () => T) => T,
    count: (counter: LinuxCounter) => void,
  ) {
    this.#count = count;
    this.#sender = open(() => new PacketSender());
    this.raw = open(() => new RawIpv6Sender(MARK));
    this.segments = open(() => new SegmentSender());
  }

  /** Puts a packet on a link. */
  put(octets: Uint8Array, ifindex: number, to: LinkAddress): void {
    const refused = this.#sender.send(octets, ifindex, to);
    this.#count(refused === undefined ? 'host.transmitted' : 'host.link_down');
  }

  /** Sends a packet of the control side on the link that it says. */
  transmit(
    { octets, nextHop, to }: TransmitOutput,
    on: HostLink | undefined,
    neighbors: Neighbors,
  ): void {
    if (on?.up !== true) {
      this.#count('host.link_down');
      return;
    }
    const target = nextHop ?? readAddress(octets, 24);
    if (to !== undefined) this.put(octets, on.ifindex, to);
    else if (isMulticast(target)) this.put(octets, on.ifindex, groupLinkAddress(target));
    else neighbors.send(octets, on.ifindex, target);
  }

  close(): void {
    this.#sender.close();
    this.raw.close();
    this.segments.close();
  }
}
