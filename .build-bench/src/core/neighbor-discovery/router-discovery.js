import { ALL_ROUTERS, solicitedNode } from '../../wire/address.js';
import { MAX_RTR_SOLICITATIONS } from '../constants.js';
import { count } from '../part.js';
import { signal } from '../signalling.js';
import { after, sooner } from '../time.js';
import { linkAddressOctets, ND_HOP_LIMIT } from './link-layer.js';
import { readAdvertisement } from './router-advertisement.js';
/** Routers remembered on one link; when full, what new ones say is not taken. */
const MAX_ROUTERS = 16;
/** Promised advertisements that may be missed before the router is asked (RFC 6275 11.5.1). */
const MAX_MISSED = 3;
/** Solicitations without an answer before a neighbour counts as gone (RFC 4861 section 10). */
const MAX_UNICAST_SOLICIT = 3;
/**
 * A host's view of the routers on one link, from the moment the link comes up.
 *
 *     up -> Router Solicitation (at once, up to 3) -> advertisement -> found
 *     found -> MAX_MISSED advertisements missed -> asked by Neighbor Solicitation -> lost or found
 *
 * Supported standards: RFC 4861 sections 6.3.4 to 6.3.7 and 7.3, RFC 6275 section 11.5.1.
 */
export class RouterDiscovery {
    #link;
    #constants;
    #random;
    #routers = new Map();
    #linkLocal;
    #linkAddress;
    #solicit;
    constructor(link, constants, random) {
        this.#link = link;
        this.#constants = constants;
        this.#random = random;
    }
    /** The link is up, perhaps another one than before: what was known of routers is void. */
    up(linkAddress, now) {
        this.#linkAddress = linkAddress;
        this.#routers.clear();
        const wait = this.#constants.MAX_RTR_SOLICITATION_DELAY * this.#random();
        this.#solicit = { at: after(now, Math.round(wait)), left: MAX_RTR_SOLICITATIONS };
    }
    down() {
        this.#routers.clear();
        this.#solicit = undefined;
    }
    /** Our link-local address: the source of what we ask. */
    setLinkLocal(address) {
        this.#linkLocal = address;
    }
    /** Routers that are there now, as they last described themselves. */
    routers() {
        return [...this.#routers.values()].map((router) => router.advertisement);
    }
    deadline() {
        let deadline = this.#linkLocal === undefined ? undefined : this.#solicit?.at;
        for (const { silentAt } of this.#routers.values())
            deadline = sooner(deadline, silentAt);
        return deadline;
    }
    tick(now) {
        const outputs = [];
        if (this.#solicit !== undefined && now >= this.#solicit.at && this.#linkLocal !== undefined) {
            outputs.push(...this.#sendSolicitation());
            const left = this.#solicit.left - 1;
            const at = after(now, this.#constants.RTR_SOLICITATION_INTERVAL);
            this.#solicit = left > 0 ? { at, left } : undefined;
        }
        for (const [address, router] of this.#routers) {
            if (now < router.silentAt)
                continue;
            if (router.advertisement.interval === undefined || router.probes >= MAX_UNICAST_SOLICIT) {
                this.#routers.delete(address);
                this.#solicit ??= { at: now, left: MAX_RTR_SOLICITATIONS };
                return { outputs, lost: router.advertisement };
            }
            router.probes += 1;
            router.silentAt = after(now, this.#constants.RETRANS_TIMER);
            outputs.push(...this.#probe(address));
        }
        return { outputs };
    }
    received(received, now) {
        if (received.link !== this.#link)
            return { outputs: [] };
        if (received.message.layer === 'neighbor-advertisement') {
            const router = this.#routers.get(received.message.targetAddress);
            if (router !== undefined && router.probes > 0)
                this.#heard(router, now);
            return { outputs: [] };
        }
        if (received.message.layer !== 'router-advertisement')
            return { outputs: [] };
        const advertisement = readAdvertisement(received);
        if (advertisement === undefined)
            return { outputs: [count('nd.ra_refused')] };
        return this.#advertised(advertisement, now);
    }
    #advertised(advertisement, now) {
        const outputs = [count('nd.ra_received')];
        const known = this.#routers.get(advertisement.router);
        if (advertisement.routerLifetime === 0) {
            if (!this.#routers.delete(advertisement.router) || known === undefined)
                return { outputs };
            return { outputs, lost: known.advertisement };
        }
        this.#solicit = undefined;
        if (known !== undefined) {
            known.advertisement = advertisement;
            this.#heard(known, now);
            return { outputs, renewed: advertisement };
        }
        if (this.#routers.size >= MAX_ROUTERS)
            return { outputs: [count('nd.ra_refused')] };
        const router = { advertisement, silentAt: now, probes: 0 };
        this.#heard(router, now);
        this.#routers.set(advertisement.router, router);
        return { outputs, found: advertisement };
    }
    #heard(router, now) {
        const { interval, routerLifetime } = router.advertisement;
        const wait = interval === undefined ? routerLifetime : MAX_MISSED * interval;
        router.silentAt = after(now, Math.min(wait, routerLifetime));
        router.probes = 0;
    }
    #sendSolicitation() {
        return signal({
            source: this.#linkLocal,
            destination: ALL_ROUTERS,
            hopLimit: ND_HOP_LIMIT,
            layers: [{ layer: 'router-solicitation', options: this.#sourceOption() }],
            link: this.#link,
        });
    }
    /** Is a router that fell silent still there? RFC 4861 section 7.3.3. */
    #probe(router) {
        if (this.#linkLocal === undefined)
            return [];
        return signal({
            source: this.#linkLocal,
            destination: solicitedNode(router),
            hopLimit: ND_HOP_LIMIT,
            layers: [
                { layer: 'neighbor-solicitation', targetAddress: router, options: this.#sourceOption() },
            ],
            detail: 'is the router still there?',
            link: this.#link,
        });
    }
    #sourceOption() {
        if (this.#linkAddress === undefined)
            return [];
        const linkLayerAddress = linkAddressOctets(this.#linkAddress);
        return [{ option: 'source-link-layer-address', linkLayerAddress }];
    }
}
