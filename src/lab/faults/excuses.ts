/** What no implementation could do better in a run, by the events of the run. */
import { seconds } from '../../core/time.ts';
import type { ScenarioEvent } from '../scenario/scenario-events.ts';
import type { RandomRun } from './random-scenario.ts';

/** So long after the heal every node is to be reached, where nobody has forgotten anything. */
const REACHED = seconds(10);

/** A neighbour counts as reachable for 45 s at most, and is asked for 8 s then. RFC 4861 section 10. */
const MISLED = 53;

/** What the events of a run excuse. */
export class Excuses {
  readonly #run: RandomRun;
  readonly #events: readonly ScenarioEvent[];

  constructor(run: RandomRun) {
    this.#run = run;
    const silence = seconds(run.phases.silence);
    this.#events = run.scenario.events.filter(({ at }) => at < silence);
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

  /** Was a link cut, slow or lossy? What is told there once, or asked for a second, may be missed then. */
  hurt(link: string): boolean {
    return this.#events.some(
      (event) => (event.kind === 'cut' || event.kind === 'change') && event.link === link,
    );
  }

  /**
   * Duplicate Address Detection on the home link takes a second: where an answer takes longer, or
   * is lost, two home agents come to serve a node that has forgotten one of them, until the older
   * binding ends (RFC 6275 has no word between home agents).
   */
  twice(node: string, now: number): boolean {
    const { mobileNodes, lifetimes } = this.#run.network;
    const home = mobileNodes.find(({ name }) => name === node)?.home;
    const until = seconds(this.#run.phases.healed + lifetimes.home);
    return home !== undefined && now < until && this.hurt(home);
  }

  /**
   * May one of two nodes have missed on a home link that the other has left? Home agents say so three
   * times at most; then it sends to where the other was for as long as a neighbour counts as reachable
   * without being asked (RFC 6275 section 10.4.1, RFC 4861 section 7.3.3).
   */
  misled(from: string, to: string): boolean {
    const isMisled = (other: string, mobile: string) => {
      const home = this.#run.network.mobileNodes.find(({ name }) => name === mobile)?.home;
      return home !== undefined && this.hurt(home) && this.#wasOn(other, home);
    };
    return isMisled(from, to) || isMisled(to, from);
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
    for (const { name, agents } of network.mobileNodes) {
      if (name !== from && name !== to) continue;
      if (agents.some((agent) => this.forgot(agent))) wait = Math.max(wait, home);
      if (this.died(name)) wait = Math.max(wait, peer);
    }
    return seconds(phases.healed + wait) + REACHED;
  }
}
