/** All that a run leaves behind; outputs and expectations are made from it and from nothing else. */
import type { Counter } from '../core/counters.ts';
import type { CareofEvent } from '../core/events.ts';
import type { Mechanism } from '../core/mechanisms.ts';
import type { TableSizes } from '../core/tables.ts';
import type { Instant } from '../core/time.ts';
import type { Address } from '../wire/address.ts';
import type { FlowPaths } from './flow-paths.ts';
import type { FlowRecord } from './flow-records.ts';
import type { Plan } from './plan.ts';
import type { Scenario } from './scenario/read.ts';

/** An event with its node and its time. */
export interface Logged {
  readonly at: Instant;
  readonly node: string;
  readonly event: CareofEvent;
}

/** An interface came onto a link, or lost it. */
export interface Attachment {
  readonly at: Instant;
  readonly node: string;
  readonly interface: string;
  readonly link: string | undefined;
}

/** Packets on a link that an expectation may be about: how many went from whom to whom. */
export interface SeenPackets {
  readonly source: Address;
  readonly destination: Address;
  packets: number;
}

/** What an agent of an anycast address knew at the end. */
export interface Knowledge {
  readonly servers: number;
  readonly clients: number;
  /** All of it: equal where it is the same. */
  readonly text: string;
}

/** Where a scenario was run. */
export type Backend =
  | { readonly name: 'sim' }
  | {
      readonly name: 'linux';
      /** What forwarded, such as `tun`. */
      readonly dataPlane: string;
      /** Measured times are held against expectations too. */
      readonly judgesTimes: boolean;
    };

export interface RunRecord {
  readonly backend: Backend;
  readonly scenario: Scenario;
  readonly plan: Plan;
  readonly seed: number;
  readonly without: ReadonlySet<Mechanism>;
  /** When the run ended, in network time. */
  readonly ended: Instant;
  readonly events: readonly Logged[];
  readonly attachments: readonly Attachment[];
  /** The node of each address that was there from the start, link-local ones too. */
  readonly owners: ReadonlyMap<Address, string>;
  readonly flows: readonly FlowRecord[];
  readonly paths: ReadonlyMap<string, FlowPaths>;
  /** For each `packets` expectation, in order, what matched link, time and headers. */
  readonly seen: readonly (readonly SeenPackets[])[];
  readonly counters: ReadonlyMap<string, ReadonlyMap<Counter, number>>;
  /** The most that tables of nodes held of which something is expected, looked at every 0.1 s. */
  readonly tables: ReadonlyMap<string, TableSizes>;
  /** What agents of anycast addresses knew at the end; empty where they could not be asked. */
  readonly known?: ReadonlyMap<string, Knowledge>;
  /** Octets that came to a node from whom it had sent nothing to. */
  readonly unasked: ReadonlyMap<string, number>;
  /** Capture and trace files that were written. */
  readonly files: readonly string[];
}
