import { after, NO_TIME } from '../core/time.js';
export const DEFAULT_LINK = {
    delay: NO_TIME,
    jitter: NO_TIME,
    loss: 0,
    bandwidth: Number.POSITIVE_INFINITY,
    queue: 150_000,
    reorder: { probability: 0, delay: NO_TIME },
    duplicate: 0,
};
/** A LAN segment: every station hears every other, each by its address. */
export class Link {
    name;
    mtu;
    #simulation;
    #options;
    #changes = new Map();
    #directions = new Map();
    #stations = new Map();
    #groups = new Map();
    #hearsAll = new Set();
    #cuts = new Set();
    #observers = [];
    constructor(simulation, name, options = {}) {
        const { mtu = 1500, ...rest } = options;
        this.name = name;
        this.mtu = mtu;
        this.#simulation = simulation;
        this.#options = { ...DEFAULT_LINK, ...rest };
    }
    /** Connects a station. Two of the same address are our own mistake. */
    attach(station) {
        if (this.#stations.has(station.linkAddress)) {
            throw new RangeError(`${this.name} has a station with the address of ${station.node} already`);
        }
        this.#stations.set(station.linkAddress, station);
        if (station.allGroups === true)
            this.#hearsAll.add(station);
    }
    detach(station) {
        if (this.#stations.get(station.linkAddress) !== station)
            return;
        this.#stations.delete(station.linkAddress);
        this.#hearsAll.delete(station);
        for (const listeners of this.#groups.values())
            listeners.delete(station);
    }
    /** Delivers a group's frames to a station, as a switch that knows its listeners would. */
    listen(station, group) {
        const listeners = this.#groups.get(group);
        if (listeners !== undefined)
            listeners.add(station);
        else
            this.#groups.set(group, new Set([station]));
    }
    ignore(station, group) {
        this.#groups.get(group)?.delete(station);
    }
    /** Changes how the link carries, for all senders or for one node alone, from the next frame on. */
    change(options, sender) {
        if (sender === undefined)
            this.#options = { ...this.#options, ...options };
        else
            this.#changes.set(sender, { ...this.#changes.get(sender), ...options });
        for (const [name, direction] of this.#directions)
            direction.options = this.optionsOf(name);
    }
    /** How the link carries what a node sends. */
    optionsOf(sender) {
        return { ...this.#options, ...this.#changes.get(sender) };
    }
    /** Frames from one node to another are lost from now on; an absent name stands for every node. */
    cut(from = '*', to = '*') {
        this.#cuts.add(`${from} to ${to}`);
    }
    /** Takes back the same cut; without names, all cuts. */
    heal(from, to) {
        if (from === undefined && to === undefined)
            this.#cuts.clear();
        else
            this.#cuts.delete(`${from ?? '*'} to ${to ?? '*'}`);
    }
    /** Lets an observer see all frames; the function that comes back ends that. */
    observe(observer) {
        this.#observers = [...this.#observers, observer];
        return () => {
            this.#observers = this.#observers.filter((one) => one !== observer);
        };
    }
    /** Takes a frame from a station. */
    send(sender, frame) {
        const now = this.#simulation.now;
        for (const one of this.#observers)
            one.sent?.(frame, now, sender.node);
        if (frame.octets.length > this.mtu) {
            this.#lose(frame, sender.node, 'mtu');
            return;
        }
        const direction = this.#direction(sender.node);
        const { options, random } = direction;
        const gone = this.#transmit(direction, frame.octets.length);
        if (gone === undefined) {
            this.#lose(frame, sender.node, 'queue');
            return;
        }
        if (options.loss > 0 && random() < options.loss) {
            this.#lose(frame, sender.node, 'loss');
            return;
        }
        const jitter = options.jitter > 0 ? random() * options.jitter : 0;
        let arrival = Math.round(gone + options.delay + jitter);
        if (options.reorder.probability > 0 && random() < options.reorder.probability) {
            arrival = after(arrival, options.reorder.delay);
        }
        else {
            arrival = Math.max(arrival, direction.lastArrival);
            direction.lastArrival = arrival;
        }
        this.#simulation.at(arrival, () => this.#arrive(sender, frame));
        if (options.duplicate > 0 && random() < options.duplicate) {
            const twin = { ...frame, octets: frame.octets.slice() };
            this.#simulation.at(arrival, () => this.#arrive(sender, twin));
        }
    }
    /** When the last bit has left the sender; undefined where its queue has no room. */
    #transmit(direction, octets) {
        const now = this.#simulation.now;
        const { bandwidth, queue } = direction.options;
        if (bandwidth === Number.POSITIVE_INFINITY)
            return now;
        const start = Math.max(now, direction.busyUntil);
        const waiting = ((start - now) * bandwidth) / 8e6;
        if (waiting + octets > queue)
            return undefined;
        direction.busyUntil = start + (octets * 8e6) / bandwidth;
        return direction.busyUntil;
    }
    #direction(sender) {
        let direction = this.#directions.get(sender);
        if (direction === undefined) {
            direction = {
                options: this.optionsOf(sender),
                random: this.#simulation.random(`link ${this.name} from ${sender}`),
                busyUntil: 0,
                lastArrival: 0,
            };
            this.#directions.set(sender, direction);
        }
        return direction;
    }
    #arrive(sender, frame) {
        if (!isGroup(frame.to)) {
            const station = this.#stations.get(frame.to);
            if (station === undefined)
                this.#lose(frame, sender.node, 'nobody');
            else
                this.#deliver(sender, station, frame);
            return;
        }
        // A copy of the list: what a station hears may make it leave.
        for (const station of [...(this.#groups.get(frame.to) ?? [])]) {
            if (station === sender || station.allGroups === true)
                continue;
            this.#deliver(sender, station, { ...frame, octets: frame.octets.slice() });
        }
        for (const station of [...this.#hearsAll]) {
            if (station === sender)
                continue;
            this.#deliver(sender, station, { ...frame, octets: frame.octets.slice() });
        }
    }
    #deliver(sender, station, frame) {
        if (this.#cuts.size > 0 && this.#isCut(sender.node, station.node)) {
            this.#lose(frame, sender.node, 'cut');
            return;
        }
        const now = this.#simulation.now;
        for (const one of this.#observers)
            one.delivered?.(frame, now, station.node, sender.node);
        station.receive(frame);
    }
    #isCut(from, to) {
        const cuts = this.#cuts;
        return (cuts.has(`${from} to ${to}`) ||
            cuts.has(`* to ${to}`) ||
            cuts.has(`${from} to *`) ||
            cuts.has('* to *'));
    }
    #lose(frame, sender, reason) {
        const now = this.#simulation.now;
        for (const one of this.#observers)
            one.lost?.(frame, now, sender, reason);
    }
}
/** Bit 0 of the first octet tells a group from a station (IEEE 802). */
export const isGroup = (address) => (address.charCodeAt(0) & 1) !== 0;
