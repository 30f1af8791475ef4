/** The applications of a scenario's flows: what sends, what receives, and what both saw. */
import { createHash } from 'node:crypto';
import { pattern, } from '../../sim/index.js';
import { PROTOCOL } from '../../wire/numbers.js';
import { TcpRecord, UdpRecord } from '../flow-records.js';
import { LEAST_PAYLOAD } from '../scenario/traffic.js';
/** What tells a flow's packets from others: where they go to. */
export const flowKey = (destination, protocol, port) => `${destination}${protocol}/${port}`;
/** Flows without a port of their own get one from here on. */
const FIRST_PORT = 5001;
export class Applications {
    records = [];
    /** The ends of each flow by the key of its packets. */
    endpoints = new Map();
    #flows = [];
    constructor(simulation, scenario, plan) {
        const nodes = new Map(plan.nodes.map((node) => [node.name, node]));
        const chosen = new Set([...scenario.traffic.values()].map((flow) => flow.port));
        let next = FIRST_PORT;
        const freePort = () => {
            while (chosen.has(next))
                next++;
            return next++;
        };
        for (const [name, text] of scenario.traffic) {
            const place = {
                simulation,
                name,
                from: nodes.get(text.from),
                to: nodes.get(text.to),
                port: text.port ?? freePort(),
            };
            const flow = text.protocol === 'tcp'
                ? new TcpApplication(place, text, new TcpRecord(name, text))
                : new UdpApplication(place, text, new UdpRecord(name, text));
            this.#flows.push(flow);
            this.records.push(flow.record);
            const protocol = PROTOCOL[text.protocol];
            this.endpoints.set(flowKey(place.to.identity, protocol, place.port), {
                flow: name,
                sender: text.from,
                receiver: text.to,
            });
        }
    }
    /** Opens what listens on a node, at its start and after each crash. */
    nodeStarted(node, kernel) {
        for (const flow of this.#flows)
            if (flow.receiver === node)
                flow.listen(kernel);
    }
    /** Plans what sends. */
    start(nodes) {
        for (const flow of this.#flows)
            flow.plan(nodes.get(flow.sender));
    }
    /** Is there nothing more to wait for? */
    get over() {
        return this.#flows.every((flow) => flow.over);
    }
    close(at) {
        for (const { record } of this.#flows)
            if (record instanceof TcpRecord)
                record.close(at);
    }
}
/** The two ends of one flow. */
class Application {
    record;
    place;
    text;
    constructor(place, text, record) {
        this.place = place;
        this.text = text;
        this.record = record;
    }
    get sender() {
        return this.place.from.name;
    }
    get receiver() {
        return this.place.to.name;
    }
}
/** A mobile node's applications use its home address; others what the kernel chooses. */
const sourceOf = ({ role, identity }) => role === 'mobile-node' ? identity : undefined;
/** A download: one end sends a pattern of so many octets, both make a digest of it. */
class TcpApplication extends Application {
    get over() {
        return this.record.over;
    }
    listen(kernel) {
        const { simulation, port } = this.place;
        kernel.tcp.listen(port, (connection) => {
            const hash = createHash('sha256');
            connection.handlers = {
                onData: (octets) => {
                    hash.update(octets);
                    this.record.received(octets.length, simulation.now);
                },
                onEnd: () => {
                    this.record.receivedAll(hash.digest('hex'));
                    connection.close();
                },
                onClose: (reason) => this.#closed(reason),
            };
        });
    }
    plan(node) {
        const { simulation, from, to, port } = this.place;
        const { start, size } = this.text;
        simulation.at(start, () => {
            if (!node.running) {
                this.record.failed('unreachable');
                return;
            }
            const source = sourceOf(from);
            const connection = node.kernel.tcp.connect(to.identity, port, {
                ...(source !== undefined && { source }),
                onClose: (reason) => this.#closed(reason),
            });
            connection.generate(size, pattern);
            connection.close();
            this.record.sent(size);
            this.record.sentAll(patternDigest(size));
        });
    }
    #closed(reason) {
        if (reason !== 'closed')
            this.record.failed(FAILURE[reason]);
    }
}
const FAILURE = {
    refused: 'reset',
    reset: 'reset',
    aborted: 'reset',
    unreachable: 'unreachable',
    'time-out': 'time-out',
};
const DIGEST_STEP = 1 << 16;
/** The digest of the first octets of the pattern that bulk transfers carry. */
function patternDigest(size) {
    const hash = createHash('sha256');
    const octets = new Uint8Array(DIGEST_STEP);
    for (let offset = 0; offset < size; offset += DIGEST_STEP) {
        const part = octets.subarray(0, Math.min(DIGEST_STEP, size - offset));
        pattern(part, offset);
        hash.update(part);
    }
    return hash.digest('hex');
}
/** A stream of datagrams, each with its number and the time it was sent. */
class UdpApplication extends Application {
    #socket;
    #over = false;
    get over() {
        return this.#over;
    }
    listen(kernel) {
        const { simulation, port } = this.place;
        kernel.udp.open({
            port,
            onDatagram: ({ octets }) => {
                if (octets.length < LEAST_PAYLOAD)
                    return;
                const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
                this.record.received(view.getUint32(4), simulation.now);
            },
        });
    }
    plan(node) {
        const { simulation } = this.place;
        const { start, stop, rate } = this.text;
        const send = (index) => {
            const at = Math.round(start + (index * 1e6) / rate);
            if (at >= stop) {
                this.#over = true;
                return;
            }
            simulation.at(at, () => {
                this.#send(node);
                send(index + 1);
            });
        };
        send(0);
    }
    #send(node) {
        const { simulation, to, port } = this.place;
        const number = this.record.sent(simulation.now);
        // What a dead node would have sent counts as lost.
        if (!node.running)
            return;
        const payload = new Uint8Array(this.text.payload);
        const view = new DataView(payload.buffer);
        view.setUint32(4, number);
        view.setBigUint64(8, BigInt(simulation.now));
        this.#socketOf(node.kernel).send(to.identity, port, payload);
    }
    #socketOf(kernel) {
        if (this.#socket?.kernel !== kernel) {
            const address = sourceOf(this.place.from);
            const socket = kernel.udp.open(address === undefined ? {} : { address });
            this.#socket = { kernel, socket };
        }
        return this.#socket.socket;
    }
}
