import type { Binding } from '../../core/binding-cache.ts';
import {
  askedBy,
  type BindingUpdate,
  type JudgedUpdate,
  type Judgement,
} from '../../core/judged-update.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import {
  AUTHENTICATOR_SIZE,
  bindingManagementKey,
  keygenToken,
  NonceTable,
  signBindingAuthorization,
  verifyBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { sequenceNewer } from '../../core/sequence.ts';
import { type Proof, signal } from '../../core/signalling.ts';
import type { TableSizes } from '../../core/tables.ts';
import { after, type Duration, type Instant, NO_TIME } from '../../core/time.ts';
import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';

/** Octets of the node key Kcn (RFC 6275 section 5.2.1). */
const NODE_KEY_SIZE = 20;
/** Bindings that are gone and remembered. */
const MAX_RETIRED = 4096;

interface Retired {
  readonly sequence: number;
  readonly until: Instant;
}

/**
 * Return routability from the correspondent's side: gives out tokens, keeps nothing, and later tells
 * from the tokens alone whether an update comes from somebody who received at both addresses.
 *
 * Supported standards: RFC 6275 sections 5.2, 9.4, 9.5.1.
 */
export class PeerJudge {
  readonly #state: NodeState;
  readonly #nodeKey: Uint8Array;
  #nonces: NonceTable;
  /** The last number of each binding that is gone while its nonces are not; oldest first. */
  readonly #retired = new Map<Address, Retired>();

  constructor(state: NodeState) {
    this.#state = state;
    this.#nodeKey = state.env.secrets(NODE_KEY_SIZE);
    this.#nonces = nonceTable(state);
  }

