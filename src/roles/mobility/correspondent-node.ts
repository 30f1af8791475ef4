import type { Binding } from '../../core/binding-cache.ts';
import type { CorrespondentNodeConfig } from '../../core/config.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import { Heap } from '../../core/heap.ts';
import { homeAddressEntry, homeAddressEntryId } from '../../core/home-address-entries.ts';
import {
  answer,
  askedBy,
  type BindingUpdate,
  type JudgedUpdate,
} from '../../core/judged-update.ts';
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
import { signal } from '../../core/signalling.ts';
import { sumOfSizes, type TableSizes } from '../../core/tables.ts';
import { after, type Duration, type Instant, NO_TIME, seconds, sooner } from '../../core/time.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import { CareOfCredit, type Early } from './care-of-credit.ts';
import { PeerJudge } from './correspondent-judge.ts';
import { UnreachablePeers } from './unreachable-peers.ts';

/**
 * When the last part of a lifetime begins, in which a binding in use is asked to be renewed: drawn
 * between the two, so that bindings made together are not asked for together.
 */
const REFRESH_SHARE = { least: 0.93, most: 0.97 };

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
export class CorrespondentNode implements Part {
  readonly #state: NodeState;
  readonly #judge: PeerJudge;
  readonly #credit: CareOfCredit;
  readonly #unreachable: UnreachablePeers;
  readonly #agent: boolean;
  /** Bindings to be looked at once before they expire. */
  readonly #lastLooks = new Heap<LastLook>((a, b) => a.at < b.at);
  /** Packets that our entries for a bound address had carried when we last looked; no unbound ones. */
  readonly #usedBefore = new Map<Address, number>();

  /** @param agent is there a home agent in this node, which takes home registrations? */
  constructor(config: CorrespondentNodeConfig, state: NodeState, agent: boolean) {
    this.#state = state;
    this.#agent = agent;
    this.#judge = new PeerJudge(config, state);
    this.#credit = new CareOfCredit(state);
    this.#unreachable = new UnreachablePeers(state);
  }

