/**
 * A home agent as a process with real sockets: registrations a second, first ones and renewals, and the
 * memory that it takes, idle and with all bound.
 *
 *     agent (process) --eth0-- cable --far-- nodes (this process)   all care-of addresses are one
 */
import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instant } from '../../src/core/time.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import { inNamespace } from '../../src/linux/sys/namespace.ts';
import { RawSender } from '../../src/linux/sys/raw-socket.ts';
import { formatAddress } from '../../src/wire/address.ts';
import { AGENT, CARE_OF, homeUpdate } from '../home-registrations.ts';
import type { Measurement } from '../measure.ts';
import type { Told } from './home-agent-process.ts';

const FEW = 1_000;
export const MANY = 100_000;
/** Updates that are renewals. */
const RENEWALS = 20_000;
/** Updates that are under way at once. */
const WINDOW = 64;
const PATIENCE_MS = 2_000;
const ACCEPTED = 'mobility.bu_accepted';

export async function* homeAgent(size = FEW): AsyncGenerator<Measurement> {
  for (const dataPlane of ['ebpf', 'tun'] as const) yield* measured(size, dataPlane);
}

async function* measured(size: number, dataPlane: string): AsyncGenerator<Measurement> {
  const cable = new Cable();
  const origin = bootTime();
  const child = fork(
    fileURLToPath(new URL('home-agent-process.js', import.meta.url)),
    [cable.agent, cable.folder, `${size}`, `${origin}`, dataPlane],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  try {
    await once(child, 'message');
    const idle = await ask(child);
    const nodes = new Nodes(cable, child, origin);
    const what = `a home agent process, ${dataPlane}, ${size} nodes`;
    const first = await nodes.register(size, size, 1);
    yield { name: `first registrations: ${what}`, value: first, unit: 'updates/CPU-s' };
    const again = await nodes.register(Math.min(size, RENEWALS), size, 2);
    yield { name: `renewals: ${what}`, value: again, unit: 'updates/CPU-s' };
    const full = await ask(child);
    const megabytes = (octets: number) => octets / 2 ** 20;
    yield { name: `memory, idle: ${what}`, value: megabytes(idle.memory), unit: 'MB' };
    yield { name: `memory, all bound: ${what}`, value: megabytes(full.memory), unit: 'MB' };
    nodes.close();
  } finally {
    child.disconnect();
    await Promise.race([once(child, 'exit'), new Promise((go) => setTimeout(go, 30_000))]);
    child.kill('SIGKILL');
    cable.close();
  }
}

async function ask(child: ChildProcess): Promise<Told> {
  child.send('tell');
  const [told] = (await once(child, 'message')) as [Told];
  return told;
}

/** Sends updates, no more at once than the agent keeps up with. */
class Nodes {
  readonly #sender: RawSender;
  readonly #child: ChildProcess;
  readonly #origin: bigint;

  constructor(cable: Cable, child: ChildProcess, origin: bigint) {
    this.#sender = inNamespace(cable.nodes, () => new RawSender(0));
    this.#child = child;
    this.#origin = origin;
  }

  /** Gives registrations for each second of the agent's CPU time. Throws where some are not accepted. */
  async register(count: number, size: number, turn: number): Promise<number> {
    const before = await ask(this.#child);
    const accepted = (told: Told) =>
      (told.counters[ACCEPTED] ?? 0) - (before.counters[ACCEPTED] ?? 0);
    let told = before;
    for (let sent = 0; sent < count; ) {
      const now = Number((bootTime() - this.#origin) / 1000n) as Instant;
      const updates = Array.from({ length: Math.min(WINDOW, count - sent) }, (_, i) =>
        homeUpdate(((sent + i) * 7919) % size, turn, now),
      );
      this.#sender.sendMany(updates, CARE_OF, AGENT);
      sent += updates.length;
      const until = Date.now() + PATIENCE_MS;
      for (told = await ask(this.#child); accepted(told) < sent; told = await ask(this.#child)) {
        if (Date.now() > until) {
          throw new Error(`${accepted(told)} of ${sent}: ${JSON.stringify(told.counters)}`);
        }
      }
    }
    return accepted(told) / (told.cpu - before.cpu);
  }

  close(): void {
    this.#sender.close();
  }
}

/** Two hosts on one link. */
class Cable {
  readonly agent = `careof-bench-${process.pid}-agent`;
  readonly nodes = `careof-bench-${process.pid}-nodes`;
  readonly folder = mkdtempSync(join(tmpdir(), 'careof-bench-'));

  constructor() {
    const ip = (text: string) => execFileSync('ip', text.split(' '));
    for (const name of [this.agent, this.nodes]) ip(`netns add ${name}`);
    ip(`link add name eth0 netns ${this.agent} type veth peer name far netns ${this.nodes}`);
    ip(`-n ${this.agent} addr add ${formatAddress(AGENT)}/64 dev eth0 nodad`);
    ip(`-n ${this.agent} addr add 2001:db8:2::1/64 dev eth0 nodad`);
    ip(`-n ${this.nodes} addr add ${formatAddress(CARE_OF)}/64 dev far nodad`);
    ip(`-n ${this.agent} link set eth0 up`);
    ip(`-n ${this.nodes} link set far up`);
    ip(`-n ${this.nodes} route add default via 2001:db8:2::1 dev far`);
  }

  close(): void {
    for (const name of [this.agent, this.nodes]) spawnSync('ip', ['netns', 'delete', name]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
