/** What could be read of a file: an entry that is there and cannot be read is `undefined`. */
import type { Duration } from '../../core/time.ts';
import type { FlowExpectation, NodeExpectation, PacketExpectation } from './expectations.ts';
import type { LinkText } from './links.ts';
import type { NodeText } from './nodes.ts';
import type { ScenarioEvent } from './scenario-events.ts';
import type { FlowText } from './traffic.ts';

/** An entry of a list, with its place in the file. */
export interface Listed<T> {
  readonly index: number;
  readonly value: T;
}

export interface Draft {
  readonly links: ReadonlyMap<string, LinkText | undefined>;
  readonly nodes: ReadonlyMap<string, NodeText | undefined>;
  readonly traffic: ReadonlyMap<string, FlowText | undefined>;
  readonly events: readonly Listed<ScenarioEvent>[];
  readonly flows: ReadonlyMap<string, FlowExpectation | undefined>;
  readonly stations: ReadonlyMap<string, NodeExpectation | undefined>;
  readonly packets: readonly Listed<PacketExpectation>[];
  /** Names in `expect` that are no flow and no node. */
  readonly strangers: readonly string[];
  readonly until?: Duration;
  /** The entry of `nodes` that this host is, in the file of a host: others may be told less of. */
  readonly own?: string;
  /** Keys of all nodes are read, not of `own` alone. */
  readonly allKeys?: boolean;
}
