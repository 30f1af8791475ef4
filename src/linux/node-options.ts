/** What a node on a Linux host is made of. The simulator's counterpart is `SimNodeOptions`. */
import type { NodeConfig } from '../core/config.ts';
import type { CareofEvent } from '../core/events.ts';
import type { Cryptography, Environment, Role } from '../core/role.ts';
import type { SharedStore } from '../core/shared-store.ts';
import type { Instant } from '../core/time.ts';
import type { ConnectionOwner } from './connections/connection-keepers.ts';

/** `auto`: eBPF where the host has it, else TUN. */
export type DataPlaneChoice = 'auto' | 'ebpf' | 'tun';

/** What is kept over a restart of the process; a folder of files in the daemon. */
export interface Journal {
  /** All that is stored, in the order in which it was first stored. */
  entries(): Iterable<readonly [key: string, value: string]>;
  /** Durable when it returns; without a value the key is forgotten. */
  store(key: string, value: string | undefined): void;
}

/** Where instants come from. One clock for a node's whole life, restarts of the process included. */
export interface NodeClock {
  now(): Instant;
  /** Wall-clock time of instant 0, microseconds since 1970-01-01. */
  readonly epoch: number;
  /** Nanoseconds of CLOCK_BOOTTIME at instant 0. */
  readonly bootTimeOfStart: bigint;
}

export interface LinuxNodeOptions {
  readonly config: NodeConfig;
  readonly createNode: (config: NodeConfig, environment: Environment) => Role;
  readonly crypto: Cryptography;
  readonly clock: NodeClock;
  readonly journal: Journal;
  readonly dataPlane: DataPlaneChoice;
  /** All links that this host is on, as the configuration calls them. */
  readonly links: readonly string[];
  /** What the configuration calls a link -> the interface's name; absent ones are the same. */
  readonly interfaces?: ReadonlyMap<string, string>;
  /** Name of the network namespace that the node lives in; absent: the one of this process. */
  readonly namespace?: string;
  readonly without?: Environment['without'];
  readonly constants?: Environment['constants'];
  /** Folder for what is this node's alone while it runs (its bpffs); made where it is not there. */
  readonly stateFolder: string;
  /** Where TCP connections come from that go to another host; absent: all stay. */
  readonly connections?: ConnectionOwner;
  /** What it shares with other hosts; absent: nobody is told anything. */
  readonly shared?: SharedStore;
  readonly onEvent: (event: CareofEvent, now: Instant) => void;
}
