/** What no implementation could do better in a run, by the events of the run. */
import { GIVEN_UP } from '../../core/peers/path-memory.ts';
import { type Instant, seconds } from '../../core/time.ts';
import type { ScenarioEvent } from '../scenario/scenario-events.ts';
import type { Inside } from './inside.ts';
import type { RandomRun } from './random-scenario.ts';

/** So long after the heal every node is to be reached, where nobody has forgotten anything. */
const REACHED = seconds(10);

/** A neighbour counts as reachable for 45 s at most, and is asked for 8 s then. RFC 4861 section 10. */
const MISLED = 53;

/** The last of three advertisements that claim an address comes so long after the first. */
const CLAIMED = seconds(8);

/** What was sent on a slow link is under way for so long, and some more where it queued. */
const UNDER_WAY = seconds(4);

/** A path that failed is left alone for so long at first. */
const PATIENCE = seconds(60);
const REASONS: ReadonlySet<string | undefined> = new Set(Object.values(GIVEN_UP));

/** What the events of a run excuse. */
export class Excuses {
  readonly #run: RandomRun;
  readonly #inside: Inside;
  readonly #events: readonly ScenarioEvent[];

  constructor(run: RandomRun, inside: Inside) {
    this.#run = run;
    this.#inside = inside;
    const silence = seconds(run.phases.silence);
    this.#events = run.scenario.events.filter(({ at }) => at < silence);
  }

  /**
   * Did a mobile node give up the short way to a peer since the heal, or a minute before? Where updates went
   * unanswered it leaves the path alone for a minute at first (core/peers/path-memory.ts); packets go by the home
   * agent meanwhile.
   */
  gaveUp(mobile: string, peer: string): boolean {
    const since = seconds(this.#run.phases.healed) - PATIENCE;
    return this.#inside.world.network.events.some(
      ({ at, node, event }) =>
        node === mobile &&
        at >= since &&
        event.kind === 'path.changed' &&
        REASONS.has(event.reason) &&
        this.#inside.ownerOf(event.peer) === peer,
    );
  }

  /** Was the node dead at some time from then on? */
  died(node: string, from = 0): boolean {
    let dead = false;
    for (const event of this.#events) {
      if (event.kind === 'crash' && event.node === node) dead = true;
      if (event.kind === 'restart' && event.node === node && event.at < from) dead = false;
      if (dead && event.at >= from) return true;
    }
    return dead;
  }

  /** Did it come back without what it had stored? */
  forgot(node: string): boolean {
    return this.#events.some(
      (event) => event.kind === 'restart' && event.node === node && !event.journal,
    );
  }

  /** Was a link cut, slow or lossy at some time before? */
  #hurt(link: string, before = Number.POSITIVE_INFINITY): boolean {
    return this.#events.some(
      (event) =>
        (event.kind === 'cut' || event.kind === 'change') &&
        event.link === link &&
        event.at < before,
    );
  }

  #homeOf(node: string): string | undefined {
    return this.#run.network.mobileNodes.find(({ name }) => name === node)?.home;
  }

  /**
   * Duplicate Address Detection on the home link takes a second: where an answer takes longer, or
   * is lost, two home agents come to serve a node that has forgotten one of them, until the older
   * binding ends (RFC 6275 has no word between home agents).
   * @param since when the second of them began to.
   */
  twice(node: string, since: Instant, now: Instant): boolean {
    const { healed } = this.#run.phases;
    const home = this.#homeOf(node);
    const during = since < seconds(healed) + UNDER_WAY;
    const ended = now > since + seconds(this.#run.network.lifetimes.home);
    return home !== undefined && during && !ended && this.#hurt(home, since);
  }

  /**
   * May one of two nodes have missed on a home link that the other has left, or is back? Who stands
   * there now says so three times; where the link is out all the while, others send to where it was
   * for as long as a neighbour counts as reachable without being asked (RFC 6275 section 10.4.1,
   * RFC 4861 section 7.3.3).
   */
  misled(from: string, to: string): boolean {
    const isMisled = (other: string, mobile: string) => {
      const home = this.#homeOf(mobile);
      if (home === undefined || !this.#wasOn(other, home)) return false;
      const claimed = this.#lastClaim(mobile);
      const healed = seconds(this.#run.phases.healed) + UNDER_WAY;
      return claimed !== undefined && claimed + CLAIMED < healed && this.#hurt(home, healed);
    };
    return isMisled(from, to) || isMisled(to, from);
  }

  /** When a node or a home agent last began to claim the node's home address. */
  #lastClaim(mobile: string): Instant | undefined {
    const { homes, world } = this.#inside;
    const serving = new Set<string>();
    let last: Instant | undefined;
    for (const { at, node, event } of world.network.events) {
      if (event.kind === 'node.crashed') serving.delete(node);
      if (event.kind === 'home.returned' && node === mobile) last = at;
      if (!('scope' in event) || event.scope !== 'home') continue;
      if (homes.get(event.home) !== mobile) continue;
      if (event.kind === 'binding.deleted' || event.kind === 'binding.expired')
        serving.delete(node);
      if (event.kind !== 'binding.accepted' || serving.has(node)) continue;
      serving.add(node);
      last = at;
    }
    return last;
  }

  #wasOn(node: string, link: string): boolean {
    const { on, interfaces } = this.#run.network.nodes.get(node)!;
    const places = [...((on as string[]) ?? []), ...Object.values(interfaces ?? {})];
    return (
      places.includes(link) ||
      this.#events.some(
        (event) =>
          (event.kind === 'move' || event.kind === 'link-up') &&
          event.node === node &&
          event.to === link,
      )
    );
  }

  /**
   * From when on must every datagram between two nodes arrive? A home agent that forgot learns of
   * its nodes anew when they refresh; a peer of a node that restarted believes the old binding, of
   * which the node knows nothing any more, until it expires.
   */
  reachedFrom(from: string, to: string): number {
    const { phases, network } = this.#run;
    const { home, peer } = network.lifetimes;
    let wait = this.misled(from, to) ? MISLED : 0;
    // Who forgets takes a session along that has lost its first address: nothing speaks for that any more.
    const isBound = network.movers.some(({ name, places }) => {
      return places.length === 0 && (name === from || name === to);
    });
    if (isBound && (this.died(from) || this.died(to))) return Number.POSITIVE_INFINITY;
    for (const { name, agents } of network.mobileNodes) {
      if (name !== from && name !== to) continue;
      if (agents.some((agent) => this.forgot(agent))) wait = Math.max(wait, home);
      if (this.died(name)) wait = Math.max(wait, peer);
    }
    return seconds(phases.healed + wait) + REACHED;
  }
}