  deadline(): Instant | undefined {
    const expiry = this.#state.bindings.deadline('peer');
    return sooner(sooner(expiry, this.#lastLooks.peek()?.at), this.#credit.deadline());
  }

  sizes(): TableSizes {
    const bindings = this.#state.bindings.sizeOf('peer');
    const own = { bindings, 'last-looks': this.#lastLooks.size, credits: this.#credit.size };
    return sumOfSizes([own, this.#judge.sizes()]);
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'received':
        return this.#received(input, now);
      case 'restored':
        this.#judge.restore(input.key, input.value);
        return [];
      case 'answer':
        return [
          ...this.#usage(
            input.id,
            input.use.reduce((sum, { packets }) => sum + packets, 0),
          ),
          ...this.#credited(input.id, input.use),
          ...this.#giveUp(this.#unreachable.answered(input.id, input.use), now),
        ];
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
        return this.#unreachable.received(received, now);
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
    outputs.push(count('mobility.bu_accepted'));
    if (judged.unverified === true) outputs.push(count('mobility.bu_early'));
    if (judged.lifetime === 0) {
      const binding = this.#state.bindings.delete(judged.home);
      const gone = binding === undefined ? [] : this.#forget(binding, 'binding.deleted', now);
      return [...outputs, ...gone, ...answer(judged, 'peer')];
    }
    outputs.push(...this.#bind(judged, now), ...answer(judged, 'peer'));
    return outputs;
  }

  #bind(judged: JudgedUpdate, now: Instant): Output[] {
    const { home, careOf, lifetime, sequence } = judged;
    const before = this.#state.bindings.get(home);
    const expiresAt = after(now, lifetime);
    this.#unreachable.renewed(home);
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
    const { least, most } = REFRESH_SHARE;
    const share = least + (most - least) * this.#state.env.random();
    const at = after(now, Math.round(lifetime * share) as Duration);
    this.#lastLooks.push({ at, home, local: judged.sentTo, expiresAt });
    this.#shedStaleLooks();
    const outputs = this.#sendTo(judged, { careOf, expiresAt }, now);
    outputs.push(...this.#takeFrom(home, careOf, expiresAt));
    if (before !== undefined && before.careOf !== careOf) {
      outputs.push(...this.#linger(before, now));
    }
    outputs.push(
      tell({
        kind: 'binding.accepted',
        scope: 'peer',
        home,
        careof: careOf,
        lifetime_s: lifetime / seconds(1),
        sequence,
        source: 'RFC 6275 9.5.1',
      }),
    );
    return outputs;
  }

  /** To a care-of address that is not proved, no more than its owner has sent (RFC 4866). */
  #sendTo({ home, unverified }: JudgedUpdate, binding: Early, now: Instant): Output[] {
    const { paths, env } = this.#state;
    const bound = () => paths.setPeerBinding(home, binding);
    const free = unverified === undefined && !this.#judge.isEnhanced(home);
    if (free || env.without.has('care-of-credit')) return bound();
    if (unverified === undefined) {
      return [...this.#credit.proved(home, binding.careOf, now), ...bound()];
    }
    this.#usedBefore.delete(home); // the entry begins anew
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

  /** Packets that were sent before the move may still be on their way. */
  #linger(before: Binding, now: Instant): Output[] {
    const { home, careOf } = before;
    if (this.#state.env.without.has('old-care-of-linger')) {
      return unforward(homeAddressEntryId(home, careOf));
    }
    const until = after(now, this.#state.constants.OLD_CARE_OF_LINGER);
    return this.#takeFrom(home, careOf, Math.min(until, before.expiresAt) as Instant);
  }

  #tick(now: Instant): Output[] {
    const outputs = this.#credit.tick(now);
    for (const binding of this.#state.bindings.expire('peer', now)) {
      outputs.push(...this.#forget(binding, 'binding.expired', now));
    }
    for (let look = this.#lastLooks.peek(); look !== undefined && look.at <= now; ) {
      this.#lastLooks.pop();
      outputs.push(...this.#look(look));
      look = this.#lastLooks.peek();
    }
    return outputs;
  }

  /** A peer that renews all the time must not grow the heap. */
  #shedStaleLooks(): void {
    const { bindings } = this.#state;
    const looks = this.#lastLooks;
    if (looks.size < 2 * bindings.size + 64) return;
    const current: LastLook[] = [];
    for (let look = looks.pop(); look !== undefined; look = looks.pop()) {
      if (bindings.get(look.home)?.expiresAt === look.expiresAt) current.push(look);
    }
    // Of looks at one binding for one moment, as after updates in one instant, one is enough.
    for (const look of new Map(current.map((look) => [look.home, look])).values()) looks.push(look);
  }

  /** Is a binding that nobody renewed in use? RFC 6275 section 9.5.5. */
  #look(look: LastLook): Output[] {
    const { home, local, expiresAt } = look;
    const renewed = this.#state.bindings.get(home)?.expiresAt !== expiresAt;
    if (renewed || this.#state.env.without.has('binding-refresh')) return [];
    const id = `${USAGE}${formatAddress(home)}/${formatAddress(local)}`;
    return [{ kind: 'ask', id, entries: this.#state.paths.toPeerIds(home) }];
  }

  /** A binding that carried nothing since we last looked may expire. */
  #usage(id: string, packets: number): Output[] {
    if (!id.startsWith(USAGE)) return [];
    const [home, local] = id.slice(USAGE.length).split('/').map(address);
    const before = this.#usedBefore.get(home!) ?? 0;
    this.#usedBefore.set(home!, packets);
    if (packets <= before) return [];
    return [
      count('mobility.brr_sent'),
      ...signal({
        source: local!,
        destination: home!,
        layers: [{ layer: 'binding-refresh-request' }],
      }),
    ];
  }

  /** Its care-of address cannot be reached for long: packets go by the home agent again. */
  #giveUp(home: Address | undefined, now: Instant): Output[] {
    const binding = home === undefined ? undefined : this.#state.bindings.delete(home);
    if (binding === undefined) return [];
    const gone = this.#forget(binding, 'binding.deleted', now);
    return [count('mobility.unreachable_dropped'), ...gone];
  }

  #forget(binding: Binding, kind: 'binding.expired' | 'binding.deleted', now: Instant): Output[] {
    const { home, careOf } = binding;
    this.#judge.retire(binding, now);
    this.#usedBefore.delete(home);
    this.#credit.close(home);
    this.#unreachable.forget(home);
    return [
      ...unforward(homeAddressEntryId(home, careOf)),
      ...this.#state.paths.setPeerBinding(home, undefined),
      tell({ kind, scope: 'peer', home, careof: careOf, source: 'RFC 6275 9.5.2' }),
    ];
  }
}

interface LastLook {
  readonly at: Instant;
  readonly home: Address;
  /** Our address that the binding was made with. */
  readonly local: Address;
  readonly expiresAt: Instant;
}

const USAGE = 'peer-binding-use/';
