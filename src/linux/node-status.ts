/** What a node on a Linux host can say of itself while it runs: `careof status` and `careof why`. */
import type { EntryUse, ForwardingEntry } from '../core/forwarding/entry.ts';
import type { LinkAddress } from '../core/role.ts';
import type { Instant } from '../core/time.ts';
import type { Address } from '../wire/address.ts';

export interface DataPlaneStatus {
  readonly kind: 'ebpf' | 'tun';
  /** Such as `eBPF on tcx`. */
  readonly name: string;
  /** Why it is this one: it was asked for, or what the other one lacks. */
  readonly why: string;
}

export interface LinkStatus {
  /** Its name in the configuration. */
  readonly link: string;
  readonly interface: string;
  readonly ifindex: number;
  /** It can carry packets now. */
  readonly up: boolean;
  readonly linkAddress: LinkAddress;
  readonly mtu: number;
}

export interface AddressStatus {
  readonly link: string;
  readonly address: Address;
  readonly prefixLength: number;
  /** Set by the node's roles; else by the kernel itself or the operator. */
  readonly byRole: boolean;
  readonly optimistic?: boolean;
  readonly preferred?: boolean;
  readonly anycast?: boolean;
  readonly deprecated?: boolean;
}

/** A route that the node has set, in the routing table that it stands in. */
export interface RouteStatus {
  readonly table: number;
  readonly prefix: Address;
  readonly prefixLength: number;
  readonly interface?: string;
  readonly via?: Address;
  readonly metric?: number;
  readonly mtu?: number;
  /** `throw`: the tables behind decide. */
  readonly kind: 'unicast' | 'throw';
}

/** A rule that the node has set: which packets ask which routing table. */
export interface RuleStatus {
  readonly preference: number;
  /** As `ip -6 rule` shows it. */
  readonly text: string;
}

export interface PathMtuStatus {
  readonly destination: Address;
  readonly mtu: number;
  readonly until: Instant;
}

export interface HostStatus {
  readonly dataPlane: DataPlaneStatus;
  readonly links: readonly LinkStatus[];
  readonly addresses: readonly AddressStatus[];
  readonly routes: readonly RouteStatus[];
  readonly rules: readonly RuleStatus[];
  readonly pathMtus: readonly PathMtuStatus[];
}

/** An entry of the forwarding table, what it has carried, and who carries it. */
export interface EntryStatus {
  readonly entry: ForwardingEntry;
  readonly use: EntryUse;
  /** `kernel`: an accelerator has taken it over. */
  readonly carriedBy: 'kernel' | 'plane';
}
