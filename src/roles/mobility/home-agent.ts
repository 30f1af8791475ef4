import type { Binding } from '../../core/bindings/binding-cache.ts';
import { endOf } from '../../core/bindings/home-agent-entries.ts';
import {
  acknowledge,
  answer,
  type BindingUpdate,
  type JudgedUpdate,
} from '../../core/bindings/judged-update.ts';
import type { HomeAgentConfig } from '../../core/config.ts';
import type { LinkPrefixes } from '../../core/neighbor-discovery/link-prefixes.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, forward, type Part, type PartInput, type Received, tell } from '../../core/part.ts';
import type { Command, Output } from '../../core/role.ts';
import { udpTunnelEntry } from '../../core/signalling/udp-signalling.ts';
import type { TableSizes } from '../../core/tables.ts';
import { after, between, type Instant, seconds, sooner } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import { restoreBinding, storedBinding, storeKey } from './binding-journal.ts';
import { UpdateJudge } from './home-agent-judge.ts';
import { HomeLinkPresence } from './home-link-presence.ts';
import { HomeNetwork } from './home-network.ts';
import { HomeTunnels } from './home-tunnels.ts';
import { RevocationSender } from './revocation-sender.ts';
import { strangerInTunnel } from './stranger-in-tunnel.ts';
import { UdpSources } from './udp-sources.ts';

/**
 * Home agent: stands in for mobile nodes that are away, and tunnels to them what comes for them.
 *
 *     Binding Update -> judged -> (new home address: Duplicate Address Detection) -> bound
 *     bound: answers for the home address on the home link, tunnels to the care-of address,
 *            forwards what comes back through the tunnel
 *     bound -> lifetime 0, or expired -> gone
 *     taken up after a restart -> Duplicate Address Detection -> bound, or gone: another serves it
 *
 * Supported standards: RFC 6275 sections 10.1 to 10.6.1; RFC 4285; both placements of the home
 * address that the cluster seed's Fig 10 shows.
 */
export class HomeAgent implements Part {
  readonly processes = new Set(['binding-revocation-acknowledgement'] as const);
  readonly #config: HomeAgentConfig;
  readonly #state: NodeState;
  readonly #judge: UpdateJudge;
  readonly #presence: HomeLinkPresence;
  readonly #network: HomeNetwork;
  readonly #revocations: RevocationSender;
  readonly #tunnels: HomeTunnels;
  readonly #udpSources: UdpSources;
  /**
   * What is to be bound when Duplicate Address Detection of its home address is over: updates, and
   * bindings of an earlier life, whose nodes may be registered elsewhere meanwhile.
   */
  readonly #pending = new Map<Address, JudgedUpdate | Binding>();

  constructor(config: HomeAgentConfig, state: NodeState, prefixes: LinkPrefixes) {
    this.#config = config;
    this.#state = state;
    this.#network = new HomeNetwork(config, state, prefixes);
    this.#judge = new UpdateJudge(config, state, this.#network);
    this.#revocations = new RevocationSender(config, state);
    this.#tunnels = new HomeTunnels(state, this.#network);
    this.#udpSources = new UdpSources(state);
    this.#presence = new HomeLinkPresence(config.link, config.address, state.constants);
  }

