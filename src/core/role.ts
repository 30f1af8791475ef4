/**
 * The one interface between what decides (roles) and what does (a driver: the simulator, Linux).
 *
 * A role is told the time and everything that happens, and gives back what to do. It reads no clock,
 * holds no socket, and throws on nothing that a peer can send.
 */
import type { Address } from '../wire/address.ts';
import type { Binding } from './bindings/binding-cache.ts';
import type { Authentication } from './config.ts';
import type { ConstantName } from './constants.ts';
import type { Counter } from './counters.ts';
import type { CareofEvent } from './events.ts';
import type { ConnectionSegment } from './forwarding/connection-segment.ts';
import type { DivertReason, EntryUse, ForwardingEntry, NotifyReason } from './forwarding/entry.ts';
import type { Tunnel } from './forwarding/execute.ts';
import type { Mechanism } from './mechanisms.ts';
import type { MultihomingView } from './multihoming-view.ts';
import type { Renumbering } from './neighbor-discovery/link-prefixes.ts';
import type { SharedView } from './service/sharing/shared-view.ts';
import type { CheckResult, ServiceCheck } from './service-check.ts';
import type { ServiceView } from './service-view.ts';
import type { SharedEntry, SharedNews } from './shared-store.ts';
import type { TableSizes } from './tables.ts';
import type { Duration, Instant } from './time.ts';

/** Six octets of an Ethernet address, held like an `Address`: one character an octet. */
export type LinkAddress = string & { readonly link: 'address' };

export type Input =
  /** The first input of all, and the only one after which nothing was there before. */
  | { readonly kind: 'start' }
  /** Something stored by `store` in an earlier life; all of them come right after `start`. */
  | { readonly kind: 'restored'; readonly key: string; readonly value: string }
  /** A link is there, comes up, goes down. `up` after `down` may be another network. */
  | {
      readonly kind: 'link';
      readonly link: string;
      readonly up: boolean;
      readonly linkAddress: LinkAddress;
      readonly mtu: number;
    }
  /** The kernel has (or no longer has) an address that may be sent from and to. */
  | {
      readonly kind: 'address';
      readonly link: string;
      readonly address: Address;
      readonly present: boolean;
    }
  /**
   * A packet for the control side: diverted by an entry, or an ICMPv6 packet that the kernel got
   * (Neighbor Discovery, errors, 144-147), of which the control side always has a copy.
   */
  | {
      readonly kind: 'packet';
      readonly link: string;
      /** From the IPv6 header on. */
      readonly octets: Uint8Array;
      readonly reason: DivertReason | 'icmpv6';
      /** Where the packet came out of a tunnel: the addresses of that tunnel. */
      readonly tunnel?: Tunnel;
      /** Sender on the link, where the link has such addresses. */
      readonly from?: LinkAddress;
    }
  /** An entry with `notify` carried a packet (at most one notice a second for a pair of addresses). */
  | {
      readonly kind: 'notice';
      readonly entry: string;
      readonly reason: NotifyReason;
      readonly src: Address;
      readonly dst: Address;
      readonly connection?: ConnectionSegment;
    }
  /** What entries carried since they were made, in the order asked for; zeros for unknown ones. */
  | { readonly kind: 'answer'; readonly id: string; readonly use: readonly EntryUse[] }
  /** What the names service knows of what was asked; nothing where nobody answered in time. */
  | ({ readonly kind: 'resolved'; readonly id: string } & Resolved)
  /**
   * The connections that were asked for, as another kernel of the same kind takes them. Undefined: they
   * cannot be taken out just now, or are too much, and have stayed.
   */
  | { readonly kind: 'detached'; readonly id: string; readonly state: Uint8Array | undefined }
  /** Connections that were to be put into the kernel are in it, or none of them is. */
  | { readonly kind: 'attached'; readonly id: string; readonly ok: boolean }
  /** What nodes that share something with this one have shared (`follow`); its own comes back too. */
  | ({ readonly kind: 'shared' } & SharedNews)
  /** What became of a `check`. */
  | { readonly kind: 'checked'; readonly id: string; readonly result: CheckResult }
  /** The operator's word; what can be said depends on the role. */
  | { readonly kind: 'command'; readonly command: Command }
  /** `deadline()` has come. */
  | { readonly kind: 'tick' };

