/**
 * A node on a Linux host: drives one role as `SimNode` does in the simulator.
 *
 *     made --start--> running --close--> closed
 *
 * Inputs wait in line, so that a role is never called in the middle of what its host is doing. What
 * the role gives back is done in order, and told to the kernel before the next input.
 */
import { randomBytes } from 'node:crypto';
import type { Counter } from '../core/counters.ts';
import type { Command, Environment, Input, Output, Role } from '../core/role.ts';
import { sumOfSizes, type TableSizes } from '../core/tables.ts';
import type { LinuxCounter } from './counters.ts';
import type { Host, HostEvents } from './host/host.ts';
import { openHost } from './host/linux-host.ts';
import { ServiceChecker } from './host/service-checker.ts';
import type { LinuxNodeOptions } from './node-options.ts';
import type { EntryStatus, HostStatus } from './node-status.ts';
import { resolve } from './resolve.ts';
import { inNamespace } from './sys/namespace.ts';

/** Ticks of one role in a row that change nothing of when the next is due: its mistake. */
const MAX_TICKS_AT_ONCE = 1000;

export type LinuxNodeCounter = Counter | LinuxCounter;

/** Opens what a node does its work on. Throws SysError where the system does not let it. */
export type OpenHost = (options: LinuxNodeOptions, events: HostEvents) => Host;

export class LinuxNode {
  readonly name: string;
  readonly #options: LinuxNodeOptions;
  readonly #openHost: OpenHost;
  readonly #role: Role;
  readonly #counters = new Map<Counter, number>();
  #host: Host | undefined;
  #inputs: Input[] = [];
  /** A drain is planned. */
  #planned = false;
  /** The role is at work, or its host at what it said. */
  #draining = false;
  #ticksAtOnce = 0;
  readonly #checker: ServiceChecker;
  /** Each ends its following of what other hosts share. */
  readonly #following: (() => void)[] = [];

