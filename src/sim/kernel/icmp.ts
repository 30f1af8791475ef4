import { minimumMtu } from '../../core/forwarding/path-mtus.ts';
import { type Quoted, quotedInside, quotedPacket } from '../../core/forwarding/quoted.ts';
import {
  errorIn,
  errorMessage,
  mayCauseError,
  type NetworkError,
} from '../../core/icmp-messages.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import { milliseconds } from '../../core/time.ts';
import { type Address, IPV4_DUMMY, isIpv4, UNSPECIFIED } from '../../wire/address.ts';
import { destinationOf, ipHeader, isIpv4Packet, lengthOf, sourceOf } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { type Layer, type LayerInput, parsePacket, serialisePacket } from '../../wire/packet.ts';
import { IPV6_HEADER } from './ip-fields.ts';
import type { Delivery } from './ip-input.ts';
import type { Kernel } from './kernel.ts';

/** Errors a second and at once. Linux: icmp_msgs_per_sec 1000, icmp_msgs_burst 50. */
const ERROR_INTERVAL = milliseconds(1);
const ERROR_BURST = 50;

/** ICMPv6 but for Neighbor Discovery, and ICMP: errors, both ways, and echo. Source: RFC 4443, RFC 792. */
export class Icmp {
  readonly #kernel: Kernel;
  readonly #limit = new RateLimit(ERROR_INTERVAL, ERROR_BURST);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Destination Unreachable: 0 no route, 2 scope, 3 address, 4 port, 5 source. RFC 4443 section 3.1. */
  unreachable(about: Uint8Array, code: 0 | 2 | 3 | 4 | 5): void {
    this.#error(about, { kind: 'unreachable', code });
  }

  packetTooBig(about: Uint8Array, mtu: number): void {
    this.#error(about, { kind: 'too-big', mtu });
  }

  timeExceeded(about: Uint8Array): void {
    this.#error(about, { kind: 'time-exceeded', code: 0 });
  }

  parameterProblem(about: Uint8Array, code: 0 | 1 | 2, pointer: number): void {
    this.#error(about, { kind: 'parameter-problem', code, pointer });
  }