export type Command =
  /** Use this link for what is sent from now on, as long as it works. */
  | { readonly do: 'prefer'; readonly link: string }
  /** The home agent takes this home address's binding back (RFC 5846). */
  | { readonly do: 'revoke'; readonly home: Address }
  /** The home agent serves this home address from now on, or (without proof to ask for) no more. */
  | { readonly do: 'serve'; readonly home: Address; readonly authentication?: Authentication }
  /** A server hands a client to another server of their address, with its connections. */
  | { readonly do: 'hand-over'; readonly client: Address; readonly to: Address }
  /** A server goes away: clients that cannot go elsewhere are waited for so long. */
  | { readonly do: 'drain'; readonly within: Duration }
  /** It stays, or is back. */
  | { readonly do: 'undrain' }
  /** A home agent asks this peer every minute whether it is there (RFC 5847). */
  | { readonly do: 'watch'; readonly peer: Address }
  /** A router's link gets other prefixes (RFC 6275 section 10.6). */
  | { readonly do: 'renumber'; readonly link: string; readonly change: Renumbering };

export type Output =
  /**
   * Sends a packet. With `link` it goes out there as it stands, to `nextHop` or else to its own
   * destination on that link. Without, it meets the forwarding table at `leaving` and the routes
   * decide, as for what the node's programs send (so Mobility Header messages rely on the rule that
   * entries for bound addresses do not touch them, RFC 6275 section 6.1).
   */
  | {
      readonly kind: 'transmit';
      readonly octets: Uint8Array;
      readonly link?: string;
      readonly nextHop?: Address;
      /** Where the receiver's address on the link is known and need not be resolved. */
      readonly to?: LinkAddress;
    }
  | { readonly kind: 'forward'; readonly entry: ForwardingEntry }
  | { readonly kind: 'unforward'; readonly id: string }
  /**
   * Gives the kernel an address or takes it away. The kernel does no DAD of its own for it.
   * `link` may be `careof0`, which carries no packets: an address there is only an identity.
   * `optimistic`: used, but announced with care (RFC 4429). `preferred`: chosen as source for new
   * connections before all others (RFC 6724 rule 4). `deprecated`: for sessions that
   * there are, not for new ones where another will do (rule 3). `anycast`: others have it too, so nothing is
   * sent from it and the kernel gives no input for it (RFC 4291 section 2.6).
   */
  | {
      readonly kind: 'address';
      readonly action: 'add' | 'remove';
      readonly link: string;
      readonly address: Address;
      readonly prefixLength: number;
      readonly optimistic?: boolean;
      readonly preferred?: boolean;
      readonly anycast?: boolean;
      readonly deprecated?: boolean;
    }
  /**
   * A route; without `via` the prefix is on the link. With `source` it holds only for packets from
   * that address, and is taken before routes for all. Lower `metric` first.
   */
  | {
      readonly kind: 'route';
      readonly action: 'add' | 'remove';
      readonly prefix: Address;
      readonly prefixLength: number;
      readonly link: string;
      readonly via?: Address;
      readonly source?: Address;
      readonly metric?: number;
    }
  /** Receives a multicast group on a link (proxied addresses, tentative addresses), or no longer. */
  | {
      readonly kind: 'group';
      readonly action: 'join' | 'leave';
      readonly link: string;
      readonly group: Address;
    }
  /** Keeps a value over a restart; without `value` forgets it. */
  | { readonly kind: 'store'; readonly key: string; readonly value?: string }
  /** Asks what entries have carried; comes back as `answer` with the same id, at once. */
  | { readonly kind: 'ask'; readonly id: string; readonly entries: readonly string[] }
  /** Asks the Domain Name System; comes back as `resolved` with the same id, some time later. */
  | { readonly kind: 'resolve'; readonly id: string; readonly question: ResolveQuestion }
  /**
   * Takes all TCP connections between two addresses out of the kernel, in at most so many octets; comes
   * back as `detached`. Their packets are kept from the kernel before.
   */
  | {
      readonly kind: 'detach';
      readonly id: string;
      readonly local: Address;
      readonly remote: Address;
      readonly most: number;
    }
  /**
   * Puts such connections into the kernel, if they are between these two; comes back as `attached`. Their
   * packets may reach the kernel then.
   */
  | {
      readonly kind: 'attach';
      readonly id: string;
      readonly local: Address;
      readonly remote: Address;
      readonly state: Uint8Array;
    }
  /**
   * Asks a service whether it is there, as a program of this node would, from an address and a port of it;
   * comes back as `checked` with the same id, within that time. Nothing of the connection is left then.
   */
  | {
      readonly kind: 'check';
      readonly id: string;
      readonly source: Address;
      readonly sourcePort: number;
      readonly destination: Address;
      readonly check: ServiceCheck;
      readonly within: Duration;
    }
  /** Tells the nodes that this one shares something with; see core/shared-store.ts. */
  | { readonly kind: 'share'; readonly entry: SharedEntry }
  /** Wants to be told of all that is shared under a prefix, from now on; comes as `shared`. */
  | { readonly kind: 'follow'; readonly prefix: string }
  | { readonly kind: 'count'; readonly counter: Counter }
  | { readonly kind: 'event'; readonly event: CareofEvent };

