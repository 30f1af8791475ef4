import { readAddress } from '../../wire/address.js';
import { parsePacket } from '../../wire/packet.js';
import { carried, FlowPaths } from '../flow-paths.js';
import { headersOf } from '../scenario/headers.js';
import { flowKey } from './applications.js';
export class PacketWatch {
    paths = new Map();
    #ends;
    #seen;
    constructor(scenario, ends, links) {
        this.#ends = ends;
        for (const { flow } of ends.values())
            this.paths.set(flow, new FlowPaths());
        this.#seen = scenario.expect.packets.map(() => new Map());
        for (const [name, link] of links) {
            const wanted = [...scenario.expect.packets.entries()].filter(([, one]) => one.on === name);
            link.observe({
                sent: (frame, at, sender) => {
                    this.#follow(frame, at, sender, 'sender');
                    if (wanted.length > 0 && frame.octets.length <= link.mtu)
                        this.#match(frame, at, wanted);
                },
                delivered: (frame, at, receiver) => this.#follow(frame, at, receiver, 'receiver'),
            });
        }
    }
    /** For each `packets` expectation, in order, what matched it. */
    get seen() {
        return this.#seen.map((packets) => [...packets.values()]);
    }
    #follow({ octets }, at, node, end) {
        const packet = carried(octets);
        if (packet === undefined)
            return;
        const { destination, protocol, destinationPort } = packet;
        const ends = this.#ends.get(flowKey(destination, protocol, destinationPort));
        if (ends === undefined || ends[end] !== node)
            return;
        this.paths.get(ends.flow)[end].add(packet.path, at);
    }
    #match({ octets }, at, wanted) {
        let headers;
        for (const [index, { at: span, headers: expected }] of wanted) {
            if (span !== undefined && (at < span.from || at >= (span.to ?? Infinity)))
                continue;
            if (expected !== undefined) {
                headers ??= headersIn(octets);
                if (headers.length !== expected.length)
                    continue;
                if (headers.some((header, place) => header !== expected[place]))
                    continue;
            }
            const source = readAddress(octets, 8);
            const destination = readAddress(octets, 24);
            const key = source + destination;
            const seen = this.#seen[index];
            const packets = seen.get(key)?.packets ?? 0;
            seen.set(key, { source, destination, packets: packets + 1 });
        }
    }
}
function headersIn(octets) {
    const parsed = parsePacket(octets);
    return parsed.ok ? headersOf(parsed.value) : [];
}
