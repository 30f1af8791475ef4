import { type Quoted, quotedPorts } from '../../core/forwarding/quoted.ts';
import type { NetworkError } from '../../core/icmp-messages.ts';
import type { Address } from '../../wire/address.ts';
import { ipHeader, isIpv4Packet } from '../../wire/ip-fields.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { udp } from '../../wire/transport/udp.ts';
import type { Delivery } from './ip-input.ts';
import type { Sent } from './ip-output.ts';
import type { Kernel } from './kernel.ts';
import { allotPort } from './ports.ts';

/** A datagram that came for a socket. */
export interface Datagram {
  readonly from: Address;
  readonly fromPort: number;
  readonly to: Address;
  readonly octets: Uint8Array;
}

export interface UdpOptions {
  /** Absent: a free one. */
  readonly port?: number;
  /** Takes only what is sent to this address, and sends from it. */
  readonly address?: Address;
  /** Datagrams too long for the path go in fragments; absent: the sender is told. */
  readonly fragments?: true;
  readonly onDatagram?: (datagram: Datagram) => void;
  /** An ICMP error came about a datagram sent to this address and port. */
  readonly onError?: (error: NetworkError, to: Address, port: number) => void;
}

/** A UDP socket. Source: RFC 768. */
export class UdpSocket {
  readonly port: number;
  readonly options: UdpOptions;
  readonly #kernel: Kernel;
  readonly #closed: (socket: UdpSocket) => void;

  constructor(
    kernel: Kernel,
    port: number,
    options: UdpOptions,
    closed: (socket: UdpSocket) => void,
  ) {
    this.#kernel = kernel;
    this.port = port;
    this.options = options;
    this.#closed = closed;
  }

  /** Sends a datagram; the source is the socket's address, or chosen (RFC 6724). */
  send(to: Address, port: number, payload: Uint8Array, source?: Address): Sent {
    const kernel = this.#kernel;
    const from = source ?? this.options.address ?? kernel.output.sourceFor(to);
    if (from === undefined) {
      kernel.count('kernel.no_route');
      return 'no-route';
    }
    return kernel.output.send(
      serialisePacket([
        ipHeader(from, to),
        { layer: 'udp', sourcePort: this.port, destinationPort: port, payload },
      ]),
      this.options.fragments !== true,
    );
  }

  close(): void {
    this.#closed(this);
  }
}

/** All UDP sockets of a node. */
export class Udp {
  readonly #kernel: Kernel;
  readonly #sockets = new Map<number, UdpSocket[]>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Opens a socket. Throws RangeError where the port is taken for that address. */
  open(options: UdpOptions = {}): UdpSocket {
    const isTaken = (one: number) => this.#sockets.has(one);
    const port = options.port ?? allotPort(this.#kernel.random, isTaken);
    const others = this.#sockets.get(port) ?? [];
    if (others.some((one) => one.options.address === options.address)) {
      throw new RangeError(`UDP port ${port} of ${this.#kernel.name} is taken`);
    }
    const socket = new UdpSocket(this.#kernel, port, options, (one) => this.#close(one));
    this.#sockets.set(port, [...others, socket]);
    return socket;
  }

  receive({ octets, source, destination, at, end }: Delivery): void {
    const parsed = udp.parse(octets, at, end);
    const whole = parsed.ok && parsed.value.length >= udp.size && parsed.value.length <= end - at;
    // RFC 8200 section 8.1: a datagram without a checksum is not taken; over IPv4 it is (RFC 768).
    const summed = parsed.ok && (parsed.value.checksum !== 0 || isIpv4Packet(octets));
    if (!parsed.ok || !whole || !summed) {
      this.#kernel.count('kernel.malformed');
      return;
    }
    const { sourcePort, destinationPort, length } = parsed.value;
    const socket = this.#find(destination, destinationPort);
    if (socket === undefined) {
      this.#kernel.count('kernel.udp_no_port');
      this.#kernel.icmp.unreachable(octets, 4);
      return;
    }
    const payload = octets.subarray(at + udp.size, at + length);
    const { onDatagram } = socket.options;
    onDatagram?.({ from: source, fromPort: sourcePort, to: destination, octets: payload });
  }

  /** Is there a socket that may have sent it? */
  sends(quoted: Quoted): boolean {
    const ports = quotedPorts(quoted);
    return ports !== undefined && this.#find(quoted.source, ports.from) !== undefined;
  }

  /** An error about a datagram; false where no socket sent it. */
  failed(quoted: Quoted, error: NetworkError): boolean {
    const ports = quotedPorts(quoted);
    const socket = ports && this.#find(quoted.source, ports.from);
    if (ports === undefined || socket === undefined) return false;
    socket.options.onError?.(error, quoted.destination, ports.to);
    return true;
  }

  halt(): void {
    this.#sockets.clear();
  }

  #find(address: Address, port: number): UdpSocket | undefined {
    const sockets = this.#sockets.get(port);
    return (
      sockets?.find((one) => one.options.address === address) ??
      sockets?.find((one) => one.options.address === undefined)
    );
  }

  #close(socket: UdpSocket): void {
    const others = (this.#sockets.get(socket.port) ?? []).filter((one) => one !== socket);
    if (others.length > 0) this.#sockets.set(socket.port, others);
    else this.#sockets.delete(socket.port);
  }
}