/** The addresses of a name, or the names of an address. */
export type ResolveQuestion = { readonly name: string } | { readonly address: Address };

/** One of the two lists is empty, or both. */
export interface Resolved {
  readonly addresses: readonly Address[];
  readonly names: readonly string[];
}

export interface Role {
  /** Feeds one input in and returns what to do, in order. Never throws on what a peer sent. */
  handle(input: Input, now: Instant): Output[];
  /** When the driver must next give a `tick`; undefined means never. */
  deadline(): Instant | undefined;
  /** What its tables hold just now, for measurements. */
  sizes?(): TableSizes;
  /** What it would say of itself, for an operator who asks; nothing of it may be changed. */
  inspect?(): RoleView;
}

/** What a role says of itself beside its events. */
export interface RoleView {
  /** What it was told by others: home registrations and those of peers. */
  readonly bindings: Iterable<Binding>;
  /** Of a host with several providers: what becomes of its sessions. */
  readonly multihoming?: MultihomingView;
  /** Of a server or holder of a service address: its servers and clients. */
  readonly service?: ServiceView;
  /** Of an anycast agent: what it knows together with the other agents; the same at all of them. */
  readonly shared?: SharedView;
}

/** Dice for jitter and spreading: a number in [0, 1). Never for secrets. */
export type Random = () => number;
/** Octets that nobody can guess: nonces, keys, cookies. */
export type Secrets = (count: number) => Uint8Array;

/** Hash functions and ciphers, handed in by the caller (node:crypto in the lab, the daemon and the tests). */
export interface Cryptography {
  sha1(data: Uint8Array): Uint8Array;
  hmacSha1(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Absent: nothing that needs a public key is offered or accepted. */
  readonly rsa?: Rsa;
  /** Absent: no delegation can be shown or asked for. */
  readonly ed25519?: Ed25519;
  // What ESP needs; absent where a caller cannot do it (then no node may be configured with it).
  hmacSha256?(key: Uint8Array, data: Uint8Array): Uint8Array;
  readonly aesCbc?: BlockCipher;
  readonly aesGcm?: SealingCipher;
}

/**
 * RSA with keys in DER: a private key as PKCS #8, a public key as SubjectPublicKeyInfo. Public keys
 * and what belongs to them come from peers, so what cannot be used is a value and never throws.
 *
 * Source: RFC 3972 section 6 (RSASSA-PKCS1-v1_5 with SHA-1), RFC 4866 (RSAES-PKCS1-v1_5).
 */
export interface Rsa {
  /** Throws where the key, which is our own, is none. */
  sign(privateKey: Uint8Array, data: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
  /** The padding is drawn from `secrets`. Undefined where the key is none, or too short. */
  encrypt(publicKey: Uint8Array, data: Uint8Array, secrets: Secrets): Uint8Array | undefined;
  decrypt(privateKey: Uint8Array, data: Uint8Array): Uint8Array | undefined;
}

/**
 * Ed25519 with keys of 32 octets and signatures of 64. Public keys and signatures come from peers, so what
 * cannot be used verifies nothing and never throws. Source: RFC 8032 section 5.1.
 */
export interface Ed25519 {
  /** Throws where the key, which is our own, is none. */
  sign(privateKey: Uint8Array, data: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
}

/** AES-CBC over whole blocks of 16 octets, without padding of its own. */
export interface BlockCipher {
  encrypt(key: Uint8Array, iv: Uint8Array, clear: Uint8Array): Uint8Array;
  decrypt(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** AES-GCM: the sealed octets end in a tag of 16; `open` gives undefined where the tag is wrong. */
export interface SealingCipher {
  seal(key: Uint8Array, nonce: Uint8Array, additional: Uint8Array, clear: Uint8Array): Uint8Array;
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    additional: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined;
}

/** What every role is given when it is made. */
export interface Environment {
  readonly random: Random;
  readonly secrets: Secrets;
  readonly crypto: Cryptography;
  /** Wall-clock time at instant 0, microseconds since 1970-01-01 (for RFC 4285's timestamps). */
  readonly epoch: number;
  /** Mechanisms that are taken away in this run (`--without`). */
  readonly without: ReadonlySet<Mechanism>;
  /** Protocol constants that the scenario or the operator sets; absent ones are the RFC's. */
  readonly constants: Partial<Record<ConstantName, Duration>>;
}
