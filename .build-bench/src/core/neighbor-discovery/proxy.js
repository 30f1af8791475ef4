import { ALL_NODES, solicitedNode, UNSPECIFIED } from '../../wire/address.js';
import { MAX_NEIGHBOR_ADVERTISEMENT } from '../constants.js';
import { count } from '../part.js';
import { signal } from '../signalling.js';
import { after } from '../time.js';
import { linkAddressOctets, ND_HOP_LIMIT } from './link-layer.js';
/**
 * Stands in on a link for addresses whose owners are away: claims them when it begins, answers who
 * asks for them, and defends them against others who would take them.
 *
 * Supported standards: RFC 6275 section 10.4.1, RFC 4861 sections 7.2.6 and 7.2.8, RFC 4862 5.4.3.
 */
export class NeighborProxy {
    #link;
    #self;
    #constants;
    #claims = new Map();
    #linkAddress;
    /** @param self the address of ours that the advertisements come from. */
    constructor(link, self, constants) {
        this.#link = link;
        this.#self = self;
        this.#constants = constants;
    }
    /** Our own address on the link, which is what we answer with. */
    setLinkAddress(linkAddress) {
        this.#linkAddress = linkAddress;
    }
    has(address) {
        return this.#claims.has(address);
    }
    /** Begins to stand in, and claims the address from whoever has it cached. */
    add(address, now) {
        if (this.#claims.has(address))
            return [];
        const claim = { announced: 0, nextAt: now };
        this.#claims.set(address, claim);
        const group = solicitedNode(address);
        return [
            { kind: 'group', action: 'join', link: this.#link, group },
            ...this.#announce(address, claim, now),
        ];
    }
    remove(address) {
        if (!this.#claims.delete(address))
            return [];
        return [{ kind: 'group', action: 'leave', link: this.#link, group: solicitedNode(address) }];
    }
    deadline() {
        let deadline;
        for (const { nextAt } of this.#claims.values()) {
            if (nextAt !== undefined && (deadline === undefined || nextAt < deadline))
                deadline = nextAt;
        }
        return deadline;
    }
    tick(now) {
        const outputs = [];
        for (const [address, claim] of this.#claims) {
            if (claim.nextAt !== undefined && now >= claim.nextAt) {
                outputs.push(...this.#announce(address, claim, now));
            }
        }
        return outputs;
    }
    /** Answers a solicitation for an address that we stand in for. */
    received(received) {
        const { message, source, link } = received;
        if (link !== this.#link || message.layer !== 'neighbor-solicitation')
            return [];
        if (!this.#claims.has(message.targetAddress))
            return [];
        // Somebody's DAD is answered to all nodes, so that it hears us (RFC 4861 section 7.2.4).
        const probe = source === UNSPECIFIED;
        return [
            count('nd.proxied'),
            ...this.#advertise(message.targetAddress, probe ? ALL_NODES : source, !probe),
        ];
    }
    /** RFC 6275 section 10.4.1: up to MAX_NEIGHBOR_ADVERTISEMENT times, RETRANS_TIMER apart. */
    #announce(address, claim, now) {
        claim.announced += 1;
        claim.nextAt =
            claim.announced < MAX_NEIGHBOR_ADVERTISEMENT
                ? after(now, this.#constants.RETRANS_TIMER)
                : undefined;
        return this.#advertise(address, ALL_NODES, false);
    }
    #advertise(target, to, solicited) {
        const linkAddress = this.#linkAddress;
        if (linkAddress === undefined)
            return [];
        return neighborAdvertisement({ link: this.#link, source: this.#self, target, to, linkAddress, solicited }, solicited ? 'the home agent answers for it' : 'the home agent stands in for it');
    }
}
/**
 * A Neighbor Advertisement that overrides what others have cached: "send for `target` to this link
 * address". Source: RFC 4861 section 7.2.6, RFC 6275 sections 10.4.1 and 11.5.5.
 */
export function neighborAdvertisement(claim, detail) {
    const { link, source, target, to, linkAddress, solicited } = claim;
    return signal({
        source,
        destination: to,
        hopLimit: ND_HOP_LIMIT,
        layers: [
            {
                layer: 'neighbor-advertisement',
                router: false,
                solicited,
                override: true,
                targetAddress: target,
                options: [
                    {
                        option: 'target-link-layer-address',
                        linkLayerAddress: linkAddressOctets(linkAddress),
                    },
                ],
            },
        ],
        detail,
        link,
    });
}
