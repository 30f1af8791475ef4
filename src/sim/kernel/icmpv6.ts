import { MINIMUM_MTU } from '../../core/forwarding/path-mtus.ts';
import { type Quoted, quotedInside, quotedPacket } from '../../core/forwarding/quoted.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import { milliseconds } from '../../core/time.ts';
import { type Address, isMulticast, UNSPECIFIED } from '../../wire/address.ts';
import { ICMPV6, PROTOCOL } from '../../wire/numbers.ts';
import { type Layer, type LayerInput, parsePacket, serialisePacket } from '../../wire/packet.ts';
import { walkHeaders } from '../../wire/walk.ts';
import type { Delivery } from './ip-input.ts';
import { destinationOf, IPV6_HEADER, lengthOf, sourceOf } from './ipv6-fields.ts';
import type { Kernel } from './kernel.ts';

/** Errors a second and at once. Linux: icmp_msgs_per_sec 1000, icmp_msgs_burst 50. */
const ERROR_INTERVAL = milliseconds(1);
const ERROR_BURST = 50;
/** An error and all that it quotes is no longer than this. Source: RFC 4443 section 2.4 (c). */
const MAX_ERROR = 1280;
/** Octets of an ICMPv6 error before what it quotes. */
const ERROR_HEADER = 8;

/** What an ICMPv6 error says about a packet. */
export type NetworkError =
  | { readonly kind: 'unreachable'; readonly code: number }
  | { readonly kind: 'too-big'; readonly mtu: number }
  | { readonly kind: 'time-exceeded'; readonly code: number }
  | { readonly kind: 'parameter-problem'; readonly code: number; readonly pointer: number };

/** ICMPv6 but for Neighbor Discovery: errors, both ways, and echo. Source: RFC 4443. */
export class Icmpv6 {
  readonly #kernel: Kernel;
  readonly #limit = new RateLimit(ERROR_INTERVAL, ERROR_BURST);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Destination Unreachable: 0 no route, 2 scope, 3 address, 4 port, 5 source. RFC 4443 section 3.1. */
  unreachable(about: Uint8Array, code: 0 | 2 | 3 | 4 | 5): void {
    this.#error(about, { layer: 'destination-unreachable', code, invoking: quote(about) });
  }

  packetTooBig(about: Uint8Array, mtu: number): void {
    this.#error(about, { layer: 'packet-too-big', mtu, invoking: quote(about) }, true);
  }

  timeExceeded(about: Uint8Array): void {
    this.#error(about, { layer: 'time-exceeded', invoking: quote(about) });
  }

  parameterProblem(about: Uint8Array, code: 0 | 1 | 2, pointer: number): void {
    const layer = 'parameter-problem';
    this.#error(about, { layer, code, pointer, invoking: quote(about) }, code === 2);
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
      const layers = parsed.value;
      const message = layers.find((one) => ICMPV6_LAYERS.has(one.layer));
      if (message !== undefined) this.#take(message, delivery);
    }
    this.copy(octets, arrival);
  }

  /** Gives the control side its copy of a message. */
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
      kernel.pathMtus.learn(destinationOf(about), error.mtu, kernel.simulation.now);
      kernel.probes.tooBig(destinationOf(about), error.mtu);
    }
    if (inside !== undefined && !kernel.isOwn(inside.source))
      this.#relay(inside, about.length - inside.octets.length, error);
    else this.#toSocket(inside ?? outer, error);
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
      const mtu = Math.max(error.mtu - around, MINIMUM_MTU);
      if (lengthOf(inside.octets) > mtu) this.packetTooBig(inside.octets, mtu);
    } else this.unreachable(inside.octets, 3);
  }

  #take(message: Layer, { octets, source, destination }: Delivery): void {
    switch (message.layer) {
      case 'echo-request':
        this.#reply(message, source, destination);
        return;
      case 'echo-reply':
        this.#kernel.probes.answered(octets);
        return;
      case 'destination-unreachable':
        this.failed(message.invoking, { kind: 'unreachable', code: message.code });
        return;
      case 'packet-too-big':
        this.failed(message.invoking, { kind: 'too-big', mtu: message.mtu });
        return;
      case 'time-exceeded':
        this.failed(message.invoking, { kind: 'time-exceeded', code: message.code });
        return;
      case 'parameter-problem': {
        const { code, pointer } = message;
        this.failed(message.invoking, { kind: 'parameter-problem', code, pointer });
        return;
      }
    }
  }

  #reply(request: Extract<Layer, { layer: 'echo-request' }>, from: Address, to: Address): void {
    // RFC 4443 section 4.2: the reply to a unicast request comes from the address that was asked.
    const source = this.#kernel.sendsFrom(to) ? to : this.#kernel.output.sourceFor(from);
    if (source === undefined || from === UNSPECIFIED) return;
    const { identifier, sequence, data } = request;
    this.#kernel.output.send(
      serialisePacket([
        { layer: 'ipv6', source, destination: from },
        { layer: 'echo-reply', identifier, sequence, data },
      ]),
    );
  }

  #error(about: Uint8Array, message: LayerInput, multicastToo = false): void {
    const kernel = this.#kernel;
    const destination = sourceOf(about);
    if (!mayCauseError(about, multicastToo)) return;
    const meant = destinationOf(about);
    const source = kernel.sendsFrom(meant) ? meant : kernel.output.sourceFor(destination);
    if (source === undefined || !this.mayTell()) return;
    kernel.count('kernel.error_sent');
    kernel.output.send(serialisePacket([{ layer: 'ipv6', source, destination }, message]));
  }
}

const ICMPV6_LAYERS: ReadonlySet<string> = new Set([
  'echo-request',
  'echo-reply',
  'destination-unreachable',
  'packet-too-big',
  'time-exceeded',
  'parameter-problem',
]);

/** As much of a packet as an error may quote. */
const quote = (about: Uint8Array): Uint8Array =>
  about.slice(0, MAX_ERROR - IPV6_HEADER - ERROR_HEADER);

/** Source: RFC 4443 section 2.4 (e). */
function mayCauseError(about: Uint8Array, multicastToo: boolean): boolean {
  const source = sourceOf(about);
  if (source === UNSPECIFIED || isMulticast(source)) return false;
  if (!multicastToo && isMulticast(destinationOf(about))) return false;
  const walk = walkHeaders(about);
  if (walk?.protocol !== PROTOCOL.icmpv6) return true;
  const type = about[walk.upperAt] ?? 0;
  return type >= 128 && type !== ICMPV6.redirect;
}
