/** What happens to a network while it runs: one reading of a scenario's events for every backend. */
import type { Command } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import type { Link, Simulation } from '../../sim/index.ts';
import type { Plan } from '../plan.ts';
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
  /** Starts what crashed or was killed; what runs already goes on. */
  restart(node: string, options: { readonly journal: boolean }): void;
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
    const { links, hosts, attackers, simulation } = this.#stage;
    switch (event.kind) {
      case 'move':
        if (event.gap === 0) this.#attach(event.node, event.interface, event.to);
        else {
          this.#attach(event.node, event.interface, undefined);
          simulation.in(event.gap, () => this.#attach(event.node, event.interface, event.to));
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
        hosts.command(event.node, { do: 'prefer', link: event.interface });
        return;
      case 'crash':
        hosts.crash(event.node);
        return;
      case 'kill':
        hosts.kill(event.node);
        return;
      case 'restart':
        hosts.restart(event.node, { journal: event.journal && this.#stage.journals });
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
      case 'revoke': {
        const home = this.#stage.plan.nodes.find(({ name }) => name === event.node)!.identity;
        hosts.command(event.agent, { do: 'revoke', home });
        return;
      }
      case 'hand-over': {
        const of = (wanted: string) => this.#stage.plan.nodes.find(({ name }) => name === wanted)!;
        const [client, to] = [of(event.client).identity, of(event.to).identity];
        hosts.command(event.from, { do: 'hand-over', client, to });
        return;
      }
      case 'attack':
        attackers.get(event.node)!.attack(event.attack);
        return;
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
