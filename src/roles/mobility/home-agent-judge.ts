import type { Binding } from '../../core/bindings/binding-cache.ts';
import {
  askedBy,
  type BindingUpdate,
  type JudgedUpdate,
  type Judgement,
} from '../../core/bindings/judged-update.ts';
import { RetiredNumbers } from '../../core/bindings/retired-numbers.ts';
import type { Authentication, HomeAgentConfig } from '../../core/config.ts';
import { type Registrant, UpdateProofs } from '../../core/home-registration/update-proofs.ts';
import { autoconfigured } from '../../core/neighbor-discovery/link-layer.ts';
import type { LinkPrefix } from '../../core/neighbor-discovery/link-prefixes.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { sequenceNewer } from '../../core/signalling/sequence.ts';
import { after, type Duration, type Instant, seconds } from '../../core/time.ts';
import {
  type Address,
  formatAddress,
  isIpv4,
  isUnicastRoutable,
  parseAddress,
} from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { HomeNetwork } from './home-network.ts';

const TIMESTAMP_KEY = 'home-timestamp/';
/** The number of a binding that is gone is remembered: no update is under way for so long. */
const NUMBER_MEMORY: Duration = seconds(420);

/**
 * Decides on home registrations: who sent it, is it proved, is it new, may it be.
 *
 * Supported standards: RFC 6275 sections 9.5.1, 10.3.1, 10.3.2; RFC 4285 sections 5, 6.
 */
export class UpdateJudge {
  readonly #config: HomeAgentConfig;
  readonly #state: NodeState;
  readonly #network: HomeNetwork;
  readonly #nodes: Map<Address, Registrant>;
  readonly #proofs: UpdateProofs;
  readonly #retired = new RetiredNumbers();

