/**
 * A node of a plan as a real host: a network namespace with TAPs for interfaces, the kernel's own
 * stack, the daemon where the node has a role, and an agent where it sends or receives.
 */
import { writeFileSync } from 'node:fs';
import type { CareofEvent } from '../../core/events.ts';
import type { Command } from '../../core/role.ts';
import { createNamespace, deleteNamespace, inNamespace } from '../../linux/sys/namespace.ts';
import { Rtnetlink } from '../../linux/sys/netlink/rtnetlink.ts';
import type { Poller } from '../../linux/sys/poller.ts';
import { Tun } from '../../linux/sys/tun.ts';
import { type Link, namedLinkAddress } from '../../sim/index.ts';
import type { Names } from '../dns/name-server.ts';
import type { PlannedNode } from '../plan.ts';
import type { RouteChange } from '../plan-anycast.ts';
import type { Knowledge } from '../run-record.ts';
import type { AgentFlow, FlowReport } from './agent/protocol.ts';
import { AgentProcess } from './agent-process.ts';
import { DaemonProcess } from './daemon-process.ts';
import { allowMultipath, configure, reroute, settingsOf } from './host-setup.ts';
import { filterIngress } from './ingress.ts';
import { interfaceNames } from './interface-names.ts';
import { unmountBelow } from './mounts.ts';
import { NameServerProcess } from './name-service.ts';
import type { RealTime } from './real-time.ts';
import { killInside, namespaceOf } from './remains.ts';
import { TapStation } from './tap-station.ts';
import { translate } from './translator.ts';

export interface HostOptions {
  readonly planned: PlannedNode;
  readonly time: RealTime;
  readonly poller: Poller;
  readonly links: ReadonlyMap<string, Link>;
  /** The scenario. */
  readonly file: string;
  /** The node's own folder. */
  readonly folder: string;
  readonly dataPlane: string;
  /** Connections of Multipath TCP use all its addresses. */
  readonly multipath: boolean;
  readonly without: Iterable<string>;
  /** Whom its processes ask names, as resolv.conf(5); the machine's own file if absent. */
  readonly resolver: string | undefined;
  /** The names that it tells. */
  readonly names: Names | undefined;
  /** The socket of what its daemon shares with others, if it does. */
  readonly store: string | undefined;
  /** What its agent does that starts now. */
  readonly orders: () => AgentFlow[];
  readonly onReport: (report: FlowReport) => void;
  readonly onEvent: (event: CareofEvent, bootTime: number) => void;
  /** A process has ended that should not. */
  readonly onFailure: (cause: Error) => void;
}

/** What is there while the power is on. */
interface Life {
  readonly netlink: Rtnetlink;
  readonly stations: ReadonlyMap<string, TapStation>;
  readonly daemon: DaemonProcess | undefined;
  readonly agent: AgentProcess | undefined;
  readonly nameServer: NameServerProcess | undefined;
}

export class LinuxHost {
  readonly #options: HostOptions;
  readonly #namespace: string;
  readonly #names: ReadonlyMap<string, string>;
  /** Where each cable is, over crashes too. */
  readonly #links = new Map<string, Link | undefined>();
  #life: Life | undefined;
  /** What its daemon had counted when it was asked last, and those before it. */
  #counted: Readonly<Record<string, number>> = {};
  #countedBefore: Readonly<Record<string, number>> = {};
  /** What its applications answer checks with, if somebody said so. */
  #answer: number | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    const { name, interfaces } = options.planned;
    this.#namespace = namespaceOf(name);
    this.#names = interfaceNames(interfaces.map((one) => one.name));
    for (const one of interfaces) {
      this.#links.set(one.name, one.link === undefined ? undefined : options.links.get(one.link));
    }
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /** Its daemon runs. */
  get controlled(): boolean {
    return this.#life?.daemon !== undefined;
  }

