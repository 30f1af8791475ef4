import { PREFIX_ADV_RETRIES } from '../../core/constants.ts';
import { type LinkPrefixes, prefixOption } from '../../core/neighbor-discovery/link-prefixes.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import type { Output } from '../../core/role.ts';
import { signal, taken } from '../../core/signalling/signalling.ts';
import {
  after,
  type Duration,
  type Instant,
  milliseconds,
  seconds,
  sooner,
} from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';

/** Solicited advertisements a second and at once. */
const ANSWER_INTERVAL = milliseconds(50);
const ANSWER_BURST = 20;

/** An advertisement that a mobile node has not acknowledged by a solicitation. */
interface Owed {
  /** The next try; undefined: tried enough, until the node registers again. */
  at: Instant | undefined;
  wait: Duration;
  sent: number;
}

/**
 * Tells mobile nodes that are away of the prefixes of their home network.
 *
 *     solicited            -> answered at once, which also settles what was owed
 *     the prefixes change  -> after a random delay; repeated PREFIX_ADV_RETRIES times (3, 6, 12 s)
 *                             until the node solicits; begun again when it registers again
 *
 * Only nodes with a binding are told, so the table is bounded by the binding cache.
 *
 * Supported standards: RFC 6275 sections 10.6.1 to 10.6.3.
 */
export class PrefixAdvertising {
  readonly #state: NodeState;
  readonly #prefixes: LinkPrefixes;
  readonly #owed = new Map<Address, Owed>();
  readonly #limit = new RateLimit(ANSWER_INTERVAL, ANSWER_BURST);

  constructor(prefixes: LinkPrefixes, state: NodeState) {
    this.#prefixes = prefixes;
    this.#state = state;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { at } of this.#owed.values()) deadline = sooner(deadline, at);
    return deadline;
  }

  /** Does the node not know yet what has changed? */
  owes(home: Address): boolean {
    return this.#owed.has(home);
  }

  /** The prefixes have changed: every node that is away is to know. */
  changed(now: Instant): void {
    if (this.#state.env.without.has('prefix-discovery')) return;
    for (const { scope, home } of this.#state.bindings.all()) {
      if (scope !== 'home') continue;
      const at = this.#owed.get(home)?.at ?? after(now, this.#delay(home, now));
      const wait = this.#state.constants.PREFIX_ADV_TIMEOUT;
      this.#owed.set(home, { at, wait, sent: 0 });
    }
  }

  /** A binding was made or renewed. */
  registered(home: Address, now: Instant): void {
    const owed = this.#owed.get(home);
    if (owed === undefined || owed.at !== undefined) return;
    const wait = this.#state.constants.PREFIX_ADV_TIMEOUT;
    this.#owed.set(home, { at: after(now, wait), wait, sent: 0 });
  }

  forget(home: Address): void {
    this.#owed.delete(home);
  }

  tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [home, owed] of this.#owed) {
      if (owed.at === undefined || now < owed.at) continue;
      outputs.push(...this.#advertise(home, 0, now));
      owed.sent += 1;
      owed.at = owed.sent > PREFIX_ADV_RETRIES ? undefined : after(now, owed.wait);
      owed.wait = (2 * owed.wait) as Duration;
    }
    return outputs;
  }

  /**
   * Answers a solicitation. The Home Address option that it must have was checked against the
   * binding, and taken off, by the forwarding entry of that binding.
   */
  solicited(received: Received, identifier: number, now: Instant): Output[] {
    if (this.#state.env.without.has('prefix-discovery')) return [];
    const home = received.home ?? received.source;
    const known = this.#state.bindings.get(home)?.scope === 'home';
    const tunnelled = received.tunnel !== undefined && received.tunnel.udp === undefined;
    if (!known || tunnelled) return [count('prefix.solicitation_refused')];
    if (!this.#limit.take(now)) return [count('prefix.advertisement_suppressed')];
    this.#owed.delete(home);
    return [taken(received), ...this.#advertise(home, identifier, now)];
  }

  /** Source: RFC 6275 section 10.6.3. */
  #advertise(home: Address, identifier: number, now: Instant): Output[] {
    const binding = this.#state.bindings.get(home);
    const source = this.#prefixes.of(home, now)?.address;
    if (binding === undefined || source === undefined) return [];
    const prefixes = this.#prefixes.list(now);
    return [
      count('prefix.advertisement_sent'),
      ...signal({
        source,
        destination: binding.careOf,
        layers: [
          { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: home },
          {
            layer: 'mobile-prefix-advertisement',
            identifier,
            options: prefixes.map(prefixOption),
          },
        ],
        detail: prefixes
          .map(({ prefix, validLifetime }) => {
            return `${formatAddress(prefix)} valid ${Math.floor(validLifetime / seconds(1))} s`;
          })
          .join(', '),
      }),
    ];
  }

  /** Drawn, so that not all nodes are told at once. Source: RFC 6275 section 10.6.2. */
  #delay(home: Address, now: Instant): Duration {
    const { MIN_MOB_PFX_ADV_INTERVAL: least, MAX_MOB_PFX_ADV_INTERVAL } = this.#state.constants;
    const preferred = this.#prefixes.of(home, now)?.preferredLifetime ?? MAX_MOB_PFX_ADV_INTERVAL;
    const most = Math.min(MAX_MOB_PFX_ADV_INTERVAL, preferred);
    return Math.round(least + this.#state.env.random() * Math.abs(most - least)) as Duration;
  }
}
