/** The daemon of a host that has a role: its process, and the lab's line to it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type CareofEvent, eventOfJson } from '../../core/events.ts';
import type { Command } from '../../core/role.ts';
import { ControlClient } from '../../linux/control/control-client.ts';
import { formatAddress } from '../../wire/address.ts';
import type { Knowledge } from '../run-record.ts';
import {
  ChildFailure,
  commandOf,
  hurryChild,
  kill,
  type Started,
  startInside,
} from './children.ts';

/** A daemon that has not begun to answer by then never will. */
const MOST_START_MS = 90_000;
const AGAIN_MS = 20;
/** One that begins may be asked too early; then it is asked again. */
const MOST_ANSWER_MS = 1000;

export interface DaemonOptions {
  readonly node: string;
  readonly namespace: string;
  /** The scenario. */
  readonly file: string;
  /** Everything of this node's is below it; the journal outlives a crash. */
  readonly folder: string;
  readonly dataPlane: string;
  readonly without: Iterable<string>;
  /** Whom it asks names, as resolv.conf(5). */
  readonly resolver: string | undefined;
  /** The socket of what it shares with others, if it does. */
  readonly store: string | undefined;
  /** The kernel's names of links, by the file's. */
  readonly interfaces: ReadonlyMap<string, string>;
  /** Something happened. @param bootTime when, microseconds of CLOCK_BOOTTIME. */
  readonly onEvent: (event: CareofEvent, bootTime: number) => void;
  readonly onFailure: (cause: Error) => void;
}

export class DaemonProcess {
  /** Settled when the role runs; rejected where it cannot. */
  readonly ready: Promise<void>;
  readonly #options: DaemonOptions;
  readonly #started: Started;
  #client: ControlClient | undefined;
  #ended: Error | undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    const { node, namespace, file, folder, dataPlane, without, resolver, store, interfaces } =
      options;
    const links = [...interfaces].filter(([link, name]) => link !== name);
    const command = [
      ...[...commandOf('cli/main'), 'up', '-c', file, '--node', node],
      ...['--readable-keys', '--state', folder, '--data-plane', dataPlane],
      ...(store === undefined ? [] : ['--store', store]),
      ...links.flatMap(([link, name]) => ['--interface', `${link}=${name}`]),
      ...[...without].flatMap((mechanism) => ['--without', mechanism]),
    ];
    this.#started = startInside(namespace, command, resolver);
    const { child, complaints } = this.#started;
    child.stdout.resume();
    child.on('exit', (code, signal) => {
      const why = complaints.join('\n') || `it ended with ${signal ?? code}`;
      this.#ended = new ChildFailure(`careof up ended on ${node}: ${why}`);
      options.onFailure(this.#ended);
    });
    this.ready = this.#connect();
    this.ready.catch(() => {});
  }

  static forget(folder: string): void {
    rmSync(join(folder, 'journal'), { recursive: true, force: true });
  }

  command(command: Command): void {
    this.#client?.request('command', { command: commandJson(command) }).catch(() => {});
  }

  /** What a request is answered with; an empty object where nobody answers any more. */
  async ask(what: 'counters' | 'sizes'): Promise<Record<string, number>> {
    const answer = await this.#client?.request(what).catch(() => undefined);
    return (answer ?? {}) as Record<string, number>;
  }

  /** What it knows of servers and clients; undefined where it shares nothing. */
  async known(): Promise<Knowledge | undefined> {
    if (this.#options.store === undefined) return undefined;
    const said = (await this.#client?.request('agents').catch(() => undefined)) as
      | { servers: readonly unknown[]; clients: number }
      | undefined;
    if (said === undefined) return undefined;
    return { servers: said.servers.length, clients: said.clients, text: JSON.stringify(said) };
  }

  /** The name of the data plane that it has chosen. */
  async dataPlane(): Promise<string> {
    const status = await this.#client?.request('status').catch(() => undefined);
    return (status as { data_plane?: { kind: string } } | undefined)?.data_plane?.kind ?? '';
  }

  /** The run goes on: until now others of the machine had the same right to its time. */
  hurry(): void {
    hurryChild(this.#started);
  }

  kill(): void {
    kill(this.#started);
    this.#client?.close();
  }

  async #connect(): Promise<void> {
    const path = join(this.#options.folder, 'control.sock');
    const until = Date.now() + MOST_START_MS;
    for (;;) {
      if (this.#ended !== undefined) throw this.#ended;
      try {
        this.#client = await ControlClient.open(path);
        if (await this.#isReady(this.#client)) return;
        this.#client.close();
      } catch (cause) {
        this.#client?.close();
        if (Date.now() > until) throw this.#silence(cause);
      }
      await wait(AGAIN_MS);
    }
  }

  #silence(cause: unknown): Error {
    const said = this.#started.complaints.join('\n') || String(cause);
    const seconds = MOST_START_MS / 1000;
    return new ChildFailure(
      `careof up on ${this.#options.node} did not answer in ${seconds} s: ${said}`,
    );
  }

  /** Does the role run? Then it is listened to from here on. */
  async #isReady(client: ControlClient): Promise<boolean> {
    const status = await client.request('status', {}, MOST_ANSWER_MS);
    if ((status as { ready?: boolean }).ready !== true) return false;
    const onEvent = (said: Readonly<Record<string, unknown>>) => this.#told(said);
    await client.watch('watch', { past: true }, { onEvent, onEnd: () => {} });
    return true;
  }

  #told(said: Readonly<Record<string, unknown>>): void {
    const { t_us, boottime_us, node: _, ...json } = said;
    const bootTime = Number(boottime_us);
    const event = eventOfJson(json);
    if (event.kind !== 'handover.phase') {
      this.#options.onEvent(event, bootTime);
      return;
    }
    // Its two instants are the node's own, as is `t_us`.
    const shift = bootTime - Number(t_us);
    const { began, ended } = event;
    const moved = { began: began + shift, ended: ended + shift } as Pick<
      typeof event,
      'began' | 'ended'
    >;
    this.#options.onEvent({ ...event, ...moved }, bootTime);
  }
}

/** Addresses are text on the control socket. */
function commandJson(command: Command): object {
  switch (command.do) {
    case 'prefer':
    case 'drain':
    case 'undrain':
      return command;
    case 'revoke':
      return { ...command, home: formatAddress(command.home) };
    case 'watch':
      return { ...command, peer: formatAddress(command.peer) };
    case 'hand-over': {
      const [client, to] = [formatAddress(command.client), formatAddress(command.to)];
      return { ...command, client, to };
    }
    case 'serve':
      throw new RangeError('whom a home agent serves stands in its file');
    case 'renumber': {
      const { to, ...change } = command.change;
      return { ...command, change: { ...change, ...(to && { to: formatAddress(to) }) } };
    }
  }
}