  constructor(config: HomeAgentConfig, state: NodeState, network: HomeNetwork) {
    this.#network = network;
    this.#proofs = new UpdateProofs(state);
    this.#config = config;
    this.#state = state;
    this.#nodes = new Map(
      config.mobileNodes.map(({ home, authentication }) => [
        home,
        { authentication, lastTimestamp: 0n },
      ]),
    );
  }

  /**
   * What is older than this life of the home agent may be a replay of what an earlier one took, or
   * never got: a mobile node whose clock is behind is told the time and asks again.
   * Source: RFC 4285 section 6.
   */
  start(now: Instant): void {
    const timestamp = ntpTimestamp(this.#state.env.epoch, now);
    for (const node of this.#nodes.values()) node.lastTimestamp = timestamp;
  }

  /** Takes up a stored timestamp after a restart. */
  restore(key: string, value: string): void {
    if (!key.startsWith(TIMESTAMP_KEY) || !/^\d{1,20}$/.test(value)) return;
    const home = parseAddress(key.slice(TIMESTAMP_KEY.length));
    const node = home === undefined ? undefined : this.#nodes.get(home);
    if (node !== undefined && BigInt(value) > node.lastTimestamp)
      node.lastTimestamp = BigInt(value);
  }

  /**
   * A mobile node is ours from now on, or proves itself otherwise; without `authentication` it is
   * ours no more. What is older than this moment may be a replay from when it was ours before.
   */
  serve(home: Address, authentication: Authentication | undefined, now: Instant): void {
    const before = this.#nodes.get(home);
    if (authentication === undefined) this.#nodes.delete(home);
    else {
      const lastTimestamp = before?.lastTimestamp ?? ntpTimestamp(this.#state.env.epoch, now);
      this.#nodes.set(home, { authentication, lastTimestamp });
    }
  }

  /**
   * A binding is gone with this number: older updates do not bring it back. When there is no room
   * the one that went first is forgotten. Source: RFC 6275 sections 9.5.1 and 10.3.2.
   */
  retire(home: Address, sequence: number, now: Instant): void {
    if (this.#state.env.without.has('retired-numbers')) return;
    const until = after(now, NUMBER_MEMORY);
    if (this.#retired.remember(home, sequence, until, now)) return;
    this.#retired.forgetOldest();
    this.#retired.remember(home, sequence, until, now);
  }

  /** Numbers that are remembered. */
  get retired(): number {
    return this.#retired.size;
  }

  /** How a mobile node's messages are proved; undefined where it is none of ours. */
  authenticationOf(home: Address, now: Instant): Authentication | undefined {
    return this.#nodeFor(home, this.#network.prefixes.of(home, now))?.authentication;
  }

  /** @param pending what is under Duplicate Address Detection. */
  judge(
    received: Received,
    update: BindingUpdate,
    pending: ReadonlyMap<Address, JudgedUpdate | Binding>,
    now: Instant,
  ): Judgement {
    const prefix = this.#network.prefixes.of(received.home ?? received.source, now);
    const asked = askedBy(received, update, this.#longest(prefix));
    const { home } = asked;
    // Nonces prove bindings at correspondents: here they are out of place (RFC 6275 section 9.5.1).
    if (update.options.some(({ option }) => option === 'nonce-indices')) {
      return { outputs: [count('mobility.bu_unauthenticated')] };
    }
    // The tunnel to the node would have an address of each version.
    if (received.tunnel !== undefined && isIpv4(received.tunnel.src)) {
      return { outputs: [count('udp.over_ipv4')] };
    }
    if (!isUnicastRoutable(asked.careOf)) {
      return { outputs: [count('mobility.bu_unauthenticated')] }; // RFC 6275 section 6.1.7: silently
    }
    if (asked.lifetime > 0 && this.#state.bindings.leadsBack(asked.careOf, home)) {
      return { outputs: [count('mobility.bu_circular')] };
    }
    const node = this.#nodeFor(home, prefix);
    if (node === undefined) {
      const status = prefix
        ? BINDING_STATUS.notHomeAgentForThisMobileNode
        : BINDING_STATUS.notHomeSubnet;
      return this.#proofs.unproved({ ...asked, status }, 'mobility.bu_unauthenticated', now);
    }
    const base = {
      ...asked,
      proof: this.#proofs.answer(node, update, asked, now),
      ...this.#neighbor(received, asked),
    };
    const fault = this.#proofs.fault(node, received, asked, now);
    if (fault !== undefined) {
      return this.#proofs.unproved({ ...base, ...fault.change }, fault.counter, now);
    }
    const outputs = this.#proofs.accepted(node, update, TIMESTAMP_KEY + formatAddress(home));
    const known = this.#state.bindings.get(home) ?? pending.get(home);
    const status = this.#status(received, base, known, pending.size, now);
    if (status === BINDING_STATUS.sequenceNumberOutOfWindow) {
      outputs.push(count('mobility.bu_out_of_window'));
      const answerSequence = known?.sequence ?? this.#retired.last(home, now)!;
      return { judged: { ...base, status, answerSequence }, outputs };
    }
    return { judged: { ...base, status }, outputs };
  }

  /** Is there something that the node should ask for? Source: RFC 6275 sections 10.3.1, 11.7.3. */
  #outdated(home: Address, { preferredLifetime }: LinkPrefix): boolean {
    if (this.#state.env.without.has('prefix-discovery')) return false;
    return preferredLifetime === 0 || this.#network.advertising.owes(home);
  }

  /** None outlives the home prefix. Source: RFC 6275 section 10.3.1. */
  #longest(prefix: LinkPrefix | undefined): Duration {
    const most = this.#state.constants.MAX_HOME_LIFETIME;
    const unbounded = prefix === undefined || this.#state.env.without.has('prefix-lifetimes');
    return unbounded ? most : (Math.min(most, prefix.validLifetime) as Duration);
  }

  /**
   * A node that is home again is answered on the link: while its binding stands, as after a refusal,
   * what is sent to its home address goes to where it was. Source: RFC 6275 section 10.3.2.
   */
  #neighbor({ link, from, tunnel }: Received, asked: JudgedUpdate): Pick<JudgedUpdate, 'neighbor'> {
    const isHome = asked.answerTo === asked.home && asked.lifetime === 0;
    if (!isHome || tunnel !== undefined || link !== this.#config.link) return {};
    return from === undefined ? {} : { neighbor: { link, linkAddress: from } };
  }

  #nodeFor(home: Address, prefix: LinkPrefix | undefined): Registrant | undefined {
    const node = this.#nodes.get(home) ?? this.#renumbered(home, prefix);
    if (node !== undefined && !this.#state.env.without.has('authentication')) return node;
    const open = this.#config.allowUnauthenticated || this.#state.env.without.has('authentication');
    if (!open || prefix === undefined || home === prefix.address) return node;
    return { authentication: { method: 'none' }, lastTimestamp: 0n };
  }

  /**
   * A node that was configured with its first home address has the same key for the address with
   * the same interface identifier in another prefix of ours; its timestamps are counted apart.
   */
  #renumbered(home: Address, prefix: LinkPrefix | undefined): Registrant | undefined {
    const first = this.#config.prefix;
    if (prefix === undefined || prefix.prefix === first || prefix.length !== 64) return undefined;
    const node = this.#nodes.get(autoconfigured(first, home.slice(8)));
    if (node === undefined) return undefined;
    const made = { authentication: node.authentication, lastTimestamp: 0n };
    this.#nodes.set(home, made);
    return made;
  }

  /** The verdict on a proved update. Source: RFC 6275 sections 9.5.1, 10.3.1 and 10.3.2. */
  #status(
    received: Received,
    asked: JudgedUpdate,
    known: Binding | JudgedUpdate | undefined,
    pending: number,
    now: Instant,
  ): number {
    const { home, careOf, lifetime, sequence } = asked;
    const { bindings } = this.#state;
    const { prefixes } = this.#network;
    const prefix = prefixes.of(home, now);
    if (prefix === undefined) return BINDING_STATUS.notHomeSubnet;
    // Nobody is away at home, and the home address of another would lead on to who knows where.
    const inside = lifetime > 0 && prefixes.of(careOf, now) !== undefined;
    if (careOf === received.destination || inside) {
      return BINDING_STATUS.invalidCareOfAddress;
    }
    if (known !== undefined && 'scope' in known && known.scope !== 'home') {
      return BINDING_STATUS.registrationTypeChangeDisallowed;
    }
    // Nothing is left to be taken back of a binding that is gone: that is what such an update is told.
    const last = known?.sequence ?? (lifetime > 0 ? this.#retired.last(home, now) : undefined);
    if (last !== undefined && !sequenceNewer(sequence, last)) {
      return BINDING_STATUS.sequenceNumberOutOfWindow;
    }
    if (lifetime === 0) {
      return known === undefined
        ? BINDING_STATUS.notHomeAgentForThisMobileNode
        : BINDING_STATUS.accepted;
    }
    if (known === undefined && bindings.room('home') <= pending) {
      return BINDING_STATUS.insufficientResources;
    }
    return this.#outdated(asked.home, prefix)
      ? BINDING_STATUS.acceptedButPrefixDiscoveryNecessary
      : BINDING_STATUS.accepted;
  }
}
