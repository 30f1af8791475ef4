/**
 * What happens to a random network: first it is hurt, then everything is whole again, and at last
 * it falls silent. Each run has a few kinds of faults only, or none would ever show what it does.
 */
import type { Dice } from './dice.ts';
import type { Entry, RandomNetwork } from './random-network.ts';

/** When the phases of a run begin, in seconds. */
export interface Phases {
  /** From here on things go wrong. */
  readonly hurt: number;
  /** From here on everything is whole. */
  readonly healed: number;
  /** The last datagram is sent: peers must be route-optimised by now. */
  readonly quiet: number;
  /** From here on nothing is sent. */
  readonly silence: number;
  /** Two lifetimes later, and when sessions are forgotten. */
  readonly end: number;
}

/** Where the mobile nodes are in the silence. */
export type Rest = 'home' | 'dead' | 'away';

const KINDS = ['move', 'detach', 'prefer', 'cut', 'quality', 'clog', 'crash', 'agent'] as const;
type Kind = (typeof KINDS)[number];

/** Milliseconds between two faults; none: both at one instant. */
const STEPS = [0, 0, 10, 10, 100, 400, 1000, 1000, 2000] as const;

/** Milliseconds after the heal in which nodes may still move. */
const MOVING_ON = 4000;

export function randomPhases(dice: Dice, { lifetimes }: RandomNetwork): Phases {
  const longest = Math.max(lifetimes.home, lifetimes.peer);
  const hurt = 3;
  const healed = hurt + dice.pick([3, 4, 5, 6, 7, 8, 10, 15]);
  const quiet = healed + 12 + longest;
  const silence = Math.max(healed + 30, quiet + 2);
  const end = silence + lifetimes.session + 2 * longest + 6;
  return { hurt, healed, quiet, silence, end };
}

/** The events of a scenario file, in order. */
export function randomFaults(
  dice: Dice,
  network: RandomNetwork,
  phases: Phases,
  rest: Rest,
): readonly Entry[] {
  const faults = new Faults(dice, network);
  const until = phases.healed * 1000;
  for (let at = phases.hurt * 1000; at < until; ) {
    faults.hurt(at);
    at += Math.round(dice.pick(STEPS) * dice.between(0.5, 1.5));
  }
  faults.heal(until);
  faults.moveOn(until);
  faults.rest(phases.silence * 1000, rest);
  return faults.events;
}

