import type { Address } from '../wire/address.ts';
import type { Layer, LayerName } from '../wire/packet.ts';
import type { Counter } from './counters.ts';
import type { CareofEvent } from './events.ts';
import type { ForwardingEntry } from './forwarding/entry.ts';
import type { Tunnel } from './forwarding/execute.ts';
import type { Input, LinkAddress, Output, RoleView } from './role.ts';
import type { TableSizes } from './tables.ts';
import type { Instant } from './time.ts';

/** A packet for the control side, read and checked once for all parts of a node. */
export interface Received {
  readonly kind: 'received';
  readonly link: string;
  readonly from?: LinkAddress;
  readonly tunnel?: Tunnel;
  readonly octets: Uint8Array;
  readonly reason: Extract<Input, { kind: 'packet' }>['reason'];
  /** Addresses of the IPv6 header. */
  readonly source: Address;
  readonly destination: Address;
  /** The address in the Home Address option. */
  readonly home?: Address;
  /** The address in the Type 2 Routing header. */
  readonly routing2?: Address;
  /** The home address whose security association proved the packet (RFC 4303). */
  readonly provedHome?: Address;
  /** The Mobility Header or ICMPv6 message, or whatever stands last. */
  readonly message: Layer;
}

export type PartInput = Exclude<Input, { kind: 'packet' }> | Received;

/** What a node is: one of the roles, or a part of one. All parts of a node see every input. */
export interface Part {
  /** Mobility Header messages of later RFCs that it takes; without them their sender is told. */
  readonly processes?: ReadonlySet<LayerName>;
  handle(input: PartInput, now: Instant): Output[];
  deadline(): Instant | undefined;
  /** What its tables hold, for those that have some. */
  sizes?(): TableSizes;
  /** What it says of itself to an operator who asks. */
  inspect?(): Omit<RoleView, 'bindings'>;
}

/** The output that raises a counter. */
export const count = (counter: Counter): Output => ({ kind: 'count', counter });

/** The outputs that put entries in the forwarding table. */
export const forward = (...entries: readonly ForwardingEntry[]): Output[] =>
  entries.map((entry) => ({ kind: 'forward', entry }));

/** The outputs that take entries out of it. */
export const unforward = (...ids: readonly string[]): Output[] =>
  ids.map((id) => ({ kind: 'unforward', id }));

/** The output that tells of something. */
export const tell = (event: CareofEvent): Output => ({ kind: 'event', event });
