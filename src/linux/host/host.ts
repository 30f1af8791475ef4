/**
 * What the driver of a node needs of the machine below it: a Linux host, or a test's list of what
 * was done.
 */
import type { EntryUse, ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Input, Output } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import type { Instant } from '../../core/time.ts';
import type { LinuxCounter } from '../counters.ts';
import type { EntryStatus, HostStatus } from '../node-status.ts';

type Doing<Kind extends Output['kind']> = Extract<Output, { kind: Kind }>;
export type TransmitOutput = Doing<'transmit'>;
export type AddressOutput = Doing<'address'>;
export type RouteOutput = Doing<'route'>;
export type GroupOutput = Doing<'group'>;

/** What a host calls when something happens; it calls in the middle of its own work. */
export interface HostEvents {
  /** Something that the role is to know. */
  control(input: Input): void;
  /** Between two packets: the role gets what waits for it now. False: the node has been closed. */
  catchUp(): boolean;
  /** The moment of `setAlarm` has come, or a little later; never earlier. */
  alarm(): void;
}

export interface Host {
  /** Tells of every link and address as they are now; later changes are told as they happen. */
  tellAll(): void;
  transmit(output: TransmitOutput): void;
  address(output: AddressOutput): void;
  route(output: RouteOutput): void;
  group(output: GroupOutput): void;
  forward(entry: ForwardingEntry): void;
  unforward(id: string): void;
  use(id: string): EntryUse;
  entries(): Iterable<EntryStatus>;
  /** What one input asked for is all there: what was gathered is told to the kernel now. */
  settle(): void;
  /** Replaces the alarm; undefined: none. */
  setAlarm(at: Instant | undefined): void;
  counters(): ReadonlyMap<LinuxCounter, number>;
  sizes(): TableSizes;
  status(): HostStatus;
  /** `leave`: what is set stays for the next process. Else all is as it was before. */
  close(options: { readonly leave: boolean }): void;
}
