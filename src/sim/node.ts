/**
 * A node of the simulation: a kernel, and a role as its control side if it has one.
 *
 *     running --crash--> dead --restart--> running
 *
 *     running --kill--> without control side --restart--> running
 *
 * A crash takes the kernel with all that it learned, its sockets and tables, and the role; what was
 * `store`d stays, as on a disk. Links stay plugged in. A kill takes the role alone: the kernel goes on
 * with what it was told, and knows nobody to tell of what happens.
 */
import type { Counter } from '../core/counters.ts';
import type { Command, Environment, Input, LinkAddress, Output, Role } from '../core/role.ts';
import { sumOfSizes, type TableSizes } from '../core/tables.ts';
import { type Errand, runErrand } from './errands.ts';
import type { KernelCounter } from './kernel/counters.ts';
import { Kernel, type Port } from './kernel/kernel.ts';
import type { Link } from './link.ts';
import type { SimNodeOptions } from './node-options.ts';
import { Alarm, type Simulation } from './simulation.ts';

/** Ticks of one role in a row at one moment; more is its mistake: a deadline that stays. */
const MAX_TICKS_AT_ONCE = 1000;

/** What an event of a kill says, and of the restart after it. */
const CONTROL_SIDE = 'control side';

/** An address of which nothing special is said. */
const PLAIN = { optimistic: false, preferred: false, anycast: false, deprecated: false };

export type NodeCounter = Counter | KernelCounter;

export class SimNode {
  readonly name: string;
  readonly #simulation: Simulation;
  readonly #options: SimNodeOptions;
  readonly #environment: Environment | undefined;
  readonly #random;
  readonly #ports = new Map<string, Port>();
  readonly #stored = new Map<string, string>();
  /** Counted by roles, and by kernels that are dead. */
  readonly #counters = new Map<NodeCounter, number>();
  readonly #alarm: Alarm;
  #life: { readonly kernel: Kernel; readonly role: Role | undefined } | undefined;
  #inputs: Input[] = [];
  /** A drain is planned or under way. */
  #draining = false;
  /** When the last tick was, and how many came at that moment in a row. */
  #ticks = { at: -1, count: 0 };

