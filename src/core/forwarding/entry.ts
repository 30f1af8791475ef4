import type { Address } from '../../wire/address.ts';
import type { Instant } from '../time.ts';

/**
 * Where on its way through a node a packet meets the table.
 *
 * `arriving`: it came from a link and has not been delivered or forwarded yet. When an entry has
 * taken a header off, the packet meets the arriving table again, up to four times in all.
 * `leaving`: the node sends it or forwards it, and no route has been chosen yet. One entry at most.
 */
export type Hook = 'arriving' | 'leaving';

/**
 * Which packets an entry is for; what is absent matches all. Addresses are those of the outermost
 * IPv6 or IPv4 header as it stands at the hook.
 *
 * An entry is for IPv4 packets where its `src` or `dst` is an IPv4 address (0.0.0.0 of no bits for all), else for
 * IPv6 packets.
 *
 * An entry never touches the Mobility Header (protocol 135) unless it names that protocol or sets
 * `mobility` (RFC 6275 section 6.1: those messages bypass binding cache and binding update list).
 *
 * Of a packet whose extension headers or options cannot be read, only addresses and flow label are known; of a
 * later fragment also the protocol and what stands before its Fragment header.
 */
export interface Match {
  /** Destination, whole (`length` absent) or its first `length` bits. */
  readonly dst?: Prefix;
  readonly src?: Prefix;
  /** Upper-layer protocol number, behind all extension headers; 41 or 4 for a tunnelled packet. */
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flowLabel?: number;
  /** The address in the Home Address option; `any` where only its presence counts. */
  readonly home?: Address | 'any';
  /** The address in a Type 2 Routing header with segments left; `any` as above. */
  readonly routing2?: Address | 'any';
  /**
   * Addresses of the packet inside, both of one version; only a tunnelled packet has them: protocol 41 or
   * 4, or UDP from or to port 4191 with an IPv6 or IPv4 packet in it.
   */
  readonly innerSrc?: Address;
  readonly innerDst?: Address;
  /** The entry is for Mobility Header messages too. */
  readonly mobility?: true;
  /**
   * The destination is an address of the node itself (or a group): what a header asks of its
   * destination is not done to packets on their way to others (RFC 8200 section 4).
   */
  readonly local?: true;
  /**
   * The entry is for what no other entry is for, however little that asks for: it comes last. So what
   * only counts or tells takes no packet from an entry that takes a header off.
   */
  readonly rest?: true;
}

/** A whole address or a prefix; `length` counts bits and is 128 (or 32) where absent. */
export interface Prefix {
  readonly address: Address;
  readonly length?: number;
}

export type DropReason =
  | 'tunnel-source-unverified' // not from a registered care-of address (RFC 6275 10.4.5)
  | 'no-home-agent' // its home address is away, and no home agent is known yet
  | 'policy';

/** Why a packet is handed to the control side. */
export type DivertReason =
  | 'mobility' // a Mobility Header message for this node
  | 'home-address-unverified' // Home Address option without a binding (RFC 6275 9.3.1)
  | 'routing-2-unknown' // Type 2 Routing header with an address not ours (RFC 6275 6.4)
  | 'tunnel-unverified' // a tunnelled packet that no entry takes
  | 'udp-tunnel' // a packet inside UDP that no entry takes out: signalling, or nobody's
  | 'esp' // an ESP packet for an association of this node
  | 'esp-wanted' // a packet that may leave only through ESP (RFC 6275 10.4.6)
  | 'esp-missing' // a Mobility Header message that should have come through ESP
  | 'service-client' // from a client that no server of a service address was given yet
  | 'dhcpv6'; // a DHCPv6 message for a client or server of the control side

/** What is done with a packet, in order. */
export type Action =
  /** An outer IPv6 header (RFC 2473): hop limit 64, flow label 0, DSCP and ECN copied. */
  | { readonly push: 'ipv6'; readonly src: Address; readonly dst: Address }
  /** Takes the outer IPv6 header and its extensions off; ECN as RFC 6040 section 4.2 says. */
  | { readonly pop: 'ipv6' }
  /** An outer IPv4 header (RFC 2003, RFC 4213) that no router may cut. */
  | { readonly push: 'ipv4'; readonly src: Address; readonly dst: Address }
  | { readonly pop: 'ipv4' }
  /** An outer header of either version, and a UDP header with its checksum behind it (`udp-tunnel.ts`). */
  | {
      readonly push: 'udp';
      readonly src: Address;
      readonly dst: Address;
      readonly sport: number;
      readonly dport: number;
    }
  /** Takes outer header and UDP header off; refuses wrong checksums and what is no IP packet. */
  | { readonly pop: 'udp' }
  /** Source becomes `careOf`, and the old source stands in a Home Address option (RFC 6275 6.3). */
  | { readonly insert: 'home-address'; readonly careOf: Address }
  /** The option's address becomes the source; the option goes, and its header if it was alone. */
  | { readonly apply: 'home-address' }
  /** Destination becomes `careOf`, and the old one stands in a Type 2 Routing header (6275 6.4). */
  | { readonly insert: 'routing-2'; readonly careOf: Address }
  /** The routing header's address becomes the destination; the header goes (RFC 6275 6.4). */
  | { readonly apply: 'routing-2' }
  /** Hands the packet to the control side, and nothing else happens to it. */
  | { readonly divert: 'control'; readonly reason: DivertReason }
  | { readonly drop: DropReason }
  /**
   * Tells the control side of the packet, which goes on its way; once a second for one entry, or for what
   * happens to one connection. The
   * addresses told are those at this point of the list: behind a `pop`, those of the packet inside.
   */
  | { readonly notify: NotifyReason };

export type NotifyReason =
  | 'tunnelled-from-peer' // a peer still sends through the home agent (RFC 6275 11.7.2)
  | 'tunnelled-to-peer'
  | 'connection' // only of TCP segments that begin or end a connection (`connection-segment.ts`)
  | 'session-to-peer' // packets of a session that a multihomed host may have to move
  | 'session-from-peer';

/**
 * One line of the forwarding table: the whole interface between what roles decide and what a data
 * plane does.
 *
 * Of the entries that match, the one is taken that asks for most bits of addresses (prefix lengths
 * added up; an address in an option or an inner header counts 128, its mere presence not), then
 * the one with the longest destination prefix, then with most other fields, then with the higher
 * priority, then with the lower id. Those of `rest` come behind all others, in the same order.
 */
export interface ForwardingEntry {
  /** Unique in the node, such as `binding/2001:db8:1::100/leaving`. A new one replaces the old. */
  readonly id: string;
  /** Which part of the control side made it, such as `home-agent`. */
  readonly owner: string;
  readonly at: Hook;
  readonly match: Match;
  readonly do: readonly Action[];
  readonly priority?: number;
  /** Link and next hop, where the entry does not leave them to the routes. */
  readonly out?: { readonly link: string; readonly nextHop?: Address };
  /** The data plane ignores the entry from this moment on, control side alive or not. */
  readonly expiresAt?: Instant;
  /**
   * The octets that the entry may send on in all, counted as they leave it, from when its id was
   * added. The data plane passes the entry over for a packet that would be more than that.
   */
  readonly credit?: number;
}

/**
 * What an entry has carried so far, packets as they came to it. A replaced entry goes on counting
 * where the old one stopped; a removed one begins at zero.
 */
export interface EntryUse {
  readonly packets: number;
  readonly octets: number;
}
