import { Attachment, routes } from '../../core/neighbor-discovery/attachment.js';
import { neighborAdvertisement } from '../../core/neighbor-discovery/proxy.js';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.js';
import { forward, tell, unforward, } from '../../core/part.js';
import { sooner } from '../../core/time.js';
import { ALL_NODES, formatAddress, isLinkLocal } from '../../wire/address.js';
import { HomeRegistration } from './home-registration.js';
import { RouteOptimisation } from './route-optimisation.js';
/** Where an identity lives while no link of its own network is there. */
const ANCHOR = 'careof0';
/**
 * Mobile node: keeps its home address in use wherever it is.
 *
 *     a place is found -> home registration -> peers are told (return routability each)
 *     a better place -> the same again; packets to the old place are taken as long as it lasts
 *     home is found -> home registration and peers' bindings are taken back
 *
 * It decides between places; finding them is `Attachment`, the home agent `HomeRegistration`, the
 * peers `RouteOptimisation`.
 *
 * Supported standards: RFC 6275 sections 11.1 to 11.8.
 */
export class MobileNode {
    #config;
    #state;
    #attachments;
    #linkAddresses = new Map();
    #registration;
    #peers;
    /** The place that is in use. */
    #place;
    /** The home link that the home address has routes on. */
    #routed;
    #preferred;
    /** Where the home address is given to the kernel. */
    #identityOn;
    /** Care-of addresses whose packets are taken. */
    #taken = new Set();
    constructor(config, state) {
        this.#config = config;
        this.#state = state;
        const homePrefix = maskAddress(config.home, config.homePrefixLength);
        this.#attachments = new Map(config.links.map((link) => [
            link,
            new Attachment(link, config, (one) => one.prefix === homePrefix, state),
        ]));
        this.#registration = new HomeRegistration(config, state);
        const identity = {
            home: config.home,
            allowed: (careOf, now) => this.#registration.remaining(careOf, now),
        };
        this.#peers = new RouteOptimisation(config, identity, state);
    }
    deadline() {
        let deadline = sooner(this.#registration.deadline(), this.#peers.deadline());
        for (const one of this.#attachments.values())
            deadline = sooner(deadline, one.deadline());
        return deadline;
    }
    handle(input, now) {
        const outputs = [];
        if (input.kind === 'restored')
            this.#registration.restore(input.key);
        if (input.kind === 'start')
            outputs.push(...this.#keepIdentity(ANCHOR, 128));
        if (input.kind === 'link')
            this.#linkAddresses.set(input.link, input.linkAddress);
        if (input.kind === 'address' && isLinkLocal(input.address)) {
            this.#registration.setLinkLocal(input.address);
        }
        for (const attachment of this.#attachments.values()) {
            outputs.push(...attachment.handle(input, now));
        }
        outputs.push(...this.#ownInput(input, now), ...this.#settle(now));
        return outputs;
    }
    #ownInput(input, now) {
        switch (input.kind) {
            case 'received':
                return this.#received(input, now);
            case 'notice': {
                const inbound = input.reason === 'tunnelled-from-peer';
                return this.#heardOf(inbound ? input.src : input.dst, now);
            }
            case 'answer':
                return this.#peers.answered(input.id, input.use[0]?.packets ?? 0, now);
            case 'command':
                return this.#command(input.command);
            case 'tick':
                return [...this.#progress(this.#registration.tick(now), now), ...this.#peers.tick(now)];
            default:
                return [];
        }
    }
    #received(received, now) {
        const { message, source } = received;
        if (source === this.#config.homeAgent) {
            if (message.layer === 'binding-acknowledgement') {
                return this.#progress(this.#registration.acknowledged(received, message, now), now);
            }
            if (message.layer === 'binding-error' && message.status === 1) {
                const ours = received.destination === this.#place?.address;
                return ours ? this.#progress(this.#registration.unknownToAgent(now), now) : [];
            }
        }
        return this.#peers.received(received, now);
    }
    #command(command) {
        if (command.do === 'prefer' && this.#attachments.has(command.link)) {
            this.#preferred = command.link;
        }
        return [];
    }
    #heardOf(peer, now) {
        const place = this.#place;
        if (place === undefined || place.atHome)
            return [];
        if (this.#registration.remaining(place.address, now) === 0)
            return [];
        return this.#peers.heardOf(peer, place.address, now);
    }
    /** Is the place in use still the best one? If not, the hand-over begins here. */
    #settle(now) {
        const best = this.#best();
        const outputs = this.#takeAt(best, now);
        if (best === undefined)
            return [...outputs, ...this.#nowhere()];
        const same = best.link === this.#place?.link && best.address === this.#place.address;
        if (same) {
            // At home the address stays while the router may be another one now.
            const rerouted = best.atHome && best !== this.#place ? this.#routeHome(best) : [];
            this.#place = best;
            return [...outputs, ...rerouted];
        }
        const before = this.#place;
        this.#place = best;
        outputs.push(tell({
            kind: 'handover.began',
            link: best.link,
            reason: before === undefined ? 'no place before' : `was on ${before.link}`,
        }));
        if (best.atHome)
            outputs.push(...this.#arriveHome(best, now));
        else
            outputs.push(...this.#arriveAway(best, before, now));
        return outputs;
    }
    /** The preferred link, else the first of the configured ones that has brought us somewhere. */
    #best() {
        const links = [
            ...(this.#preferred === undefined ? [] : [this.#preferred]),
            ...this.#config.links,
        ];
        for (const link of links) {
            const place = this.#attachments.get(link)?.place;
            if (place !== undefined)
                return place;
        }
        return undefined;
    }
    #nowhere() {
        if (this.#place === undefined)
            return [];
        const left = this.#place.atHome ? this.#leaveHome(this.#place) : [];
        this.#place = undefined;
        return left;
    }
    #arriveAway(place, before, now) {
        const outputs = before?.atHome === true ? this.#leaveHome(before) : [];
        // While the last place works, packets leave from there until the home agent knows the new one.
        const bridge = before !== undefined && !before.atHome && this.#works(before);
        if (!bridge)
            outputs.push(...this.#sendFrom(place.address), ...this.#peers.tunnelMeanwhile());
        const held = this.#registration.held;
        outputs.push(...this.#progress(this.#registration.move(place.address, undefined, now), now));
        // The tests run beside the registration, except where the tunnel does not exist yet.
        if (held)
            outputs.push(...this.#peers.move(place.address, now));
        return outputs;
    }
    #works(place) {
        if (this.#state.env.without.has('make-before-break'))
            return false;
        return this.#attachments.get(place.link)?.place?.address === place.address;
    }
    #sendFrom(careOf) {
        const { home, homeAgent, routeOptimisation } = this.#config;
        return this.#state.paths.setOwn({ home, careOf, homeAgent, notify: routeOptimisation });
    }
    /** RFC 6275 section 11.5.5. */
    #arriveHome(place, now) {
        const { home, homePrefixLength } = this.#config;
        const outputs = [];
        const { without } = this.#state.env;
        const { pending } = this.#registration;
        if (!pending)
            this.#registration.rest();
        else if (!without.has('returning-home')) {
            outputs.push(...this.#progress(this.#registration.move(home, place.link, now), now));
        }
        outputs.push(...this.#state.paths.setOwn(undefined), ...this.#keepIdentity(place.link, homePrefixLength), ...this.#routeHome(place), tell({ kind: 'home.returned', home, link: place.link }), 
        // From another interface, say: with nothing to take back, no answer is to be waited for.
        ...(pending ? [] : this.#claimHome(place)), ...this.#peers.move(home, now));
        return outputs;
    }
    #leaveHome(place) {
        const { home } = this.#config;
        return [
            ...this.#routeHome(undefined),
            ...this.#keepIdentity(ANCHOR, 128),
            tell({ kind: 'home.left', home, link: place.link }),
        ];
    }
    /** Routes for what the home address sends at home, in the stead of those that it had. */
    #routeHome(place) {
        const { home } = this.#config;
        const before = this.#routed;
        this.#routed = place;
        return [
            ...(before === undefined ? [] : routes('remove', before, home, before.advertisement.router)),
            ...(place === undefined ? [] : routes('add', place, home, place.advertisement.router)),
        ];
    }
    /** Gives the kernel the home address on a link, and takes it from the last one after that. */
    #keepIdentity(link, prefixLength) {
        const before = this.#identityOn;
        if (before?.link === link)
            return [];
        const address = this.#config.home;
        this.#identityOn = { link, prefixLength };
        return [
            { kind: 'address', action: 'add', link, address, prefixLength, preferred: true },
            ...(before === undefined
                ? []
                : [{ kind: 'address', action: 'remove', address, ...before }]),
        ];
    }
    #progress({ outputs, result }, now) {
        const place = this.#place;
        if (result === undefined || place === undefined)
            return outputs;
        if (result === 'released' && place.atHome) {
            return [...outputs, ...this.#claimHome(place), this.#ended(place.address)];
        }
        if (result !== 'bound' || place.atHome)
            return outputs;
        const moved = this.#state.paths.own?.careOf !== place.address;
        return [
            ...outputs,
            ...(moved ? this.#sendFrom(place.address) : []),
            this.#ended(place.address),
            ...this.#peers.move(place.address, now),
            ...this.#peers.proceed(now),
        ];
    }
    /** The home agent stands in no more: whoever has its address cached is told ours. */
    #claimHome(place) {
        const linkAddress = this.#linkAddresses.get(place.link);
        if (linkAddress === undefined)
            return [];
        const { home } = this.#config;
        return neighborAdvertisement({
            link: place.link,
            source: home,
            target: home,
            to: ALL_NODES,
            linkAddress,
            solicited: false,
        }, 'home again');
    }
    #ended(careof) {
        return tell({ kind: 'handover.ended', careof });
    }
    /** Packets are taken at every place that works, so that nothing under way is lost in a move. */
    #takeAt(best, now) {
        const { without } = this.#state.env;
        const wanted = new Set();
        for (const { place } of this.#attachments.values()) {
            if (place === undefined || place.atHome)
                continue;
            const late = without.has('tunnel-while-registering');
            if (late && this.#registration.remaining(place.address, now) === 0)
                continue;
            if (without.has('make-before-break') && place !== best)
                continue;
            wanted.add(place.address);
        }
        const outputs = [];
        for (const careOf of this.#taken) {
            if (wanted.has(careOf))
                continue;
            this.#taken.delete(careOf);
            outputs.push(...unforward(...this.#entriesAt(careOf).map((entry) => entry.id)));
        }
        for (const careOf of wanted) {
            if (this.#taken.has(careOf))
                continue;
            this.#taken.add(careOf);
            outputs.push(...forward(...this.#entriesAt(careOf)));
        }
        return outputs;
    }
    /**
     * What comes to a care-of address for the home address: by tunnel from the home agent (RFC 6275
     * section 11.3.3), or from a peer with a Type 2 Routing header (section 6.4).
     */
    #entriesAt(careOf) {
        const { home, homeAgent, routeOptimisation } = this.#config;
        const dst = { address: careOf };
        return [
            {
                id: `self/tunnel/${formatAddress(careOf)}`,
                owner: 'mobile-node',
                at: 'arriving',
                match: { src: { address: homeAgent }, dst, protocol: 41, innerDst: home },
                do: [
                    { pop: 'ipv6' },
                    ...(routeOptimisation ? [{ notify: 'tunnelled-from-peer' }] : []),
                ],
            },
            {
                id: `self/routing-2/${formatAddress(careOf)}`,
                owner: 'mobile-node',
                at: 'arriving',
                match: { dst, routing2: home },
                do: [{ apply: 'routing-2' }],
            },
        ];
    }
}
