/**
 * The control side's copies of the ICMPv6 packets that the host gets, and what the data plane itself
 * learns of them, and of those of ICMP for IPv4: errors about packets that it has sent.
 *
 * Supported standards: RFC 4443, RFC 8201 section 4, RFC 1191.
 */
import { PacketView } from '../../core/forwarding/packet-view.ts';
import type { PathMtus } from '../../core/forwarding/path-mtus.ts';
import type { PathProbes } from '../../core/forwarding/path-probes.ts';
import type { LinkAddress } from '../../core/role.ts';
import type { Address } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { checksumOk } from '../../wire/walk.ts';
import { type ErrorTeller, heardError } from './network-errors.ts';
import type { PlaneSurroundings } from './surroundings.ts';

/** Multicast Listener Discovery is the kernel's own business (RFC 2710, RFC 3810). */
const LISTENERS: ReadonlySet<number> = new Set([130, 131, 132, 143]);
/** How a packet came. */
export interface Arrival {
  readonly link: string;
  readonly from?: LinkAddress;
  readonly tunnel?: { readonly src: Address; readonly dst: Address };
}

/** How errors go to who made the packets that they are about. */
export interface ErrorSending {
  /** Are senders told of sizes? */
  readonly tells: boolean;
  readonly toSender: (octets: Uint8Array) => void;
}

/** What probes of paths make of messages. */
export type Probing = Pick<PathProbes, 'answered' | 'tooBig'>;

export class Icmpv6Copies {
  readonly #host: Pick<PlaneSurroundings, 'now' | 'isOwn' | 'control' | 'count' | 'learned'>;
  readonly #pathMtus: PathMtus;
  readonly #errors: ErrorTeller;
  readonly #sending: ErrorSending;
  readonly #probing: Probing;

  constructor(
    host: Pick<PlaneSurroundings, 'now' | 'isOwn' | 'control' | 'count' | 'learned'>,
    pathMtus: PathMtus,
    errors: ErrorTeller,
    sending: ErrorSending,
    probing: Probing,
  ) {
    this.#host = host;
    this.#pathMtus = pathMtus;
    this.#errors = errors;
    this.#sending = sending;
    this.#probing = probing;
  }

  /** Takes an ICMPv6 packet for this host, or one of ICMP, of which the control side needs nothing. */
  copy(octets: Uint8Array, { link, from, tunnel }: Arrival): void {
    const { walk, isPart, isIpv4, isError } = new PacketView(octets);
    const type = walk === undefined ? undefined : octets[walk.upperAt];
    if (walk === undefined || type === undefined || isPart) return;
    if (!isIpv4 && LISTENERS.has(type)) return;
    if (!checksumOk(octets)) {
      this.#host.count('host.checksum');
      return;
    }
    if (isError) this.#learn(octets);
    if (isIpv4) return;
    this.#host.count('host.icmpv6');
    this.#probing.answered(octets);
    this.#host.control({
      kind: 'packet',
      link,
      octets: octets.slice(),
      reason: 'icmpv6',
      ...(tunnel && { tunnel }),
      ...(from && { from }),
    });
  }

  /**
   * An error about a packet that this plane sent: what is too big is remembered, and who made the
   * packet is told in terms of what it made. What the host's stack sent itself it hears itself.
   */
  #learn(octets: Uint8Array): void {
    const heard = heardError(octets);
    if (heard === undefined || !this.#host.isOwn(sourceOf(heard.about))) return;
    const { error, about, relayed } = heard;
    if (error.kind === 'too-big') {
      if (relayed !== undefined && !this.#sending.tells) return;
      // Of what programs have sent over IPv4 the kernel knows better whether it is true (RFC 5927 section 4).
      if (relayed === undefined && isIpv4Packet(octets)) return;
      const destination = destinationOf(about);
      const learned = this.#pathMtus.learn(destination, error.mtu, this.#host.now());
      this.#host.learned?.(learned);
      this.#probing.tooBig(destination, error.mtu);
    }
    if (relayed === undefined) return;
    const counted = this.#errors.tell(relayed, this.#sending.toSender);
    this.#host.count(counted);
  }
}
