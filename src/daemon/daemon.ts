/**
 * A node that runs on this host until somebody ends it: its driver, its journal, its events, and the
 * socket by which the operator asks and commands.
 */
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CareofEvent } from '../core/events.ts';
import type { Mechanism } from '../core/mechanisms.ts';
import type { Command, Role } from '../core/role.ts';
import type { Instant } from '../core/time.ts';
import { nodeCryptography } from '../lab/crypto.ts';
import { ConnectionKeepers } from '../linux/connections/connection-keepers.ts';
import { ControlServer } from '../linux/control/control-server.ts';
import { LinuxNode, type OpenHost } from '../linux/linux-node.ts';
import type { DataPlaneChoice } from '../linux/node-options.ts';
import { createNode } from '../roles/create.ts';
import { answerRequest } from './answers.ts';
import { logEvent } from './event-lines.ts';
import { EventLog } from './event-log.ts';
import { HandoverTimes } from './handover-times.ts';
import type { HostFileOptions, HostPlan } from './host-file.ts';
import { FileJournal } from './journal.ts';
import { Ledger } from './ledger.ts';
import type { Log } from './log.ts';
import { networkNamespace } from './network-namespace.ts';
import { type DaemonClock, type MachineClocks, openClock } from './node-clock.ts';
import { NAMESPACE_FILE, type Places, STORE_FILE } from './places.ts';
import { HostStore } from './store.ts';

export interface DaemonOptions {
  readonly host: HostPlan;
  readonly places: Places;
  readonly log: Log;
  readonly clocks: MachineClocks;
  readonly version: string;
  /** Before what the file says. */
  readonly dataPlane?: DataPlaneChoice | undefined;
  readonly interfaces?: ReadonlyMap<string, string>;
  readonly without?: ReadonlySet<Mechanism>;
  /** How the file is read again. */
  readonly reading?: Omit<HostFileOptions, 'node'>;
  /** The operator has asked for the end by `careof down`. */
  readonly onDown: (options: { readonly leave: boolean }) => void;
  /** The socket of a store that somebody else keeps, before what the file says. */
  readonly store?: string | undefined;
  /** For tests: another host than this machine. */
  readonly openHost?: OpenHost;
}

export class Daemon {
  readonly options: DaemonOptions;
  readonly clock: DaemonClock;
  readonly events: EventLog;
  readonly ledger: Ledger;
  readonly handovers = new HandoverTimes();
  /** Programs whose connections can go to another host. */
  readonly keepers = new ConnectionKeepers();
  readonly node: LinuxNode;
  /** By which it shares what it knows with other agents; undefined: it does not. */
  readonly store: HostStore | undefined;
  readonly #journal: FileJournal;
  #role: Role | undefined;
  #control: ControlServer | undefined;
  #metrics: { close(): void } | undefined;
  #ready = false;
  readonly startedAt: Instant;
  #host: HostPlan;

