/**
 * The control side's copies of the ICMPv6 packets that the host gets, and what the data plane itself
 * learns of them: errors about packets that it has sent.
 *
 * Supported standards: RFC 4443, RFC 8201 section 4.
 */
import { PacketView } from '../../core/forwarding/packet-view.ts';
import type { PathMtus } from '../../core/forwarding/path-mtus.ts';
import type { PathProbes } from '../../core/forwarding/path-probes.ts';
import type { LinkAddress } from '../../core/role.ts';
import { type Address, readAddress } from '../../wire/address.ts';
import { checksumOk } from '../../wire/walk.ts';
import { type ErrorTeller, relayedError } from './network-errors.ts';
import type { PlaneSurroundings } from './surroundings.ts';

/** Source: RFC 4443 section 2.1. */
const FIRST_INFORMATIONAL = 128;
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

  /** Takes an ICMPv6 packet for this host. */
  copy(octets: Uint8Array, { link, from, tunnel }: Arrival): void {
    const { walk, isPart } = new PacketView(octets);
    const type = walk === undefined ? undefined : octets[walk.upperAt];
    if (walk === undefined || type === undefined || isPart || LISTENERS.has(type)) return;
    if (!checksumOk(octets)) {
      this.#host.count('host.checksum');
      return;
    }
    this.#host.count('host.icmpv6');
    this.#probing.answered(octets);
    if (type < FIRST_INFORMATIONAL) this.#learn(octets.subarray(walk.upperAt));
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
  #learn(message: Uint8Array): void {
    const about = message.subarray(8);
    if (about.length < 40 || !this.#host.isOwn(readAddress(about, 8))) return;
    const mtu = new DataView(message.buffer, message.byteOffset).getUint32(4);
    const isTooBig = message[0] === 2;
    const relayed = relayedError(message);
    if (isTooBig && relayed !== undefined && !this.#sending.tells) return;
    if (isTooBig) {
      const destination = readAddress(about, 24);
      const learned = this.#pathMtus.learn(destination, mtu, this.#host.now());
      this.#host.learned?.(learned);
      this.#probing.tooBig(destination, mtu);
    }
    if (relayed === undefined) return;
    const counted = this.#errors.tell(relayed, this.#sending.toSender);
    this.#host.count(counted);
  }
}
