import { isLinkLocal } from '../../wire/address.js';
import { count, tell } from '../part.js';
import { after, sooner } from '../time.js';
import { DuplicateAddressDetection } from './duplicate-address-detection.js';
import { autoconfigured, interfaceIdentifier } from './link-layer.js';
import { RouterDiscovery } from './router-discovery.js';
/** Addresses tried before a link is given up as hopeless (RFC 4862 section 5.4.5 gives up at one). */
const MAX_ADDRESS_TRIES = 3;
/**
 * One interface of a mobile node: finds the router, makes an address, makes sure that nobody else
 * has it, and says when there is a place to be reached at or none any more.
 *
 *     down -> searching -> configuring -> ready       (home link: searching -> ready)
 *     ready -> searching (router lost, new prefix)    any -> down
 *
 * Supported standards: RFC 4862 sections 5.4 and 5.5, RFC 4429, RFC 6275 sections 11.5.1 to 11.5.3.
 */
export class Attachment {
    #link;
    #config;
    #state;
    #routers;
    #dad;
    #isHome;
    #stage = { name: 'down' };
    #identifier = '';
    #tries = 0;
    constructor(link, config, isHome, state) {
        this.#link = link;
        this.#config = config;
        this.#isHome = isHome;
        this.#state = state;
        this.#routers = new RouterDiscovery(link, state.constants, state.env.random);
        this.#dad = new DuplicateAddressDetection(state.constants);
    }
    /** Where the link has brought us; undefined while that is not known or not usable. */
    get place() {
        return this.#stage.name === 'ready' ? this.#stage.place : undefined;
    }
    deadline() {
        const probeAt = this.#stage.name === 'configuring' ? this.#stage.probeAt : undefined;
        return sooner(probeAt, sooner(this.#routers.deadline(), this.#dad.deadline()));
    }
    handle(input, now) {
        switch (input.kind) {
            case 'link':
                return input.link === this.#link ? this.#linkChanged(input, now) : [];
            case 'address':
                if (input.link === this.#link && isLinkLocal(input.address)) {
                    this.#routers.setLinkLocal(input.present ? input.address : undefined);
                }
                return [];
            case 'received': {
                if (input.link !== this.#link)
                    return [];
                const taken = this.#dad.conflict(input);
                if (taken !== undefined)
                    return this.#duplicate(taken, now);
                return this.#discovered(this.#routers.received(input, now), now);
            }
            case 'tick':
                return this.#tick(now);
            default:
                return [];
        }
    }
    #linkChanged(input, now) {
        const left = this.#leave();
        if (!input.up) {
            this.#routers.down();
            this.#stage = { name: 'down' };
            return [...left, tell({ kind: 'link.down', link: this.#link })];
        }
        this.#identifier = interfaceIdentifier(input.linkAddress);
        this.#tries = 0;
        this.#stage = { name: 'searching', since: now };
        // Without movement detection the node goes on as if the link were the one that it was.
        if (!this.#state.env.without.has('movement-detection'))
            this.#routers.up(input.linkAddress, now);
        return [...left, tell({ kind: 'link.up', link: this.#link })];
    }
    #tick(now) {
        const outputs = this.#discovered(this.#routers.tick(now), now);
        const stage = this.#stage;
        if (stage.name === 'configuring' && stage.probeAt !== undefined && now >= stage.probeAt) {
            this.#stage = { ...stage, probeAt: undefined };
            outputs.push(...this.#dad.start(this.#link, stage.place.address, now));
        }
        const dad = this.#dad.tick(now);
        outputs.push(...dad.outputs);
        for (const address of dad.unique)
            outputs.push(...this.#unique(address, now));
        return outputs;
    }
    #discovered({ outputs, found, renewed, lost }, now) {
        if (lost !== undefined && this.#current()?.advertisement.router === lost.router) {
            return [...outputs, ...this.#leave(), ...this.#searchAmongKnown(now)];
        }
        // A known router may offer a prefix only now; an address given up on is not tried for ever.
        const hopeless = this.#tries >= MAX_ADDRESS_TRIES;
        const late = this.#stage.name === 'searching' && !hopeless ? renewed : undefined;
        const offered = found ?? late;
        if (offered === undefined)
            return outputs;
        return [...outputs, ...this.#consider(offered, now)];
    }
    /** The router in use is gone; another may have been there all along. */
    #searchAmongKnown(now) {
        this.#stage = { name: 'searching', since: now };
        for (const other of this.#routers.routers()) {
            const outputs = this.#consider(other, now);
            if (this.#current() !== undefined)
                return outputs;
        }
        return [];
    }
    /** RFC 6275 section 11.5.1: a router with a prefix of its own is a new place. */
    #consider(advertisement, now) {
        if (this.#stage.name === 'down')
            return [];
        const prefix = advertisement.prefixes.find(this.#isHome) ??
            advertisement.prefixes.find((one) => one.autonomous && one.validLifetime > 0);
        if (prefix === undefined)
            return [];
        const current = this.#current();
        if (current !== undefined && current.prefix.prefix === prefix.prefix)
            return [];
        const since = this.#stage.name === 'searching' ? this.#stage.since : now;
        const left = this.#leave();
        const reason = current === undefined ? 'new-link' : 'new-prefix';
        const { router } = advertisement;
        return [
            ...left,
            tell({
                kind: 'signal.received',
                message: 'Router Advertisement',
                from: router,
                to: advertisement.packet.to,
                octets: advertisement.packet.octets,
                detail: this.#isHome(prefix) ? 'the home network' : 'a network not known yet',
            }),
            tell({ kind: 'movement.detected', link: this.#link, router, reason }),
            phase('movement_detection', since, now),
            ...this.#configure(advertisement, prefix, now),
        ];
    }
    #configure(advertisement, prefix, now) {
        const atHome = this.#isHome(prefix);
        const address = atHome ? this.#config.home : autoconfigured(prefix.prefix, this.#identifier);
        const place = { link: this.#link, advertisement, prefix, address, atHome };
        // The home address is known to be unique: the home agent has defended it all the time.
        if (atHome) {
            this.#stage = { name: 'ready', place };
            return [];
        }
        const { dad } = this.#config;
        const optimistic = dad === 'optimistic' && !this.#state.env.without.has('optimistic-dad');
        if (dad === 'off') {
            this.#stage = { name: 'ready', place };
            return [
                ...this.#use(place, false),
                phase('address_configuration', now, now),
                this.#tellAddress('address.ready', address),
            ];
        }
        if (optimistic) {
            this.#stage = { name: 'ready', place };
            return [
                ...this.#use(place, true),
                phase('address_configuration', now, now),
                this.#tellAddress('address.tentative', address),
                ...this.#dad.start(this.#link, address, now),
            ];
        }
        // Nodes that moved together must not ask together (RFC 4862 section 5.4.2).
        const delay = this.#state.constants.MAX_DAD_DELAY * this.#state.env.random();
        const probeAt = after(now, Math.round(delay));
        this.#stage = { name: 'configuring', place, since: now, probeAt };
        return [this.#tellAddress('address.tentative', address)];
    }
    #unique(address, now) {
        const stage = this.#stage;
        const place = this.#current();
        if (place === undefined || place.address !== address)
            return [];
        this.#stage = { name: 'ready', place };
        const since = stage.name === 'configuring' ? stage.since : undefined;
        return [
            ...this.#use(place, false),
            ...(since === undefined ? [] : [phase('address_configuration', since, now)]),
            this.#tellAddress('address.ready', address),
        ];
    }
    /** Somebody has the address: another one is made, a few times. */
    #duplicate(address, now) {
        const place = this.#current();
        const outputs = [
            ...this.#dad.cancel(address),
            count('nd.duplicate_address'),
            this.#tellAddress('address.duplicate', address),
        ];
        if (place === undefined || place.address !== address)
            return outputs;
        outputs.push(...this.#leave());
        this.#tries += 1;
        this.#stage = { name: 'searching', since: now };
        if (this.#tries >= MAX_ADDRESS_TRIES)
            return outputs;
        this.#identifier = String.fromCharCode(...this.#state.env.secrets(8));
        outputs.push(...this.#configure(place.advertisement, place.prefix, now));
        return outputs;
    }
    /** The kernel gets the address, and a default route for what is sent from it. */
    #use(place, optimistic) {
        const { link, address, prefix, advertisement } = place;
        return [
            {
                kind: 'address',
                action: 'add',
                link,
                address,
                prefixLength: prefix.length,
                ...(optimistic ? { optimistic } : {}),
            },
            ...routes('add', place, address, advertisement.router),
        ];
    }
    /** Gives up what the link had brought. */
    #leave() {
        const place = this.#current();
        if (place === undefined)
            return [];
        const outputs = this.#dad.cancel(place.address);
        if (this.#stage.name === 'ready' && !place.atHome) {
            const { link, address, prefix, advertisement } = place;
            outputs.push(...routes('remove', place, address, advertisement.router), { kind: 'address', action: 'remove', link, address, prefixLength: prefix.length }, this.#tellAddress('address.lost', address));
        }
        this.#stage = { name: 'down' };
        return outputs;
    }
    #current() {
        const stage = this.#stage;
        return stage.name === 'ready' || stage.name === 'configuring' ? stage.place : undefined;
    }
    #tellAddress(kind, address) {
        return tell({ kind, link: this.#link, address });
    }
}
/** The routes of a place, for packets from one address. */
export function routes(action, place, source, via) {
    const { link, prefix } = place;
    const anywhere = '\0'.repeat(16);
    return [
        ...(prefix.onLink
            ? [
                {
                    kind: 'route',
                    action,
                    prefix: prefix.prefix,
                    prefixLength: prefix.length,
                    link,
                    source,
                },
            ]
            : []),
        { kind: 'route', action, prefix: anywhere, prefixLength: 0, link, via, source },
    ];
}
function phase(name, began, ended) {
    return tell({ kind: 'handover.phase', phase: name, began, ended });
}
