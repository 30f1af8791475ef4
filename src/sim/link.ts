import type { LinkAddress, Random } from '../core/role.ts';
import { after, type Duration, type Instant, NO_TIME } from '../core/time.ts';
import { type HeaderDrop, isDropped } from './middlebox.ts';
import type { Simulation } from './simulation.ts';

/** What a link carries: an IPv6 or IPv4 packet between two link addresses. */
export interface Frame {
  readonly from: LinkAddress;
  /** Of one station, or of a group (33:33:...). */
  readonly to: LinkAddress;
  /** From the IP header on. They belong to the receiver, who may change them: keep a copy. */
  readonly octets: Uint8Array;
}

/** An interface as its link sees it. */
export interface Station {
  readonly linkAddress: LinkAddress;
  /** Name of the node. */
  readonly node: string;
  /** Hears all groups, whether it listens to them or not. */
  readonly allGroups?: boolean;
  receive(frame: Frame): void;
}

/** How a link carries what one sender gives it. */
export interface LinkOptions {
  readonly delay: Duration;
  /** Up to this much is added to the delay; frames of one sender keep their order. */
  readonly jitter: Duration;
  /** Probability that a frame is lost, 0 to 1. */
  readonly loss: number;
  /** Bits a second; the octets of the packet count. */
  readonly bandwidth: number;
  /** Octets that may wait for their turn, the frame being sent included; what exceeds is lost. */
  readonly queue: number;
  /** Frames that are held up, and so overtaken. */
  readonly reorder: { readonly probability: number; readonly delay: Duration };
  /** Probability that a frame comes twice, 0 to 1. */
  readonly duplicate: number;
  /** Headers that a middlebox on the link takes offence at. */
  readonly drops: readonly HeaderDrop[];
  /** Longer packets vanish, though the link's MTU lets them: something on it takes less than all believe. */
  readonly vanishAbove: number;
}

export const DEFAULT_LINK: LinkOptions = {
  delay: NO_TIME,
  jitter: NO_TIME,
  loss: 0,
  bandwidth: Number.POSITIVE_INFINITY,
  queue: 150_000,
  reorder: { probability: 0, delay: NO_TIME },
  duplicate: 0,
  drops: [],
  vanishAbove: Number.POSITIVE_INFINITY,
};

export type LossReason =
  | 'loss' // the dice
  | 'queue' // the sender's queue is full
  | 'header' // a middlebox took offence at one of its headers
  | 'cut'
  | 'picked' // `loseNext`
  | 'mtu' // the packet is larger than the link's MTU
  | 'vanished' // it is larger than what the link really carries
  | 'nobody'; // no such station (any more)

/** Sees every frame. It must copy the octets that it wants to keep. */
export interface LinkObserver {
  /** A frame was given to the link. */
  sent?(frame: Frame, at: Instant, sender: string): void;
  /** A frame reached a station; that station has not seen it yet. */
  delivered?(frame: Frame, at: Instant, receiver: string, sender: string): void;
  lost?(frame: Frame, at: Instant, sender: string, reason: LossReason): void;
}

/** What a link remembers of one sender. */
interface Direction {
  options: LinkOptions;
  /** Its own dice, so that one sender's traffic does not change another's luck. */
  readonly random: Random;
  /** When all that waits will have been sent; not rounded, so that rates are exact. */
  busyUntil: number;
  lastArrival: Instant;
}

/** A LAN segment: every station hears every other, each by its address. */
export class Link {
  readonly name: string;
  mtu: number;
  readonly #simulation: Simulation;
  #options: LinkOptions;
  readonly #changes = new Map<string, Partial<LinkOptions>>();
  readonly #directions = new Map<string, Direction>();
  readonly #stations = new Map<LinkAddress, Station>();
  readonly #groups = new Map<LinkAddress, Set<Station>>();
  readonly #hearsAll = new Set<Station>();
  readonly #cuts = new Set<string>();
  /** Frames to be lost that are still to come. */
  #picks: { readonly is: (frame: Frame, sender: string) => boolean; left: number }[] = [];
  #observers: readonly LinkObserver[] = [];

