import { askedBy, } from '../../core/judged-update.js';
import { count } from '../../core/part.js';
import { AUTHENTICATOR_SIZE, bindingManagementKey, keygenToken, NonceTable, signBindingAuthorization, verifyBindingAuthorization, } from '../../core/security/return-routability.js';
import { sequenceNewer } from '../../core/sequence.js';
import { signal } from '../../core/signalling.js';
import { after } from '../../core/time.js';
import { isUnicastRoutable } from '../../wire/address.js';
import { BINDING_STATUS } from '../../wire/numbers.js';
/** Octets of the node key Kcn (RFC 6275 section 5.2.1). */
const NODE_KEY_SIZE = 20;
/** Bindings that are gone and remembered. */
const MAX_RETIRED = 4096;
/**
 * Return routability from the correspondent's side: gives out tokens, keeps nothing, and later tells
 * from the tokens alone whether an update comes from somebody who received at both addresses.
 *
 * Supported standards: RFC 6275 sections 5.2, 9.4, 9.5.1.
 */
export class PeerJudge {
    #state;
    #nodeKey;
    #nonces;
    /** The last number of each binding that is gone while its nonces are not; oldest first. */
    #retired = new Map();
    constructor(state) {
        this.#state = state;
        this.#nodeKey = state.env.secrets(NODE_KEY_SIZE);
        this.#nonces = new NonceTable(state.env.secrets, state.constants);
    }
    /**
     * A binding is gone. The update that made it could be played back as long as its nonces hold, so
     * its number is remembered for as long; without room for that the nonces go instead.
     * Source: RFC 6275 section 5.2.8.
     */
    retire({ home, sequence }, now) {
        for (const [other, { until }] of this.#retired) {
            if (now < until)
                break;
            this.#retired.delete(other);
        }
        if (this.#retired.size >= MAX_RETIRED) {
            this.#retired.clear();
            this.#nonces = new NonceTable(this.#state.env.secrets, this.#state.constants);
            return;
        }
        const until = after(now, this.#state.constants.MAX_NONCE_LIFETIME);
        this.#retired.delete(home);
        this.#retired.set(home, { sequence, until });
    }
    /** Source: RFC 6275 section 9.4.3. */
    answerHomeTest(received, cookie, now) {
        const { index, nonce } = this.#nonces.current(now);
        const { crypto } = this.#state.env;
        return [
            count('mobility.hoti_answered'),
            ...signal({
                source: received.destination,
                destination: received.source,
                layers: [
                    {
                        layer: 'home-test',
                        nonceIndex: index,
                        homeInitCookie: cookie,
                        homeKeygenToken: keygenToken(crypto, this.#nodeKey, received.source, nonce, 'home'),
                    },
                ],
            }),
        ];
    }
    /** Source: RFC 6275 section 9.4.4. */
    answerCareOfTest(received, cookie, now) {
        const { index, nonce } = this.#nonces.current(now);
        const { crypto } = this.#state.env;
        return [
            count('mobility.coti_answered'),
            ...signal({
                source: received.destination,
                destination: received.source,
                layers: [
                    {
                        layer: 'care-of-test',
                        nonceIndex: index,
                        careOfInitCookie: cookie,
                        careOfKeygenToken: keygenToken(crypto, this.#nodeKey, received.source, nonce, 'care-of'),
                    },
                ],
            }),
        ];
    }
    judge(received, update, now) {
        const base = askedBy(received, update, this.#state.constants.MAX_RR_BINDING_LIFETIME);
        const { home, careOf } = base;
        if (!isUnicastRoutable(home) || !isUnicastRoutable(careOf)) {
            return { outputs: [count('mobility.bu_unauthenticated')] };
        }
        if (this.#state.env.without.has('return-routability')) {
            return { judged: { ...base, ...this.#verdict(base) }, outputs: [] };
        }
        return this.#proved(received, update, base, now);
    }
    #proved(received, update, base, now) {
        const release = base.lifetime === 0;
        const indices = update.options.find((one) => one.option === 'nonce-indices');
        const signature = update.options.find((one) => one.option === 'binding-authorization-data');
        if (indices === undefined || signature === undefined) {
            return { outputs: [count('mobility.bu_unauthenticated')] };
        }
        const homeNonce = this.#nonces.lookup(indices.homeNonceIndex, now);
        const careOfNonce = release ? 'unused' : this.#nonces.lookup(indices.careOfNonceIndex, now);
        if (homeNonce === undefined || careOfNonce === undefined) {
            const status = expiredStatus(homeNonce === undefined, careOfNonce === undefined);
            // No authorization data in these answers: the key cannot be made (RFC 6275 section 9.5.4).
            return { judged: { ...base, status }, outputs: [count('mobility.bu_expired_nonce')] };
        }
        const { crypto } = this.#state.env;
        const key = bindingManagementKey(crypto, keygenToken(crypto, this.#nodeKey, base.home, homeNonce, 'home'), careOfNonce === 'unused'
            ? undefined
            : keygenToken(crypto, this.#nodeKey, base.careOf, careOfNonce, 'care-of'));
        const form = this.#signedForm(received, base, key);
        if (form === undefined)
            return { outputs: [count('mobility.bu_unauthenticated')] };
        const outputs = form === 'old' ? [count('mobility.bu_old_authenticator_form')] : [];
        const subject = { careOf: base.careOf, correspondent: received.destination };
        const proof = {
            options: [
                {
                    option: 'binding-authorization-data',
                    authenticator: new Uint8Array(AUTHENTICATOR_SIZE),
                },
            ],
            sign: (packet) => signBindingAuthorization(crypto, packet, key, subject),
        };
        const judged = { ...base, proof, ...this.#verdict(base) };
        const late = judged.status === BINDING_STATUS.sequenceNumberOutOfWindow;
        return { judged, outputs: late ? [...outputs, count('mobility.bu_out_of_window')] : outputs };
    }
    /**
     * A de-registration from a care-of address is signed over the home address (RFC 6275 section
     * 6.2.7); a widely used implementation signs over the care-of address. Both are taken.
     */
    #signedForm(received, base, key) {
        const { crypto } = this.#state.env;
        const release = base.lifetime === 0;
        const correspondent = received.destination;
        const verify = (careOf) => verifyBindingAuthorization(crypto, received.octets, key, { careOf, correspondent });
        if (verify(release ? base.home : base.careOf))
            return 'rfc';
        return release && base.careOf !== base.home && verify(base.careOf) ? 'old' : undefined;
    }
    /** The verdict on a proved update. Source: RFC 6275 section 9.5.1. */
    #verdict(asked) {
        const { bindings } = this.#state;
        const known = bindings.get(asked.home);
        const answerSequence = asked.sequence;
        if (known !== undefined && known.scope !== 'peer') {
            return { status: BINDING_STATUS.registrationTypeChangeDisallowed, answerSequence };
        }
        const last = known ?? this.#retired.get(asked.home);
        if (last !== undefined && !sequenceNewer(asked.sequence, last.sequence)) {
            const status = BINDING_STATUS.sequenceNumberOutOfWindow;
            return { status, answerSequence: last.sequence };
        }
        if (known === undefined && asked.lifetime > 0 && bindings.room('peer') <= 0) {
            return { status: BINDING_STATUS.insufficientResources, answerSequence };
        }
        return { status: BINDING_STATUS.accepted, answerSequence };
    }
}
function expiredStatus(home, careOf) {
    if (home && careOf)
        return BINDING_STATUS.expiredNonces;
    return home ? BINDING_STATUS.expiredHomeNonceIndex : BINDING_STATUS.expiredCareOfNonceIndex;
}
