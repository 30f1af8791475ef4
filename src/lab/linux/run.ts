/** Runs a scenario on real hosts: namespaces, the kernel's own stacks, links in user space. */
import type { Mechanism } from '../../core/mechanisms.ts';
import { type Instant, seconds } from '../../core/time.ts';
import { Poller } from '../../linux/sys/poller.ts';
import { obstacleToNamespaces } from '../../linux/sys/privileges.ts';
import { SysError } from '../../linux/sys/sys-error.ts';
import { Simulation } from '../../sim/index.ts';
import { nodeCryptography } from '../crypto.ts';
import { planOf } from '../plan.ts';
import { End, SLICE } from '../run/end.ts';
import { LinkCaptures } from '../run/link-captures.ts';
import { PacketWatch } from '../run/packet-watch.ts';
import { UnaskedWatch } from '../run/unasked-watch.ts';
import type { RunRecord } from '../run-record.ts';
import type { Scenario } from '../scenario/read.ts';
import { Applications } from './applications.ts';
import { ChildFailure, hurry } from './children.ts';
import { hasNameServer } from './name-service.ts';
import { LinuxNetwork } from './network.ts';
import { RealTime } from './real-time.ts';
import { LAB_FOLDER, makeRunFolder, removeOwn, sweep } from './remains.ts';
import { makeRoomForNeighbors } from './shared-neighbors.ts';
import { TablePeaks } from './table-peaks.ts';

export interface LinuxRunOptions {
  /** Instead of the scenario's own: dice of the links. */
  readonly seed?: number;
  readonly without?: ReadonlySet<Mechanism>;
  /** Folder for one capture file a link. */
  readonly captures?: string;
  readonly dataPlane?: 'auto' | 'ebpf' | 'tun';
  /** Holds measured times against expectations too. */
  readonly judgeTimes?: boolean;
  /** Streams by socat are of Multipath TCP instead, and hosts tell of all their addresses: to compare with. */
  readonly multipath?: boolean;
  /** Told now and then how far the run is, both in network time; flows may last past `end`. */
  readonly onProgress?: (now: Instant, end: Instant) => void;
}

/** This machine, or this user, cannot run real hosts. */
export class LinuxUnfit extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LinuxUnfit';
    this.hint = hint;
  }
}

/** A TCP flow that has not ended so long after everything else never will. */
const PATIENCE = seconds(60);

/**
 * Runs it. Throws LinuxUnfit where the machine is not fit, or a process of the run ends that must not;
 * and what the writing of captures throws. All that it made is gone when it is settled.
 */
export async function runOnLinux(
  scenario: Scenario,
  options: LinuxRunOptions = {},
): Promise<RunRecord> {
  const obstacle = obstacleToNamespaces();
  if (obstacle !== undefined) throw new LinuxUnfit(obstacle, hintFor(obstacle));
  for (const [name, node] of scenario.nodes) {
    const { role } = node;
    if (role !== 'name-server' || hasNameServer()) continue;
    throw new LinuxUnfit(`${name}: there is no knotd to serve names`, 'apt-get install knot');
  }
  sweep();
  const abort = new AbortController();
  const signalled = (signal: NodeJS.Signals) => {
    removeOwn();
    process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, signalled);
  process.on('exit', removeOwn);
  try {
    return await new LinuxRun(scenario, options, abort).run();
  } catch (cause) {
    if (cause instanceof SysError) throw new LinuxUnfit(cause.message, cause.hint, { cause });
    if (cause instanceof ChildFailure) throw new LinuxUnfit(cause.message, undefined, { cause });
    throw cause;
  } finally {
    for (const signal of signals) process.off(signal, signalled);
    process.off('exit', removeOwn);
    removeOwn();
  }
}

const hintFor = (obstacle: string): string =>
  obstacle.includes('/dev/net/tun')
    ? "Run it as root, or let ordinary users have TUN devices: chmod 666 /dev/net/tun (it gives no rights on the host's network)."
    : 'Run it as root; careof doctor says what this machine can do.';

