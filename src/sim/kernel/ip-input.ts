import { execute, type Tunnel } from '../../core/forwarding/execute.ts';
import { Reassembly } from '../../core/forwarding/fragments.ts';
import { wholePacket } from '../../core/forwarding/packet-view.ts';
import type { LinkAddress } from '../../core/role.ts';
import { type Address, isMulticast, isUnicastRoutable } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { parsePacket, receiverFault } from '../../wire/packet.ts';
import { checksumOk, type HeaderWalk, walkPacket } from '../../wire/walk.ts';
import type { Frame } from '../link.ts';
import { INTERNAL, type Interface } from './interface.ts';
import { IPV6_HEADER } from './ip-fields.ts';
import type { Kernel } from './kernel.ts';
import { countDrop, divert, tell } from './outcomes.ts';
import { hasSourceRoute } from './source-routes.ts';

/** How a packet came to this node. */
export interface Arrival {
  readonly interface: Interface;
  /** Absent for what the node sent to itself. */
  readonly from: LinkAddress | undefined;
  /** The last tunnel that it came out of. */
  readonly tunnel: Tunnel | undefined;
}

/** A packet for an upper layer of this node. */
export interface Delivery {
  readonly octets: Uint8Array;
  readonly source: Address;
  readonly destination: Address;
  /** Where the upper layer is: [at, end). */
  readonly at: number;
  readonly end: number;
  readonly arrival: Arrival;
}

/** How packets come in. */
export class IpInput {
  readonly #kernel: Kernel;
  readonly #reassembly = new Reassembly();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Packets whose parts wait for others. */
  get waiting(): number {
    return this.#reassembly.size;
  }

  /** Takes a frame from a link. */
  receive(by: Interface, frame: Frame): void {
    const kernel = this.#kernel;
    const octets = wholePacket(frame.octets);
    if (octets === undefined || !maySend(octets)) {
      kernel.count('kernel.malformed');
      return;
    }
    const destination = destinationOf(octets);
    // Link addresses of groups are shared; a group that nobody here wants is none of our business.
    if (isMulticast(destination) && !by.hears(destination)) return;
    const arrival: Arrival = { interface: by, from: frame.from, tunnel: undefined };
    // Neighbor Discovery is between two nodes of a link; no entry and no route has a part in it.
    if (kernel.discovery.receive(octets, arrival)) return;
    const translated = kernel.nat?.isOuter(by.name) && !isIpv4Packet(octets);
    if (translated) this.#fromOutside(octets, destination, arrival);
    else this.#arrive(octets, destination, arrival);
  }