class Faults {
  readonly events: Entry[] = [];
  readonly #dice: Dice;
  readonly #network: RandomNetwork;
  readonly #kinds: readonly Kind[];
  readonly #mortal: readonly string[];
  /** The link of each interface, by NODE.INTERFACE. */
  readonly #on = new Map<string, string | null>();
  readonly #dead = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(dice: Dice, network: RandomNetwork) {
    this.#dice = dice;
    this.#network = network;
    const chosen = KINDS.filter(() => dice.chance(0.45));
    // Nothing hurts a mobile node as much as moving does: it is what all this is for.
    this.#kinds = [...chosen, 'move', 'move'];
    this.#mortal = [...network.nodes.keys()].filter(() => dice.chance(0.4));
    for (const { name, interfaces } of network.movers) {
      for (const [key, link] of interfaces) this.#on.set(`${name}.${key}`, link);
    }
  }

  hurt(at: number): void {
    const dice = this.#dice;
    const link = dice.pick([...this.#network.links.keys()]);
    switch (dice.pick(this.#kinds)) {
      case 'move':
        this.#move(at, dice.pick([...this.#on.keys()]));
        break;
      case 'detach':
        this.#toggle(at, dice.pick([...this.#on.keys()]));
        break;
      case 'prefer':
        this.#add(at, { prefer: dice.pick([...this.#on.keys()]) });
        break;
      case 'cut':
        this.#cutOrHeal(at, link);
        break;
      case 'quality':
        this.#change(at, link, {
          loss: dice.pick(['0%', '2%', '20%', '50%']),
          jitter: dice.pick(['0ms', '5ms', '50ms']),
          duplicate: dice.pick(['0%', '5%', '30%']),
          reorder: dice.pick(['0%', '10%', '30%']),
        });
        break;
      case 'clog':
        this.#change(at, link, {
          bandwidth: dice.pick(['200kbit/s', '1Mbit/s', '20Mbit/s']),
          delay: dice.pick(['1ms', '200ms', '900ms', '2500ms']),
        });
        break;
      case 'crash':
        this.#crashOrRestart(at, this.#mortal);
        break;
      case 'agent':
        this.#crashOrRestart(
          at,
          this.#network.mobileNodes.flatMap(({ agents }) => agents),
        );
        break;
    }
  }

  /** All links are whole, all nodes run, and every mobile node is on a link. */
  heal(at: number): void {
    for (const link of this.#cut) this.#add(at, { heal: link });
    for (const link of this.#changed) {
      const { delay } = this.#network.links.get(link)!;
      this.#add(at, { change: { link, ...WHOLE, delay } });
    }
    for (const node of this.#dead) {
      this.#add(at, { restart: node, journal: this.#remembers(node) });
    }
    for (const { name, interfaces } of this.#network.movers) {
      const places = [...interfaces.keys()].map((key) => this.#on.get(`${name}.${key}`));
      if (places.every((link) => link === null))
        this.#move(at, `${name}.${[...interfaces.keys()][0]}`);
    }
  }

  /** Some nodes go on moving where nothing is in their way; they are to be reached as soon. */
  moveOn(at: number): void {
    for (const { name } of this.#network.mobileNodes) {
      if (!this.#dice.chance(0.3)) continue;
      const steps = this.#dice.whole(1, 3);
      for (let step = 0; step < steps; step++) {
        this.#move(at + this.#dice.whole(0, MOVING_ON), `${name}.wlan0`);
      }
    }
  }

  rest(at: number, rest: Rest): void {
    for (const { name } of this.#network.movers) {
      if (rest === 'dead') this.#add(at, { crash: name });
    }
    for (const { name, home, interfaces } of this.#network.mobileNodes) {
      if (rest !== 'home') continue;
      this.#add(at, { move: `${name}.wlan0`, to: home });
      if (interfaces.has('lte0')) this.#add(at, { 'link-down': `${name}.lte0` });
    }
  }

  #move(at: number, place: string): void {
    const dice = this.#dice;
    const to = this.#place(place);
    const gap = dice.pick([0, 0, 0, 20, 300]);
    this.#on.set(place, to);
    this.#add(at, { move: place, to, ...(gap > 0 && { gap: `${gap}ms` }) });
  }

  #toggle(at: number, place: string): void {
    if (this.#on.get(place) === null) {
      const to = this.#place(place);
      this.#on.set(place, to);
      this.#add(at, { 'link-up': place, to });
      return;
    }
    this.#on.set(place, null);
    this.#add(at, { 'link-down': place });
  }

  /** A link that an interface may go to. */
  #place(place: string): string {
    const [name, key] = place.split('.') as [string, string];
    const { places, interfaces } = this.#network.movers.find((one) => one.name === name)!;
    return places.length > 0 ? this.#dice.pick(places) : interfaces.get(key)!;
  }

  /** One direction between two nodes, all from or to one, or the whole link. */
  #cutOrHeal(at: number, link: string): void {
    const dice = this.#dice;
    if (this.#cut.has(link) && dice.chance(0.5)) {
      this.#add(at, { heal: link });
      return;
    }
    const names = [...this.#network.nodes.keys()];
    this.#cut.add(link);
    this.#add(at, {
      cut: {
        link,
        ...(dice.chance(0.5) && { from: dice.pick(names) }),
        ...(dice.chance(0.3) && { to: dice.pick(names) }),
      },
    });
  }

  #change(at: number, link: string, set: Entry): void {
    this.#changed.add(link);
    this.#add(at, { change: { link, ...set } });
  }

  #crashOrRestart(at: number, nodes: readonly string[]): void {
    if (nodes.length === 0) return;
    const node = this.#dice.pick(nodes);
    const again = { restart: node, journal: this.#remembers(node) };
    if (this.#dead.delete(node)) {
      this.#add(at, again);
      return;
    }
    this.#add(at, { crash: node });
    if (this.#dice.chance(0.4)) this.#add(at, again);
    else this.#dead.add(node);
  }

  /**
   * Does it come back with what it stored? With configured keys for ESP it must: who begins to count
   * anew is taken for a replay (RFC 4303 section 3.4.3).
   */
  #remembers(node: string): boolean {
    const remembers = this.#dice.chance(0.5);
    const { mobileNodes } = this.#network;
    return (
      remembers ||
      mobileNodes.some(({ numbered, name, agents }) => numbered && [name, ...agents].includes(node))
    );
  }

  #add(at: number, what: Entry): void {
    this.events.push({ at: `${at}ms`, ...what });
  }
}

const WHOLE = {
  loss: '0%',
  jitter: '0ms',
  duplicate: '0%',
  reorder: '0%',
  bandwidth: '20Mbit/s',
} as const;
