import type { LinkAddress, Random } from '../../core/role.ts';
import { after, type Duration, type Instant, milliseconds, seconds } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { Alarm, type Simulation } from '../simulation.ts';

/** Specification constants. Source: RFC 4861 section 10. */
const MAX_MULTICAST_SOLICIT = 3;
const MAX_UNICAST_SOLICIT = 3;
const REACHABLE_TIME: Duration = milliseconds(30_000);
const RETRANS_TIMER: Duration = milliseconds(1000);
const DELAY_FIRST_PROBE_TIME: Duration = seconds(5);
const MIN_RANDOM_FACTOR = 0.5;
const MAX_RANDOM_FACTOR = 1.5;

/** Implementation constants: packets that wait for one address, and neighbors of one interface. */
const MAX_WAITING = 32;
const MAX_NEIGHBORS = 16_384;

/** What a cache has done for it. */
export interface NeighborPort {
  /** Asks for an address: everybody, or a neighbor that was there (a probe). */
  solicit(target: Address, prompting: Uint8Array | undefined, to: LinkAddress | undefined): void;
  transmit(octets: Uint8Array, to: LinkAddress): void;
  /** Nobody answered for an address; these packets waited for it. */
  unreachable(target: Address, packets: readonly Uint8Array[]): void;
  /** A packet does not fit the queue, or a new neighbor the cache. */
  refused(): void;
}

/** What a Neighbor Advertisement says. */
export interface Advertised {
  readonly linkAddress: LinkAddress | undefined;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly router: boolean;
}

type State = 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe';

interface Neighbor {
  state: State;
  /** Undefined while incomplete. */
  linkAddress: LinkAddress | undefined;
  router: boolean;
  /** While reachable: until when that counts. */
  reachableUntil: Instant;
  solicitations: number;
  waiting: Uint8Array[];
  alarm: Alarm | undefined;
}

/**
 * Who is on a link, by IPv6 address, and whether it still answers.
 *
 *     (none) --packet--> incomplete --answer--> reachable --time--> stale --packet--> delay
 *     delay --time--> probe --answer--> reachable          probe --no answer--> (none)
 *     any --other link address heard--> stale              incomplete --no answer--> (none)
 *
 * Source: RFC 4861 sections 7.2 and 7.3; appendix C is the table.
 */
export class NeighborCache {
  readonly #simulation: Simulation;
  readonly #port: NeighborPort;
  readonly #random: Random;
  readonly #neighbors = new Map<Address, Neighbor>();

  constructor(simulation: Simulation, name: string, port: NeighborPort) {
    this.#simulation = simulation;
    this.#port = port;
    this.#random = simulation.random(`neighbors of ${name}`);
  }

  get size(): number {
    return this.#neighbors.size;
  }

  /** Sends a packet to a neighbor, at once or when its link address is known. */
  send(target: Address, octets: Uint8Array): void {
    const known = this.#neighbors.get(target);
    if (known === undefined) {
      this.#resolve(target, octets);
      return;
    }
    if (known.linkAddress === undefined) {
      this.#wait(known, octets);
      return;
    }
    if (known.state === 'reachable' && known.reachableUntil <= this.#simulation.now) {
      known.state = 'stale';
    }
    if (known.state === 'stale') {
      known.state = 'delay';
      this.#alarm(target, known).set(after(this.#simulation.now, DELAY_FIRST_PROBE_TIME));
    }
    this.#port.transmit(octets, known.linkAddress);
  }

  /** The link address of a neighbor, where it is known. */
  linkAddressOf(target: Address): LinkAddress | undefined {
    return this.#neighbors.get(target)?.linkAddress;
  }

  /** Takes the link address that a sender puts in its message (RFC 4861 sections 6.2.6 to 7.2.3). */
  heard(target: Address, linkAddress: LinkAddress, router: boolean | undefined): void {
    const neighbor = this.#neighbors.get(target) ?? this.#create(target);
    if (neighbor === undefined) return;
    if (router !== undefined) neighbor.router = router;
    if (neighbor.linkAddress === linkAddress) return;
    this.#becomes(target, neighbor, 'stale', linkAddress);
  }