  sizes(): TableSizes {
    return { nonces: this.#nonces.size, 'retired-numbers': this.#retired.size };
  }

  /**
   * A binding is gone. The update that made it could be played back as long as its nonces hold, so
   * its number is remembered for as long; without room for that the nonces go instead.
   * Source: RFC 6275 section 5.2.8.
   */
  retire({ home, sequence }: Binding, now: Instant): void {
    if (this.#state.env.without.has('retired-numbers')) return;
    for (const [other, { until }] of this.#retired) {
      if (now < until) break;
      this.#retired.delete(other);
    }
    if (this.#retired.size >= MAX_RETIRED) {
      this.#retired.clear();
      this.#nonces = nonceTable(this.#state);
      return;
    }
    const until = after(now, this.#state.constants.MAX_NONCE_LIFETIME);
    this.#retired.delete(home);
    this.#retired.set(home, { sequence, until });
  }

  /** Source: RFC 6275 section 9.4.3. */
  answerHomeTest(received: Received, cookie: Uint8Array, now: Instant): Output[] {
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
  answerCareOfTest(received: Received, cookie: Uint8Array, now: Instant): Output[] {
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
            careOfKeygenToken: keygenToken(
              crypto,
              this.#nodeKey,
              received.source,
              nonce,
              'care-of',
            ),
          },
        ],
      }),
    ];
  }

  judge(received: Received, update: BindingUpdate, now: Instant): Judgement {
    const base = askedBy(received, update, this.#state.constants.MAX_RR_BINDING_LIFETIME);
    const { home, careOf } = base;
    if (!isUnicastRoutable(home) || !isUnicastRoutable(careOf)) {
      return { outputs: [count('mobility.bu_unauthenticated')] };
    }
    if (base.lifetime > 0 && this.#state.bindings.leadsBack(careOf, home)) {
      return { outputs: [count('mobility.bu_circular')] };
    }
    if (this.#state.env.without.has('return-routability')) {
      return { judged: { ...base, ...this.#verdict(base) }, outputs: [] };
    }
    return this.#proved(received, update, base, now);
  }

  #proved(received: Received, update: BindingUpdate, base: JudgedUpdate, now: Instant): Judgement {
    const release = base.lifetime === 0;
    const indices = update.options.find((one) => one.option === 'nonce-indices');
    const signature = update.options.find((one) => one.option === 'binding-authorization-data');
    if (indices === undefined || signature === undefined) {
      return { outputs: [count('mobility.bu_unauthenticated')] };
    }
    const homeNonce = this.#nonces.lookup(indices.homeNonceIndex, now);
    const careOfNonce = release ? 'unused' : this.#nonces.lookup(indices.careOfNonceIndex, now);
    if (homeNonce === undefined || careOfNonce === undefined) {
      const expired = [count('mobility.bu_expired_nonce')];
      // Nobody has proved anything: a flood of such updates makes no flood of answers.
      if (!this.#state.errors.limit.take(now)) return { outputs: expired };
      const status = expiredStatus(homeNonce === undefined, careOfNonce === undefined);
      // No authorization data in these answers: the key cannot be made (RFC 6275 section 9.5.4).
      return { judged: { ...base, status }, outputs: expired };
    }
    const { crypto } = this.#state.env;
    const key = bindingManagementKey(
      crypto,
      keygenToken(crypto, this.#nodeKey, base.home, homeNonce, 'home'),
      careOfNonce === 'unused'
        ? undefined
        : keygenToken(crypto, this.#nodeKey, base.careOf, careOfNonce, 'care-of'),
    );
    const form = this.#signedForm(received, base, key);
    if (form === undefined) return { outputs: [count('mobility.bu_unauthenticated')] };
    const outputs = form === 'old' ? [count('mobility.bu_old_authenticator_form')] : [];
    // The answer is signed over the same address as the update.
    const careOf = release && form === 'rfc' ? base.home : base.careOf;
    const subject = { careOf, correspondent: received.destination };
    const proof: Proof = {
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
  #signedForm(received: Received, base: JudgedUpdate, key: Uint8Array): 'rfc' | 'old' | undefined {
    const { crypto } = this.#state.env;
    const release = base.lifetime === 0;
    const correspondent = received.destination;
    const verify = (careOf: Address) =>
      verifyBindingAuthorization(crypto, received.octets, key, { careOf, correspondent });
    if (verify(release ? base.home : base.careOf)) return 'rfc';
    return release && base.careOf !== base.home && verify(base.careOf) ? 'old' : undefined;
  }

  /** The verdict on a proved update. Source: RFC 6275 section 9.5.1. */
  #verdict(asked: JudgedUpdate): { readonly status: number; readonly answerSequence: number } {
    const { bindings } = this.#state;
    const known = bindings.get(asked.home);
    const answerSequence = asked.sequence;
    if (known !== undefined && known.scope !== 'peer') {
      return { status: BINDING_STATUS.registrationTypeChangeDisallowed, answerSequence };
    }
    const last = known ?? this.#retired.get(asked.home);
    const ordered = !this.#state.env.without.has('sequence-order');
    if (last !== undefined && ordered && !sequenceNewer(asked.sequence, last.sequence)) {
      const status = BINDING_STATUS.sequenceNumberOutOfWindow;
      return { status, answerSequence: last.sequence };
    }
    if (known === undefined && asked.lifetime > 0 && bindings.room('peer') <= 0) {
      return { status: BINDING_STATUS.insufficientResources, answerSequence };
    }
    return { status: BINDING_STATUS.accepted, answerSequence };
  }
}

function nonceTable({ env, constants }: NodeState): NonceTable {
  const { NONCE_INTERVAL, MAX_NONCE_LIFETIME } = constants;
  const shared = !env.without.has('shared-nonces');
  const mortal = !env.without.has('nonce-lifetime');
  return new NonceTable(env.secrets, {
    NONCE_INTERVAL: shared ? NONCE_INTERVAL : NO_TIME,
    MAX_NONCE_LIFETIME: mortal ? MAX_NONCE_LIFETIME : (Number.POSITIVE_INFINITY as Duration),
  });
}

function expiredStatus(home: boolean, careOf: boolean): number {
  if (home && careOf) return BINDING_STATUS.expiredNonces;
  return home ? BINDING_STATUS.expiredHomeNonceIndex : BINDING_STATUS.expiredCareOfNonceIndex;
}
