import { BINDING_STATUS, nameIn } from '../wire/numbers.js';
import { LIFETIME_UNIT } from './constants.js';
import { pathChanged } from './events.js';
import { LeftAlone } from './left-alone.js';
import { count, tell } from './part.js';
import { isExpiredNonce, PeerProof } from './peer-proof.js';
import { tellAccepted, tellLost, tellPhase } from './peer-registration-events.js';
import { RateLimit } from './rate-limit.js';
import { Registration } from './registration.js';
import { bindingUpdate, lifetimeOf } from './signalling.js';
import { between, NO_TIME, seconds, sooner } from './time.js';
/** Updates sent without an answer before a peer counts as silent. */
const MAX_UPDATES_UNANSWERED = 5;
/** Status answers 136 to 138 obeyed in a row. */
const MAX_EXPIRED_NONCES = 3;
/** How long a silent or refusing peer is left alone. */
const LEFT_ALONE = seconds(60);
/** What anybody can forge is believed no more often: Binding Errors, Binding Refresh Requests. */
const BELIEF_INTERVAL = seconds(1);
/**
 * Our binding at one peer, from the first proof to the last refresh.
 *
 *     move --> tests --proved--> update --acknowledged--> registered --> (in use) refreshed
 *     silent, refused, unaware --> left alone for a while; packets go by the home agent
 *
 * Supported standards: RFC 6275 sections 11.3.6, 11.6, 11.7.2, 11.7.3.
 */
