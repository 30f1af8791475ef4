import { serialisePacket } from '../../wire/packet.js';
import { udp } from '../../wire/transport/udp.js';
import { allotPort } from './ports.js';
import { quotedPorts } from './quoted.js';
/** A UDP socket. Source: RFC 768. */
export class UdpSocket {
    port;
    options;
    #kernel;
    #closed;
    constructor(kernel, port, options, closed) {
        this.#kernel = kernel;
        this.port = port;
        this.options = options;
        this.#closed = closed;
    }
    /** Sends a datagram; the source is the socket's address, or chosen (RFC 6724). */
    send(to, port, payload, source) {
        const kernel = this.#kernel;
        const from = source ?? this.options.address ?? kernel.output.sourceFor(to);
        if (from === undefined) {
            kernel.count('kernel.no_route');
            return 'no-route';
        }
        return kernel.output.send(serialisePacket([
            { layer: 'ipv6', source: from, destination: to },
            { layer: 'udp', sourcePort: this.port, destinationPort: port, payload },
        ]));
    }
    close() {
        this.#closed(this);
    }
}
/** All UDP sockets of a node. */
export class Udp {
    #kernel;
    #sockets = new Map();
    constructor(kernel) {
        this.#kernel = kernel;
    }
    /** Opens a socket. Throws RangeError where the port is taken for that address. */
    open(options = {}) {
        const isTaken = (one) => this.#sockets.has(one);
        const port = options.port ?? allotPort(this.#kernel.random, isTaken);
        const others = this.#sockets.get(port) ?? [];
        if (others.some((one) => one.options.address === options.address)) {
            throw new RangeError(`UDP port ${port} of ${this.#kernel.name} is taken`);
        }
        const socket = new UdpSocket(this.#kernel, port, options, (one) => this.#close(one));
        this.#sockets.set(port, [...others, socket]);
        return socket;
    }
    receive({ octets, source, destination, at, end }) {
        const parsed = udp.parse(octets, at, end);
        const whole = parsed.ok && parsed.value.length >= udp.size && parsed.value.length <= end - at;
        // RFC 8200 section 8.1: a datagram without a checksum is not taken.
        if (!parsed.ok || !whole || parsed.value.checksum === 0) {
            this.#kernel.count('kernel.malformed');
            return;
        }
        const { sourcePort, destinationPort, length } = parsed.value;
        const socket = this.#find(destination, destinationPort);
        if (socket === undefined) {
            this.#kernel.count('kernel.udp_no_port');
            this.#kernel.icmpv6.unreachable(octets, 4);
            return;
        }
        const payload = octets.subarray(at + udp.size, at + length);
        const { onDatagram } = socket.options;
        onDatagram?.({ from: source, fromPort: sourcePort, to: destination, octets: payload });
    }
    /** An error about a datagram; false where no socket sent it. */
    failed(quoted, error) {
        const ports = quotedPorts(quoted);
        const socket = ports && this.#find(quoted.source, ports.from);
        if (ports === undefined || socket === undefined)
            return false;
        socket.options.onError?.(error, quoted.destination, ports.to);
        return true;
    }
    halt() {
        this.#sockets.clear();
    }
    #find(address, port) {
        const sockets = this.#sockets.get(port);
        return (sockets?.find((one) => one.options.address === address) ??
            sockets?.find((one) => one.options.address === undefined));
    }
    #close(socket) {
        const others = (this.#sockets.get(socket.port) ?? []).filter((one) => one !== socket);
        if (others.length > 0)
            this.#sockets.set(socket.port, others);
        else
            this.#sockets.delete(socket.port);
    }
}