  constructor(
    simulation: Simulation,
    name: string,
    options: Partial<LinkOptions> & { readonly mtu?: number } = {},
  ) {
    const { mtu = 1500, ...rest } = options;
    this.name = name;
    this.mtu = mtu;
    this.#simulation = simulation;
    this.#options = { ...DEFAULT_LINK, ...rest };
  }

  /** Connects a station. Two of the same address are our own mistake. */
  attach(station: Station): void {
    if (this.#stations.has(station.linkAddress)) {
      throw new RangeError(
        `${this.name} has a station with the address of ${station.node} already`,
      );
    }
    this.#stations.set(station.linkAddress, station);
    if (station.allGroups === true) this.#hearsAll.add(station);
  }

  detach(station: Station): void {
    if (this.#stations.get(station.linkAddress) !== station) return;
    this.#stations.delete(station.linkAddress);
    this.#hearsAll.delete(station);
    for (const listeners of this.#groups.values()) listeners.delete(station);
  }

  /** Delivers a group's frames to a station, as a switch that knows its listeners would. */
  listen(station: Station, group: LinkAddress): void {
    const listeners = this.#groups.get(group);
    if (listeners !== undefined) listeners.add(station);
    else this.#groups.set(group, new Set([station]));
  }

  ignore(station: Station, group: LinkAddress): void {
    this.#groups.get(group)?.delete(station);
  }

  /** Changes how the link carries, for all senders or for one node alone, from the next frame on. */
  change(options: Partial<LinkOptions>, sender?: string): void {
    if (sender === undefined) this.#options = { ...this.#options, ...options };
    else this.#changes.set(sender, { ...this.#changes.get(sender), ...options });
    for (const [name, direction] of this.#directions) {
      const { bandwidth } = direction.options;
      direction.options = this.optionsOf(name);
      // What waits is as many octets as before; the time that they take is another.
      const waiting = Math.max(0, direction.busyUntil - this.#simulation.now) * bandwidth;
      if (waiting > 0) {
        direction.busyUntil = this.#simulation.now + waiting / direction.options.bandwidth;
      }
    }
  }

  /** How the link carries what a node sends. */
  optionsOf(sender: string): LinkOptions {
    return { ...this.#options, ...this.#changes.get(sender) };
  }

  /** Frames from one node to another are lost from now on; an absent name stands for every node. */
  cut(from = '*', to = '*'): void {
    this.#cuts.add(`${from} to ${to}`);
  }

  /** Takes back the same cut; without names, all cuts. */
  heal(from?: string, to?: string): void {
    if (from === undefined && to === undefined) this.#cuts.clear();
    else this.#cuts.delete(`${from ?? '*'} to ${to ?? '*'}`);
  }

  /** The next frames that are like that are lost, so many of them. */
  loseNext(count: number, is: (frame: Frame, sender: string) => boolean): void {
    this.#picks = [...this.#picks.filter(({ left }) => left > 0), { is, left: count }];
  }

  /** Lets an observer see all frames; the function that comes back ends that. */
  observe(observer: LinkObserver): () => void {
    this.#observers = [...this.#observers, observer];
    return () => {
      this.#observers = this.#observers.filter((one) => one !== observer);
    };
  }

  /** Takes a frame from a station. */
  send(sender: Station, frame: Frame): void {
    const now = this.#simulation.now;
    for (const one of this.#observers) one.sent?.(frame, now, sender.node);
    if (frame.octets.length > this.mtu) {
      this.#lose(frame, sender.node, 'mtu');
      return;
    }
    const pick = this.#picks.find(({ is, left }) => left > 0 && is(frame, sender.node));
    if (pick !== undefined) {
      pick.left--;
      this.#lose(frame, sender.node, 'picked');
      return;
    }
    const direction = this.#direction(sender.node);
    const { options, random } = direction;
    if (options.drops.length > 0 && isDropped(frame.octets, sender.node, options.drops)) {
      this.#lose(frame, sender.node, 'header');
      return;
    }
    if (frame.octets.length > options.vanishAbove) {
      this.#lose(frame, sender.node, 'vanished');
      return;
    }
    const gone = this.#transmit(direction, frame.octets.length);
    if (gone === undefined) {
      this.#lose(frame, sender.node, 'queue');
      return;
    }
    if (options.loss > 0 && random() < options.loss) {
      this.#lose(frame, sender.node, 'loss');
      return;
    }
    const jitter = options.jitter > 0 ? random() * options.jitter : 0;
    let arrival = Math.round(gone + options.delay + jitter) as Instant;
    if (options.reorder.probability > 0 && random() < options.reorder.probability) {
      arrival = after(arrival, options.reorder.delay);
    } else {
      arrival = Math.max(arrival, direction.lastArrival) as Instant;
      direction.lastArrival = arrival;
    }
    this.#simulation.at(arrival, () => this.#arrive(sender, frame));
    if (options.duplicate > 0 && random() < options.duplicate) {
      const twin = { ...frame, octets: frame.octets.slice() };
      this.#simulation.at(arrival, () => this.#arrive(sender, twin));
    }
  }

  /** When the last bit has left the sender; undefined where its queue has no room. */
  #transmit(direction: Direction, octets: number): number | undefined {
    const now = this.#simulation.now;
    const { bandwidth, queue } = direction.options;
    if (bandwidth === Number.POSITIVE_INFINITY) return now;
    const start = Math.max(now, direction.busyUntil);
    const waiting = ((start - now) * bandwidth) / 8e6;
    if (waiting + octets > queue) return undefined;
    direction.busyUntil = start + (octets * 8e6) / bandwidth;
    return direction.busyUntil;
  }

  #direction(sender: string): Direction {
    let direction = this.#directions.get(sender);
    if (direction === undefined) {
      direction = {
        options: this.optionsOf(sender),
        random: this.#simulation.random(`link ${this.name} from ${sender}`),
        busyUntil: 0,
        lastArrival: 0 as Instant,
      };
      this.#directions.set(sender, direction);
    }
    return direction;
  }

  #arrive(sender: Station, frame: Frame): void {
    if (!isGroup(frame.to)) {
      const station = this.#stations.get(frame.to);
      if (station === undefined) this.#lose(frame, sender.node, 'nobody');
      else this.#deliver(sender, station, frame);
      return;
    }
    // A copy of the list: what a station hears may make it leave.
    for (const station of [...(this.#groups.get(frame.to) ?? [])]) {
      if (isSame(station, sender) || station.allGroups === true) continue;
      this.#deliver(sender, station, { ...frame, octets: frame.octets.slice() });
    }
    for (const station of [...this.#hearsAll]) {
      if (isSame(station, sender)) continue;
      this.#deliver(sender, station, { ...frame, octets: frame.octets.slice() });
    }
  }

  #deliver(sender: Station, station: Station, frame: Frame): void {
    if (this.#cuts.size > 0 && this.#isCut(sender.node, station.node)) {
      this.#lose(frame, sender.node, 'cut');
      return;
    }
    const now = this.#simulation.now;
    for (const one of this.#observers) one.delivered?.(frame, now, station.node, sender.node);
    station.receive(frame);
  }

  #isCut(from: string, to: string): boolean {
    const cuts = this.#cuts;
    return (
      cuts.has(`${from} to ${to}`) ||
      cuts.has(`* to ${to}`) ||
      cuts.has(`${from} to *`) ||
      cuts.has('* to *')
    );
  }

  #lose(frame: Frame, sender: string, reason: LossReason): void {
    const now = this.#simulation.now;
    for (const one of this.#observers) one.lost?.(frame, now, sender, reason);
  }
}

/** No port gives back what came from it, though the node may have crashed and started meanwhile. */
const isSame = (one: Station, other: Station): boolean => one.linkAddress === other.linkAddress;

/** Bit 0 of the first octet tells a group from a station (IEEE 802). */
export const isGroup = (address: LinkAddress): boolean => (address.charCodeAt(0) & 1) !== 0;
