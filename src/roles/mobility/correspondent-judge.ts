import type { Binding } from '../../core/bindings/binding-cache.ts';
import {
  askedBy,
  type BindingUpdate,
  type JudgedUpdate,
  type Judgement,
} from '../../core/bindings/judged-update.ts';
import { RetiredNumbers } from '../../core/bindings/retired-numbers.ts';
import type { CorrespondentNodeConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { addressSetIn, addressSetOption } from '../../core/peers/address-set.ts';
import {
  bindingManagementKey,
  verifyBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { bindingAuthorization } from '../../core/signalling/binding-authorization.ts';
import { DelegationCheck } from '../../core/signalling/delegation-check.ts';
import { sequenceNewer } from '../../core/signalling/sequence.ts';
import { NO_PROOF, type Proof } from '../../core/signalling/signalling.ts';
import type { TableSizes } from '../../core/tables.ts';
import { after, type Duration, type Instant } from '../../core/time.ts';
import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';
import { ConfiguredKeys, LAST_NUMBER } from './configured-keys.ts';
import { EnhancedProof } from './enhanced-proof.ts';
import { KeygenTokens } from './keygen-tokens.ts';
import type { Proved, Shown } from './shown-proof.ts';

/**
 * Tells whether an update comes from the node that it speaks of: from the tokens of return
 * routability, from the key that the home address was made from, or from a configured key.
 *
 *     configured key for this home address    that key and nothing else
 *     home nonce index 0                       the permanent token that the address was granted
 *     else                                     tokens; with CGA parameters a permanent one is granted
 *     care-of nonce index 0                    the care-of address is not proved yet
 *     an address that has an authority         besides all that, its delegation
 *
 * Supported standards: RFC 6275 sections 5.2, 9.4, 9.5.1; RFC 4866 section 4; RFC 4449 section 3.
 */
export class PeerJudge {
  readonly #state: NodeState;
  readonly tokens: KeygenTokens;
  readonly #enhanced: EnhancedProof | undefined;
  readonly #keys: ConfiguredKeys;
  readonly #delegations: DelegationCheck;
  /** Of bindings that are gone while their nonces are not. */
  readonly #retired = new RetiredNumbers();

  constructor(config: CorrespondentNodeConfig, state: NodeState) {
    const { enhanced = true, keys = new Map(), authorities } = config;
    const { crypto, without } = state.env;
    this.#state = state;
    this.tokens = new KeygenTokens(state);
    this.#keys = new ConfiguredKeys(keys, state);
    this.#delegations = new DelegationCheck(authorities, state.env);
    if (enhanced && crypto.rsa !== undefined && !without.has('cga')) {
      this.#enhanced = new EnhancedProof(crypto.rsa, this.tokens, state);
    }
  }

  sizes(): TableSizes {
    return {
      nonces: this.tokens.nonces,
      'permanent-tokens': this.#enhanced?.permanent ?? 0,
      'retired-numbers': this.#retired.size,
    };
  }

  /** Something stored in an earlier life. */
  restore(key: string, value: string): void {
    this.#keys.restore(key, value);
  }

  /** Has the home address shown the key that it was made from? */
  isEnhanced(home: Address): boolean {
    return this.#enhanced?.has(home) ?? false;
  }

  /** Does its binding rest on more than itself, so that it is asked for anew after a restart? */
  isShown(home: Address): boolean {
    return this.isEnhanced(home) || this.#delegations.asks(home);
  }

  /**
   * A binding is gone. The update that made it could be played back as long as its nonces hold, so
   * its number is remembered for as long; without room for that the nonces go instead.
   * @param byOwner did its owner say so?
   * Source: RFC 6275 section 5.2.8.
   */
  retire(binding: Binding, byOwner: boolean, now: Instant): void {
    const { home, sequence } = binding;
    if (byOwner) this.#enhanced?.forget(home);
    else this.#enhanced?.keep(binding, now);
    if (this.#state.env.without.has('retired-numbers')) return;
    const until = after(now, this.#state.constants.MAX_NONCE_LIFETIME);
    if (this.#retired.remember(home, sequence, until, now)) return;
    this.#retired.clear();
    this.tokens.renewNonces();
  }

  judge(received: Received, update: BindingUpdate, now: Instant): Judgement {
    const asked = askedBy(received, update, this.#state.constants.MAX_HOME_LIFETIME);
    const { home, careOf } = asked;
    if (!isUnicastRoutable(home) || !isUnicastRoutable(careOf)) return unproved();
    if (asked.lifetime > 0 && this.#state.bindings.leadsBack(careOf, home)) {
      return { outputs: [count('mobility.bu_circular')] };
    }
    if (this.#state.env.without.has('return-routability')) {
      const base = limited(asked, this.#state.constants.MAX_RR_BINDING_LIFETIME);
      return { judged: { ...base, ...this.#verdict(base, now) }, outputs: [] };
    }
    const proved = this.#shown(received, update, asked, now);
    const shown = this.#delegated(received, update, asked, proved, now);
    if (shown.kind === 'unproved') return unproved();
    if (shown.kind === 'refused') {
      const { status, counter, tested, unanswered } = shown;
      // Where nobody has proved anything, a flood of updates makes no flood of answers.
      const flood = tested === undefined && !this.#state.errors.unprovedLimit.take(now);
      if (flood || unanswered) return { outputs: [count(counter)] };
      const proof = tested === undefined ? NO_PROOF : this.#answer(received, tested);
      return { judged: { ...asked, status, proof }, outputs: [count(counter)] };
    }
    return this.#proved(received, update, asked, shown, now);
  }

  #shown(received: Received, update: BindingUpdate, asked: JudgedUpdate, now: Instant): Shown {
    const indices = update.options.find((one) => one.option === 'nonce-indices');
    const signature = update.options.find((one) => one.option === 'binding-authorization-data');
    if (signature === undefined) return { kind: 'unproved' };
    if (this.#keys.has(asked.home)) return this.#checked(received, asked, this.#keyed(asked));
    if (indices === undefined) return { kind: 'unproved' };
    if (this.#enhanced !== undefined && indices.homeNonceIndex === 0) {
      const later = this.#enhanced.later(update, indices, asked, now);
      return this.#checked(received, asked, later);
    }
    const tested = this.#checked(received, asked, this.#tested(update, asked, indices, now));
    if (this.#enhanced === undefined || tested.kind !== 'proved') return tested;
    return this.#enhanced.first(received, update, asked, tested, now);
  }

  /**
   * Who proved its address may have to show besides that the address may be bound. Who receives at an
   * anycast address need not be one of its servers.
   */
  #delegated(
    received: Received,
    update: BindingUpdate,
    { home, careOf }: JudgedUpdate,
    shown: Shown,
    now: Instant,
  ): Shown {
    if (shown.kind !== 'proved' || !this.#delegations.asks(home)) return shown;
    const binding = { home, careOf, secret: shown.key };
    const delegated = this.#delegations.judge(received, update, binding, now);
    if ('longest' in delegated) {
      return { ...shown, longest: Math.min(shown.longest, delegated.longest) as Duration };
    }
    const { refused: counter } = delegated;
    const status = BINDING_STATUS.administrativelyProhibited;
    const unanswered = counter === 'delegation.deferred' && { unanswered: true as const };
    return { kind: 'refused', status, counter, tested: shown, ...unanswered };
  }

  /**
   * Return routability: the tokens of both addresses, or of the home address alone, where a binding
   * is taken back or the care-of address is to be proved later (RFC 4866 section 4.2).
   */
  #tested(
    update: BindingUpdate,
    asked: JudgedUpdate,
    indices: { readonly homeNonceIndex: number; readonly careOfNonceIndex: number },
    now: Instant,
  ): Shown {
    const release = asked.lifetime === 0;
    const { home, careOf } = asked;
    const homeToken = this.tokens.given('home', home, indices.homeNonceIndex, now);
    const early = indices.careOfNonceIndex === 0 && !release && this.#enhanced;
    if (early && homeToken !== undefined) return early.early(update, asked, homeToken, now);
    const careOfToken = this.tokens.given('care-of', careOf, indices.careOfNonceIndex, now);
    if (homeToken === undefined || (careOfToken === undefined && !release)) {
      const status = expiredStatus(homeToken === undefined, careOfToken === undefined && !release);
      // No authorization data in these answers: the key cannot be made (RFC 6275 section 9.5.4).
      return { kind: 'refused', status, counter: 'mobility.bu_expired_nonce' };
    }
    const { crypto } = this.#state.env;
    const key = bindingManagementKey(crypto, homeToken, release ? undefined : careOfToken);
    const longest = this.#state.constants.MAX_RR_BINDING_LIFETIME;
    return { kind: 'proved', key, longest, signedOver: careOf };
  }

  /** A key that both were given (RFC 4449). */
  #keyed({ home, careOf, lifetime }: JudgedUpdate): Proved {
    const key = this.#keys.managementKey(home, lifetime === 0 ? home : careOf);
    const longest = this.#state.constants.MAX_HOME_LIFETIME;
    return { kind: 'proved', key, longest, signedOver: careOf };
  }

  /**
   * Is the authenticator the right one? A de-registration from a care-of address is signed over the
   * home address (RFC 6275 section 6.2.7); a widely used implementation signs over the care-of
   * address. Both are taken.
   */
  #checked(received: Received, { home, careOf, lifetime }: JudgedUpdate, shown: Shown): Shown {
    if (shown.kind !== 'proved') return shown;
    const { crypto } = this.#state.env;
    const correspondent = received.destination;
    const verify = (first: Address) =>
      verifyBindingAuthorization(crypto, received.octets, shown.key, {
        careOf: first,
        correspondent,
      });
    const right = lifetime === 0 ? home : careOf;
    if (verify(right)) return { ...shown, signedOver: right };
    const old = lifetime === 0 && careOf !== home && verify(careOf);
    return old ? { ...shown, oldForm: true } : { kind: 'unproved' };
  }

  /** The answer is signed over the same address as the update. */
  #answer(
    received: Received,
    { key, signedOver }: Proved,
    brought: readonly MobilityOptionInput[] = [],
  ): Proof {
    const ends = { careOf: signedOver, correspondent: received.destination };
    return bindingAuthorization(this.#state.env.crypto, key, ends, brought);
  }

  #proved(
    received: Received,
    update: BindingUpdate,
    asked: JudgedUpdate,
    shown: Proved,
    now: Instant,
  ): Judgement {
    const outputs = shown.oldForm === true ? [count('mobility.bu_old_authenticator_form')] : [];
    const base = limited(asked, shown.longest);
    const verdict = this.#verdict(base, now);
    const accepted = verdict.status < 128;
    if (verdict.status === BINDING_STATUS.sequenceNumberOutOfWindow) {
      outputs.push(count('mobility.bu_out_of_window'));
    }
    if (accepted && this.#keys.has(base.home)) {
      outputs.push(...this.#keys.accept(base.home, base.sequence));
    }
    const { status, answerSequence } = verdict;
    const brought = accepted ? (shown.brings?.() ?? []) : [];
    const told = accepted ? this.#exchangeSets(update, base) : [];
    const proof = this.#answer(received, shown, [...brought, ...told]);
    // A token is sent whether an answer was asked for or not (RFC 4866 section 4.3).
    const acknowledge = base.acknowledge || brought.length > 0;
    const judged = { ...base, status, answerSequence, proof, acknowledge };
    return { judged: shown.unverified ? { ...judged, unverified: true } : judged, outputs };
  }

  /** Takes the set that a proved update tells of, and tells of ours: of this address, not our others. */
  #exchangeSets(update: BindingUpdate, { home, sentTo }: JudgedUpdate): MobilityOptionInput[] {
    const set = addressSetIn(update.options);
    const { sets, env } = this.#state;
    if (set === undefined || env.without.has('address-sets')) return [];
    sets.tell(home, set);
    const parks = !env.without.has('early-packets');
    return [addressSetOption({ addresses: sets.ownBeside(sentTo), parks })];
  }

  /** The verdict on a proved update. Source: RFC 6275 section 9.5.1. */
  #verdict(
    asked: JudgedUpdate,
    now: Instant,
  ): { readonly status: number; readonly answerSequence: number } {
    const { bindings } = this.#state;
    const known = bindings.get(asked.home);
    const answerSequence = asked.sequence;
    if (known !== undefined && known.scope !== 'peer') {
      return { status: BINDING_STATUS.registrationTypeChangeDisallowed, answerSequence };
    }
    // What we have bound ourselves has no number: the node's own word wins.
    const last = this.#lastNumber(asked.home, known?.provisional ? undefined : known, now);
    if (last !== undefined && !this.#isNewer(asked, last)) {
      return { status: BINDING_STATUS.sequenceNumberOutOfWindow, answerSequence: last };
    }
    if (known === undefined && asked.lifetime > 0 && bindings.room('peer') <= 0) {
      return { status: BINDING_STATUS.insufficientResources, answerSequence };
    }
    return { status: BINDING_STATUS.accepted, answerSequence };
  }

  #lastNumber(home: Address, known: Binding | undefined, now: Instant): number | undefined {
    if (this.#keys.has(home)) return this.#keys.last(home);
    const kept = known?.sequence ?? this.#enhanced?.lastNumber(home, now);
    return kept ?? this.#retired.last(home, now);
  }

  /** With a key that never changes a number must never come again, not even 65 536 updates later. */
  #isNewer({ home, sequence }: JudgedUpdate, last: number): boolean {
    if (this.#state.env.without.has('sequence-order')) return true;
    if (!this.#keys.has(home)) return sequenceNewer(sequence, last);
    return sequence > last && sequence <= LAST_NUMBER;
  }
}

/** The update with no more than this granted. */
function limited(asked: JudgedUpdate, longest: Duration): JudgedUpdate {
  return { ...asked, lifetime: Math.min(asked.lifetime, longest) as Duration };
}

function expiredStatus(home: boolean, careOf: boolean): number {
  if (home && careOf) return BINDING_STATUS.expiredNonces;
  return home ? BINDING_STATUS.expiredHomeNonceIndex : BINDING_STATUS.expiredCareOfNonceIndex;
}

const unproved = (): Judgement => ({ outputs: [count('mobility.bu_unauthenticated')] });
