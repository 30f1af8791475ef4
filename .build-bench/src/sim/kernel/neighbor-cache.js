import { after, milliseconds, seconds } from '../../core/time.js';
import { Alarm } from '../simulation.js';
/** Specification constants. Source: RFC 4861 section 10. */
const MAX_MULTICAST_SOLICIT = 3;
const MAX_UNICAST_SOLICIT = 3;
const REACHABLE_TIME = milliseconds(30_000);
const RETRANS_TIMER = milliseconds(1000);
const DELAY_FIRST_PROBE_TIME = seconds(5);
const MIN_RANDOM_FACTOR = 0.5;
const MAX_RANDOM_FACTOR = 1.5;
/** Implementation constants: packets that wait for one address, and neighbors of one interface. */
const MAX_WAITING = 32;
const MAX_NEIGHBORS = 16_384;
/**
 * Who is on a link, by IPv6 address, and whether it still answers.
 *
 *     (none) --packet--> incomplete --answer--> reachable --time--> stale --packet--> delay
 *     delay --time--> probe --answer--> reachable          probe --no answer--> (none)
 *     any --other link address heard--> stale              incomplete --no answer--> (none)
 *
 * Source: RFC 4861 sections 7.2 and 7.3; appendix C is the table.
 */
export class NeighborCache {
    #simulation;
    #port;
    #random;
    #neighbors = new Map();
    constructor(simulation, name, port) {
        this.#simulation = simulation;
        this.#port = port;
        this.#random = simulation.random(`neighbors of ${name}`);
    }
    /** Sends a packet to a neighbor, at once or when its link address is known. */
    send(target, octets) {
        const known = this.#neighbors.get(target);
        if (known === undefined) {
            this.#resolve(target, octets);
            return;
        }
        if (known.linkAddress === undefined) {
            this.#wait(known, octets);
            return;
        }
        if (known.state === 'reachable' && known.reachableUntil <= this.#simulation.now) {
            known.state = 'stale';
        }
        if (known.state === 'stale') {
            known.state = 'delay';
            this.#alarm(target, known).set(after(this.#simulation.now, DELAY_FIRST_PROBE_TIME));
        }
        this.#port.transmit(octets, known.linkAddress);
    }
    /** The link address of a neighbor, where it is known. */
    linkAddressOf(target) {
        return this.#neighbors.get(target)?.linkAddress;
    }
    /** Takes the link address that a sender puts in its message (RFC 4861 sections 6.2.6 to 7.2.3). */
    heard(target, linkAddress, router) {
        const neighbor = this.#neighbors.get(target) ?? this.#create(target);
        if (neighbor === undefined)
            return;
        if (router !== undefined)
            neighbor.router = router;
        if (neighbor.linkAddress === linkAddress)
            return;
        this.#becomes(target, neighbor, 'stale', linkAddress);
    }
    /** Takes a Neighbor Advertisement. Source: RFC 4861 section 7.2.5. */
    advertised(target, said) {
        const neighbor = this.#neighbors.get(target);
        if (neighbor === undefined)
            return;
        const { linkAddress, solicited, override } = said;
        if (neighbor.linkAddress === undefined) {
            if (linkAddress === undefined)
                return;
            neighbor.router = said.router;
            this.#becomes(target, neighbor, solicited ? 'reachable' : 'stale', linkAddress);
            return;
        }
        const differs = linkAddress !== undefined && linkAddress !== neighbor.linkAddress;
        if (!override && differs) {
            // RFC 4861 section 7.2.5 (I.a): doubt what is known, and keep it.
            if (neighbor.state === 'reachable')
                neighbor.state = 'stale';
            return;
        }
        neighbor.router = said.router;
        if (solicited)
            this.#becomes(target, neighbor, 'reachable', linkAddress);
        else if (differs)
            this.#becomes(target, neighbor, 'stale', linkAddress);
    }
    /** Forgets everybody: the link is another one. */
    flush() {
        for (const neighbor of this.#neighbors.values())
            neighbor.alarm?.set(undefined);
        this.#neighbors.clear();
    }
    #resolve(target, octets) {
        const neighbor = this.#create(target);
        if (neighbor === undefined) {
            this.#port.refused();
            return;
        }
        neighbor.waiting.push(octets);
        neighbor.solicitations = 1;
        this.#alarm(target, neighbor).set(after(this.#simulation.now, RETRANS_TIMER));
        this.#port.solicit(target, octets, undefined);
    }
    #wait(neighbor, octets) {
        neighbor.waiting.push(octets);
        if (neighbor.waiting.length <= MAX_WAITING)
            return;
        // RFC 4861 section 7.2.2: the new packet takes the place of the oldest.
        neighbor.waiting.shift();
        this.#port.refused();
    }
    #create(target) {
        if (this.#neighbors.size >= MAX_NEIGHBORS && !this.#evict())
            return undefined;
        const neighbor = {
            state: 'incomplete',
            linkAddress: undefined,
            router: false,
            reachableUntil: 0,
            solicitations: 0,
            waiting: [],
            alarm: undefined,
        };
        this.#neighbors.set(target, neighbor);
        return neighbor;
    }
    /** Makes room: the oldest neighbor for which nothing waits goes. */
    #evict() {
        for (const [target, neighbor] of this.#neighbors) {
            if (neighbor.linkAddress === undefined)
                continue;
            this.#remove(target, neighbor);
            return true;
        }
        return false;
    }
    #remove(target, neighbor) {
        neighbor.alarm?.set(undefined);
        this.#neighbors.delete(target);
    }
    #becomes(target, neighbor, state, linkAddress) {
        neighbor.state = state;
        neighbor.alarm?.set(undefined);
        if (linkAddress !== undefined)
            neighbor.linkAddress = linkAddress;
        if (state === 'reachable') {
            const factor = MIN_RANDOM_FACTOR + this.#random() * (MAX_RANDOM_FACTOR - MIN_RANDOM_FACTOR);
            const span = Math.round(REACHABLE_TIME * factor);
            neighbor.reachableUntil = after(this.#simulation.now, span);
        }
        const { waiting } = neighbor;
        neighbor.waiting = [];
        for (const octets of waiting)
            this.send(target, octets);
    }
    #alarm(target, neighbor) {
        neighbor.alarm ??= new Alarm(this.#simulation, () => this.#timeOut(target, neighbor));
        return neighbor.alarm;
    }
    #timeOut(target, neighbor) {
        if (neighbor.state === 'delay') {
            neighbor.state = 'probe';
            neighbor.solicitations = 0;
        }
        const most = neighbor.state === 'probe' ? MAX_UNICAST_SOLICIT : MAX_MULTICAST_SOLICIT;
        if (neighbor.solicitations >= most) {
            this.#remove(target, neighbor);
            this.#port.unreachable(target, neighbor.waiting);
            return;
        }
        neighbor.solicitations++;
        neighbor.alarm.set(after(this.#simulation.now, RETRANS_TIMER));
        this.#port.solicit(target, neighbor.waiting[0], neighbor.linkAddress);
    }
}