  /** Runs with all that it has. */
  get whole(): boolean {
    return this.running && (this.controlled || this.#options.planned.config === undefined);
  }

  /** The power comes on: kernel, interfaces without a cable, processes. */
  start(): void {
    const { planned, multipath } = this.#options;
    createNamespace(this.#namespace);
    const netlink = inNamespace(this.#namespace, () => {
      for (const [name, value] of settingsOf(planned))
        writeFileSync(`/proc/sys/net/${name}`, value);
      return new Rtnetlink();
    });
    const stations = new Map(
      planned.interfaces.map(({ name }) => [name, this.#station(name, netlink)] as const),
    );
    configure(netlink, planned, (name) => stations.get(name)!.ifindex);
    if (multipath) inNamespace(this.#namespace, () => allowMultipath(planned));
    const { nat, ingress } = planned;
    if (nat !== undefined) inNamespace(this.#namespace, () => translate(nat, this.#names));
    if (ingress !== undefined) {
      inNamespace(this.#namespace, () => filterIngress(ingress, this.#names));
    }
    const daemon = planned.config === undefined ? undefined : this.#daemon();
    const [agent, nameServer] = [this.#agent(), this.#nameServer()];
    this.#life = { netlink, stations, daemon, agent, nameServer };
  }

  /** Settled when its processes are ready; rejected where one cannot start. */
  async ready(): Promise<void> {
    const { agent, daemon, nameServer } = this.#life ?? {};
    await Promise.all([agent?.ready, daemon?.ready, nameServer?.ready]);
  }

  /** All cables go in, and the applications begin. @param origin instant 0 of CLOCK_BOOTTIME. */
  begin(origin: number): void {
    this.#plugAll();
    this.#life?.daemon?.hurry();
    this.#life?.agent?.begin(origin);
  }

  attach(interfaceName: string, link: Link | undefined): void {
    this.#links.set(interfaceName, link);
    this.#life?.stations.get(interfaceName)?.plug(link);
  }

  reroute(change: Omit<RouteChange, 'node'>): void {
    const life = this.#life;
    if (life !== undefined) {
      reroute(life.netlink, change, (name) => life.stations.get(name)!.ifindex);
    }
  }

  command(command: Command): void {
    this.#life?.daemon?.command(command);
  }

  /** Of all its lives. What a life has counted since this was asked last dies with it. */
  async counters(): Promise<Record<string, number>> {
    const daemon = this.#life?.daemon;
    const counted = await daemon?.ask('counters');
    if (counted !== undefined && this.#life?.daemon === daemon) this.#counted = counted;
    return sum(this.#countedBefore, this.#counted);
  }

  async sizes(): Promise<Record<string, number>> {
    return (await this.#life?.daemon?.ask('sizes')) ?? {};
  }

  async known(): Promise<Knowledge | undefined> {
    return await this.#life?.daemon?.known();
  }

  async dataPlane(): Promise<string> {
    return (await this.#life?.daemon?.dataPlane()) ?? '';
  }

  /** The power fails. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#forget();
    life.daemon?.kill();
    life.agent?.kill();
    life.nameServer?.kill();
    for (const station of life.stations.values()) station.close();
    life.netlink.close();
    killInside([this.#namespace]);
    deleteNamespace(this.#namespace);
    // What programs of the kernel have pinned is memory too.
    unmountBelow(this.#options.folder);
  }

  /** The daemon is killed; the kernel and the applications go on. */
  kill(): void {
    if (this.#life === undefined) return;
    this.#forget();
    this.#life.daemon?.kill();
    this.#life = { ...this.#life, daemon: undefined };
  }

  /** Its applications answer checks by HTTP so, those that start later too. */
  setAnswer(status: number): void {
    this.#answer = status;
    this.#life?.agent?.setAnswer(status);
  }

  /** Its applications are killed, or start again; kernel and daemon go on. */
  async setPrograms(running: boolean, origin: number): Promise<void> {
    if (this.#life === undefined) return;
    this.#life.agent?.kill();
    const agent = running ? this.#agent() : undefined;
    this.#life = { ...this.#life, agent };
    await agent?.ready;
    // They may have been killed again.
    if (this.#life?.agent === agent) agent?.begin(origin);
  }

  /**
   * Starts again what is not there. After a power failure it is on the network when its daemon runs: a
   * kernel alone answers a Home Address option with an error, and is left alone from then on.
   * @param origin instant 0 of CLOCK_BOOTTIME.
   */
  async restart({ journal }: { readonly journal: boolean }, origin: number): Promise<void> {
    if (!journal) DaemonProcess.forget(this.#options.folder);
    if (this.#life !== undefined) {
      this.#life = { ...this.#life, daemon: this.#daemon() };
      this.#life.daemon?.hurry();
      return;
    }
    this.start();
    const life = this.#life!;
    life.daemon?.hurry();
    await this.ready();
    // The power may have failed again.
    if (this.#life === life) this.begin(origin);
  }

  /** The next daemon counts anew. */
  #forget(): void {
    this.#countedBefore = sum(this.#countedBefore, this.#counted);
    this.#counted = {};
  }

  #plugAll(): void {
    for (const [name, station] of this.#life?.stations ?? []) station.plug(this.#links.get(name));
  }

  #station(name: string, netlink: Rtnetlink): TapStation {
    const { planned, time, poller } = this.#options;
    const kernelName = this.#names.get(name)!;
    const tap = inNamespace(this.#namespace, () => Tun.open({ name: kernelName, mode: 'tap' }));
    tap.setLinkAddress(Buffer.from(namedLinkAddress(planned.name, name), 'latin1'));
    tap.setCarrier(false);
    return new TapStation(planned.name, tap, netlink, time, poller);
  }

  #agent(): AgentProcess | undefined {
    const { planned, orders, folder, resolver, onReport, onFailure } = this.#options;
    const flows = orders();
    if (flows.length === 0) return undefined;
    const place = { node: planned.name, namespace: this.#namespace, folder, resolver };
    const agent = new AgentProcess(place, flows, onReport, onFailure);
    if (this.#answer !== undefined) agent.setAnswer(this.#answer);
    return agent;
  }

  #nameServer(): NameServerProcess | undefined {
    const { planned, names, folder, onFailure } = this.#options;
    if (names === undefined) return undefined;
    const place = { node: planned.name, namespace: this.#namespace, folder };
    return new NameServerProcess(place, names, planned.identity, onFailure);
  }

  #daemon(): DaemonProcess {
    const { planned, file, folder, dataPlane, without, resolver, store, onEvent, onFailure } =
      this.#options;
    return new DaemonProcess({
      ...{ node: planned.name, namespace: this.#namespace, file, folder, dataPlane, without },
      ...{ resolver, store, interfaces: this.#names, onEvent, onFailure },
    });
  }
}

function sum(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const all: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(other)) all[name] = (all[name] ?? 0) + count;
  return all;
}
