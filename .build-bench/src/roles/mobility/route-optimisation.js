import { count } from '../../core/part.js';
import { PeerRegistration } from '../../core/peer-registration.js';
import { sequenceNewer } from '../../core/sequence.js';
import { sooner } from '../../core/time.js';
import { isUnicastRoutable, readAddress } from '../../wire/address.js';
import { IPV6_OPTION, MH_TYPE, PROTOCOL } from '../../wire/numbers.js';
import { walkHeaders } from '../../wire/walk.js';
/**
 * The peers' part of the binding update list: who is to be told where we are, and how far that is.
 *
 * Bounded: when the list is full, entries that are of no use any more go, and a new peer beyond that
 * is simply reached through the home agent.
 *
 * Supported standards: RFC 6275 sections 11.1, 11.3.5, 11.3.6, 11.6, 11.7.2.
 */
export class RouteOptimisation {
    #config;
    #state;
    #identity;
    #peers = new Map();
    /** As new as any that a forgotten peer was sent: it may remember (RFC 6275 section 5.2.8). */
    #sequence;
    constructor(config, identity, state) {
        this.#config = config;
        this.#identity = identity;
        this.#state = state;
        this.#sequence = Math.floor(state.env.random() * 0x10000);
    }
    deadline() {
        let deadline;
        for (const peer of this.#peers.values())
            deadline = sooner(deadline, peer.deadline());
        return deadline;
    }
    tick(now) {
        const outputs = [];
        for (const [address, peer] of this.#peers) {
            outputs.push(...peer.tick(now));
            if (peer.idle(now))
                this.#drop(address, peer);
        }
        return outputs;
    }
    /** A packet from or to this peer went by the home agent. RFC 6275 section 11.7.2. */
    heardOf(peer, careOf, now) {
        if (!this.#config.routeOptimisation || peer === this.#config.homeAgent)
            return [];
        if (!isUnicastRoutable(peer) || peer === this.#config.home || peer === careOf)
            return [];
        const known = this.#peers.get(peer);
        if (known !== undefined)
            return known.idle(now) ? known.move(careOf, now) : [];
        if (!this.#room(now))
            return [count('mobility.list_full')];
        const registration = new PeerRegistration(peer, this.#identity, this.#state, this.#sequence);
        this.#peers.set(peer, registration);
        return registration.move(careOf, now);
    }
    /** All peers are to know a new care-of address; the home address: that we are home. */
    move(careOf, now) {
        const home = careOf === this.#config.home;
        if (home && this.#state.env.without.has('peer-deregistration')) {
            for (const peer of this.#peers.values())
                peer.stop();
            return [];
        }
        return [...this.#peers.values()].flatMap((peer) => peer.move(careOf, now));
    }
    /** The home agent has acknowledged: updates that waited for that may go. */
    proceed(now) {
        return [...this.#peers.values()].flatMap((peer) => peer.proceed(now));
    }
    /** The last care-of address of what peers know is dead: send by the home agent meanwhile. */
    tunnelMeanwhile() {
        return [...this.#peers.keys()].flatMap((peer) => this.#state.paths.unsetRegistered(peer));
    }
    /** The answer to a question whether a binding is in use. */
    answered(id, packets, now) {
        for (const peer of this.#peers.values()) {
            if (peer.usageId === id)
                return peer.used(packets, now);
        }
        return [];
    }
    received(received, now) {
        const { message, source } = received;
        const peer = this.#peers.get(source);
        switch (message.layer) {
            case 'home-test': {
                if (peer === undefined || !this.#cameHome(received))
                    break;
                const { nonceIndex, homeInitCookie, homeKeygenToken } = message;
                const token = { nonceIndex, keygenToken: homeKeygenToken };
                return peer.test('home', received, homeInitCookie, token, now);
            }
            case 'care-of-test': {
                if (peer === undefined || received.destination === this.#config.home)
                    break;
                const { nonceIndex, careOfInitCookie, careOfKeygenToken } = message;
                const token = { nonceIndex, keygenToken: careOfKeygenToken };
                return peer.test('care-of', received, careOfInitCookie, token, now);
            }
            case 'binding-acknowledgement':
                if (peer === undefined)
                    return [count('mobility.ba_unexpected')];
                return peer.acknowledged(received, message, now);
            case 'binding-refresh-request':
                return peer === undefined ? [] : peer.asked(now);
            case 'binding-error':
                return this.#bindingError(received, message.status, peer, now);
            case 'parameter-problem':
                return this.#parameterProblem(received, message, now);
            default:
                return [];
        }
        return [count('mobility.test_unexpected')];
    }
    /** RFC 6275 section 11.6.2: a Home Test that did not come by the home agent proves nothing. */
    #cameHome(received) {
        if (received.destination !== this.#config.home)
            return false;
        const away = this.#state.paths.own !== undefined;
        return !away || received.tunnel?.src === this.#config.homeAgent;
    }
    /** RFC 6275 section 11.3.6. */
    #bindingError(received, status, peer, now) {
        if (peer === undefined)
            return [count('mobility.be_ignored')];
        if (status === 2) {
            // RFC 6275 section 11.3.6: where no answer is awaited it means nothing, and it is easily forged.
            if (!peer.asking)
                return [count('mobility.be_ignored')];
            return peer.unaware('it does not know the message type', now);
        }
        const current = this.#state.paths.registeredCareOf(peer.peer);
        if (received.destination !== current)
            return [count('mobility.be_ignored')];
        return peer.unknownToPeer(now);
    }
    /**
     * A peer that knows nothing of Mobile IPv6 refuses the Mobility Header (code 1) or the Home
     * Address option (code 2). The quoted packet must be one that waits for an answer, since anybody
     * can send such an error. Source: RFC 6275 section 11.3.5; RFC 4443 section 3.4.
     */
    #parameterProblem(received, { code, invoking, pointer }, now) {
        const walk = walkHeaders(invoking);
        if (walk === undefined || invoking.length < 40)
            return [];
        const peer = this.#peers.get(readAddress(invoking, 24));
        if (peer === undefined || received.source !== peer.peer)
            return [];
        if (walk.protocol === PROTOCOL.mobility) {
            const type = invoking[walk.upperAt + 2];
            const isInit = type === MH_TYPE.homeTestInit || type === MH_TYPE.careOfTestInit;
            const cookie = invoking.subarray(walk.upperAt + 8, walk.upperAt + 16);
            if (code !== 1 || !isInit || !peer.awaits(cookie))
                return [];
            return peer.unaware('it does not know the Mobility Header', now);
        }
        if (code !== 2 || invoking[pointer] !== IPV6_OPTION.homeAddress)
            return [];
        if (readAddress(invoking, 8) !== this.#state.paths.registeredCareOf(peer.peer))
            return [];
        return peer.unaware('it does not know the Home Address option', now);
    }
    #drop(address, { sequence }) {
        this.#peers.delete(address);
        if (sequenceNewer(sequence, this.#sequence))
            this.#sequence = sequence;
    }
    /** Is there room for one more peer, after those of no use are gone? */
    #room(now) {
        if (this.#peers.size < this.#config.maxPeers)
            return true;
        for (const [address, peer] of this.#peers) {
            if (peer.idle(now))
                this.#drop(address, peer);
        }
        return this.#peers.size < this.#config.maxPeers;
    }
}
