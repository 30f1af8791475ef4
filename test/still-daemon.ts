/** A daemon on a host whose kernel does nothing, with a clock that stands still: what it answers and does. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ForwardingEntry } from '../src/core/forwarding/entry.ts';
import type { Input } from '../src/core/role.ts';
import { Daemon } from '../src/daemon/daemon.ts';
import { loadHostFile } from '../src/daemon/host-file.ts';
import { Log } from '../src/daemon/log.ts';
import { placesOf } from '../src/daemon/places.ts';
import { ControlClient } from '../src/linux/control/control-client.ts';
import type { Host, HostEvents } from '../src/linux/host/host.ts';
import type { HostStatus, LinkStatus } from '../src/linux/node-status.ts';

export const PLANE = {
  kind: 'tun',
  name: 'TypeScript over TUN',
  why: 'this kernel has no tcx',
} as const;

/** A host whose kernel does nothing, and has one interface that comes up when the test says so. */
class StillHost implements Host {
  readonly entriesThere = new Map<string, ForwardingEntry>();
  readonly events: HostEvents;
  #up = false;
  closed: { readonly leave: boolean } | undefined;

  constructor(events: HostEvents) {
    this.events = events;
  }

  setUp(up: boolean): void {
    this.#up = up;
    this.events.control(this.#link());
  }

  #link(): Extract<Input, { kind: 'link' }> {
    const linkAddress = '\x02\0\0\0\0\x01' as LinkStatus['linkAddress'];
    return { kind: 'link', link: 'wlan0', up: this.#up, linkAddress, mtu: 1500 };
  }

  status(): HostStatus {
    const { linkAddress, mtu } = this.#link();
    const wlan0 = { link: 'wlan0', interface: 'wlan0', ifindex: 2, up: this.#up, linkAddress, mtu };
    const none = { addresses: [], routes: [], rules: [], pathMtus: [] };
    return { dataPlane: PLANE, links: [wlan0], ...none };
  }

  tellAll(): void {
    this.events.control(this.#link());
  }
  forward(entry: ForwardingEntry): void {
    this.entriesThere.set(entry.id, entry);
  }
  unforward(id: string): void {
    this.entriesThere.delete(id);
  }
  entries() {
    const use = { packets: 3, octets: 300 };
    return [...this.entriesThere.values()].map(
      (entry) => ({ entry, use, carriedBy: 'plane' }) as const,
    );
  }
  use = () => ({ packets: 0, octets: 0 });
  counters = () => new Map();
  sizes = () => ({ forwarding: this.entriesThere.size });
  transmit(): void {}
  address(): void {}
  route(): void {}
  group(): void {}
  settle(): void {}
  setAlarm(): void {}
  close(options: { readonly leave: boolean }): void {
    this.closed = options;
  }
}

export interface Rig {
  readonly daemon: Daemon;
  readonly host: StillHost;
  readonly clock: { seconds: number };
  readonly client: ControlClient;
  readonly folder: string;
  /** Where its control socket is. */
  readonly socket: string;
  readonly downs: object[];
  readonly log: string[];
}

/** @param text of the host's file. */
export async function withDaemon(work: (rig: Rig) => Promise<void>, text: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'careof-daemon-'));
  const file = join(folder, 'host.yaml');
  writeFileSync(file, text, { mode: 0o600 });
  const loaded = loadHostFile(file);
  const clock = { seconds: 1000 };
  const downs: object[] = [];
  const log: string[] = [];
  let host: StillHost | undefined;
  const places = placesOf('laptop', join(folder, 'state'));
  const daemon = new Daemon({
    host: loaded.ok ? loaded.value : assert.fail('the file is right'),
    places,
    log: new Log({
      level: 'info',
      node: 'laptop',
      form: 'json',
      write: (line) => log.push(line),
      now: () => clock.seconds * 1000,
    }),
    clocks: {
      bootTime: () => BigInt(Math.round(clock.seconds * 1e6)) * 1000n,
      wallTime: () => clock.seconds * 1e6,
      bootId: 'this one',
    },
    version: '1.2.3',
    onDown: (how) => downs.push(how),
    openHost: (_, events) => {
      host = new StillHost(events);
      return host;
    },
  });
  try {
    await daemon.start();
    const client = await ControlClient.open(places.socket);
    await work({ daemon, host: host!, clock, client, folder, downs, log, socket: places.socket });
    client.close();
  } finally {
    if (daemon.ready) daemon.stop({ leave: false });
    rmSync(folder, { recursive: true });
  }
}
