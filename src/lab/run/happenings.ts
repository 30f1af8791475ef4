/** What happens to a network while it runs: one reading of a scenario's events for every backend. */
import type { Command } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import type { Link, Simulation } from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import type { Plan, PlannedNode } from '../plan.ts';
import type { RouteChange } from '../plan-anycast.ts';
import type { Attachment } from '../run-record.ts';
import { headersIn } from '../scenario/headers.ts';
import type { ScenarioEvent } from '../scenario/scenario-events.ts';
import type { Attacker } from './attackers/attacker.ts';
import { linkOptions } from './planned-links.ts';

/** What a backend can do to the nodes of its network. */
export interface Hosts {
  /** Plugs an interface into a link; with undefined, out of its link. */
  attach(node: string, interfaceName: string, link: Link | undefined): void;
  /** The power fails. */
  crash(node: string): void;
  /** The control side dies; the kernel with all that it was told, and programs, go on. */
  kill(node: string): void;
  /** The programs of a node end, or are back; the kernel and its control side go on. */
  setPrograms(node: string, running: boolean): void;
  /** They answer checks by HTTP with this status from now on. */
  setAnswer(node: string, status: number): void;
  /** Starts what crashed or was killed; what runs already goes on. */
  restart(node: string, options: { readonly journal: boolean }): void;
  /** Routes of a node change, as a routing protocol has it. */
  reroute(node: string, change: Omit<RouteChange, 'node'>): void;
  /** A node reaches what it shares with others (core/shared-store.ts) no more, or again. */
  setIsolated(node: string, isolated: boolean): void;
  /** The operator's word to a node's control side; nothing where there is none. */
  command(node: string, command: Command): void;
}

export interface Stage {
  readonly simulation: Simulation;
  readonly plan: Plan;
  readonly links: ReadonlyMap<string, Link>;
  readonly hosts: Hosts;
  readonly attackers: ReadonlyMap<string, Attacker>;
  /** False where the mechanism is taken away: then a restart finds nothing stored. */
  readonly journals: boolean;
}