class LinuxRun {
  readonly #scenario: Scenario;
  readonly #options: LinuxRunOptions;
  readonly #abort: AbortController;
  readonly #poller = new Poller();
  readonly #time: RealTime;
  readonly #plan;
  readonly #applications: Applications;
  readonly #network: LinuxNetwork;
  readonly #watch: PacketWatch;
  readonly #unasked: UnaskedWatch;
  readonly #peaks: TablePeaks;

  constructor(scenario: Scenario, options: LinuxRunOptions, abort: AbortController) {
    this.#scenario = scenario;
    this.#options = options;
    this.#abort = abort;
    const onFailure = (cause: unknown) => abort.abort(cause);
    this.#time = new RealTime(new Simulation(this.seed), this.#poller, onFailure);
    this.#plan = planOf(scenario);
    this.#applications = new Applications(scenario, this.#plan, options.multipath);
    this.#network = new LinuxNetwork(scenario, this.#plan, {
      ...{ time: this.#time, poller: this.#poller, applications: this.#applications, onFailure },
      environment: {
        crypto: nodeCryptography,
        epoch: Date.now() * 1000,
        without: this.without,
        constants: scenario.constants,
      },
      dataPlane: options.dataPlane ?? 'auto',
      multipath: options.multipath ?? false,
      folder: makeRunFolder(),
    });
    const { links } = this.#network;
    this.#watch = new PacketWatch(scenario, this.#applications.endpoints, links);
    this.#unasked = new UnaskedWatch(scenario, links, (node, address) =>
      this.#network.isOwn(node, address),
    );
    this.#peaks = new TablePeaks(scenario, this.#network.hosts);
  }

  get seed(): number {
    return this.#options.seed ?? this.#scenario.random;
  }

  get without(): ReadonlySet<Mechanism> {
    return this.#options.without ?? new Set();
  }

  async run(): Promise<RunRecord> {
    const aborted = new Promise<never>((_, reject) => {
      this.#abort.signal.addEventListener('abort', () => reject(this.#abort.signal.reason));
    });
    aborted.catch(() => {});
    let captures: LinkCaptures | undefined;
    let takeTime: (() => void) | undefined;
    makeRoomForNeighbors(LAB_FOLDER);
    try {
      await Promise.race([this.#network.build(), aborted]);
      takeTime = hurry();
      this.#time.start();
      if (this.#options.captures !== undefined) {
        captures = new LinkCaptures(this.#options.captures, this.#network.links, Date.now() * 1000);
      }
      this.#time.take(() => this.#network.begin(this.#scenario));
      await Promise.race([this.#toTheEnd(), aborted]);
      return await Promise.race([this.#record(captures?.files ?? []), aborted]);
    } finally {
      takeTime?.();
      captures?.close();
      this.#network.close();
      this.#time.close();
      this.#poller.close();
    }
  }

  #toTheEnd(): Promise<void> {
    const { simulation } = this.#time;
    const end = new End(this.#scenario, PATIENCE);
    return new Promise((resolve) => {
      const look = () => {
        this.#peaks.look();
        this.#network.look();
        this.#options.onProgress?.(simulation.now, end.least);
        if (end.reached(simulation.now, this.#applications.over(simulation.now))) resolve();
        else simulation.in(SLICE, look);
      };
      this.#time.take(look);
    });
  }

  async #record(files: readonly string[]): Promise<RunRecord> {
    const ended = this.#time.simulation.now;
    const counters = await this.#network.counters();
    const known = await this.#network.known();
    const dataPlanes = await this.#network.dataPlanes();
    this.#applications.close(ended);
    const network = this.#network;
    return {
      ...{ scenario: this.#scenario, plan: this.#plan, seed: this.seed, without: this.without },
      backend: {
        name: 'linux',
        dataPlane: [...dataPlanes].join(', ') || 'none',
        judgesTimes: this.#options.judgeTimes ?? false,
      },
      ...{ ended, counters, known, files },
      ...{ events: network.events, attachments: network.attachments, owners: network.owners },
      flows: this.#applications.records,
      paths: this.#watch.paths,
      seen: this.#watch.seen,
      tables: this.#peaks.most,
      unasked: this.#unasked.octets,
    };
  }
}
