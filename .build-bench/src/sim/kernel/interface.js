import { ALL_NODES, solicitedNode } from '../../wire/address.js';
import { groupLinkAddress, linkLocalAddress, namedLinkAddress } from './link-address.js';
/** The interface that carries no packets; an address there is only an identity. */
export const INTERNAL = 'careof0';
/** Addresses of one interface; more are refused. */
const MAX_ADDRESSES = 16_384;
/** A network interface: its link, link address, addresses and groups. */
export class Interface {
    name;
    node;
    linkAddress;
    /** Absent for the internal interface. */
    linkLocal;
    #receiver;
    #addresses = new Map();
    /** How many reasons there are to hear a group. */
    #groups = new Map();
    #link;
    #up = true;
    constructor(node, name, receiver, linkAddress) {
        this.node = node;
        this.name = name;
        this.#receiver = receiver;
        this.linkAddress = linkAddress ?? namedLinkAddress(node, name);
        this.linkLocal = name === INTERNAL ? undefined : linkLocalAddress(this.linkAddress);
        this.join(ALL_NODES);
    }
    /** Can it carry packets now? */
    get usable() {
        return this.#up && this.#link !== undefined;
    }
    get link() {
        return this.#link;
    }
    /** The link's MTU; the least that IPv6 allows while there is no link. */
    get mtu() {
        return this.#link?.mtu ?? 1280;
    }
    get addresses() {
        return this.#addresses;
    }
    /** Switches it on or off, as its operator does. */
    setUp(up) {
        this.#up = up;
    }
    connect(link) {
        this.disconnect();
        link.attach(this);
        this.#link = link;
        for (const group of this.#groups.keys())
            link.listen(this, groupLinkAddress(group));
    }
    disconnect() {
        this.#link?.detach(this);
        this.#link = undefined;
    }
    /** Adds or changes an address. Says whether there was room. */
    add(entry) {
        const known = this.#addresses.has(entry.address);
        if (!known && this.#addresses.size >= MAX_ADDRESSES)
            return false;
        this.#addresses.set(entry.address, entry);
        if (!known)
            this.join(solicitedNode(entry.address));
        return true;
    }
    remove(address) {
        if (this.#addresses.delete(address))
            this.leave(solicitedNode(address));
    }
    join(group) {
        const reasons = this.#groups.get(group) ?? 0;
        this.#groups.set(group, reasons + 1);
        if (reasons === 0)
            this.#link?.listen(this, groupLinkAddress(group));
    }
    leave(group) {
        const reasons = this.#groups.get(group) ?? 0;
        if (reasons > 1) {
            this.#groups.set(group, reasons - 1);
            return;
        }
        this.#groups.delete(group);
        // Groups that differ only in front share a link address.
        const heard = [...this.#groups.keys()].map(groupLinkAddress);
        const link = groupLinkAddress(group);
        if (!heard.includes(link))
            this.#link?.ignore(this, link);
    }
    hears(group) {
        return this.#groups.has(group);
    }
    /** Puts a packet on the link; false where there is none. */
    send(octets, to) {
        if (!this.usable)
            return false;
        this.#link.send(this, { from: this.linkAddress, to, octets });
        return true;
    }
    receive(frame) {
        if (this.#up)
            this.#receiver(this, frame);
    }
}