  deadline(): Instant | undefined {
    const kept = sooner(this.#state.bindings.deadline('home'), this.#revocations.deadline());
    return sooner(kept, sooner(this.#network.deadline(), this.#presence.deadline()));
  }

  sizes(): TableSizes {
    const bindings = this.#state.bindings.sizeOf('home');
    const retired = this.#judge.retired;
    return { bindings, 'pending-registrations': this.#pending.size, 'retired-numbers': retired };
  }

  handle(input: PartInput, now: Instant): Output[] {
    return [...this.#network.handle(input, now), ...this.#handle(input, now)];
  }

  #handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'link':
        if (input.link !== this.#config.link) return [];
        return this.#presence.setLink(input.up, input.linkAddress, now);
      case 'start':
        this.#judge.start(now);
        return this.#takesUdp ? forward(udpTunnelEntry(this.#config.address)) : [];
      case 'restored':
        return this.#restore(input.key, input.value, now);
      case 'received':
        return this.#received(input, now);
      case 'tick':
        return this.#tick(now);
      case 'command':
        return this.#command(input.command, now);
      default:
        return [];
    }
  }

  #received(received: Received, now: Instant): Output[] {
    const { message, reason } = received;
    if (reason === 'tunnel-unverified') {
      const isOurs = (home: Address) => this.#network.prefixes.of(home, now) !== undefined;
      return strangerInTunnel(received, isOurs, this.#pending, this.#state, now);
    }
    if (message.layer === 'binding-update' && message.homeRegistration) {
      return this.#update(received, message, now);
    }
    if (message.layer === 'binding-revocation-acknowledgement') {
      const { outputs, over } = this.#revocations.acknowledged(received, message);
      return over === undefined ? outputs : [...outputs, ...this.#revoked(over)];
    }
    if (received.link !== this.#config.link) return [];
    const conflict = this.#presence.conflict(received);
    if (conflict !== undefined) return this.#duplicate(conflict);
    return this.#presence.received(received);
  }

  #update(received: Received, update: BindingUpdate, now: Instant): Output[] {
    const { judged, outputs } = this.#judge.judge(received, update, this.#pending, now);
    outputs.unshift(count('mobility.bu_received'));
    if (judged === undefined) return outputs;
    if (judged.status >= 128) {
      return [...outputs, count('mobility.bu_refused'), ...answer(judged, 'home')];
    }
    if (judged.lifetime === 0) return [...outputs, ...this.#release(judged, now)];
    const { home } = judged;
    const known = this.#state.bindings.get(home);
    const wanted = this.#pending.get(home);
    const asked = this.#udpSources.question(judged, known ?? (wanted && endOf(wanted)), now);
    if (asked !== undefined) {
      const status = BINDING_STATUS.sequenceNumberOutOfWindow;
      const question = { ...judged, status, answerSequence: asked };
      return [...outputs, count('udp.source_asked'), ...acknowledge(question)];
    }
    if (known === undefined && !this.#state.env.without.has('home-dad')) {
      this.#pending.set(home, judged);
      // A repeat takes the place of the first and is answered in its stead when DAD is over.
      const repeated = wanted !== undefined;
      const restart = this.#state.env.without.has('update-repeated-during-dad');
      if (wanted !== undefined) outputs.push(...this.#tunnels.refuse(home, endOf(wanted)));
      // Packets need not wait: nobody's address is claimed on the home link before DAD is over.
      outputs.push(...this.#tunnels.open(home, endOf(judged), after(now, judged.lifetime), now));
      if (repeated && !restart) return outputs;
      return [...outputs, ...this.#presence.test(home, judged.linkLocal, now)];
    }
    return [...outputs, ...this.#accept(judged, now)];
  }

  #tick(now: Instant): Output[] {
    const { outputs, unique } = this.#presence.tick(now);
    for (const home of unique) {
      const waiting = this.#pending.get(home);
      this.#pending.delete(home);
      if (waiting === undefined) continue;
      const isRestored = 'scope' in waiting;
      outputs.push(...(isRestored ? this.#takeUp(waiting, now) : this.#accept(waiting, now)));
    }
    const revocations = this.#revocations.tick(now);
    outputs.push(
      ...revocations.outputs,
      ...revocations.over.flatMap((home) => this.#revoked(home)),
    );
    for (const binding of this.#state.bindings.expire('home', now)) {
      outputs.push(...this.#forget(binding, 'binding.expired'));
    }
    return outputs;
  }

  /** The operator wants a binding no more: its mobile node is told, and then it goes. */
  #revoke(home: Address, now: Instant): Output[] {
    const binding = this.#state.bindings.get(home);
    const authentication = this.#judge.authenticationOf(home, now);
    const off = this.#state.env.without.has('revocation');
    if (off || binding?.scope !== 'home' || authentication === undefined) return [];
    return this.#revocations.begin(binding, authentication, now);
  }

  /** Source: RFC 5846 section 6.2.2. */
  #revoked(home: Address): Output[] {
    const binding = this.#state.bindings.delete(home);
    return binding === undefined ? [] : this.#forget(binding, 'binding.deleted');
  }

  #accept(judged: JudgedUpdate, now: Instant): Output[] {
    const { home, careOf, lifetime, sequence } = judged;
    this.#network.advertising.registered(home, now);
    const before = this.#state.bindings.get(home);
    const binding: Binding = {
      scope: 'home',
      home,
      registrant: '',
      bindingId: 0,
      ...endOf(judged),
      sequence,
      lifetime,
      expiresAt: after(now, lifetime),
    };
    if (!this.#state.bindings.set(binding)) {
      const closed = this.#tunnels.close(home, binding);
      const status = BINDING_STATUS.insufficientResources;
      const refused = [count('mobility.cache_full'), count('mobility.bu_refused')];
      return [...closed, ...refused, ...answer({ ...judged, status }, 'home')];
    }
    return [
      count('mobility.bu_accepted'),
      ...this.#install(binding, before, judged.linkLocal, now),
      {
        kind: 'store',
        key: storeKey('home', home),
        value: storedBinding(binding, this.#state.env.epoch),
      },
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
  #install(
    binding: Binding,
    before: Binding | undefined,
    linkLocal: boolean,
    now: Instant,
  ): Output[] {
    const { home } = binding;
    const outputs = this.#tunnels.follow(binding, before, now);
    if (this.#state.env.without.has('proxy-neighbor-discovery')) return outputs;
    return [...outputs, ...this.#presence.standIn(home, linkLocal, now)];
  }

  #command(command: Command, now: Instant): Output[] {
    if (command.do === 'revoke') return this.#revoke(command.home, now);
    if (command.do === 'serve') return this.#serve(command, now);
    if (command.do !== 'renumber' || command.link !== this.#config.link) return [];
    const outputs = this.#network.renumber(command, now);
    const cut = [...this.#state.bindings.all()].flatMap((one) => this.#cut(one, now));
    return [...outputs, ...cut];
  }

  /** Who is served no more has no binding here either. */
  #serve({ home, authentication }: Extract<Command, { do: 'serve' }>, now: Instant): Output[] {
    this.#judge.serve(home, authentication, now);
    if (authentication !== undefined) return [];
    const bound = this.#state.bindings.get(home)?.scope === 'home';
    return [...this.#abandon(home), ...(bound ? this.#revoked(home) : [])];
  }

  /** A binding that would outlive its prefix ends with it. Source: RFC 6275 section 10.6.4. */
  #cut(binding: Binding, now: Instant): Output[] {
    const cut = this.#network.cut(binding, now);
    if (cut === undefined) return [];
    this.#state.bindings.set(cut);
    const value = storedBinding(cut, this.#state.env.epoch);
    return [
      ...this.#install(cut, binding, false, now),
      { kind: 'store', key: storeKey('home', cut.home), value },
    ];
  }

  /** A registration under Duplicate Address Detection is not to come to anything. */
  #abandon(home: Address): Output[] {
    const waiting = this.#pending.get(home);
    const cancelled = this.#presence.cancel(home);
    if (waiting === undefined) return cancelled;
    this.#pending.delete(home);
    const closed = this.#tunnels.close(home, endOf(waiting));
    return [...cancelled, ...closed, { kind: 'store', key: storeKey('home', home) }];
  }

  #release(judged: JudgedUpdate, now: Instant): Output[] {
    this.#judge.retire(judged.home, judged.sequence, now);
    const cancelled = this.#abandon(judged.home);
    const binding = this.#state.bindings.delete(judged.home);
    const gone = binding === undefined ? [] : this.#forget(binding, 'binding.deleted');
    return [count('mobility.bu_accepted'), ...cancelled, ...gone, ...answer(judged, 'home')];
  }

  #forget(binding: Binding, kind: 'binding.expired' | 'binding.deleted'): Output[] {
    const { home, careOf } = binding;
    this.#revocations.cancel(home);
    this.#network.advertising.forget(home);
    this.#udpSources.forget(home);
    return [
      ...this.#tunnels.remove(binding),
      ...this.#presence.stepBack(home),
      { kind: 'store', key: storeKey('home', home) },
      tell({ kind, scope: 'home', home, careof: careOf, source: 'RFC 6275 10.3.2' }),
    ];
  }

  /** Somebody on the home link has the address already. RFC 6275 section 10.3.1. */
  #duplicate(home: Address): Output[] {
    const waiting = this.#pending.get(home);
    const outputs = this.#abandon(home);
    if (waiting === undefined) return outputs;
    outputs.push(count('mobility.home_duplicate'));
    if ('scope' in waiting) {
      const reason = 'another has taken its home address meanwhile';
      const gone = { kind: 'binding.deleted', scope: 'home', home, reason } as const;
      return [...outputs, tell({ ...gone, careof: waiting.careOf, source: 'RFC 6275 10.3.1' })];
    }
    const status = BINDING_STATUS.duplicateAddressDetectionFailed;
    return [...outputs, count('mobility.bu_refused'), ...answer({ ...waiting, status }, 'home')];
  }

  /** RFC 4303's proof does not go through UDP, but nobody who has it is ever sent there. */
  get #takesUdp(): boolean {
    const { udpEncapsulation } = this.#config;
    return udpEncapsulation === true && !this.#state.env.without.has('udp-encapsulation');
  }

  #restore(key: string, value: string, now: Instant): Output[] {
    if (this.#state.env.without.has('journal')) return [];
    this.#judge.restore(key, value);
    const binding = restoreBinding('home', key, value, this.#state.env.epoch, now);
    if (binding === undefined) return [];
    if (between(now, binding.expiresAt) === 0) return [{ kind: 'store', key }];
    if (this.#state.env.without.has('home-dad')) return this.#takeUp(binding, now);
    const { home, expiresAt } = binding;
    if (this.#state.bindings.room('home') <= this.#pending.size) {
      return [count('mobility.cache_full')];
    }
    this.#pending.set(home, binding);
    return [
      ...this.#tunnels.open(home, binding, expiresAt, now),
      ...this.#presence.test(home, false, now),
    ];
  }

  /** A binding of an earlier life is in force again. */
  #takeUp(binding: Binding, now: Instant): Output[] {
    if (!this.#state.bindings.set(binding)) return [count('mobility.cache_full')];
    return [
      ...this.#install(binding, undefined, false, now),
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
