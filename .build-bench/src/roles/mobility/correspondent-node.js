import { Heap } from '../../core/heap.js';
import { homeAddressEntry, homeAddressEntryId } from '../../core/home-address-entries.js';
import { answer, askedBy, } from '../../core/judged-update.js';
import { count, forward, tell, unforward, } from '../../core/part.js';
import { signal } from '../../core/signalling.js';
import { after, NO_TIME, seconds, sooner } from '../../core/time.js';
import { address, formatAddress } from '../../wire/address.js';
import { BINDING_STATUS } from '../../wire/numbers.js';
import { PeerJudge } from './correspondent-judge.js';
/** When the last part of a lifetime begins, in which a binding in use is asked to be renewed. */
const REFRESH_SHARE = 0.95;
/**
 * Correspondent node: answers return-routability tests without keeping anything, binds home
 * addresses that were proved, and sends straight to the care-of address.
 *
 *     Home Test Init -> Home Test, Care-of Test Init -> Care-of Test    (no state)
 *     Binding Update, proved -> bound -> (in use near its end: Binding Refresh Request) -> expired
 *
 * Supported standards: RFC 6275 sections 9.1 to 9.6, 5.2; home address option and Type 2 Routing
 * header by entries of the forwarding table.
 */
export class CorrespondentNode {
    #state;
    #judge;
    #agent;
    /** Bindings to be looked at once before they expire. */
    #lastLooks = new Heap((a, b) => a.at < b.at);
    /** @param agent is there a home agent in this node, which takes home registrations? */
    constructor(state, agent) {
        this.#state = state;
        this.#agent = agent;
        this.#judge = new PeerJudge(state);
    }
    deadline() {
        return sooner(this.#state.bindings.deadline('peer'), this.#lastLooks.peek()?.at);
    }
    handle(input, now) {
        switch (input.kind) {
            case 'received':
                return this.#received(input, now);
            case 'answer':
                return this.#usage(input.id, input.use[0]?.packets ?? 0);
            case 'tick':
                return this.#tick(now);
            default:
                return [];
        }
    }
    #received(received, now) {
        const { message } = received;
        switch (message.layer) {
            case 'home-test-init':
                return this.#judge.answerHomeTest(received, message.homeInitCookie, now);
            case 'care-of-test-init':
                return this.#judge.answerCareOfTest(received, message.careOfInitCookie, now);
            case 'binding-update':
                if (!message.homeRegistration)
                    return this.#update(received, message, now);
                return this.#agent ? [] : this.#noHomeAgent(received, message, now);
            default:
                return [];
        }
    }
    /** RFC 6275 section 9.5.1. Nothing proves such an update, so answers are no more than a trickle. */
    #noHomeAgent(received, update, now) {
        const refused = [count('mobility.bu_received'), count('mobility.bu_refused')];
        if (!this.#state.errors.limit.take(now))
            return refused;
        const asked = askedBy(received, update, NO_TIME);
        const status = BINDING_STATUS.homeRegistrationNotSupported;
        return [...refused, ...answer({ ...asked, status }, 'peer')];
    }
    #update(received, update, now) {
        const { judged, outputs } = this.#judge.judge(received, update, now);
        outputs.unshift(count('mobility.bu_received'));
        if (judged === undefined)
            return outputs;
        if (judged.status >= 128) {
            return [...outputs, count('mobility.bu_refused'), ...answer(judged, 'peer')];
        }
        outputs.push(count('mobility.bu_accepted'));
        if (judged.lifetime === 0) {
            const binding = this.#state.bindings.delete(judged.home);
            const gone = binding === undefined ? [] : this.#forget(binding, 'binding.deleted', now);
            return [...outputs, ...gone, ...answer(judged, 'peer')];
        }
        return [...outputs, ...this.#bind(judged, now), ...answer(judged, 'peer')];
    }
    #bind(judged, now) {
        const { home, careOf, lifetime, sequence } = judged;
        const before = this.#state.bindings.get(home);
        const expiresAt = after(now, lifetime);
        this.#state.bindings.set({
            scope: 'peer',
            home,
            registrant: '',
            bindingId: 0,
            careOf,
            sequence,
            lifetime,
            expiresAt,
        });
        const at = after(now, Math.round(lifetime * REFRESH_SHARE));
        this.#lastLooks.push({ at, home, local: judged.sentTo, expiresAt });
        this.#shedStaleLooks();
        return [
            ...this.#takeFrom(home, careOf, expiresAt),
            ...(before !== undefined && before.careOf !== careOf ? this.#linger(before, now) : []),
            ...this.#state.paths.setPeerBinding(home, { careOf, expiresAt }),
            tell({
                kind: 'binding.accepted',
                scope: 'peer',
                home,
                careof: careOf,
                lifetime_s: lifetime / seconds(1),
                sequence,
                source: 'RFC 6275 9.5.1',
            }),
        ];
    }
    #takeFrom(home, careOf, expiresAt) {
        return forward(homeAddressEntry(home, careOf, expiresAt));
    }
    /** Packets that were sent before the move may still be on their way. */
    #linger(before, now) {
        const { home, careOf } = before;
        if (this.#state.env.without.has('old-care-of-linger')) {
            return unforward(homeAddressEntryId(home, careOf));
        }
        const until = after(now, this.#state.constants.OLD_CARE_OF_LINGER);
        return this.#takeFrom(home, careOf, Math.min(until, before.expiresAt));
    }
    #tick(now) {
        const outputs = [];
        for (const binding of this.#state.bindings.expire('peer', now)) {
            outputs.push(...this.#forget(binding, 'binding.expired', now));
        }
        for (let look = this.#lastLooks.peek(); look !== undefined && look.at <= now;) {
            this.#lastLooks.pop();
            outputs.push(...this.#look(look));
            look = this.#lastLooks.peek();
        }
        return outputs;
    }
    /** A peer that renews all the time must not grow the heap. */
    #shedStaleLooks() {
        const { bindings } = this.#state;
        const looks = this.#lastLooks;
        if (looks.size < 2 * bindings.size + 64)
            return;
        const current = [];
        for (let look = looks.pop(); look !== undefined; look = looks.pop()) {
            if (bindings.get(look.home)?.expiresAt === look.expiresAt)
                current.push(look);
        }
        // Of looks at one binding for one moment, as after updates in one instant, one is enough.
        for (const look of new Map(current.map((look) => [look.home, look])).values())
            looks.push(look);
    }
    /** Is a binding that nobody renewed in use? RFC 6275 section 9.5.5. */
    #look(look) {
        const { home, local, expiresAt } = look;
        const renewed = this.#state.bindings.get(home)?.expiresAt !== expiresAt;
        if (renewed || this.#state.env.without.has('binding-refresh'))
            return [];
        const id = `${USAGE}${formatAddress(home)}/${formatAddress(local)}`;
        return [{ kind: 'ask', id, entries: [this.#state.paths.toPeerId(home)] }];
    }
    #usage(id, packets) {
        if (!id.startsWith(USAGE) || packets === 0)
            return [];
        const [home, local] = id.slice(USAGE.length).split('/').map(address);
        return [
            count('mobility.brr_sent'),
            ...signal({
                source: local,
                destination: home,
                layers: [{ layer: 'binding-refresh-request' }],
            }),
        ];
    }
    #forget(binding, kind, now) {
        const { home, careOf } = binding;
        this.#judge.retire(binding, now);
        return [
            ...unforward(homeAddressEntryId(home, careOf)),
            ...this.#state.paths.setPeerBinding(home, undefined),
            tell({ kind, scope: 'peer', home, careof: careOf, source: 'RFC 6275 9.5.2' }),
        ];
    }
}
const USAGE = 'peer-binding-use/';
