import { BINDING_STATUS } from '../wire/numbers.js';
import { count, tell } from './part.js';
import { RoutabilityTest } from './routability-test.js';
import { AUTHENTICATOR_SIZE, bindingManagementKey, signBindingAuthorization, verifyBindingAuthorization, } from './security/return-routability.js';
import { NO_PROOF, signal } from './signalling.js';
/**
 * How this node proves itself to one peer: return routability. It sends the tests, signs updates
 * with what came back, and checks the signatures of the answers.
 *
 * Supported standards: RFC 6275 sections 5.2.5 to 5.2.7, 11.6, 6.2.6, 6.2.7.
 */
export class PeerProof {
    #peer;
    #home;
    #state;
    #tests;
    /** The mechanism `return-routability` is taken away: everything counts as proved. */
    #off;
    #careOf;
    /** What the newest update was signed with: its answer is too, even when the tokens run out. */
    #signed;
    constructor(peer, home, state) {
        this.#peer = peer;
        this.#home = home;
        this.#state = state;
        this.#tests = new RoutabilityTest(state.constants, state.env);
        this.#off = state.env.without.has('return-routability');
    }
    get waiting() {
        return this.#tests.waiting;
    }
    deadline() {
        return this.#tests.deadline();
    }
    /** Proves that `careOf` is ours; `careOf` equal to home: that home is (RFC 6275 section 5.2.6). */
    begin(careOf, now) {
        this.#careOf = careOf;
        if (this.#off)
            return { outputs: [], result: 'proved' };
        return this.#go(this.#tests.begin(this.#home, this.#underTest(careOf), now), now);
    }
    received(kind, at, cookie, token, now) {
        return this.#go(this.#tests.received(kind, at, cookie, token, now), now);
    }
    tick(now) {
        return this.#go(this.#tests.tick(now), now);
    }
    /** Does an Init with this cookie wait for its answer? */
    awaits(cookie) {
        return this.#tests.isPending(cookie);
    }
    stop() {
        this.#tests.stop();
    }
    /** The peer does not know the nonces of our tokens any more. */
    forgetTokens() {
        this.#tests.forgetTokens();
    }
    /** What signs an update for this care-of address; undefined when the tokens have run out. */
    proof(careOf, now) {
        if (this.#off)
            return NO_PROOF;
        const tokens = this.#tests.proof(this.#underTest(careOf), now);
        const key = this.#key(careOf, now);
        if (tokens === undefined || key === undefined)
            return undefined;
        const options = [
            {
                option: 'nonce-indices',
                homeNonceIndex: tokens.home.nonceIndex,
                careOfNonceIndex: tokens.careOf?.nonceIndex ?? 0,
            },
            {
                option: 'binding-authorization-data',
                authenticator: new Uint8Array(AUTHENTICATOR_SIZE),
            },
        ];
        this.#signed = { careOf, key };
        const ends = { careOf, correspondent: this.#peer };
        return {
            options,
            sign: (packet) => signBindingAuthorization(this.#state.env.crypto, packet, key, ends),
        };
    }
    /** Is this acknowledgement from the peer that proved our update for this care-of address? */
    verifies(received, careOf) {
        if (this.#off)
            return true;
        if (this.#signed?.careOf !== careOf)
            return false;
        const { key } = this.#signed;
        const ends = { careOf, correspondent: this.#peer };
        return verifyBindingAuthorization(this.#state.env.crypto, received.octets, key, ends);
    }
    #key(careOf, now) {
        const tokens = this.#tests.proof(this.#underTest(careOf), now);
        if (tokens === undefined)
            return undefined;
        const { crypto } = this.#state.env;
        return bindingManagementKey(crypto, tokens.home.keygenToken, tokens.careOf?.keygenToken);
    }
    /** At home the home address is proof enough (RFC 6275 section 5.2.6). */
    #underTest(careOf) {
        return careOf === this.#home ? undefined : careOf;
    }
    #go(results, now) {
        const outputs = [];
        let result;
        for (const one of results) {
            if (one.kind === 'send')
                outputs.push(...this.#sendInit(one.test, one.cookie));
            else if (one.kind === 'unexpected')
                outputs.push(count('mobility.test_unexpected'));
            else if (one.kind === 'silent')
                result = 'silent';
            else {
                result = 'proved';
                const phase = { phase: 'return_routability', began: one.began, ended: now };
                outputs.push(tell({ kind: 'handover.phase', ...phase, peer: this.#peer }));
            }
        }
        return { outputs, ...(result === undefined ? {} : { result }) };
    }
    #sendInit(test, cookie) {
        const isHome = test === 'home';
        return [
            count(isHome ? 'mobility.hoti_sent' : 'mobility.coti_sent'),
            ...signal({
                source: isHome ? this.#home : this.#careOf,
                destination: this.#peer,
                layers: [
                    isHome
                        ? { layer: 'home-test-init', homeInitCookie: cookie }
                        : { layer: 'care-of-test-init', careOfInitCookie: cookie },
                ],
                tunnelled: isHome && this.#state.paths.own !== undefined,
            }),
        ];
    }
}
/** Statuses 136 to 138: the peer cannot check the proof any more. */
export function isExpiredNonce(status) {
    return status >= BINDING_STATUS.expiredHomeNonceIndex && status <= BINDING_STATUS.expiredNonces;
}