  /** Takes a Neighbor Advertisement. Source: RFC 4861 section 7.2.5. */
  advertised(target: Address, said: Advertised): void {
    const neighbor = this.#neighbors.get(target);
    if (neighbor === undefined) return;
    const { linkAddress, solicited, override } = said;
    if (neighbor.linkAddress === undefined) {
      if (linkAddress === undefined) return;
      neighbor.router = said.router;
      this.#becomes(target, neighbor, solicited ? 'reachable' : 'stale', linkAddress);
      return;
    }
    const differs = linkAddress !== undefined && linkAddress !== neighbor.linkAddress;
    if (!override && differs) {
      // RFC 4861 section 7.2.5 (I.a): doubt what is known, and keep it.
      if (neighbor.state === 'reachable') neighbor.state = 'stale';
      return;
    }
    neighbor.router = said.router;
    if (solicited) this.#becomes(target, neighbor, 'reachable', linkAddress);
    else if (differs) this.#becomes(target, neighbor, 'stale', linkAddress);
  }

  /** Forgets everybody: the link is another one. */
  flush(): void {
    for (const neighbor of this.#neighbors.values()) neighbor.alarm?.set(undefined);
    this.#neighbors.clear();
  }

  #resolve(target: Address, octets: Uint8Array): void {
    const neighbor = this.#create(target);
    if (neighbor === undefined) {
      this.#port.refused();
      return;
    }
    neighbor.waiting.push(octets);
    neighbor.solicitations = 1;
    this.#alarm(target, neighbor).set(after(this.#simulation.now, RETRANS_TIMER));
    this.#port.solicit(target, octets, undefined);
  }

  #wait(neighbor: Neighbor, octets: Uint8Array): void {
    neighbor.waiting.push(octets);
    if (neighbor.waiting.length <= MAX_WAITING) return;
    // RFC 4861 section 7.2.2: the new packet takes the place of the oldest.
    neighbor.waiting.shift();
    this.#port.refused();
  }

  #create(target: Address): Neighbor | undefined {
    if (this.#neighbors.size >= MAX_NEIGHBORS && !this.#evict()) return undefined;
    const neighbor: Neighbor = {
      state: 'incomplete',
      linkAddress: undefined,
      router: false,
      reachableUntil: 0 as Instant,
      solicitations: 0,
      waiting: [],
      alarm: undefined,
    };
    this.#neighbors.set(target, neighbor);
    return neighbor;
  }

  /** Makes room: the oldest neighbor for which nothing waits goes. */
  #evict(): boolean {
    for (const [target, neighbor] of this.#neighbors) {
      if (neighbor.linkAddress === undefined) continue;
      this.#remove(target, neighbor);
      return true;
    }
    return false;
  }

  #remove(target: Address, neighbor: Neighbor): void {
    neighbor.alarm?.set(undefined);
    this.#neighbors.delete(target);
  }

  #becomes(
    target: Address,
    neighbor: Neighbor,
    state: 'reachable' | 'stale',
    linkAddress: LinkAddress | undefined,
  ): void {
    neighbor.state = state;
    neighbor.alarm?.set(undefined);
    if (linkAddress !== undefined) neighbor.linkAddress = linkAddress;
    if (state === 'reachable') {
      const factor = MIN_RANDOM_FACTOR + this.#random() * (MAX_RANDOM_FACTOR - MIN_RANDOM_FACTOR);
      const span = Math.round(REACHABLE_TIME * factor) as Duration;
      neighbor.reachableUntil = after(this.#simulation.now, span);
    }
    const { waiting } = neighbor;
    neighbor.waiting = [];
    for (const octets of waiting) this.send(target, octets);
  }

  #alarm(target: Address, neighbor: Neighbor): Alarm {
    neighbor.alarm ??= new Alarm(this.#simulation, () => this.#timeOut(target, neighbor));
    return neighbor.alarm;
  }

  #timeOut(target: Address, neighbor: Neighbor): void {
    if (neighbor.state === 'delay') {
      neighbor.state = 'probe';
      neighbor.solicitations = 0;
    }
    const most = neighbor.state === 'probe' ? MAX_UNICAST_SOLICIT : MAX_MULTICAST_SOLICIT;
    if (neighbor.solicitations >= most) {
      this.#remove(target, neighbor);
      this.#port.unreachable(target, neighbor.waiting);
      return;
    }
    neighbor.solicitations++;
    neighbor.alarm!.set(after(this.#simulation.now, RETRANS_TIMER));
    this.#port.solicit(target, neighbor.waiting[0], neighbor.linkAddress);
  }
}
