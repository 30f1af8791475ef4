import { formatAddress } from '../wire/address.js';
import { forward, unforward } from './part.js';
/**
 * The forwarding entries for packets that leave, made from what this node told others (its own
 * bindings at home agent and peers) and what others told it (its binding cache). One place makes
 * them because one packet may need both: a mobile node that sends to a mobile node.
 *
 *     at home or fixed    -> peer bound      Type 2 Routing header
 *     away, peer unaware                      tunnel to the home agent
 *     away, registered                        Home Address option
 *     away, registered    -> peer bound      both
 *     away, not registered -> peer bound     Type 2 Routing header, in the tunnel
 *
 * Source: RFC 6275 sections 9.3.2, 11.3.1.
 */
export class Paths {
    #own;
    /** Peers that accepted our binding, and the care-of address that they know. */
    #registered = new Map();
    #peers = new Map();
    get own() {
        return this.#own;
    }
    /** This node is now here; undefined: at home, nothing special is done to its packets. */
    setOwn(own) {
        const before = this.#own;
        this.#own = own;
        const outputs = [];
        if (own !== undefined)
            outputs.push(...forward(tunnelEntry(own)));
        else if (before !== undefined)
            outputs.push(...unforward(tunnelId(before.home)));
        for (const peer of new Set([...this.#registered.keys(), ...this.#peers.keys()])) {
            outputs.push(...this.#refresh(peer, before?.home));
        }
        return outputs;
    }
    /** A peer holds our binding for this care-of address until then. */
    setRegistered(peer, careOf, until) {
        this.#registered.set(peer, { careOf, until });
        return this.#refresh(peer, this.#own?.home);
    }
    /** A peer holds no binding of ours, or none that is of use. */
    unsetRegistered(peer) {
        return this.#registered.delete(peer) ? this.#refresh(peer, this.#own?.home) : [];
    }
    /** The care-of address that a peer knows us by. */
    registeredCareOf(peer) {
        return this.#registered.get(peer)?.careOf;
    }
    /** A peer's home address is bound (undefined: no longer) in our cache. */
    setPeerBinding(home, binding) {
        if (binding === undefined)
            this.#peers.delete(home);
        else
            this.#peers.set(home, binding);
        const general = this.toPeerId(home);
        const outputs = binding === undefined
            ? unforward(general)
            : forward({
                id: general,
                owner: 'paths',
                at: 'leaving',
                match: { dst: { address: home } },
                do: [{ insert: 'routing-2', careOf: binding.careOf }],
                expiresAt: binding.expiresAt,
            });
        return [...outputs, ...this.#refresh(home, this.#own?.home)];
    }
    /** The entry that carries what we send to a bound peer from an address that is not away. */
    toPeerId(home) {
        return `path/to/${formatAddress(home)}`;
    }
    /** The entry that carries what we send to a registered peer, for asking whether it is in use. */
    fromHomeId(peer) {
        return peerId(this.#own?.home ?? peer, peer);
    }
    #refresh(peer, oldHome) {
        const own = this.#own;
        const registered = this.#registered.get(peer);
        const bound = this.#peers.get(peer);
        const unused = oldHome === undefined ? [] : unforward(peerId(oldHome, peer));
        if (own === undefined)
            return unused;
        if (registered === undefined && bound === undefined)
            return unused;
        const actions = [];
        if (registered !== undefined) {
            actions.push({ insert: 'home-address', careOf: registered.careOf });
        }
        if (bound !== undefined)
            actions.push({ insert: 'routing-2', careOf: bound.careOf });
        if (registered === undefined) {
            actions.push({ push: 'ipv6', src: own.careOf, dst: own.homeAgent });
        }
        const ends = [registered?.until, bound?.expiresAt].filter((end) => end !== undefined);
        const entry = {
            id: peerId(own.home, peer),
            owner: 'paths',
            at: 'leaving',
            match: { src: { address: own.home }, dst: { address: peer } },
            do: actions,
            expiresAt: Math.min(...ends),
        };
        return forward(entry);
    }
}
const tunnelId = (home) => `path/from/${formatAddress(home)}`;
const peerId = (home, peer) => `path/from/${formatAddress(home)}/to/${formatAddress(peer)}`;
/** All that has no better way goes through the home agent, Mobility Header messages too. */
function tunnelEntry(own) {
    return {
        id: tunnelId(own.home),
        owner: 'paths',
        at: 'leaving',
        match: { src: { address: own.home }, mobility: true },
        do: [
            ...(own.notify ? [{ notify: 'tunnelled-to-peer' }] : []),
            { push: 'ipv6', src: own.careOf, dst: own.homeAgent },
        ],
    };
}
