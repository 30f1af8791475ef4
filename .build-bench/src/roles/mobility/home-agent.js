import { answer } from '../../core/judged-update.js';
import { DuplicateAddressDetection } from '../../core/neighbor-discovery/duplicate-address-detection.js';
import { NeighborProxy } from '../../core/neighbor-discovery/proxy.js';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.js';
import { count, forward, tell, unforward, } from '../../core/part.js';
import { after, between, seconds, sooner } from '../../core/time.js';
import { formatAddress, readAddress } from '../../wire/address.js';
import { BINDING_STATUS } from '../../wire/numbers.js';
import { walkHeaders } from '../../wire/walk.js';
import { fromTunnelEntry, fromTunnelId, toHomeEntry, toHomeId } from './home-agent-entries.js';
import { restoreBinding, storedBinding, storeKey } from './home-agent-journal.js';
import { UpdateJudge } from './home-agent-judge.js';
/**
 * Home agent: stands in for mobile nodes that are away, and tunnels to them what comes for them.
 *
 *     Binding Update -> judged -> (new home address: Duplicate Address Detection) -> bound
 *     bound: answers for the home address on the home link, tunnels to the care-of address,
 *            forwards what comes back through the tunnel
 *     bound -> lifetime 0, or expired -> gone
 *
 * Supported standards: RFC 6275 sections 10.1 to 10.6.1; RFC 4285; both placements of the home
 * address that the cluster seed's Fig 10 shows.
 */
