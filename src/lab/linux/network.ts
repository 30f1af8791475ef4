/** The network of a plan on real hosts; links and attackers are the simulator's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counter } from '../../core/counters.ts';
import type { CareofEvent } from '../../core/events.ts';
import type { Command } from '../../core/role.ts';
import { type Instant, START } from '../../core/time.ts';
import type { Poller } from '../../linux/sys/poller.ts';
import {
  type Link,
  linkLocalAddress,
  namedLinkAddress,
  type SharedEnvironment,
  type SimNode,
} from '../../sim/index.ts';
import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { Names } from '../dns/name-server.ts';
import type { Plan } from '../plan.ts';
import type { RouteChange } from '../plan-anycast.ts';
import { nameServersOf, namesOf } from '../plan-names.ts';
import type { Attacker } from '../run/attackers/attacker.ts';
import { hiredAttackers } from '../run/attackers/hired.ts';
import { flowsIn } from '../run/flow-ends.ts';
import { Happenings, type Hosts } from '../run/happenings.ts';
import { linksOf } from '../run/planned-links.ts';
import { simulatedNode } from '../run/simulated-node.ts';
import type { Attachment, Knowledge, Logged } from '../run-record.ts';
import type { Scenario } from '../scenario/read.ts';
import { AgentsStore } from './agents-store.ts';
import type { Applications } from './applications.ts';
import { LinuxHost } from './host.ts';
import { resolverText } from './name-service.ts';
import type { RealTime } from './real-time.ts';

export interface NetworkOptions {
  readonly time: RealTime;
  readonly poller: Poller;
  readonly applications: Applications;
  readonly environment: SharedEnvironment;
  readonly dataPlane: string;
  readonly multipath: boolean;
  /** A folder for each node goes here. */
  readonly folder: string;
  readonly onFailure: (cause: unknown) => void;
}

export class LinuxNetwork implements Hosts {
  readonly links: ReadonlyMap<string, Link>;
  readonly #hosts = new Map<string, LinuxHost>();
  readonly #mortal: readonly LinuxHost[];
  /** Those that stay in the simulator. */
  readonly #simulated = new Map<string, SimNode>();
  readonly #attackers: ReadonlyMap<string, Attacker>;
  readonly #happenings: Happenings;
  readonly #store: AgentsStore;
  readonly #plan: Plan;
  readonly #options: NetworkOptions;
  readonly #events: Logged[] = [];
  /** What each name server tells. */
  readonly #names: ReadonlyMap<string, Names>;
  /** The file by which hosts know them, if there are any. */
  readonly #resolver: string | undefined;
  /** Addresses that each node has just now, by its interfaces' names. */
  readonly #addresses = new Map<string, Map<string, Set<Address>>>();

