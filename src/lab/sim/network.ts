/** The network of a plan, built of the simulator's links and nodes. */
import type { NodeConfig } from '../../core/config.ts';
import type { Counter } from '../../core/counters.ts';
import type { Command, Environment, Role } from '../../core/role.ts';
import { milliseconds } from '../../core/time.ts';
import {
  type Kernel,
  type Link,
  type SharedEnvironment,
  SharedMap,
  type SimNode,
  type SimNodeOptions,
  type Simulation,
} from '../../sim/index.ts';
import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { Plan, PlannedNode } from '../plan.ts';
import type { RouteChange } from '../plan-anycast.ts';
import type { Attacker } from '../run/attackers/attacker.ts';
import { hiredAttackers } from '../run/attackers/hired.ts';
import { WELL } from '../run/checked-ports.ts';
import { Happenings, type Hosts } from '../run/happenings.ts';
import { linksOf } from '../run/planned-links.ts';
import { kernelRoute, simulatedNode } from '../run/simulated-node.ts';
import type { Attachment, Knowledge, Logged } from '../run-record.ts';
import type { ScenarioEvent } from '../scenario/scenario-events.ts';

/** From a node to what it shares with others; etcd takes 2 to 8 ms for both ways. */
const STORE_DELAY = milliseconds(4);

export interface NetworkOptions {
  readonly environment: SharedEnvironment;
  readonly createNode: (config: NodeConfig, environment: Environment) => Role;
  /** A node's kernel has come up, at the start or after a crash. */
  readonly onStart: (node: string, kernel: Kernel) => void;
  /** Asks the Domain Name System for a control side. */
  readonly resolve: NonNullable<SimNodeOptions['resolve']>;
}

export class Network implements Hosts {
  readonly links: ReadonlyMap<string, Link>;
  readonly nodes = new Map<string, SimNode>();
  readonly events: Logged[] = [];
  /** The node of each address that is there from the start. */
  readonly owners = new Map<Address, string>();
  readonly #happenings: Happenings;
  readonly #simulation: Simulation;
  readonly #attackers: ReadonlyMap<string, Attacker>;
  readonly #plan: Plan;
  readonly #shared: SharedMap;
  readonly #onStart: NetworkOptions['onStart'];
  /** What the programs of nodes answer checks with that do not say that all is well. */
  readonly #answers = new Map<string, number>();

  constructor(
    simulation: Simulation,
    plan: Plan,
    events: readonly ScenarioEvent[],
    options: NetworkOptions,
  ) {
    this.#simulation = simulation;
    this.#plan = plan;
    this.#onStart = options.onStart;
    this.links = linksOf(simulation, plan);
    const { epoch, without } = options.environment;
    const anyVersion = without.has('shared-versions');
    this.#shared = new SharedMap({ simulation, delay: STORE_DELAY, epoch, anyVersion });
    for (const node of plan.nodes) this.nodes.set(node.name, this.#node(node, options));
    const { links } = this;
    this.#attackers = hiredAttackers(plan, events, this.nodes, links, {
      simulation,
      crypto: options.environment.crypto,
      address: (name) => this.#addressOf(name),
    });
    const journals = !options.environment.without.has('journal');
    const attackers = this.#attackers;
    this.#happenings = new Happenings({
      ...{ simulation, plan, links, hosts: this, attackers, journals },
    });
  }

  get attachments(): readonly Attachment[] {
    return this.#happenings.attachments;
  }

  /** Starts all nodes, and plans what happens. */
  start(events: readonly ScenarioEvent[]): void {
    for (const [name, node] of this.nodes) {
      node.start();
      for (const { addresses } of node.kernel.interfaces.values()) {
        for (const address of addresses.keys()) this.owners.set(address, name);
      }
      this.#attackers.get(name)?.start();
    }
    this.#happenings.plan(events);
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

  /** What agents of anycast addresses that run know. */
  known(): Map<string, Knowledge> {
    return new Map(
      [...this.nodes].flatMap(([name, node]) => {
        const view = node.running ? node.role?.inspect?.().shared : undefined;
        if (view === undefined) return [];
        const [servers, clients] = [view.members.length, view.clients.length];
        return [[name, { servers, clients, text: JSON.stringify(view) }]];
      }),
    );
  }

  isOwn(name: string, address: Address): boolean {
    const node = this.nodes.get(name)!;
    return node.running && node.kernel.isOwn(address);
  }

  attach(name: string, interfaceName: string, link: Link | undefined): void {
    this.nodes.get(name)!.attach(interfaceName, link);
  }

  crash(name: string): void {
    this.nodes.get(name)!.crash();
  }

  kill(name: string): void {
    this.nodes.get(name)!.kill();
  }

  setPrograms(name: string, running: boolean): void {
    const node = this.nodes.get(name)!;
    if (!node.running) return;
    node.kernel.tcp.endPrograms();
    node.kernel.udp.halt();
    if (running) this.#onStart(name, node.kernel);
  }

  setAnswer(name: string, status: number): void {
    this.#answers.set(name, status);
  }

  /** The status with which a node's program answers checks by HTTP. */
  answerOf(name: string): number {
    return this.#answers.get(name) ?? WELL;
  }

  restart(name: string, options: { readonly journal: boolean }): void {
    const node = this.nodes.get(name)!;
    if (!node.whole) node.restart(options);
  }

  reroute(name: string, { add, remove }: Omit<RouteChange, 'node'>): void {
    const node = this.nodes.get(name)!;
    if (!node.running) return;
    const { kernel } = node;
    for (const route of remove) kernel.routes.remove(kernelRoute(route));
    for (const route of add) kernel.addRoute(kernelRoute(route));
  }

  setIsolated(name: string, isolated: boolean): void {
    if (isolated) this.#shared.isolate(name);
    else this.#shared.reconnect(name);
  }

  command(name: string, command: Command): void {
    this.nodes.get(name)!.command(command);
  }

  #node(planned: PlannedNode, options: NetworkOptions): SimNode {
    const { name, config } = planned;
    return simulatedNode(this.#simulation, planned, this.links, {
      environment: options.environment,
      resolve: options.resolve,
      shared: this.#shared.accessOf(name),
      onStart: (kernel) => options.onStart(name, kernel),
      onEvent: (event, at) => this.events.push({ at, node: name, event }),
      ...(config !== undefined && {
        role: (environment: Environment) => options.createNode(config, environment),
      }),
    });
  }
}