export class HomeAgent {
    #config;
    #state;
    #judge;
    #dad;
    #proxy;
    /** New bindings whose home address is under Duplicate Address Detection. */
    #pending = new Map();
    constructor(config, state) {
        this.#config = config;
        this.#state = state;
        this.#judge = new UpdateJudge(config, state);
        this.#dad = new DuplicateAddressDetection(state.constants);
        this.#proxy = new NeighborProxy(config.link, config.address, state.constants);
    }
    deadline() {
        return sooner(this.#state.bindings.deadline('home'), sooner(this.#dad.deadline(), this.#proxy.deadline()));
    }
    handle(input, now) {
        switch (input.kind) {
            case 'link':
                if (input.link === this.#config.link)
                    this.#proxy.setLinkAddress(input.linkAddress);
                return [];
            case 'restored':
                return this.#restore(input.key, input.value, now);
            case 'received':
                return this.#received(input, now);
            case 'tick':
                return this.#tick(now);
            default:
                return [];
        }
    }
    #received(received, now) {
        const { message, reason } = received;
        if (reason === 'tunnel-unverified')
            return this.#strangerInTunnel(received, now);
        if (message.layer === 'binding-update' && message.homeRegistration) {
            return this.#update(received, message, now);
        }
        if (received.link !== this.#config.link)
            return [];
        const conflict = this.#dad.conflict(received);
        if (conflict !== undefined)
            return this.#duplicate(conflict);
        return this.#proxy.received(received);
    }
    #update(received, update, now) {
        const { judged, outputs } = this.#judge.judge(received, update, this.#pending, now);
        outputs.unshift(count('mobility.bu_received'));
        if (judged === undefined)
            return outputs;
        if (judged.status >= 128) {
            return [...outputs, count('mobility.bu_refused'), ...answer(judged, 'home')];
        }
        if (judged.lifetime === 0)
            return [...outputs, ...this.#release(judged)];
        const { home } = judged;
        const known = this.#state.bindings.get(home);
        const wanted = this.#pending.get(home);
        if (known === undefined && !this.#state.env.without.has('home-dad')) {
            this.#pending.set(home, judged);
            // A repeat takes the place of the first and is answered in its stead when DAD is over.
            const repeated = wanted !== undefined;
            const restart = this.#state.env.without.has('update-repeated-during-dad');
            if (wanted !== undefined)
                outputs.push(...unforward(fromTunnelId(home, wanted.careOf)));
            // Packets need not wait: nobody's address is claimed on the home link before DAD is over.
            outputs.push(...this.#carry(home, judged.careOf, after(now, judged.lifetime)));
            if (repeated && !restart)
                return outputs;
            return [...outputs, ...this.#dad.start(this.#config.link, home, now)];
        }
        return [...outputs, ...this.#accept(judged, now)];
    }
    #tick(now) {
        const dad = this.#dad.tick(now);
        const outputs = [...dad.outputs, ...this.#proxy.tick(now)];
        for (const home of dad.unique) {
            const judged = this.#pending.get(home);
            this.#pending.delete(home);
            if (judged !== undefined)
                outputs.push(...this.#accept(judged, now));
        }
        for (const binding of this.#state.bindings.expire('home', now)) {
            outputs.push(...this.#forget(binding, 'binding.expired'));
        }
        return outputs;
    }
    #accept(judged, now) {
        const { home, careOf, lifetime, sequence } = judged;
        const before = this.#state.bindings.get(home);
        const binding = {
            scope: 'home',
            home,
            registrant: '',
            bindingId: 0,
            careOf,
            sequence,
            lifetime,
            expiresAt: after(now, lifetime),
        };
        if (!this.#state.bindings.set(binding)) {
            const closed = unforward(toHomeId(home), fromTunnelId(home, careOf));
            const status = BINDING_STATUS.insufficientResources;
            const refused = [count('mobility.cache_full'), count('mobility.bu_refused')];
            return [...closed, ...refused, ...answer({ ...judged, status }, 'home')];
        }
        return [
            count('mobility.bu_accepted'),
            ...this.#install(binding, before, now),
            { kind: 'store', key: storeKey(home), value: storedBinding(binding, this.#state.env.epoch) },
            tell({
                kind: 'binding.accepted',
                scope: 'home',
                home,
                careof: careOf,
                lifetime_s: lifetime / seconds(1),
                sequence,
                source: 'RFC 6275 10.3.1',
            }),
            ...answer(judged, 'home'),
        ];
    }
    /** Forwarding and proxying for a binding that is new, renewed, or taken up after a restart. */
    #install(binding, before, now) {
        const { without } = this.#state.env;
        const { home, careOf } = binding;
        const outputs = [];
        if (before !== undefined && before.careOf !== careOf) {
            const linger = after(now, this.#state.constants.OLD_CARE_OF_LINGER);
            outputs.push(...(without.has('old-care-of-linger')
                ? unforward(fromTunnelId(home, before.careOf))
                : forward(fromTunnelEntry(this.#config.address, home, before.careOf, Math.min(linger, before.expiresAt)))));
        }
        outputs.push(...this.#carry(home, careOf, binding.expiresAt));
        if (!without.has('proxy-neighbor-discovery'))
            outputs.push(...this.#proxy.add(home, now));
        return outputs;
    }
    /** The tunnel, both ways. */
    #carry(home, careOf, expiresAt) {
        const { address } = this.#config;
        return forward(fromTunnelEntry(address, home, careOf, expiresAt), ...(this.#state.env.without.has('tunnel')
            ? []
            : [toHomeEntry(address, home, careOf, expiresAt)]));
    }
    /** A registration under Duplicate Address Detection is not to come to anything. */
    #abandon(home) {
        const judged = this.#pending.get(home);
        if (judged === undefined)
            return { outputs: this.#dad.cancel(home) };
        this.#pending.delete(home);
        const closed = unforward(toHomeId(home), fromTunnelId(home, judged.careOf));
        return { judged, outputs: [...this.#dad.cancel(home), ...closed] };
    }
    #release(judged) {
        const { outputs: cancelled } = this.#abandon(judged.home);
        const binding = this.#state.bindings.delete(judged.home);
        const gone = binding === undefined ? [] : this.#forget(binding, 'binding.deleted');
        return [count('mobility.bu_accepted'), ...cancelled, ...gone, ...answer(judged, 'home')];
    }
    #forget(binding, kind) {
        const { home, careOf } = binding;
        return [
            ...unforward(toHomeId(home), fromTunnelId(home, careOf)),
            ...this.#proxy.remove(home),
            { kind: 'store', key: storeKey(home) },
            tell({ kind, scope: 'home', home, careof: careOf, source: 'RFC 6275 10.3.2' }),
        ];
    }
    /** Somebody on the home link has the address already. RFC 6275 section 10.3.1. */
    #duplicate(home) {
        const { judged, outputs: cancelled } = this.#abandon(home);
        if (judged === undefined)
            return cancelled;
        const status = BINDING_STATUS.duplicateAddressDetectionFailed;
        return [
            ...cancelled,
            count('mobility.home_duplicate'),
            count('mobility.bu_refused'),
            ...answer({ ...judged, status }, 'home'),
        ];
    }
    /**
     * A tunnelled packet from nobody that is registered: dropped (the node counted it). A mobile node
     * of ours whose binding is gone, as after a restart, is told so, or it would send into the void.
     */
    #strangerInTunnel(received, now) {
        const { octets, source, destination } = received;
        const at = walkHeaders(octets)?.upperAt;
        if (at === undefined || octets.length < at + 40)
            return [];
        const home = readAddress(octets, at + 8);
        const ours = maskAddress(home, this.#config.prefixLength) === this.#config.prefix;
        if (!ours || this.#pending.has(home) || this.#state.bindings.get(home)?.careOf === source) {
            return [];
        }
        return this.#state.errors.unknownBinding({ source, destination, home }, now);
    }
    #restore(key, value, now) {
        if (this.#state.env.without.has('journal'))
            return [];
        this.#judge.restore(key, value);
        const binding = restoreBinding(key, value, this.#state.env.epoch, now);
        if (binding === undefined)
            return [];
        if (between(now, binding.expiresAt) === 0)
            return [{ kind: 'store', key }];
        if (!this.#state.bindings.set(binding))
            return [count('mobility.cache_full')];
        return [
            ...this.#install(binding, undefined, now),
            tell({
                kind: 'binding.accepted',
                scope: 'home',
                home: binding.home,
                careof: binding.careOf,
                lifetime_s: Math.round(between(now, binding.expiresAt) / seconds(1)),
                sequence: binding.sequence,
                reason: `taken up again for ${formatAddress(binding.home)}`,
            }),
        ];
    }
}