  constructor(scenario: Scenario, plan: Plan, options: NetworkOptions) {
    this.#plan = plan;
    this.#options = options;
    const { simulation } = options.time;
    this.links = linksOf(simulation, plan);
    this.#names = namesOf(scenario, plan);
    this.#resolver = resolverFile(plan, options.folder);
    this.#store = new AgentsStore(plan, {
      folder: options.folder,
      anyVersion: options.environment.without.has('shared-versions'),
      onFailure: options.onFailure,
    });
    for (const planned of plan.nodes) {
      this.#addresses.set(planned.name, fixedAddresses(planned));
      if (planned.role === 'attacker') {
        const { environment } = options;
        const node = simulatedNode(simulation, planned, this.links, { environment });
        this.#simulated.set(planned.name, node);
      } else this.#hosts.set(planned.name, this.#host(scenario, planned));
    }
    this.#mortal = scenario.events.flatMap((event) =>
      event.kind === 'crash' || event.kind === 'kill' ? (this.#hosts.get(event.node) ?? []) : [],
    );
    const { links } = this;
    this.#attackers = hiredAttackers(plan, scenario.events, this.#simulated, links, {
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

  /** What happened, in order of time. */
  get events(): readonly Logged[] {
    return this.#events.sort((a, b) => a.at - b.at);
  }

  /** The node of each address that is there from the start. */
  get owners(): ReadonlyMap<Address, string> {
    const owners = new Map<Address, string>();
    for (const planned of this.#plan.nodes) {
      for (const addresses of fixedAddresses(planned).values()) {
        for (const address of addresses) owners.set(address, planned.name);
      }
    }
    return owners;
  }

  /** Makes all hosts; settled when all are ready. Cables are out. */
  async build(): Promise<void> {
    await this.#store.open();
    for (const host of this.#hosts.values()) host.start();
    await Promise.all([...this.#hosts.values()].map((host) => host.ready()));
  }

  /** Instant 0: cables go in, applications begin, and what happens is planned. */
  begin(scenario: Scenario): void {
    const origin = this.#options.time.origin!;
    for (const [name, node] of this.#simulated) {
      node.start();
      this.#attackers.get(name)!.start();
      this.#options.applications.simulate(node, this.#options.time.simulation);
    }
    for (const [name, host] of this.#hosts) {
      this.#log(name, { kind: 'node.started' });
      host.begin(origin);
    }
    this.#happenings.plan(scenario.events);
    for (const { flow, from, text } of flowsIn(this.#options.applications.endpoints)) {
      const begin = () =>
        this.#options.applications.begin(flow, this.#hosts.get(from.name)?.running ?? true);
      this.#options.time.simulation.at(text.start as number as Instant, begin);
    }
  }

  /** Now and then: hosts that may crash are asked what they have counted so far. */
  look(): void {
    for (const host of this.#mortal) host.counters();
  }

  async counters(): Promise<Map<string, Map<Counter, number>>> {
    const asked = [...this.#hosts].map(async ([name, host]) => {
      const counters = Object.entries(await host.counters()) as [Counter, number][];
      return [name, new Map(counters)] as const;
    });
    return new Map(await Promise.all(asked));
  }

  /** What agents of anycast addresses that share it know. */
  async known(): Promise<Map<string, Knowledge>> {
    const asked = [...this.#hosts].map(async ([name, host]) => [name, await host.known()] as const);
    const answers = await Promise.all(asked);
    return new Map(answers.flatMap(([name, known]) => (known ? [[name, known]] : [])));
  }

  /** Names of the data planes that the daemons have chosen. */
  async dataPlanes(): Promise<Set<string>> {
    const names = await Promise.all([...this.#hosts.values()].map((host) => host.dataPlane()));
    return new Set(names.filter((name) => name !== ''));
  }

  /** Every host that has tables, by its name. */
  get hosts(): ReadonlyMap<string, LinuxHost> {
    return this.#hosts;
  }

  isOwn(name: string, address: Address): boolean {
    if (this.#hosts.get(name)?.running === false) return false;
    const addresses = this.#addresses.get(name)?.values() ?? [];
    return [...addresses].some((one) => one.has(address));
  }

  attach(name: string, interfaceName: string, link: Link | undefined): void {
    this.#hosts.get(name)?.attach(interfaceName, link);
  }

  crash(name: string): void {
    const host = this.#hosts.get(name);
    if (host?.running !== true) return;
    host.crash();
    this.#log(name, { kind: 'node.crashed' });
  }

  kill(name: string): void {
    const host = this.#hosts.get(name);
    if (host?.controlled !== true) return;
    host.kill();
    this.#log(name, { kind: 'node.crashed', reason: 'control side' });
  }

  setPrograms(name: string, running: boolean): void {
    const done = this.#hosts.get(name)?.setPrograms(running, this.#options.time.origin!);
    done?.catch(this.#options.onFailure);
  }

  setAnswer(name: string, status: number): void {
    this.#hosts.get(name)?.setAnswer(status);
  }

  restart(name: string, options: { readonly journal: boolean }): void {
    const host = this.#hosts.get(name);
    if (host === undefined || host.whole) return;
    this.#log(name, { kind: 'node.started', ...(host.running && { reason: 'control side' }) });
    host.restart(options, this.#options.time.origin!).catch(this.#options.onFailure);
  }

  reroute(name: string, change: Omit<RouteChange, 'node'>): void {
    this.#hosts.get(name)?.reroute(change);
  }

  setIsolated(name: string, isolated: boolean): void {
    this.#store.setIsolated(name, isolated);
  }

  command(name: string, command: Command): void {
    this.#hosts.get(name)?.command(command);
  }

  /** Ends all processes; namespaces go with the run's remains. */
  close(): void {
    for (const host of this.#hosts.values()) host.crash();
    this.#store.close();
  }

  #host(scenario: Scenario, planned: Plan['nodes'][number]): LinuxHost {
    const { time, poller, applications, folder, dataPlane, multipath, environment } = this.#options;
    const { name } = planned;
    return new LinuxHost({
      ...{ planned, time, poller, links: this.links, file: scenario.file, dataPlane, multipath },
      without: environment.without,
      resolver: this.#resolver,
      names: this.#names.get(name),
      store: this.#store.pathOf(name),
      folder: join(folder, name),
      orders: () => applications.ordersOf(name, time.simulation.now),
      onReport: (report) => applications.report(report),
      onEvent: (event, bootTime) => this.#told(name, event, bootTime),
      onFailure: this.#options.onFailure,
    });
  }

  #log(node: string, event: CareofEvent): void {
    this.#events.push({ at: this.#options.time.simulation.now, node, event });
  }

  #told(node: string, event: CareofEvent, bootTime: number): void {
    // The lab has seen that for itself.
    if (event.kind === 'node.started' || event.kind === 'node.crashed') return;
    this.#noteAddress(node, event);
    const origin = this.#options.time.origin ?? bootTime;
    const instant = (boot: number) => Math.max(START, boot - origin) as Instant;
    const moved =
      event.kind === 'handover.phase'
        ? { ...event, began: instant(event.began), ended: instant(event.ended) }
        : event;
    this.#events.push({ at: instant(bootTime), node, event: moved });
  }

  #noteAddress(node: string, event: CareofEvent): void {
    if (!('address' in event)) return;
    const interfaces = this.#addresses.get(node)!;
    const addresses = interfaces.get(event.link) ?? new Set();
    interfaces.set(event.link, addresses);
    // A tentative address may be in use already (RFC 4429).
    const gone = event.kind === 'address.lost' || event.kind === 'address.duplicate';
    if (gone) addresses.delete(event.address);
    else addresses.add(event.address);
  }

  /** What a node is known by, or (NODE.INTERFACE) the address that an interface has just now. */
  #addressOf(text: string): Address | undefined {
    const [name, one] = text.split('.');
    const planned = this.#plan.nodes.find((node) => node.name === name);
    if (planned === undefined || one === undefined) return planned?.identity;
    const all = [...(this.#addresses.get(planned.name)?.get(one) ?? [])];
    return all.findLast((address) => !isLinkLocal(address)) ?? all[0];
  }
}

/** Writes down who is asked for names. */
function resolverFile(plan: Plan, folder: string): string | undefined {
  const servers = nameServersOf(plan);
  if (servers.length === 0) return undefined;
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, resolverText(servers));
  return file;
}

/** What a node has from the start, by its interfaces' names. */
function fixedAddresses({
  name,
  interfaces,
  ipv4,
}: Plan['nodes'][number]): Map<string, Set<Address>> {
  return new Map(
    interfaces.map((one, index) => {
      const linkLocal = linkLocalAddress(namedLinkAddress(name, one.name));
      const whole = index === 0 && ipv4 !== undefined ? [ipv4] : [];
      return [one.name, new Set([linkLocal, ...whole, ...one.addresses])];
    }),
  );
}
