/**
 * What an operating system's IPv6 does, for one node of the simulation.
 *
 * A packet's way: link -> `receive` (Neighbor Discovery is taken out) -> forwarding table, hook
 * `arriving` -> this node (`IpInput`: extension headers, then ICMPv6, UDP, TCP) or on to another
 * (`IpOutput`: hop limit, hook `leaving`, route, MTU, Redirect, neighbor). What sockets send joins
 * at the hook `leaving`, and so does what the control side transmits without naming a link.
 *
 * Supported standards: RFC 8200, RFC 4861 (hosts and routers; advertising routers are a role),
 * RFC 4443, RFC 6724 (reduced), RFC 8201, RFC 4429 (an optimistic address in use), RFC 768,
 * RFC 9293. Not there: reassembly of fragments, MLD, Duplicate Address Detection (a role's).
 */
import { ForwardingTable } from '../../core/forwarding/table.js';
import { ALL_ROUTERS, isMulticast } from '../../wire/address.js';
import { Icmpv6 } from './icmpv6.js';
import { INTERNAL, Interface } from './interface.js';
import { IpInput } from './ip-input.js';
import { IpOutput } from './ip-output.js';
import { NeighborDiscovery } from './neighbor-discovery.js';
import { PathMtus } from './path-mtu.js';
import { RouteTable } from './routes.js';
import { Tcp } from './tcp/tcp.js';
import { Udp } from './udp.js';
/** An IPv6 stack. All state is in it: a crashed node throws it away and makes a new one. */
export class Kernel {
    simulation;
    name;
    random;
    forwarding;
    without;
    control;
    interfaces = new Map();
    routes = new RouteTable();
    table;
    pathMtus = new PathMtus();
    counters = new Map();
    input;
    output;
    discovery;
    icmpv6;
    udp;
    tcp;
    #neighbors = new Map();
    /** How many interfaces have an address. */
    #own = new Map();
    constructor(options) {
        this.simulation = options.simulation;
        this.name = options.name;
        this.random = options.random;
        this.forwarding = options.forwarding;
        this.without = options.without;
        this.control = options.control;
        const exempt = !options.without.has('mobility-header-exemption');
        this.table = new ForwardingTable({ mobilityExemption: exempt });
        this.input = new IpInput(this);
        this.output = new IpOutput(this);
        this.discovery = new NeighborDiscovery(this);
        this.icmpv6 = new Icmpv6(this);
        this.udp = new Udp(this);
        this.tcp = new Tcp(this);
        this.addInterface({ name: INTERNAL, linkAddress: undefined, link: undefined, up: true });
    }
    count(counter, by = 1) {
        this.counters.set(counter, (this.counters.get(counter) ?? 0) + by);
    }
    addInterface(port) {
        const receive = this.input.receive.bind(this.input);
        const made = new Interface(this.name, port.name, receive, port.linkAddress);
        this.interfaces.set(port.name, made);
        this.#neighbors.set(port.name, this.discovery.cacheFor(made));
        made.setUp(port.up);
        if (this.forwarding)
            made.join(ALL_ROUTERS);
        if (made.linkLocal !== undefined) {
            this.addAddress(port.name, {
                address: made.linkLocal,
                prefixLength: 64,
                optimistic: false,
                preferred: false,
            });
        }
        if (port.link !== undefined)
            this.connect(port.name, port.link);
        return made;
    }
    /** Who is on an interface's link. */
    neighbors(name) {
        return this.#neighbors.get(name);
    }
    /** Connects an interface to a link, or with undefined to none. */
    connect(name, link) {
        const changed = this.interfaces.get(name);
        const { usable } = changed;
        if (link === undefined)
            changed.disconnect();
        else
            changed.connect(link);
        // Whoever was on the old link is not on the new one.
        this.#leftLink(name);
        if (usable && changed.usable)
            this.#tellLink(changed, false);
        if (usable || changed.usable)
            this.#tellLink(changed, changed.usable);
    }
    /** Switches an interface on or off. */
    setUp(name, up) {
        const changed = this.interfaces.get(name);
        const { usable } = changed;
        changed.setUp(up);
        if (usable === changed.usable)
            return;
        if (!up)
            this.#leftLink(name);
        this.#tellLink(changed, up);
    }
    #leftLink(name) {
        this.neighbors(name).flush();
        this.routes.forgetRedirects(name);
    }
    #tellLink(changed, up) {
        const { name: link, linkAddress, mtu } = changed;
        this.control?.({ kind: 'link', link, up, linkAddress, mtu });
    }
    /** Tells the control side of every interface and address, as it must know them after its start. */
    tellAll() {
        for (const one of this.interfaces.values()) {
            if (one.name !== INTERNAL)
                this.#tellLink(one, one.usable);
        }
        for (const one of this.interfaces.values()) {
            for (const address of one.addresses.keys())
                this.#tellAddress(one.name, address, true);
        }
    }
    #tellAddress(link, address, present) {
        this.control?.({ kind: 'address', link, address, present });
    }
    /**
     * Gives an interface an address. With a prefix shorter than 128 the prefix is on the link from
     * then on, as on Linux.
     */
    addAddress(link, entry) {
        const changed = this.interfaces.get(link);
        const known = changed?.addresses.has(entry.address) ?? false;
        if (changed === undefined || !changed.add(entry)) {
            this.count('kernel.address_refused');
            return;
        }
        if (known)
            return;
        this.#own.set(entry.address, (this.#own.get(entry.address) ?? 0) + 1);
        if (isRouted(link, entry))
            this.routes.add(addressRoute(link, entry));
        this.#tellAddress(link, entry.address, true);
    }
    removeAddress(link, address) {
        const changed = this.interfaces.get(link);
        const entry = changed?.addresses.get(address);
        if (changed === undefined || entry === undefined)
            return;
        changed.remove(address);
        const others = this.#own.get(address) - 1;
        if (others > 0)
            this.#own.set(address, others);
        else
            this.#own.delete(address);
        const stays = [...changed.addresses.values()].some((one) => samePrefix(one, entry));
        if (isRouted(link, entry) && !stays)
            this.routes.remove(addressRoute(link, entry));
        this.#tellAddress(link, address, false);
    }
    /** Is it an address of this node, on whatever interface? */
    isOwn(address) {
        return this.#own.has(address);
    }
    /**
     * The MTU of the links that may carry packets of a home address, the largest of them; undefined
     * where it is an address like others.
     */
    mtuOfIdentity(address) {
        const interfaces = [...this.interfaces.values()];
        if (!interfaces.some((one) => one.addresses.get(address)?.preferred))
            return undefined;
        return Math.max(...interfaces.map((one) => one.mtu));
    }
    addRoute(route) {
        const known = this.interfaces.has(route.link);
        if (!known || !this.routes.add(route))
            this.count('kernel.route_refused');
    }
    /** The route of a packet over a link that works. */
    route(destination, source) {
        return this.routes.lookup(destination, source, this.#usable);
    }
    #usable = (link) => this.interfaces.get(link)?.usable ?? false;
    /** Does this node take packets to a destination that come in by an interface? */
    takes(destination, by) {
        return isMulticast(destination) ? by.hears(destination) : this.isOwn(destination);
    }
    /** Ends it: nothing of it happens any more. */
    halt() {
        for (const one of this.interfaces.values()) {
            one.disconnect();
            this.neighbors(one.name).flush();
        }
        this.tcp.halt();
        this.udp.halt();
    }
}
/** An identity on the internal interface puts no prefix anywhere. */
const isRouted = (link, entry) => link !== INTERNAL && entry.prefixLength < 128;
const addressRoute = (link, entry) => ({
    prefix: prefixOf(entry),
    prefixLength: entry.prefixLength,
    link,
    origin: 'address',
});
const samePrefix = (a, b) => a.prefixLength === b.prefixLength && prefixOf(a) === prefixOf(b);
/** An address with the bits behind its prefix cleared. */
function prefixOf({ address, prefixLength }) {
    const whole = prefixLength >> 3;
    const odd = prefixLength & 7;
    const masked = odd === 0 ? '' : String.fromCharCode(address.charCodeAt(whole) & (0xff00 >> odd) & 0xff);
    return (address.slice(0, whole) + masked).padEnd(address.length, '\0');
}
