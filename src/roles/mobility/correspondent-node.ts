import type { Binding } from '../../core/bindings/binding-cache.ts';
import { homeAddressEntry, homeAddressEntryId } from '../../core/bindings/home-address-entries.ts';
import {
  answer,
  askedBy,
  type BindingUpdate,
  type JudgedUpdate,
} from '../../core/bindings/judged-update.ts';
import type { CorrespondentNodeConfig } from '../../core/config.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import {
  count,
  forward,
  type Part,
  type PartInput,
  type Received,
  tell,
  unforward,
} from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { sumOfSizes, type TableSizes } from '../../core/tables.ts';
import { after, between, type Instant, NO_TIME, seconds, sooner } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import { restoreBinding, storedBinding, storeKey } from './binding-journal.ts';
import { CareOfCredit, type Early } from './care-of-credit.ts';
import { PeerJudge } from './correspondent-judge.ts';
import { DeliveryWatch, type Found } from './delivery-watch.ts';
import { LastLooks } from './last-looks.ts';
import { ProvisionalBindings } from './provisional-bindings.ts';
import { UnreachablePeers } from './unreachable-peers.ts';

/**
 * Correspondent node: answers return-routability tests without keeping anything, binds home
 * addresses that were proved, and sends straight to the care-of address.
 *
 *     Home Test Init -> Home Test, Care-of Test Init -> Care-of Test    (no state)
 *     Binding Update, proved -> bound -> (in use near its end: Binding Refresh Request) -> expired
 *     a node that told of its addresses is silent -> bound to another of them, for a while
 *
 * Supported standards: RFC 6275 sections 9.1 to 9.6, 5.2; home address option and Type 2 Routing
 * header by entries of the forwarding table.
 */
export class CorrespondentNode implements Part {
  readonly #state: NodeState;
  readonly #judge: PeerJudge;
  readonly #credit: CareOfCredit;
  readonly #unreachable: UnreachablePeers;
  readonly #deliveries: DeliveryWatch;
  readonly #provisional: ProvisionalBindings;
  readonly #watches: boolean;
  readonly #looks: LastLooks;
  readonly #agent: boolean;

  /**
   * @param agent is there a home agent in this node, which takes home registrations?
   * @param watches nothing else in this node sees to it that peers are reached.
   */
  constructor(
    config: CorrespondentNodeConfig,
    state: NodeState,
    { agent, watches }: { readonly agent: boolean; readonly watches: boolean },
  ) {
    this.#state = state;
    this.#agent = agent;
    this.#judge = new PeerJudge(config, state);
    this.#credit = new CareOfCredit(state);
    this.#unreachable = new UnreachablePeers(state);
    this.#looks = new LastLooks(state);
    this.#watches = watches && !state.env.without.has('provisional-binding');
    this.#deliveries = new DeliveryWatch(state);
    this.#provisional = new ProvisionalBindings(state);
  }