export class Happenings {
  readonly attachments: Attachment[] = [];
  readonly #stage: Stage;
  /** The link that an interface was on last, for a `link-up` without a name. */
  readonly #lastLink = new Map<string, string>();
  /** Changes of routes so far, which a node that comes back has to be told of. */
  readonly #rerouted: RouteChange[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
    for (const { name, interfaces } of stage.plan.nodes) {
      for (const one of interfaces) this.#attached(name, one.name, one.link);
    }
  }

  plan(events: readonly ScenarioEvent[]): void {
    for (const event of events) {
      this.#stage.simulation.at(event.at as number as Instant, () => this.#happen(event));
    }
  }

  #happen(event: ScenarioEvent): void {
    const { links, hosts, attackers } = this.#stage;
    switch (event.kind) {
      case 'move':
        this.#move(event);
        return;
      case 'link-down':
        this.#attach(event.node, event.interface, undefined);
        return;
      case 'link-up':
        this.#linkUp(event);
        return;
      case 'prefer':
      case 'undrain':
      case 'revoke':
      case 'drain':
      case 'hand-over':
        this.#command(event);
        return;
      case 'crash':
      case 'kill':
        hosts[event.kind](event.node);
        return;
      case 'stop-programs':
      case 'start-programs':
        hosts.setPrograms(event.node, event.kind === 'start-programs');
        return;
      case 'answer':
        hosts.setAnswer(event.node, event.status);
        return;
      case 'restart':
        this.#restart(event);
        return;
      case 'withdraw':
      case 'announce':
        this.#reroute(event);
        return;
      case 'isolate':
      case 'reconnect':
        hosts.setIsolated(event.node, event.kind === 'isolate');
        return;
      case 'cut':
        links.get(event.link)!.cut(event.from, event.to);
        return;
      case 'lose':
        this.#lose(event);
        return;
      case 'heal':
        links.get(event.link)!.heal();
        return;
      case 'renumber':
        this.#renumber(event);
        return;
      case 'change':
        links.get(event.link)!.change(linkOptions(event.set));
        return;
      case 'attack':
        attackers.get(event.node)!.attack(event.attack);
    }
  }

  #move({ node, interface: one, to, gap }: Extract<ScenarioEvent, { kind: 'move' }>): void {
    this.#attach(node, one, gap === 0 ? to : undefined);
    if (gap > 0) this.#stage.simulation.in(gap, () => this.#attach(node, one, to));
  }

  /** A link comes up where it was last, if nothing is said. */
  #linkUp({ node, interface: one, to }: Extract<ScenarioEvent, { kind: 'link-up' }>): void {
    this.#attach(node, one, to ?? this.#lastLink.get(`${node}.${one}`));
  }

  /** What the operator says to a control side. */
  #command(event: ScenarioEvent): void {
    const { hosts } = this.#stage;
    switch (event.kind) {
      case 'prefer':
        hosts.command(event.node, { do: 'prefer', link: event.interface });
        return;
      case 'undrain':
        hosts.command(event.node, { do: 'undrain' });
        return;
      case 'revoke':
        hosts.command(event.agent, { do: 'revoke', home: this.#node(event.node).identity });
        return;
      case 'drain':
        hosts.command(event.node, { do: 'drain', within: event.within });
        return;
      case 'hand-over':
        this.#handOver(event);
    }
  }

  #handOver({ client, from, to }: Extract<ScenarioEvent, { kind: 'hand-over' }>): void {
    const other = ownAddress(this.#node(to));
    const handed = { client: this.#node(client).identity, to: other };
    this.#stage.hosts.command(from, { do: 'hand-over', ...handed });
  }

  #node(wanted: string): PlannedNode {
    return this.#stage.plan.nodes.find(({ name }) => name === wanted)!;
  }

  #restart({ node, journal }: Extract<ScenarioEvent, { kind: 'restart' }>): void {
    const { hosts, journals } = this.#stage;
    hosts.restart(node, { journal: journal && journals });
    for (const change of this.#rerouted) if (change.node === node) hosts.reroute(node, change);
  }

  #reroute(event: ScenarioEvent): void {
    for (const change of this.#stage.plan.routeChanges.get(event) ?? []) {
      this.#rerouted.push(change);
      this.#stage.hosts.reroute(change.node, change);
    }
  }

  #lose({ link, from, headers, count }: Extract<ScenarioEvent, { kind: 'lose' }>): void {
    this.#stage.links.get(link)!.loseNext(count, ({ octets }, sender) => {
      if (from !== undefined && sender !== from) return false;
      const found = headersIn(octets);
      return found.length === headers.length && found.every((one, at) => one === headers[at]);
    });
  }

  #attach(node: string, interfaceName: string, link: string | undefined): void {
    this.#attached(node, interfaceName, link);
    const { hosts, links } = this.#stage;
    hosts.attach(node, interfaceName, link === undefined ? undefined : links.get(link));
  }

  #attached(node: string, interfaceName: string, link: string | undefined): void {
    if (link !== undefined) this.#lastLink.set(`${node}.${interfaceName}`, link);
    const at = this.#stage.simulation.now;
    this.attachments.push({ at, node, interface: interfaceName, link });
  }

  /** Every router that advertises the link is told; who does not advertise it takes no notice. */
  #renumber({ link, to, valid, preferred }: Extract<ScenarioEvent, { kind: 'renumber' }>): void {
    const change = { valid, preferred, ...(to && { to: to.address }) };
    for (const { name } of this.#stage.plan.nodes) {
      this.#stage.hosts.command(name, { do: 'renumber', link, change });
    }
  }
}

/** A server's own, which is not the one that all servers answer from. */
const ownAddress = ({ interfaces, identity }: PlannedNode): Address =>
  interfaces[0]?.addresses[0] ?? identity;
