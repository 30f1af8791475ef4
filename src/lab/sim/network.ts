/** The network of a plan, built of the simulator's links and nodes, and what happens to it. */
import type { NodeConfig } from '../../core/config.ts';
import type { Counter } from '../../core/counters.ts';
import type { Cryptography, Environment, Role } from '../../core/role.ts';
import { type Instant, milliseconds } from '../../core/time.ts';
import {
  type Kernel,
  Link,
  type LinkOptions,
  type SharedEnvironment,
  SimNode,
  type Simulation,
} from '../../sim/index.ts';
import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { Plan, PlannedNode, Quality } from '../plan.ts';
import type { Attachment, Logged } from '../run-record.ts';
import type { ScenarioEvent } from '../scenario/scenario-events.ts';
import { Attacker } from './attackers/attacker.ts';

export interface NetworkOptions {
  readonly environment: SharedEnvironment;
  readonly createNode: (config: NodeConfig, environment: Environment) => Role;
  /** A node's kernel has come up, at the start or after a crash. */
  readonly onStart: (node: string, kernel: Kernel) => void;
}

/** A packet that is overtaken is held up for so long. */
const REORDER_DELAY = milliseconds(5);

export class Network {
  readonly links = new Map<string, Link>();
  readonly nodes = new Map<string, SimNode>();
  readonly events: Logged[] = [];
  readonly attachments: Attachment[] = [];
  /** The node of each address that is there from the start. */
  readonly owners = new Map<Address, string>();
  readonly #simulation: Simulation;
  /** False where the mechanism is taken away: then a restart finds nothing stored. */
  readonly #journals: boolean;
  readonly #attackers = new Map<string, Attacker>();
  readonly #plan: Plan;
  readonly #crypto: Cryptography;
  /** The link that an interface was on last, for a `link-up` without a name. */
  readonly #lastLink = new Map<string, string>();

  constructor(simulation: Simulation, plan: Plan, options: NetworkOptions) {
    this.#simulation = simulation;
    this.#plan = plan;
    this.#crypto = options.environment.crypto;
    this.#journals = !options.environment.without.has('journal');
    for (const { name, mtu, quality } of plan.links) {
      this.links.set(name, new Link(simulation, name, { ...linkOptions(quality), mtu }));
    }
    for (const node of plan.nodes) this.nodes.set(node.name, this.#node(node, options));
  }

  /** Starts all nodes, and plans what happens. */
  start(events: readonly ScenarioEvent[]): void {
    this.#hireAttackers(events);
    for (const [name, node] of this.nodes) {
      node.start();
      for (const { addresses } of node.kernel.interfaces.values()) {
        for (const address of addresses.keys()) this.owners.set(address, name);
      }
      this.#attackers.get(name)?.start();
    }
    for (const event of events) {
      this.#simulation.at(event.at as number as Instant, () => this.#happen(event));
    }
  }

  /** Before anything is sent: they listen from the start. */
  #hireAttackers(events: readonly ScenarioEvent[]): void {
    const surroundings = {
      simulation: this.#simulation,
      crypto: this.#crypto,
      address: (name: string) => this.#addressOf(name),
    };
    for (const planned of this.#plan.nodes) {
      if (planned.role !== 'attacker') continue;
      const { name } = planned;
      const attacks = events.flatMap((event) =>
        event.kind === 'attack' && event.node === name ? [event.attack] : [],
      );
      const node = this.nodes.get(name)!;
      this.#attackers.set(name, new Attacker(node, planned, this.links, attacks, surroundings));
    }
  }

