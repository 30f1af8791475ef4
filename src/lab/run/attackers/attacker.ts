/** A node that means no good: it sends what it likes, and hears all that is sent on its links. */
import type { Cryptography } from '../../../core/role.ts';
import { after, type Duration } from '../../../core/time.ts';
import type { Link, SimNode, Simulation } from '../../../sim/index.ts';
import { type Address, isLinkLocal, isMulticast, readAddress } from '../../../wire/address.ts';
import { PROTOCOL } from '../../../wire/numbers.ts';
import { craftedPacket } from '../../crafted-packet.ts';
import type { PlannedNode } from '../../plan.ts';
import type { Attack, Crafted } from '../../scenario/attacks.ts';
import { BindingForger } from './binding-forger.ts';
import { Recorder } from './recorder.ts';

/** What attacks need of the network around them. */
export interface Surroundings {
  readonly simulation: Simulation;
  readonly crypto: Cryptography;
  /** The address that a name stands for at this moment. */
  readonly address: (name: string) => Address | undefined;
}

/** What one attack can do, and what it hears. */
export interface Hands extends Surroundings {
  /** The attacker's own address. */
  readonly own: Address;
  send(octets: Uint8Array): void;
}

/** An attack that listens from the start, so that it has what it needs when its time comes. */
interface Listener {
  hear(octets: Uint8Array): void;
  begin(): void;
}

export class Attacker {
  readonly #node: SimNode;
  readonly #interfaces: PlannedNode['interfaces'];
  readonly #hands: Hands;
  readonly #listeners = new Map<Attack, Listener>();

  /** @param attacks all that the scenario has this node do. */
  constructor(
    node: SimNode,
    planned: PlannedNode,
    links: ReadonlyMap<string, Link>,
    attacks: readonly Attack[],
    surroundings: Surroundings,
  ) {
    this.#node = node;
    this.#interfaces = planned.interfaces;
    this.#hands = {
      ...surroundings,
      own: planned.identity,
      send: (octets) => this.#send(octets),
    };
    for (const attack of attacks) {
      if (attack.do === 'replay') this.#listeners.set(attack, new Recorder(attack, this.#hands));
      if (attack.do === 'bind') this.#listeners.set(attack, new BindingForger(attack, this.#hands));
    }
    if (this.#listeners.size === 0) return;
    for (const { name } of this.#interfaces) {
      links.get(name)!.observe({
        sent: ({ octets }, _at, sender) => {
          if (sender === node.name) return;
          for (const listener of this.#listeners.values()) listener.hear(octets);
        },
      });
    }
  }

  /** Mobility messages and what it has diverted are its own: its stack would answer with errors. */
  start(): void {
    for (const { name, addresses } of this.#interfaces) {
      for (const address of addresses) {
        const dst = { address };
        const kept = {
          mobility: { dst, protocol: PROTOCOL.mobility },
          diverted: { dst, routing2: 'any' },
        } as const;
        for (const [what, match] of Object.entries(kept)) {
          const entry = {
            id: `attacker/${what}/${name}`,
            owner: 'attacker',
            at: 'arriving',
            match,
          } as const;
          this.#node.perform([{ kind: 'forward', entry: { ...entry, do: [{ drop: 'policy' }] } }]);
        }
      }
    }
  }

  attack(attack: Attack): void {
    if (attack.do === 'send') this.#flood(attack, 0);
    else this.#listeners.get(attack)!.begin();
  }

  #flood(attack: Crafted, index: number): void {
    const { simulation, address } = this.#hands;
    const { layers, vary, count, interval, on } = attack;
    const packet = craftedPacket(layers, { address, vary, index });
    // The reader has tried one like it; a number at the end of its range may still not fit.
    if (packet.ok) this.#send(packet.value, on);
    if (index + 1 >= count) return;
    const wait = Math.round((index + 1) * interval) - Math.round(index * interval);
    simulation.at(after(simulation.now, wait as Duration), () => this.#flood(attack, index + 1));
  }

  /** Packets for one link go out there as they stand; all others as the routes say. */
  #send(octets: Uint8Array, on?: string): void {
    const destination = readAddress(octets, 24);
    const local = isMulticast(destination) || isLinkLocal(destination);
    const link = on ?? (local ? this.#interfaces[0]?.name : undefined);
    this.#node.perform([{ kind: 'transmit', octets, ...(link !== undefined && { link }) }]);
  }
}
