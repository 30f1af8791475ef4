/**
 * A home agent on a real host, as a process: `NAMESPACE FOLDER SIZE BOOT-TIME DATA-PLANE`. It tells its
 * parent what it has counted, and the memory that it takes, whenever the parent asks.
 */
import { join } from 'node:path';
import type { Instant } from '../../src/core/time.ts';
import { FileJournal } from '../../src/daemon/journal.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { LinuxNode } from '../../src/linux/linux-node.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import { createNode } from '../../src/roles/create.ts';
import { EPOCH, homeAgentConfig } from '../home-registrations.ts';

const [namespace, folder, size, boot, dataPlane] = process.argv.slice(2);
const origin = BigInt(boot!);
const journal = new FileJournal({
  path: join(folder!, 'journal'),
  onFault: (text) => console.error(text),
});

const node = new LinuxNode({
  config: { name: 'ha', homeAgent: homeAgentConfig(Number(size)) },
  createNode,
  crypto: nodeCryptography,
  clock: {
    now: () => Number((bootTime() - origin) / 1000n) as Instant,
    epoch: EPOCH,
    bootTimeOfStart: origin,
  },
  journal,
  dataPlane: dataPlane as 'ebpf' | 'tun',
  links: ['eth0'],
  namespace: namespace!,
  // The second of waiting before a first registration is not what is measured.
  without: new Set(['home-dad']),
  stateFolder: join(folder!, 'state'),
  onEvent: () => {},
});
node.start();

export interface Told {
  readonly counters: Readonly<Record<string, number | undefined>>;
  /** Octets of memory that the process has. */
  readonly memory: number;
  /** Seconds of CPU. */
  readonly cpu: number;
}

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const told: Told = {
    counters: node.counters(),
    memory: process.memoryUsage.rss(),
    cpu: (user + system) / 1e6,
  };
  process.send!(told);
});
process.on('disconnect', () => {
  node.close({ leave: false });
  process.exit();
});
process.send!({ counters: {}, memory: 0, cpu: 0 } satisfies Told);
