/** The sockets by which packets leave this host: by its routes, or on a link. */
import type { LinkAddress } from '../../core/role.ts';
import { type Address, isIpv4, isMulticast } from '../../wire/address.ts';
import { destinationOf } from '../../wire/ip-fields.ts';
import type { LinuxCounter } from '../counters.ts';
import { MARK } from '../plane/steering.ts';
import { PacketSender } from '../sys/packet-socket.ts';
import { RawSender } from '../sys/raw-socket.ts';
import { SegmentSender } from '../sys/segment-sender.ts';
import type { TransmitOutput } from './host.ts';
import { groupLinkAddress, type HostLink } from './host-links.ts';
import type { Neighbors } from './neighbors.ts';

export class Outlet {
  /** Large packets by a link. */
  readonly segments: SegmentSender;
  readonly #sender: PacketSender;
  readonly #raw: RawSender;
  readonly #rawIpv4: RawSender;
  readonly #count: (counter: LinuxCounter) => void;

  /** @param open opens a socket in the namespace of the node. Throws SysError. */
  constructor(
    open: <T extends { close(): void }>(make: () => T) => T,
    count: (counter: LinuxCounter) => void,
  ) {
    this.#count = count;
    this.#sender = open(() => new PacketSender());
    this.#raw = open(() => new RawSender(MARK));
    this.#rawIpv4 = open(() => new RawSender(MARK, 'ipv4'));
    this.segments = open(() => new SegmentSender());
  }

  /** What sends whole packets to an address by the host's routes. */
  rawTo(destination: Address): RawSender {
    return isIpv4(destination) ? this.#rawIpv4 : this.#raw;
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
    const target = nextHop ?? destinationOf(octets);
    if (to !== undefined) this.put(octets, on.ifindex, to);
    else if (isMulticast(target)) this.put(octets, on.ifindex, groupLinkAddress(target));
    else neighbors.send(octets, on.ifindex, target);
  }

  close(): void {
    this.#sender.close();
    this.#raw.close();
    this.#rawIpv4.close();
    this.segments.close();
  }
}