  /** @param open for tests: another host than this machine. */
  constructor(options: LinuxNodeOptions, open: OpenHost = openHost) {
    this.name = options.config.name;
    this.#options = options;
    this.#openHost = open;
    const { namespace } = options;
    this.#checker = new ServiceChecker((run) =>
      namespace === undefined ? run() : inNamespace(namespace, run),
    );
    this.#role = options.createNode(options.config, environmentOf(options));
  }

  get running(): boolean {
    return this.#host !== undefined;
  }

  /**
   * Takes the host over and starts the role. When it returns, the role has had `start`, what was
   * stored, and every link and address. Throws SysError where the system does not let it; nothing is
   * left behind then.
   */
  start(): void {
    if (this.#host !== undefined) throw new RangeError(`${this.name} is running`);
    const { journal, clock, onEvent } = this.#options;
    const host = this.#openHost(this.#options, {
      control: (input) => this.#take(input),
      catchUp: () => {
        this.#drain();
        return this.#host !== undefined;
      },
      alarm: () => this.#tick(),
    });
    this.#host = host;
    onEvent({ kind: 'node.started' }, clock.now());
    this.#planned = true;
    this.#inputs.push({ kind: 'start' });
    for (const [key, value] of journal.entries()) {
      this.#inputs.push({ kind: 'restored', key, value });
    }
    host.tellAll();
    this.#drain();
  }

  /** Gives the role the operator's word. */
  command(command: Command): void {
    this.#take({ kind: 'command', command });
  }

  /** All counters that are not zero: the role's, the data plane's and the host's. */
  counters(): Partial<Record<LinuxNodeCounter, number>> {
    const all = [...this.#counters, ...(this.#host?.counters() ?? [])];
    return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What the node's tables hold just now. */
  sizes(): TableSizes {
    if (this.#host === undefined) return {};
    return sumOfSizes([this.#host.sizes(), this.#role.sizes?.() ?? {}]);
  }

  /** The entries of the forwarding table, what they have carried, and who carries them. */
  entries(): EntryStatus[] {
    return [...(this.#host?.entries() ?? [])];
  }

  /** Links, addresses, routes, rules, learned path MTUs, and the data plane; undefined: not running. */
  status(): HostStatus | undefined {
    return this.#host?.status();
  }

  /**
   * Ends the node. `leave`: addresses, rules and what an accelerator carries stay for the next
   * process. Else the host is as it was before `start`.
   */
  close({ leave }: { readonly leave: boolean }): void {
    const host = this.#host;
    this.#host = undefined;
    this.#inputs = [];
    for (const stop of this.#following.splice(0)) stop();
    this.#checker.close();
    host?.setAlarm(undefined);
    host?.close({ leave });
  }

  #take(input: Input): void {
    if (this.#host === undefined) return;
    this.#inputs.push(input);
    if (this.#draining || this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#planned = false;
    try {
      for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
        this.#give(input);
      }
    } finally {
      this.#draining = false;
    }
  }

  #tick(): void {
    this.#ticksAtOnce += 1;
    if (this.#ticksAtOnce > MAX_TICKS_AT_ONCE) throw new Error(`${this.name} ticks without end`);
    this.#take({ kind: 'tick' });
  }

  #give(input: Input): void {
    const { clock } = this.#options;
    const host = this.#host;
    if (host === undefined) return;
    const now = clock.now();
    for (const output of this.#role.handle(input, now)) {
      // An observer of events may close the node; nothing is left to be done then.
      if (this.#host === host) this.#perform(host, output);
    }
    if (this.#host !== host) return;
    host.settle();
    const deadline = this.#role.deadline();
    if (input.kind !== 'tick' || deadline === undefined || deadline > now) this.#ticksAtOnce = 0;
    host.setAlarm(deadline);
  }

  #perform(host: Host, output: Output): void {
    switch (output.kind) {
      case 'transmit':
        host.transmit(output);
        break;
      case 'forward':
        host.forward(output.entry);
        break;
      case 'unforward':
        host.unforward(output.id);
        break;
      case 'address':
        host.address(output);
        break;
      case 'route':
        host.route(output);
        break;
      case 'group':
        host.group(output);
        break;
      case 'store':
        this.#options.journal.store(output.key, output.value);
        break;
      case 'ask': {
        const use = output.entries.map((id) => host.use(id));
        this.#take({ kind: 'answer', id: output.id, use });
        break;
      }
      case 'detach':
        this.#detach(output);
        break;
      case 'attach':
        this.#attach(output);
        break;
      case 'check':
        this.#checker.check(output, (result) =>
          this.#take({ kind: 'checked', id: output.id, result }),
        );
        break;
      case 'resolve':
        resolve(output.question, (found) =>
          this.#take({ kind: 'resolved', id: output.id, ...found }),
        );
        break;
      case 'share':
        this.#options.shared?.share(output.entry);
        break;
      case 'follow':
        this.#follow(output.prefix);
        break;
      case 'count':
        this.#counters.set(output.counter, (this.#counters.get(output.counter) ?? 0) + 1);
        break;
      case 'event':
        this.#options.onEvent(output.event, this.#options.clock.now());
    }
  }

  #follow(prefix: string): void {
    const stop = this.#options.shared?.follow(prefix, (news) =>
      this.#take({ kind: 'shared', ...news }),
    );
    if (stop !== undefined) this.#following.push(stop);
  }

  #detach({ id, local, remote, most }: Doing<'detach'>): void {
    const asked = this.#options.connections?.detach(local, remote, most);
    Promise.resolve(asked).then((state) => this.#take({ kind: 'detached', id, state }));
  }

  #attach({ id, local, remote, state }: Doing<'attach'>): void {
    const asked = this.#options.connections?.attach(local, remote, state);
    Promise.resolve(asked).then((ok = false) => this.#take({ kind: 'attached', id, ok }));
  }
}

type Doing<Kind extends Output['kind']> = Extract<Output, { kind: Kind }>;

function environmentOf(options: LinuxNodeOptions): Environment {
  return {
    random: Math.random,
    secrets: (count) => new Uint8Array(randomBytes(count)),
    crypto: options.crypto,
    epoch: options.clock.epoch,
    without: options.without ?? new Set(),
    constants: options.constants ?? {},
  };
}