  /** May errors go out now? Redirects share their limit (RFC 4861 section 8.2). */
  mayTell(): boolean {
    if (this.#limit.take(this.#kernel.simulation.now)) return true;
    this.#kernel.count('kernel.error_suppressed');
    return false;
  }

  /** Takes a message for this node. */
  receive(delivery: Delivery): void {
    const kernel = this.#kernel;
    const { octets, arrival } = delivery;
    const parsed = parsePacket(octets);
    if (!parsed.ok) kernel.count('kernel.malformed');
    else {
      const message = parsed.value.find((one) => ICMP_LAYERS.has(one.layer));
      if (message !== undefined) this.#take(message, delivery);
    }
    if (!isIpv4Packet(octets)) this.copy(octets, arrival);
  }

  /** Gives the control side its copy of a message of ICMPv6. */
  copy(octets: Uint8Array, { interface: by, from, tunnel }: Delivery['arrival']): void {
    this.#kernel.control?.({
      kind: 'packet',
      link: by.name,
      octets,
      reason: 'icmpv6',
      ...(tunnel && { tunnel }),
      ...(from && { from }),
    });
  }

  /**
   * A packet of this node met an error, on its way or here already. What it was for learns of it:
   * a socket, or the sender of a packet that went into a tunnel (RFC 2473 section 8).
   */
  failed(about: Uint8Array, error: NetworkError): void {
    const kernel = this.#kernel;
    const outer = quotedPacket(about);
    if (outer === undefined || !kernel.isOwn(sourceOf(about))) {
      kernel.count('kernel.error_ignored');
      return;
    }
    const inside = quotedInside(outer);
    if (error.kind === 'too-big') {
      const grown = inside !== undefined || outer.at > IPV6_HEADER;
      if (grown && kernel.without.has('packet-too-big')) return;
      if (isIpv4Packet(about) && inside === undefined && !this.#isUnderWay(outer)) {
        kernel.count('kernel.error_ignored');
        return;
      }
      kernel.pathMtus.learn(destinationOf(about), error.mtu, kernel.simulation.now);
      kernel.probes.tooBig(destinationOf(about), error.mtu);
    }
    if (inside !== undefined && !kernel.isOwn(inside.source))
      this.#relay(inside, about.length - inside.octets.length, error);
    else this.#toSocket(inside ?? outer, error);
  }

  /** Has a socket sent it? Whoever guesses addresses alone teaches nothing. Source: RFC 5927 section 4. */
  #isUnderWay(quoted: Quoted): boolean {
    const { tcp, udp } = this.#kernel;
    if (quoted.protocol === PROTOCOL.tcp) return tcp.isUnderWay(quoted);
    return quoted.protocol === PROTOCOL.udp && udp.sends(quoted);
  }

  #toSocket(quoted: Quoted, error: NetworkError): void {
    const { protocol } = quoted;
    const kernel = this.#kernel;
    let found = false;
    if (protocol === PROTOCOL.tcp) found = kernel.tcp.failed(quoted, error);
    else if (protocol === PROTOCOL.udp) found = kernel.udp.failed(quoted, error);
    kernel.count(found ? 'kernel.error_received' : 'kernel.error_ignored');
  }

  /**
   * Tells the sender of a packet that a tunnel from here could not carry. RFC 2473 section 8.
   * @param around octets of the tunnel's headers.
   */
  #relay(inside: Quoted, around: number, error: NetworkError): void {
    if (error.kind === 'too-big') {
      const mtu = Math.max(error.mtu - around, minimumMtu(inside.destination));
      if (lengthOf(inside.octets) > mtu) this.packetTooBig(inside.octets, mtu);
    } else this.unreachable(inside.octets, 3);
  }

  #take(message: Layer, { octets, source, destination }: Delivery): void {
    if (message.layer === 'echo-request' || message.layer === 'icmpv4-echo-request') {
      const { identifier, sequence, data } = message;
      const layer = isIpv4(source) ? 'icmpv4-echo-reply' : 'echo-reply';
      this.#reply({ layer, identifier, sequence, data }, source, destination);
    } else if (message.layer === 'echo-reply') this.#kernel.probes.answered(octets);
    else {
      const told = errorIn(message);
      if (told !== undefined) this.failed(told.about, told.error);
    }
  }

  #reply(reply: LayerInput, from: Address, to: Address): void {
    // RFC 4443 section 4.2: the reply to a unicast request comes from the address that was asked.
    const source = this.#kernel.sendsFrom(to) ? to : this.#kernel.output.sourceFor(from);
    if (source === undefined || from === UNSPECIFIED) return;
    this.#kernel.output.send(serialisePacket([ipHeader(source, from), reply]));
  }

  #error(about: Uint8Array, error: NetworkError): void {
    const kernel = this.#kernel;
    if (!mayCauseError(about, error)) return;
    const destination = sourceOf(about);
    const meant = destinationOf(about);
    const own = kernel.sendsFrom(meant) ? meant : kernel.output.sourceFor(destination);
    const source = own ?? (isIpv4(destination) ? IPV4_DUMMY : undefined);
    if (source === undefined || !this.mayTell()) return;
    kernel.count('kernel.error_sent');
    const message = errorMessage(about, error);
    kernel.output.send(serialisePacket([ipHeader(source, destination), message]));
  }
}

const ICMP_LAYERS: ReadonlySet<string> = new Set([
  'echo-request',
  'echo-reply',
  'destination-unreachable',
  'packet-too-big',
  'time-exceeded',
  'parameter-problem',
  'icmpv4-echo-request',
  'icmpv4-destination-unreachable',
  'icmpv4-time-exceeded',
  'icmpv4-parameter-problem',
]);