export class PeerRegistration {
    peer;
    #identity;
    #state;
    #registration;
    #proof;
    /** The care-of address that the peer shall know; `home`: the binding is to be taken back. */
    #wanted;
    #proved = false;
    #expiredNonces = 0;
    #alone = new LeftAlone();
    #errors = new RateLimit(BELIEF_INTERVAL, 1);
    #requests = new RateLimit(BELIEF_INTERVAL, 1);
    #usedBefore = 0;
    /** @param first the number before the first update's: newer than any that the peer may remember. */
    constructor(peer, identity, state, first) {
        this.peer = peer;
        this.#identity = identity;
        this.#state = state;
        const { env, constants } = state;
        const retransmits = !env.without.has('retransmission');
        this.#registration = new Registration(first, constants, env.random, retransmits);
        this.#proof = new PeerProof(peer, identity.home, state);
    }
    /** Number of the newest update. */
    get sequence() {
        return this.#registration.sequence;
    }
    /** Is it of no use any more: no binding at the peer, nothing under way, nothing to remember? */
    idle(now) {
        const { waiting, expiresAt } = this.#registration;
        const quiet = !waiting && expiresAt === undefined && !this.#proof.waiting && !this.#proved;
        return quiet && this.#alone.isOver(now) && !this.#alone.mayHold(now);
    }
    deadline() {
        return sooner(this.#alone.deadline(), sooner(this.#proof.deadline(), this.#registration.deadline()));
    }
    /** The peer shall know this care-of address; `home`: that we are at home again. */
    move(careOf, now) {
        const release = careOf === this.#identity.home;
        // A peer whose answers alone were lost sends to where we were: it must be told, silent or not.
        const mayHold = this.#alone.mayHold(now);
        if (!this.#alone.isOver(now) && !mayHold)
            return [];
        // Nothing was told to this peer, so there is nothing to take back.
        const held = this.#registration.expiresAt !== undefined || this.#registration.waiting;
        if (release && !held && !mayHold) {
            this.stop();
            return [];
        }
        const underWay = this.#proof.waiting || this.#proved || this.#registration.waiting;
        if (this.#registration.bound?.careOf === careOf)
            return this.#stay(careOf);
        if (this.#wanted === careOf && underWay)
            return [];
        this.#wanted = careOf;
        this.#proved = false;
        this.#alone.end(now);
        return this.#prove(now);
    }
    /** Back where the peer has us still: what was begun for elsewhere is void. */
    #stay(careOf) {
        this.#proof.stop();
        this.#wanted = careOf;
        this.#proved = false;
        const { paths } = this.#state;
        if (paths.registeredCareOf(this.peer) === careOf)
            return [];
        return [
            ...paths.setRegistered(this.peer, careOf, this.#registration.expiresAt),
            tell(pathChanged(this.peer, this.#identity.home, 'route-optimised')),
        ];
    }
    /** The home agent has accepted a care-of address: what waited for that may go on. */
    proceed(now) {
        return this.#proved ? this.#update(now) : [];
    }
    /** Asks for nothing any more and remembers no binding. */
    stop() {
        this.#proof.stop();
        this.#registration.forget();
        this.#wanted = undefined;
        this.#proved = false;
        this.#alone.cancel();
    }
    tick(now) {
        const again = this.#alone.due(now);
        return [
            ...this.#proving(this.#proof.tick(now), now),
            ...this.#registered(this.#registration.tick(now), now),
            ...(again === undefined ? [] : this.move(again, now)),
        ];
    }
    /** A Home Test or Care-of Test from the peer, to the address that was under test. */
    test(kind, received, cookie, token, now) {
        const { destination } = received;
        return this.#proving(this.#proof.received(kind, destination, cookie, token, now), now);
    }
    acknowledged(received, message, now) {
        const careOf = this.#registration.target?.careOf;
        if (careOf === undefined)
            return [count('mobility.ba_unexpected')];
        // Answers 136 to 138 cannot be signed; they only make us prove again (RFC 6275 section 9.5.4).
        const signed = isExpiredNonce(message.status) || this.#proof.verifies(received, careOf);
        if (!signed)
            return [count('mobility.ba_unauthenticated')];
        const { status, sequence } = message;
        // A Binding Refresh Advice is the home agent's to give (RFC 6275 section 6.2.4).
        const answer = { status, sequence, lifetime: lifetimeOf(message.lifetime) };
        return this.#registered(this.#registration.acknowledged(answer, now), now);
    }
    /** The peer says that it knows no binding of ours. RFC 6275 section 11.3.6. */
    unknownToPeer(now) {
        const held = this.#registration.expiresAt !== undefined && this.#wanted !== undefined;
        if (!held || !this.#errors.take(now))
            return [count('mobility.be_ignored')];
        this.#registration.forget();
        this.#alone.holdsNothing(now);
        this.#proof.forgetTokens();
        this.#proved = false;
        return [
            count('mobility.be_received'),
            ...this.#fallBack('the peer knows no binding'),
            ...this.#prove(now),
        ];
    }
    /** The peer showed that it knows nothing of Mobile IPv6. */
    unaware(reason, now) {
        this.#alone.holdsNothing(now);
        return [
            count('mobility.peer_unaware'),
            tell({ kind: 'peer.unaware', peer: this.peer, reason }),
            ...this.#leaveAlone(this.#state.constants.UNAWARE_TIME, reason, now),
        ];
    }
    /** Does an update or a test wait for this peer's answer? Only then may it say what it is not. */
    get asking() {
        return this.#proof.waiting || this.#registration.waiting;
    }
    /** Does a quoted Init with this cookie come from us, and wait for an answer? */
    awaits(cookie) {
        return this.#proof.awaits(cookie);
    }
    /** The peer asks for a refresh, believed seldom since anybody can. RFC 6275 section 11.3.5. */
    asked(now) {
        if (!this.#requests.take(now))
            return [];
        return [count('mobility.brr_received'), ...this.refresh(now)];
    }
    /** It is time for a refresh. */
    refresh(now) {
        const target = this.#registration.bound;
        if (target === undefined || this.#state.env.without.has('binding-refresh'))
            return [];
        this.#wanted = target.careOf;
        return this.#prove(now);
    }
    /** How many packets our entry for this peer has carried: in use since we last looked? */
    used(packets, now) {
        const inUse = packets !== this.#usedBefore;
        this.#usedBefore = packets;
        return inUse ? this.refresh(now) : [];
    }
    #prove(now) {
        return this.#proving(this.#proof.begin(this.#wanted, now), now);
    }
    #proving({ outputs, result }, now) {
        if (result === 'silent') {
            return [...outputs, ...this.#leaveAlone(LEFT_ALONE, 'the peer answers no test', now)];
        }
        if (result === undefined)
            return outputs;
        this.#proved = true;
        return [...outputs, ...this.#update(now)];
    }
    /** RFC 6275 section 11.7.2: only after the home agent has acknowledged the care-of address. */
    #update(now) {
        const careOf = this.#wanted;
        if (careOf === undefined)
            return [];
        const release = careOf === this.#identity.home;
        const longest = release ? seconds(1) : this.#identity.allowed(careOf, now);
        // Less than a unit would be a lifetime of 0 on the wire, which takes the binding back.
        if (!release && longest < LIFETIME_UNIT)
            return [];
        // Tokens may run out while the home agent is waited for.
        if (this.#proof.proof(careOf, now) === undefined)
            return this.#prove(now);
        this.#proved = false;
        const { MAX_RR_BINDING_LIFETIME, INITIAL_BINDACK_TIMEOUT } = this.#state.constants;
        const lifetime = release ? NO_TIME : Math.min(MAX_RR_BINDING_LIFETIME, longest);
        return this.#registered(this.#registration.update({ careOf, lifetime }, INITIAL_BINDACK_TIMEOUT, now), now);
    }
    #registered(outputs, now) {
        return outputs.flatMap((output) => this.#act(output, now));
    }
    #act(output, now) {
        switch (output.kind) {
            case 'send':
                return this.#sendUpdate(output, now);
            case 'bound':
                return this.#bound(output.target.careOf, output.began, now);
            case 'released':
                this.stop();
                this.#alone.holdsNothing(now);
                return [
                    count('mobility.ba_received'),
                    ...this.#state.paths.unsetRegistered(this.peer),
                    tellLost(this.#names(output.target.careOf), 'taken back'),
                    tellPhase(this.peer, output.began, now),
                ];
            case 'refused':
                return this.#refused(output.status, now);
            case 'refresh':
                return [{ kind: 'ask', id: this.usageId, entries: [this.#entryId()] }];
            case 'expired':
                this.#alone.holdsNothing(now);
                return this.#fallBack('the binding expired unused');
            case 'unexpected':
                return [count('mobility.ba_unexpected')];
        }
    }
    /** The id of the question whether our binding at this peer is in use. */
    get usageId() {
        return `peer-registration/${this.#entryId()}`;
    }
    #entryId() {
        return this.#state.paths.fromHomeId(this.peer);
    }
    #sendUpdate(output, now) {
        const { target, sequence, repeat } = output;
        const proof = this.#proof.proof(target.careOf, now);
        if (target.lifetime > 0)
            this.#alone.told(now, target.lifetime);
        // Tokens run out while a peer is silent: back to proving, with the number used up.
        if (repeat > MAX_UPDATES_UNANSWERED || proof === undefined) {
            return this.#leaveAlone(LEFT_ALONE, 'the peer acknowledges no update', now);
        }
        return [
            count('mobility.bu_sent'),
            ...(repeat > 0 ? [count('mobility.bu_retransmitted')] : []),
            ...bindingUpdate({
                careOf: target.careOf,
                home: this.#identity.home,
                to: this.peer,
                sequence,
                lifetime: target.lifetime,
                homeRegistration: false,
                proof,
            }),
        ];
    }
    #bound(careOf, began, now) {
        this.#expiredNonces = 0;
        const until = this.#registration.expiresAt;
        const before = this.#state.paths.registeredCareOf(this.peer);
        return [
            count('mobility.ba_received'),
            ...this.#state.paths.setRegistered(this.peer, careOf, until),
            tellAccepted({ ...this.#names(careOf), lifetime: between(now, until) }),
            tellPhase(this.peer, began, now),
            ...(before === careOf
                ? []
                : [tell(pathChanged(this.peer, this.#identity.home, 'route-optimised'))]),
        ];
    }
    #refused(status, now) {
        if (isExpiredNonce(status) && this.#expiredNonces < MAX_EXPIRED_NONCES) {
            this.#expiredNonces += 1;
            this.#proof.forgetTokens();
            return this.#prove(now);
        }
        return this.#leaveAlone(LEFT_ALONE, nameIn(BINDING_STATUS, status) ?? `status ${status}`, now);
    }
    #leaveAlone(time, reason, now) {
        const careof = this.#wanted ?? this.#identity.home;
        this.stop();
        // A peer that restarted may know the nonces' numbers and not the nonces: it answers nothing.
        this.#proof.forgetTokens();
        this.#alone.begin(time, this.#state.constants.MAX_BINDACK_TIMEOUT, careof, now);
        const refused = tell({ kind: 'registration.refused', ...this.#names(careof), reason });
        return [refused, ...this.#fallBack(reason)];
    }
    #names(careof) {
        return { peer: this.peer, home: this.#identity.home, careof };
    }
    /** Packets go by the home agent again. */
    #fallBack(reason) {
        const { paths } = this.#state;
        const known = paths.registeredCareOf(this.peer);
        return [
            ...paths.unsetRegistered(this.peer),
            ...(known === undefined ? [] : [tellLost(this.#names(known), reason)]),
            tell(pathChanged(this.peer, this.#identity.home, 'tunnelled', reason)),
        ];
    }
}