  /** What a node is known by, or (NODE.INTERFACE) the address that an interface has just now. */
  #addressOf(text: string): Address | undefined {
    const [name, one] = text.split('.');
    const planned = this.#plan.nodes.find((node) => node.name === name);
    if (planned === undefined || one === undefined) return planned?.identity;
    const node = this.nodes.get(planned.name)!;
    const addresses = node.running ? node.kernel.interfaces.get(one)?.addresses : undefined;
    const all = [...(addresses?.keys() ?? [])];
    return all.find((address) => !isLinkLocal(address)) ?? all[0];
  }

  counters(): Map<string, Map<Counter, number>> {
    return new Map(
      [...this.nodes].map(([name, node]) => [
        name,
        new Map(Object.entries(node.counters()) as [Counter, number][]),
      ]),
    );
  }

  #node(planned: PlannedNode, options: NetworkOptions): SimNode {
    const { name, config } = planned;
    const node = new SimNode({
      simulation: this.#simulation,
      name,
      forwarding: planned.forwarding,
      environment: options.environment,
      configure: (kernel) => {
        configure(kernel, planned);
        options.onStart(name, kernel);
      },
      onEvent: (event, at) => this.events.push({ at, node: name, event }),
      ...(config !== undefined && {
        role: (environment: Environment) => options.createNode(config, environment),
      }),
    });
    for (const one of planned.interfaces) {
      node.addInterface(one.name, one.link === undefined ? undefined : this.links.get(one.link));
      this.#attached(name, one.name, one.link);
    }
    return node;
  }

  #attached(node: string, interfaceName: string, link: string | undefined): void {
    if (link !== undefined) this.#lastLink.set(`${node}.${interfaceName}`, link);
    this.attachments.push({ at: this.#simulation.now, node, interface: interfaceName, link });
  }

  #attach(node: string, interfaceName: string, link: string | undefined): void {
    this.#attached(node, interfaceName, link);
    this.nodes
      .get(node)!
      .attach(interfaceName, link === undefined ? undefined : this.links.get(link));
  }

  #happen(event: ScenarioEvent): void {
    switch (event.kind) {
      case 'move':
        if (event.gap === 0) this.#attach(event.node, event.interface, event.to);
        else {
          this.#attach(event.node, event.interface, undefined);
          this.#simulation.in(event.gap, () => this.#attach(event.node, event.interface, event.to));
        }
        return;
      case 'link-down':
        this.#attach(event.node, event.interface, undefined);
        return;
      case 'link-up': {
        const last = this.#lastLink.get(`${event.node}.${event.interface}`);
        this.#attach(event.node, event.interface, event.to ?? last);
        return;
      }
      case 'prefer':
        this.nodes.get(event.node)!.command({ do: 'prefer', link: event.interface });
        return;
      case 'crash':
        this.nodes.get(event.node)!.crash();
        return;
      case 'restart':
        this.#restart(this.nodes.get(event.node)!, event.journal);
        return;
      case 'cut':
        this.links.get(event.link)!.cut(event.from, event.to);
        return;
      case 'heal':
        this.links.get(event.link)!.heal();
        return;
      case 'renumber':
        this.#renumber(event);
        return;
      case 'change':
        this.links.get(event.link)!.change(linkOptions(event.set));
        return;
      case 'revoke': {
        const home = this.#plan.nodes.find(({ name }) => name === event.node)!.identity;
        this.nodes.get(event.agent)!.command({ do: 'revoke', home });
        return;
      }
      case 'attack':
        this.#attackers.get(event.node)!.attack(event.attack);
        return;
    }
  }

  /** Every router that advertises the link is told; who does not advertise it takes no notice. */
  #renumber({ link, to, valid, preferred }: Extract<ScenarioEvent, { kind: 'renumber' }>): void {
    const change = { valid, preferred, ...(to && { to: to.address }) };
    for (const node of this.nodes.values()) {
      if (node.running) node.command({ do: 'renumber', link, change });
    }
  }

  /** A second `restart` of a node that runs already says nothing new. */
  #restart(node: SimNode, journal: boolean): void {
    if (!node.running) node.restart({ journal: journal && this.#journals });
  }
}

function configure(kernel: Kernel, planned: PlannedNode): void {
  for (const { name, addresses } of planned.interfaces) {
    for (const address of addresses) {
      kernel.addAddress(name, { address, prefixLength: 64, optimistic: false, preferred: false });
    }
  }
  for (const { prefix, prefixLength, interface: link, via } of planned.routes) {
    const hop = via === undefined ? {} : { via };
    kernel.addRoute({ prefix, prefixLength, link, ...hop, origin: 'fixed' });
  }
}

/** A link's qualities as the simulator has them; what is absent stays as it is. */
function linkOptions(quality: Quality): Partial<LinkOptions> {
  const { delay, jitter, loss, bandwidth, reorder, duplicate } = quality;
  return {
    ...(delay !== undefined && { delay }),
    ...(jitter !== undefined && { jitter }),
    ...(loss !== undefined && { loss }),
    ...(bandwidth !== undefined && { bandwidth }),
    ...(reorder !== undefined && { reorder: { probability: reorder, delay: REORDER_DELAY } }),
    ...(duplicate !== undefined && { duplicate }),
  };
}
