import type { ProbeConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { waysTo } from '../../core/peers/met-at.ts';
import type { TestKind } from '../../core/peers/routability-test.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import type { Output } from '../../core/role.ts';
import { after, type Instant, milliseconds, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { ProviderPath } from './provider-path.ts';

/**
 * Questions to all peers together: fifty a second to keep tokens fresh, and as many about paths that
 * something speaks against, of which the upkeep for strangers takes none.
 */
const TEST_INTERVAL = milliseconds(20);
const TESTS_AT_ONCE = 50;

/** Messages that a peer sends of itself. Anybody can: it is asked for an answer, and that is all. */
const SPEAKING: ReadonlySet<string> = new Set([
  'home-test-init',
  'care-of-test-init',
  'binding-update',
]);

/**
 * The paths from each address of ours to each peer that there are sessions with: tokens are kept fresh
 * in peace, so that a fail-over is one Binding Update away.
 *
 * Bounded by the sessions and by the addresses.
 *
 * Source: RFC 6275 sections 5.2.7 and 11.8 for how long tokens hold, and how often a peer is asked.
 */
export class ProviderPaths {
  readonly #probe: ProbeConfig;
  readonly #state: NodeState;
  readonly #limit = new RateLimit(TEST_INTERVAL, TESTS_AT_ONCE);
  readonly #probes = new RateLimit(TEST_INTERVAL, TESTS_AT_ONCE);
  readonly #paths = new Map<Address, Map<Address, ProviderPath>>();

  constructor(probe: ProbeConfig, state: NodeState) {
    this.#probe = probe;
    this.#state = state;
  }

  get size(): number {
    let size = 0;
    for (const paths of this.#paths.values()) size += paths.size;
    return size;
  }

  get(peer: Address, own: Address): ProviderPath | undefined {
    return this.#paths.get(peer)?.get(own);
  }

  of(peer: Address): ProviderPath[] {
    return [...(this.#paths.get(peer)?.values() ?? [])];
  }

  *all(): IterableIterator<ProviderPath> {
    for (const paths of this.#paths.values()) yield* paths.values();
  }

  /** Those from an address of ours that do not carry. */
  dead(own: Address): Set<ProviderPath> {
    return new Set([...this.all()].filter((one) => one.own === own && one.health === 'dead'));
  }

  /** The paths to a peer are those from these addresses, with what is wanted of each. */
  follow(peer: Address, wanted: ReadonlyMap<Address, ReadonlySet<TestKind>>, now: Instant): void {
    const paths = this.#paths.get(peer) ?? new Map<Address, ProviderPath>();
    this.#paths.set(peer, paths);
    for (const [own, kinds] of wanted) {
      const path = paths.get(own) ?? new ProviderPath(peer, own, this.#probe, this.#state, now);
      paths.set(own, path);
      path.want(kinds, now);
    }
    for (const own of paths.keys()) if (!wanted.has(own)) paths.delete(own);
    if (paths.size === 0) this.#paths.delete(peer);
  }

  /** An address of ours has no provider any more. */
  providerGone(address: Address, now: Instant): Output[] {
    return [...this.all()].flatMap((path) =>
      path.own === address ? path.die('its provider is gone', now) : [],
    );
  }

  /** @param isTested are tokens wanted there at all just now? */
  deadline(isTested: (path: ProviderPath) => boolean): Instant | undefined {
    let deadline: Instant | undefined;
    for (const path of this.all()) {
      if (isTested(path)) deadline = sooner(deadline, path.dueAt);
      deadline = sooner(deadline, path.holdsUntil);
    }
    return deadline;
  }

  /** Asks what is due. */
  tick(isTested: (path: ProviderPath) => boolean, now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const path of this.all()) {
      if (now >= path.dueAt && isTested(path)) outputs.push(...this.#askAll(path, now));
      outputs.push(...path.hasHeld(now));
    }
    return outputs;
  }

  #askAll(path: ProviderPath, now: Instant): Output[] {
    if (path.health === 'up' && path.isSilent(now)) return path.die('it answers no test', now);
    if (this.#limit.take(now)) return path.askAll(now);
    path.defer(after(now, TEST_INTERVAL));
    return [count('multihome.test_deferred')];
  }

  /** Asks a path at once, if the last question has had its time. */
  ask(path: ProviderPath, now: Instant): Output[] {
    if (!path.mayAsk(now)) return [];
    if (!this.#probes.take(now)) return [count('multihome.test_deferred')];
    return [count('multihome.probe_sent'), ...path.ask(now)];
  }

  /** A peer has spoken, to this address of ours: paths from there that were dead may carry again. */
  heard({ message, source, destination }: Received, now: Instant): void {
    if (!SPEAKING.has(message.layer)) return;
    for (const path of this.#askedAt(source, destination)) path.heard(source, now);
  }

  /** A test's answer; undefined where it is none of ours. */
  answered({ message, source, destination }: Received, now: Instant): ProviderPath | undefined {
    const paths = this.#askedAt(source, destination);
    if (message.layer === 'home-test') {
      const { nonceIndex, homeInitCookie, homeKeygenToken: keygenToken } = message;
      const token = { nonceIndex, keygenToken };
      return paths.find((path) => path.answered('home', homeInitCookie, token, now));
    }
    if (message.layer !== 'care-of-test') return undefined;
    const { nonceIndex, careOfInitCookie, careOfKeygenToken: keygenToken } = message;
    const token = { nonceIndex, keygenToken };
    return paths.find((path) => path.answered('care-of', careOfInitCookie, token, now));
  }

  /** Whose tests this address may answer: its own, and those of peers that may be met there. */
  #askedAt(source: Address, own: Address): ProviderPath[] {
    const path = this.get(source, own);
    const others = [...this.all()].filter(
      (one) => one.own === own && waysTo(one.peer, this.#state).includes(source),
    );
    return path === undefined ? others : [path, ...others];
  }
}