  deadline(): Instant | undefined {
    const expiry = this.#state.bindings.deadline('peer');
    const watch = sooner(this.#deliveries.deadline(), this.#provisional.deadline());
    const own = sooner(expiry, this.#looks.deadline());
    return sooner(sooner(own, this.#credit.deadline()), watch);
  }

  sizes(): TableSizes {
    const bindings = this.#state.bindings.sizeOf('peer');
    const own = {
      bindings,
      'last-looks': this.#looks.size,
      credits: this.#credit.size,
      'watched-deliveries': this.#deliveries.size,
    };
    return sumOfSizes([own, this.#judge.sizes()]);
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'received':
        return this.#received(input, now);
      case 'restored':
        return this.#restore(input.key, input.value, now);
      case 'answer':
        return [
          ...this.#looks.answered(input.id, input.use),
          ...this.#credited(input.id, input.use),
          ...this.#giveUp(this.#unreachable.answered(input.id, input.use), now),
          ...this.#delivered(this.#deliveries.answered(input.id, input.use, now), now),
        ];
      case 'resolved': {
        const { again, local, outputs } = this.#provisional.resolved(input.id, input);
        const bound = again && local ? this.#bindProvisionally(again, local, now) : [];
        return [...outputs, ...bound];
      }
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  #received(received: Received, now: Instant): Output[] {
    const { message } = received;
    switch (message.layer) {
      case 'home-test-init':
        return this.#judge.tokens.answerHomeTest(received, message.homeInitCookie, now);
      case 'care-of-test-init':
        return this.#judge.tokens.answerCareOfTest(received, message.careOfInitCookie, now);
      case 'binding-update':
        if (!message.homeRegistration) return this.#update(received, message, now);
        return this.#agent ? [] : this.#noHomeAgent(received, message, now);
      case 'destination-unreachable':
      case 'parameter-problem':
        return [
          ...this.#endProvisional(this.#provisional.refused(received), now),
          ...this.#unreachable.received(received, now),
          ...this.#deliveries.hinted(received, now),
        ];
      default:
        return [];
    }
  }

  /** RFC 6275 section 9.5.1. Nothing proves such an update, so answers are no more than a trickle. */
  #noHomeAgent(received: Received, update: BindingUpdate, now: Instant): Output[] {
    const counted = count('mobility.bu_received');
    // Nonces prove bindings at correspondents: with the H bit they are out of place.
    if (update.options.some(({ option }) => option === 'nonce-indices')) {
      return [counted, count('mobility.bu_unauthenticated')];
    }
    const refused = [counted, count('mobility.bu_refused')];
    if (!this.#state.errors.unprovedLimit.take(now)) return refused;
    const asked = askedBy(received, update, NO_TIME);
    const bound = this.#state.bindings.get(asked.home) !== undefined;
    const status = bound
      ? BINDING_STATUS.registrationTypeChangeDisallowed
      : BINDING_STATUS.homeRegistrationNotSupported;
    return [...refused, ...answer({ ...asked, status }, 'peer')];
  }

  #update(received: Received, update: BindingUpdate, now: Instant): Output[] {
    const { judged, outputs } = this.#judge.judge(received, update, now);
    outputs.unshift(count('mobility.bu_received'));
    if (judged === undefined) return outputs;
    if (judged.status >= 128) {
      return [...outputs, count('mobility.bu_refused'), ...answer(judged, 'peer')];
    }
    outputs.push(count('mobility.bu_accepted'), ...this.#watch(judged, now));
    if (judged.unverified === true) outputs.push(count('mobility.bu_early'));
    if (judged.lifetime === 0) {
      const binding = this.#state.bindings.delete(judged.home);
      if (binding !== undefined) {
        outputs.push(...this.#forget(binding, 'binding.deleted', now));
        // What nobody proved takes nothing more once it is over; a node that has not told of its other
        // addresses sends by one way alone, and is to hear that it is unknown (RFC 6275 section 9.3.1).
        const told = this.#state.sets.of(judged.home) !== undefined;
        if (told && !binding.provisional) outputs.push(...this.#linger(binding, now));
      }
      return [...outputs, ...answer(judged, 'peer')];
    }
    outputs.push(...this.#bind(judged, now), ...answer(judged, 'peer'));
    return outputs;
  }

  #bind(judged: JudgedUpdate, now: Instant): Output[] {
    const { home, careOf, lifetime, sequence, sentTo } = judged;
    const before = this.#state.bindings.get(home);
    const expiresAt = after(now, lifetime);
    this.#unreachable.renewed(home);
    const made = { careOf, sequence, lifetime, expiresAt };
    const binding: Binding = { scope: 'peer', home, registrant: '', bindingId: 0, ...made };
    this.#state.bindings.set(binding);
    this.#looks.add({ home, local: sentTo, lifetime, expiresAt }, now);
    const outputs = this.#sendTo(judged, { careOf, expiresAt }, now);
    outputs.push(...this.#takeFrom(home, careOf, expiresAt));
    if (before !== undefined && before.careOf !== careOf && !before.provisional) {
      outputs.push(...this.#linger(before, now));
    }
    // What rests on more than the binding (a permanent token, a credit, a delegation) is asked for anew instead.
    const lasts = judged.unverified === undefined && !this.#judge.isShown(home);
    const stored = lasts && storedBinding(binding, this.#state.env.epoch, sentTo);
    const key = storeKey('peer', home);
    outputs.push(stored ? { kind: 'store', key, value: stored } : { kind: 'store', key });
    outputs.push(this.#accepted(binding, now, { source: 'RFC 6275 9.5.1' }));
    return outputs;
  }

  /** A binding of an earlier life is in force again: the mobile node goes on using it. */
  #restore(key: string, value: string, now: Instant): Output[] {
    this.#judge.restore(key, value);
    const { bindings, env } = this.#state;
    const stored = env.without.has('journal')
      ? undefined
      : restoreBinding('peer', key, value, env.epoch, now);
    if (stored === undefined) return [];
    const { local, ...binding } = stored;
    const { home, careOf, expiresAt } = binding;
    const holds = local !== undefined && between(now, expiresAt) > 0 && !this.#judge.isShown(home);
    if (!holds || !bindings.set(binding)) return [{ kind: 'store', key }];
    this.#looks.add({ home, local, lifetime: between(now, expiresAt), expiresAt }, now);
    const reason = `taken up again for ${formatAddress(home)}`;
    return [
      ...this.#state.paths.setPeerBinding(home, { careOf, expiresAt }),
      ...this.#takeFrom(home, careOf, expiresAt),
      this.#accepted(binding, now, { reason }),
    ];
  }

  #accepted(
    { home, careOf, expiresAt, sequence }: Binding,
    now: Instant,
    why: { readonly reason: string } | { readonly source: string },
  ): Output {
    const lifetime_s = between(now, expiresAt) / seconds(1);
    const names = { scope: 'peer', home, careof: careOf } as const;
    return tell({ kind: 'binding.accepted', ...names, lifetime_s, sequence, ...why });
  }

  /** To a care-of address that is not proved, no more than its owner has sent (RFC 4866). */
  #sendTo({ home, unverified }: JudgedUpdate, binding: Early, now: Instant): Output[] {
    const { paths, env } = this.#state;
    const bound = () => paths.setPeerBinding(home, binding);
    const free = unverified === undefined && !this.#judge.isEnhanced(home);
    if (free) this.#credit.close(home);
    if (free || env.without.has('care-of-credit')) return bound();
    if (unverified === undefined) {
      return [...this.#credit.proved(home, binding.careOf, now), ...bound()];
    }
    this.#looks.beginAnew(home);
    return [...this.#credit.early(home, binding), ...paths.setPeerBinding(home, undefined)];
  }

  /** The credit is known now: so much may be sent to an address that is not proved. */
  #credited(id: string, use: readonly EntryUse[]): Output[] {
    const granted = this.#credit.answered(id, use);
    if (granted === undefined) return [];
    const { home, binding, credit } = granted;
    return this.#state.paths.setPeerBinding(home, { ...binding, credit });
  }

  #takeFrom(home: Address, careOf: Address, expiresAt: Instant): Output[] {
    return forward(homeAddressEntry(home, careOf, expiresAt));
  }

  /** Packets that were sent before the move, or the return, may still be on their way. */
  #linger(before: Binding, now: Instant): Output[] {
    const { home, careOf } = before;
    if (this.#state.env.without.has('old-care-of-linger')) {
      return unforward(homeAddressEntryId(home, careOf));
    }
    const until = after(now, this.#state.constants.OLD_CARE_OF_LINGER);
    return this.#takeFrom(home, careOf, Math.min(until, before.expiresAt) as Instant);
  }

  #tick(now: Instant): Output[] {
    const outputs = [
      ...this.#credit.tick(now),
      ...this.#deliveries.tick(now),
      ...this.#provisional.tick(now),
    ];
    for (const binding of this.#state.bindings.expire('peer', now)) {
      outputs.push(...this.#forget(binding, 'binding.expired', now));
    }
    outputs.push(...this.#looks.tick(now));
    return outputs;
  }

  /** Who has told of its addresses is looked after, and earns credit by what it sends. */
  #watch({ home, sentTo }: JudgedUpdate, now: Instant): Output[] {
    this.#provisional.end(home);
    if (!this.#watches || this.#state.sets.of(home) === undefined) return [];
    const known = this.#deliveries.isWatched(home);
    const { gone, outputs } = this.#deliveries.follow(home, sentTo, now);
    if (gone !== undefined) this.#unwatched(gone);
    const opens = !known && this.#deliveries.isWatched(home);
    return opens ? [...outputs, ...this.#credit.proved(home, home, now)] : outputs;
  }

  /** Nothing is bound for it. */
  #unwatched(home: Address): void {
    this.#credit.close(home);
    this.#provisional.end(home);
  }

  /** What a look at a peer that is watched has shown. */
  #delivered(found: Found | undefined, now: Instant): Output[] {
    if (found === undefined) return [];
    const { outputs, home, local, state } = found;
    if (state === 'silent') return [...outputs, ...this.#bindProvisionally(home, local, now)];
    if (state === 'idle') {
      this.#unwatched(home);
      return [...outputs, ...this.#deliveries.forget(home)];
    }
    if (state !== 'heard') return outputs;
    this.#provisional.end(home);
    const bound = this.#state.bindings.get(home)?.provisional === true;
    return [...outputs, ...this.#endProvisional(bound ? home : undefined, now)];
  }

  /** Nothing gets to a peer: another of its addresses is tried. */
  #bindProvisionally(home: Address, local: Address, now: Instant): Output[] {
    const { binding, outputs } = this.#provisional.next(home, local, now);
    if (binding === undefined) return outputs;
    const { paths, bindings, env } = this.#state;
    bindings.set(binding);
    const bound = env.without.has('care-of-credit')
      ? paths.setPeerBinding(home, binding)
      : this.#credit.early(home, binding);
    return [...outputs, ...bound];
  }

  #endProvisional(home: Address | undefined, now: Instant): Output[] {
    const binding = home === undefined ? undefined : this.#state.bindings.delete(home);
    if (binding === undefined) return [];
    return [count('mobility.provisional_ended'), ...this.#forget(binding, 'binding.deleted', now)];
  }

  /** Its care-of address cannot be reached for long: packets go by the home agent again. */
  #giveUp(home: Address | undefined, now: Instant): Output[] {
    const binding = home === undefined ? undefined : this.#state.bindings.delete(home);
    if (binding === undefined) return [];
    const gone = this.#forget(binding, 'binding.deleted', now, false);
    return [count('mobility.unreachable_dropped'), ...gone];
  }

  #forget(
    binding: Binding,
    kind: 'binding.expired' | 'binding.deleted',
    now: Instant,
    byOwner = kind === 'binding.deleted',
  ): Output[] {
    const { home, careOf, provisional = false } = binding;
    if (!provisional) this.#judge.retire(binding, byOwner, now);
    this.#looks.beginAnew(home);
    if (!provisional) this.#credit.close(home);
    this.#unreachable.forget(home);
    const watched = this.#deliveries.isWatched(home);
    if (watched) this.#deliveries.again(home, now);
    return [
      ...(watched && !provisional ? this.#credit.proved(home, home, now) : []),
      ...unforward(homeAddressEntryId(home, careOf)),
      ...this.#state.paths.setPeerBinding(home, undefined),
      { kind: 'store', key: storeKey('peer', home) },
      tell({ kind, scope: 'peer', home, careof: careOf, source: 'RFC 6275 9.5.2' }),
    ];
  }
}
