import { Arrivals } from './gaps.js';
const FOREVER = Number.POSITIVE_INFINITY;
class FlowRecord {
    name;
    text;
    arrivals;
    constructor(name, text) {
        this.name = name;
        this.text = text;
        this.arrivals = new Arrivals(text.protocol === 'udp' ? 1e6 / text.rate : undefined);
    }
    /** The longest wait after any event; null where no event fell into the flow. */
    interruption(events) {
        let longest = null;
        for (const [index, at] of events.entries()) {
            const wait = this.waitAfter(at, FOREVER, events.slice(0, index));
            if (wait !== undefined)
                longest = Math.max(longest ?? 0, wait);
        }
        return longest;
    }
    waitAfter(at, until, before) {
        // What happened before the flow began did not disturb it.
        if (at < this.text.start)
            return undefined;
        return this.arrivals.interruption(at, until, before, this.owedUntil());
    }
}
/** Datagrams with numbers. */
export class UdpRecord extends FlowRecord {
    #sentAt = [];
    #receivedAt = [];
    /** When each datagram came again, and when each came behind a later one. */
    #duplicates = [];
    #late = [];
    #highest = -1;
    sent(at) {
        return this.#sentAt.push(at) - 1;
    }
    received(number, at) {
        if (this.#receivedAt[number] !== undefined) {
            this.#duplicates.push(at);
            return;
        }
        this.#receivedAt[number] = at;
        this.arrivals.add(at);
        if (number < this.#highest)
            this.#late.push(at);
        else
            this.#highest = number;
    }
    result(events) {
        const { from, to } = this.text;
        const sent = this.#sentAt.length;
        const received = this.arrivals.count;
        const payload = this.text.protocol === 'udp' ? this.text.payload : 0;
        const survived = this.#arrivedAfter(events);
        return {
            ...{ name: this.name, protocol: 'udp', from, to, sent, received },
            lost: sent - received,
            duplicated: this.#duplicates.length,
            reordered: this.#late.length,
            bytes: received * payload,
            digestOk: null,
            survived,
            failure: survived ? null : 'unreachable',
            interruption: this.interruption(events),
        };
    }
    disturbance(from, to, events) {
        const usual = this.#usualDelay();
        let lost = 0;
        for (const [number, sentAt] of this.#sentAt.entries()) {
            // A datagram under way when it happened would have arrived afterwards.
            const due = sentAt + usual;
            if (this.#receivedAt[number] === undefined && due >= from && due < to)
                lost++;
        }
        const within = (times) => times.filter((at) => at >= from && at < to).length;
        const wait = this.waitAfter(from, to, events);
        return {
            name: this.name,
            interruption: wait ?? null,
            lost,
            duplicated: within(this.#duplicates),
            reordered: within(this.#late),
        };
    }
    /** Did a datagram arrive that was sent after the last event before the flow's end? */
    #arrivedAfter(events) {
        const end = this.#sentAt.at(-1);
        if (end === undefined)
            return false;
        const last = events.findLast((at) => at < end) ?? -1;
        return this.#sentAt.some((at, number) => at > last && this.#receivedAt[number] !== undefined);
    }
    #usualDelay() {
        const delays = [];
        for (const [number, at] of this.#receivedAt.entries()) {
            if (at !== undefined)
                delays.push(at - this.#sentAt[number]);
        }
        delays.sort((a, b) => a - b);
        return delays[delays.length >> 1] ?? 0;
    }
    owedUntil() {
        const last = this.#sentAt.length - 1;
        return last > this.#highest ? this.#sentAt[last] : undefined;
    }
}
/** A stream of octets with a digest at both ends. */
export class TcpRecord extends FlowRecord {
    #sent = 0;
    #received = 0;
    #sentDigest;
    #receivedDigest;
    #failure;
    #observedUntil = 0;
    sent(octets) {
        this.#sent += octets;
    }
    received(octets, at) {
        this.#received += octets;
        this.arrivals.add(at);
    }
    /** The sender has sent all; the receiver has read to the end. */
    sentAll(digest) {
        this.#sentDigest = digest;
    }
    receivedAll(digest) {
        this.#receivedDigest = digest;
    }
    failed(failure) {
        this.#failure ??= failure;
    }
    /** Is there nothing more to wait for? */
    get over() {
        return this.#failure !== undefined || this.#complete;
    }
    /** The run is over; a flow that is not has failed. */
    close(at) {
        this.#observedUntil = at;
        if (!this.#complete)
            this.failed('unfinished');
    }
    result(events) {
        const { from, to } = this.text;
        const digestOk = this.#complete ? this.#receivedDigest === this.#sentDigest : null;
        return {
            ...{ name: this.name, protocol: 'tcp', from, to },
            ...{ sent: this.#sent, received: this.#received },
            ...{ lost: null, duplicated: null, reordered: null },
            bytes: this.#received,
            digestOk,
            survived: this.#failure === undefined && digestOk === true,
            failure: this.#failure ?? null,
            interruption: this.interruption(events),
        };
    }
    disturbance(from, to, events) {
        const interruption = this.waitAfter(from, to, events) ?? null;
        return { name: this.name, interruption, lost: null, duplicated: null, reordered: null };
    }
    get #complete() {
        const size = this.text.protocol === 'tcp' ? this.text.size : 0;
        return this.#received === size && this.#receivedDigest !== undefined;
    }
    owedUntil() {
        return this.#complete ? undefined : this.#observedUntil;
    }
}