  /** Opens journal and clock; nothing of the host is touched before `start`. */
  constructor(options: DaemonOptions) {
    this.options = options;
    const { host, places, log, openHost } = options;
    this.#host = host;
    this.clock = openClock(places.clock, options.clocks);
    this.startedAt = this.clock.now();
    this.events = new EventLog(host.node, this.clock.bootTimeOfStart);
    this.ledger = new Ledger(host.config);
    this.#journal = new FileJournal({
      path: places.journal,
      onFault: (text) => log.warning(text),
    });
    if (host.config.anycastAgent?.shared === true) {
      this.store = new HostStore(host.settings.store, options.store, log);
    }
    const settings = host.settings.interfaces ?? {};
    const nodeOptions = {
      config: host.config,
      createNode: (...made: Parameters<typeof createNode>) => {
        this.#role = createNode(...made);
        return this.#role;
      },
      crypto: nodeCryptography,
      clock: this.clock,
      journal: this.#journal,
      dataPlane: options.dataPlane ?? host.settings['data-plane'] ?? 'auto',
      links: host.planned.interfaces.map(({ name }) => name),
      interfaces: new Map([...Object.entries(settings), ...(options.interfaces ?? [])]),
      without: options.without ?? new Set<Mechanism>(),
      constants: host.scenario.constants,
      stateFolder: places.nodeFolder,
      connections: this.keepers,
      ...(this.store && { shared: this.store.shared }),
      onEvent: (event: CareofEvent, now: Instant) => this.#happened(event, now),
    };
    this.node = new LinuxNode(nodeOptions, openHost);
  }

  /** What this host is told to be, as it is now. */
  get host(): HostPlan {
    return this.#host;
  }

  /** Takes over a changed file, where it can be done without losing anything. */
  sync(host: HostPlan, commands: readonly Command[]): void {
    for (const command of commands) this.node.command(command);
    this.#host = host;
  }

  /** Has the role been told of the host as it is? */
  get ready(): boolean {
    return this.#ready;
  }

  get role(): Role | undefined {
    return this.#role;
  }

  /**
   * Opens the control socket, then takes the host over. Throws ControlError where another daemon
   * has the name, SysError where the host does not let it; nothing is left behind then.
   */
  async start(): Promise<void> {
    const { places, log, host } = this.options;
    this.#control = await ControlServer.open({
      path: places.socket,
      group: host.settings['control-group'],
      answer: (request) => answerRequest(this, request),
      onFault: (fault) => log.error('a request failed by our own mistake', { fault: fault.stack }),
    });
    try {
      this.#noteNamespace();
      await this.#serveMetrics();
      this.node.start();
    } catch (cause) {
      this.#metrics?.close();
      this.#forgetNamespace();
      this.#control.close('the node could not start');
      this.#journal.close();
      throw cause;
    }
    this.#ready = true;
    log.info('runs', { socket: places.socket, plane: this.node.status()?.dataPlane.name ?? '' });
  }

  /**
   * `leave`: what the kernel carries goes on for the next process; else the host is as before. Throws
   * where it cannot be given back in whole; the note of the namespace stays then, for who cleans up.
   */
  stop({ leave }: { readonly leave: boolean }): void {
    this.#ready = false;
    try {
      this.node.close({ leave });
    } finally {
      this.store?.close();
      this.#control?.close(leave ? 'it ended; the kernel goes on forwarding' : 'it ended');
      this.#metrics?.close();
      this.#journal.close();
    }
    if (!leave) this.#forgetNamespace();
    this.options.log.info('ended', { leave });
  }

  /** For who cleans up after us: what is left belongs to one network namespace, and maybe a store. */
  #noteNamespace(): void {
    const { nodeFolder } = this.options.places;
    mkdirSync(nodeFolder, { recursive: true, mode: 0o700 });
    writeFileSync(join(nodeFolder, NAMESPACE_FILE), `${networkNamespace()}\n`);
    const kept = this.store?.keptAt;
    if (kept !== undefined) writeFileSync(join(nodeFolder, STORE_FILE), `${kept}\n`);
  }

  /** The folder goes too, where nothing else is in it. */
  #forgetNamespace(): void {
    const { nodeFolder } = this.options.places;
    for (const file of [NAMESPACE_FILE, STORE_FILE])
      rmSync(join(nodeFolder, file), { force: true });
    try {
      rmdirSync(nodeFolder);
    } catch {
      // Whoever started us has something in it.
    }
  }

  async #serveMetrics(): Promise<void> {
    const { metrics } = this.#host.settings;
    if (metrics === undefined) return;
    const { metricsText } = await import('./metrics.ts');
    const { metricsPlace, serveMetrics } = await import('./metrics-server.ts');
    this.#metrics = await serveMetrics(metricsPlace(metrics), () => metricsText(this));
  }

  #happened(event: CareofEvent, now: Instant): void {
    this.events.add(event, now);
    this.ledger.add(event, now);
    this.handovers.add(event, now);
    logEvent(this.options.log, event);
  }
}