  constructor(options: SimNodeOptions) {
    const { simulation, name } = options;
    this.name = name;
    this.#simulation = simulation;
    this.#options = options;
    this.#random = simulation.random(`kernel of ${name}`);
    if (options.role !== undefined && options.environment === undefined) {
      throw new RangeError(`${name} has a role and no environment`);
    }
    this.#environment = options.environment && {
      ...options.environment,
      random: simulation.random(name),
      secrets: simulation.secrets(name),
    };
    this.#alarm = new Alarm(simulation, () => this.#tick());
  }

  /** The kernel that runs now. Throws RangeError where the node is dead or not started. */
  get kernel(): Kernel {
    if (this.#life === undefined) throw new RangeError(`${this.name} is not running`);
    return this.#life.kernel;
  }

  /** The control side that runs now. */
  get role(): Role | undefined {
    return this.#life?.role;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /** Runs with all that it has: its control side too, if it has one. */
  get whole(): boolean {
    const life = this.#life;
    return life !== undefined && (life.role !== undefined || this.#options.role === undefined);
  }

  /** What is stored over restarts. */
  get stored(): ReadonlyMap<string, string> {
    return this.#stored;
  }

  /** Gives the node an interface; without a link it is not plugged in. */
  addInterface(name: string, link?: Link, linkAddress?: LinkAddress): void {
    if (this.#ports.has(name)) throw new RangeError(`${this.name} has ${name} already`);
    const port: Port = { name, linkAddress, link, up: true };
    this.#ports.set(name, port);
    this.#life?.kernel.addInterface(port);
  }

  /** Plugs an interface into a link; with undefined, out of its link. */
  attach(name: string, link: Link | undefined): void {
    this.#ports.set(name, { ...this.#port(name), link });
    this.#life?.kernel.connect(name, link);
  }

  /** The link that an interface is plugged into. */
  linkOf(name: string): Link | undefined {
    return this.#port(name).link;
  }

  /** Switches an interface on or off, its link staying where it is. */
  setUp(name: string, up: boolean): void {
    this.#ports.set(name, { ...this.#port(name), up });
    this.#life?.kernel.setUp(name, up);
  }

  /** Starts the node for the first time. */
  start(): void {
    this.#begin(false);
  }

  /** The power fails: everything but what is stored is gone, at once. */
  crash(): void {
    if (this.#life === undefined) return;
    const { kernel } = this.#life;
    this.#life = undefined;
    this.#inputs = [];
    this.#alarm.set(undefined);
    kernel.halt();
    for (const [counter, count] of kernel.counters) this.#count(counter, count);
    this.#options.onEvent?.({ kind: 'node.crashed' }, this.#simulation.now, this);
  }

  /** The control side dies, as a process does; the kernel goes on. */
  kill(): void {
    if (this.#life?.role === undefined) return;
    this.#life = { kernel: this.#life.kernel, role: undefined };
    this.#inputs = [];
    this.#alarm.set(undefined);
    const event = { kind: 'node.crashed', reason: CONTROL_SIDE } as const;
    this.#options.onEvent?.(event, this.#simulation.now, this);
  }

  /** Starts again after a crash or a kill; `journal: false`: with nothing that was stored. */
  restart({ journal }: { readonly journal: boolean }): void {
    if (this.whole) throw new RangeError(`${this.name} is running`);
    if (!journal) this.#stored.clear();
    if (this.#life === undefined) this.#begin(journal);
    else this.#control(this.#life.kernel, journal, CONTROL_SIDE);
  }

  /** Gives the control side the operator's word. */
  command(command: Command): void {
    this.#take({ kind: 'command', command });
  }

  /** Does what a role would do, for tests and for what an operator sets up by hand. */
  perform(outputs: readonly Output[]): void {
    for (const output of outputs) this.#perform(output);
  }

  /** All counters that are not zero: the kernel's and the control side's. */
  counters(): Partial<Record<NodeCounter, number>> {
    const all = new Map(this.#counters);
    for (const [counter, count] of this.#life?.kernel.counters ?? []) {
      all.set(counter, (all.get(counter) ?? 0) + count);
    }
    return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What the node's tables hold just now: the kernel's and the control side's. */
  sizes(): TableSizes {
    if (this.#life === undefined) return {};
    return sumOfSizes([this.#life.kernel.sizes(), this.#life.role?.sizes?.() ?? {}]);
  }

  #port(name: string): Port {
    const port = this.#ports.get(name);
    if (port === undefined) throw new RangeError(`${this.name} has no interface ${name}`);
    return port;
  }

  #begin(restored: boolean): void {
    const { simulation, name, forwarding = false, nat, ingress, role, configure } = this.#options;
    const controlled = role !== undefined;
    const kernel = new Kernel({
      simulation,
      name,
      random: this.#random,
      forwarding,
      nat,
      ingress,
      without: this.#environment?.without ?? new Set(),
      control: controlled ? (input) => this.#take(input) : undefined,
    });
    // Links and addresses that come up now are told behind `start`, all at once.
    for (const port of this.#ports.values()) kernel.addInterface(port);
    configure?.(kernel, this);
    this.#control(kernel, restored);
  }

  /** Puts a control side, where the node has one, on a kernel that runs. */
  #control(kernel: Kernel, restored: boolean, reason?: string): void {
    const { role } = this.#options;
    this.#inputs = [];
    this.#life = { kernel, role: role?.(this.#environment!) };
    const event = { kind: 'node.started', ...(reason !== undefined && { reason }) } as const;
    this.#options.onEvent?.(event, this.#simulation.now, this);
    if (role === undefined) return;
    this.#take({ kind: 'start' });
    if (restored) {
      for (const [key, value] of this.#stored) this.#take({ kind: 'restored', key, value });
    }
    kernel.tellAll();
  }

  /**
   * Puts an input in line. The role gets it at this very moment, but not in the middle of what the
   * kernel is doing: its outputs change tables that the kernel may be walking over.
   */
  #take(input: Input): void {
    if (this.#life?.role === undefined) return;
    this.#inputs.push(input);
    if (this.#draining) return;
    this.#draining = true;
    this.#simulation.at(this.#simulation.now, () => this.#drain());
  }

  #drain(): void {
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      this.#give(input);
    }
    this.#draining = false;
  }

  #tick(): void {
    const { now } = this.#simulation;
    const again = this.#ticks.at === now;
    this.#ticks = { at: now, count: again ? this.#ticks.count + 1 : 1 };
    if (this.#ticks.count > MAX_TICKS_AT_ONCE) {
      throw new Error(`${this.name} ticks without end at ${now} us`);
    }
    this.#give({ kind: 'tick' });
  }

  #give(input: Input): void {
    const role = this.#life?.role;
    if (role === undefined) return;
    // What comes from outside may be due at once, each time anew; answers are the role's own doing.
    if (input.kind !== 'tick' && input.kind !== 'answer') this.#ticks.count = 0;
    for (const output of role.handle(input, this.#simulation.now)) this.#perform(output);
    // A crash that an observer of events brings about leaves nothing to be done.
    if (this.#life?.role === role) this.#alarm.set(role.deadline());
  }

  #perform(output: Output): void {
    const kernel = this.#life?.kernel;
    if (kernel === undefined) return;
    switch (output.kind) {
      case 'transmit':
        // Receivers may write to a packet, and roles send the same octets again.
        kernel.output.transmit(output.octets.slice(), output);
        return;
      case 'forward':
        kernel.expireEntries();
        kernel.addEntry(output.entry);
        return;
      case 'unforward':
        kernel.removeEntry(output.id);
        return;
      case 'address':
        this.#performAddress(kernel, output);
        return;
      case 'route':
        this.#performRoute(kernel, output);
        return;
      case 'group': {
        const on = kernel.interfaces.get(output.link);
        if (output.action === 'join') on?.join(output.group);
        else on?.leave(output.group);
        return;
      }
      case 'store':
        if (output.value === undefined) this.#stored.delete(output.key);
        else this.#stored.set(output.key, output.value);
        return;
      case 'ask': {
        const use = output.entries.map((id) => kernel.table.use(id));
        this.#take({ kind: 'answer', id: output.id, use });
        return;
      }
      case 'detach':
      case 'attach':
      case 'resolve':
      case 'check':
        this.#run(kernel, output);
        return;
      case 'share':
        this.#options.shared?.share(output.entry);
        return;
      case 'follow':
        this.#follow(output.prefix);
        return;
      case 'count':
        this.#count(output.counter, 1);
        return;
      case 'event':
        this.#options.onEvent?.(output.event, this.#simulation.now, this);
        return;
    }
  }

  /** Whoever asked for it may be gone when it is done. */
  #run(kernel: Kernel, errand: Errand): void {
    const role = this.#life?.role;
    runErrand(kernel, errand, this.#options.resolve, (input) => {
      if (this.#life?.role === role) this.#take(input);
    });
  }

  /** For as long as this control side lives. */
  #follow(prefix: string): void {
    const role = this.#life?.role;
    const stop = this.#options.shared?.follow(prefix, (news) => {
      if (this.#life?.role === role) this.#take({ kind: 'shared', ...news });
      else stop?.();
    });
  }

  #performAddress(kernel: Kernel, output: Extract<Output, { kind: 'address' }>): void {
    const { kind: _, action, link, ...address } = output;
    if (action === 'remove') kernel.removeAddress(link, address.address);
    else kernel.addAddress(link, { ...PLAIN, ...address });
  }

  #performRoute(kernel: Kernel, output: Extract<Output, { kind: 'route' }>): void {
    const { kind: _, action, ...route } = output;
    if (action === 'add') kernel.addRoute({ ...route, origin: 'role' });
    else kernel.routes.remove({ ...route, origin: 'role' });
  }

  #count(counter: NodeCounter, by: number): void {
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + by);
  }
}