  /** Behind the translation is nobody but who has asked for it. */
  #fromOutside(octets: Uint8Array, destination: Address, arrival: Arrival): void {
    const kernel = this.#kernel;
    if (kernel.takes(destination, arrival.interface)) {
      const inward = kernel.nat!.inward(octets, kernel.simulation.now);
      if (inward === undefined) this.#arrive(octets, destination, arrival);
      else kernel.output.forward(inward, arrival);
      return;
    }
    const out = kernel.route(destination, sourceOf(octets))?.link;
    if (out === undefined || kernel.nat!.isOuter(out)) this.#arrive(octets, destination, arrival);
    else kernel.count('kernel.nat_refused');
  }

  /** Takes what the node sent to itself. */
  loopBack(octets: Uint8Array): void {
    const by = this.#kernel.interfaces.get(INTERNAL)!;
    const arrival: Arrival = { interface: by, from: undefined, tunnel: undefined };
    this.#arrive(octets, destinationOf(octets), arrival);
  }

  #arrive(came: Uint8Array, destination: Address, arrival: Arrival): void {
    const kernel = this.#kernel;
    const octets = kernel.isOwn(destination) ? this.#whole(came) : came;
    if (octets === undefined) return;
    if (kernel.table.size === 0) {
      this.#decide(octets, destination, arrival);
      return;
    }
    const outcome = execute(kernel.table, 'arriving', octets, kernel.simulation.now);
    if (outcome.kind === 'unmatched') {
      this.#decide(octets, destination, arrival);
      return;
    }
    tell(kernel, outcome.notices);
    if (outcome.kind === 'drop') countDrop(kernel, outcome);
    else if (outcome.kind === 'divert') {
      divert(kernel, outcome, arrival.interface.name, arrival.from);
    } else {
      const tunnel = outcome.tunnel ?? arrival.tunnel;
      this.#decide(outcome.octets, destinationOf(outcome.octets), { ...arrival, tunnel });
    }
  }

  /** What ends here must be whole first; undefined where parts are missing still. */
  #whole(octets: Uint8Array): Uint8Array | undefined {
    if (!mayBePart(octets) || walkPacket(octets)?.isPart !== true) return octets;
    const kernel = this.#kernel;
    const { failed } = this.#reassembly;
    kernel.count('kernel.fragment');
    const whole = this.#reassembly.add(octets, kernel.simulation.now);
    if (whole !== undefined) kernel.count('kernel.reassembled');
    const lost = this.#reassembly.failed - failed;
    if (lost > 0) kernel.count('kernel.reassembly_failed', lost);
    return whole;
  }

  /** For this node, or for another? */
  #decide(octets: Uint8Array, destination: Address, arrival: Arrival): void {
    const kernel = this.#kernel;
    if (kernel.takes(destination, arrival.interface)) this.#deliver(octets, destination, arrival);
    else if (kernel.forwarding && !isMulticast(destination)) kernel.output.forward(octets, arrival);
    else kernel.count('kernel.not_ours');
  }

  #deliver(came: Uint8Array, destination: Address, arrival: Arrival): void {
    const kernel = this.#kernel;
    // Fragments may have come out of a tunnel, or out of headers that said whose they are.
    const octets = this.#whole(came);
    if (octets === undefined) return;
    const walk = walkPacket(octets);
    if (walk === undefined) {
      kernel.count('kernel.malformed');
      if (isIpv4Packet(octets)) return;
      const parsed = parsePacket(octets);
      const reply = parsed.ok ? undefined : parsed.error.reply;
      if (!parsed.ok && reply?.kind === 'parameter-problem') {
        kernel.icmp.parameterProblem(octets, reply.code, parsed.error.offset);
      }
      return;
    }
    if (isIpv4Packet(octets)) {
      // A tunnel may have brought it.
      if (!maySend(octets)) {
        kernel.count('kernel.malformed');
        return;
      }
      if (hasSourceRoute(octets, walk)) {
        kernel.count('kernel.unknown_option');
        return;
      }
    } else if (walk.upperAt > IPV6_HEADER && !this.#passesHeaders(octets, walk)) return;
    if (!checksumOk(octets)) {
      kernel.count('kernel.checksum');
      return;
    }
    kernel.count('kernel.delivered');
    const { upperAt: at, end, protocol } = walk;
    const delivery: Delivery = { octets, source: sourceOf(octets), destination, at, end, arrival };
    if (protocol === PROTOCOL.tcp) kernel.tcp.receive(delivery);
    else if (protocol === PROTOCOL.udp) kernel.udp.receive(delivery);
    else if (protocol === icmpOf(octets)) kernel.icmp.receive(delivery);
    else if (protocol !== PROTOCOL.noNextHeader) {
      kernel.count('kernel.unknown_header');
      kernel.icmp.parameterProblem(octets, 1, walk.nextHeaderAt);
    }
  }

  /** What a host that knows nothing of mobility makes of extension headers. RFC 8200 section 4. */
  #passesHeaders(octets: Uint8Array, walk: HeaderWalk): boolean {
    const kernel = this.#kernel;
    const parsed = parsePacket(octets);
    const fault = parsed.ok ? receiverFault(parsed.value) : parsed.error;
    // What is wrong in the upper layer is for the upper layer to say.
    const wrong = fault !== undefined && fault.offset < walk.upperAt ? fault.offset : NOWHERE;
    const option = walk.homeAddressAt < 0 ? NOWHERE : walk.homeAddressAt - 2;
    const routing = walk.routing2At < 0 ? NOWHERE : walk.routing2At + 2;
    const first = Math.min(option, routing, wrong);
    if (first === NOWHERE) return true;
    kernel.count(first === routing ? 'kernel.unknown_header' : 'kernel.unknown_option');
    if (first === option) kernel.icmp.parameterProblem(octets, 2, option);
    else if (first === routing) kernel.icmp.parameterProblem(octets, 0, routing);
    else if (fault?.reply?.kind === 'parameter-problem') {
      kernel.icmp.parameterProblem(octets, fault.reply.code, wrong);
    }
    return false;
  }
}

const NOWHERE = Number.POSITIVE_INFINITY;

const EXTENSIONS: ReadonlySet<number> = new Set([
  PROTOCOL.hopByHopOptions,
  PROTOCOL.routing,
  PROTOCOL.fragment,
  PROTOCOL.destinationOptions,
]);

const icmpOf = (octets: Uint8Array): number =>
  isIpv4Packet(octets) ? PROTOCOL.icmpv4 : PROTOCOL.icmpv6;

/** Is there somebody who can be answered? An IPv6 node may have no address yet. RFC 1812 section 5.3.7. */
function maySend(octets: Uint8Array): boolean {
  const source = sourceOf(octets);
  return isIpv4Packet(octets) ? isUnicastRoutable(source) : !isMulticast(source);
}

/** Most packets have no extension header at all. */
const mayBePart = (octets: Uint8Array): boolean =>
  isIpv4Packet(octets) || EXTENSIONS.has(octets[6]!);
