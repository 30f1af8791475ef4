/** What a node is told to be. Scenario files and the daemon's file both come down to this. */
import type { Address } from '../wire/address.ts';
import type { EspAlgorithm } from './security/esp-algorithms.ts';
import type { RepeatedCheck } from './service-check.ts';
import type { Asking } from './signalling/heartbeats.ts';
import type { Duration } from './time.ts';

/** How a home registration is proved to the home agent. */
export type Authentication =
  | { readonly method: 'none' }
  | { readonly method: 'rfc4285'; readonly spi: number; readonly key: Uint8Array }
  | {
      /** ESP with configured keys; without `tunnel` Home Tests go through the plain tunnel. */
      readonly method: 'esp';
      readonly transport: EspAssociations;
      readonly tunnel?: EspAssociations;
    };

/** One security association, which is for one direction. */
export interface EspAssociation {
  readonly spi: number;
  readonly algorithm: EspAlgorithm;
  /** As `espKeySize` says: encryption key, then the key of the hash or the salt. */
  readonly key: Uint8Array;
}

/** Both directions between a mobile node and its home agent. */
export interface EspAssociations {
  readonly toAgent: EspAssociation;
  readonly toNode: EspAssociation;
}

/** Router Advertisements on one link (RFC 4861 section 6.2.1, RFC 6275 section 7). */
export interface AdvertisementConfig {
  readonly link: string;
  readonly prefix: Address;
  readonly prefixLength: number;
  /** Unsolicited ones come after a time drawn evenly between the two. */
  readonly minInterval: Duration;
  readonly maxInterval: Duration;
  /** A solicitation is answered after a time drawn from 0 to this (RFC 4861: 500 ms). */
  readonly solicitedDelay: Duration;
  readonly routerLifetime: Duration;
  readonly validLifetime: Duration;
  readonly preferredLifetime: Duration;
  /** Set where the router is a home agent: H bit, and R bit with this whole address. */
  readonly homeAgent?: { readonly address: Address; readonly preference: number };
  /** Send the Advertisement Interval option (RFC 6275 section 7.3). */
  readonly intervalOption: boolean;
  readonly mtu?: number;
  /** Hosts make no addresses of the prefix themselves: no A bit. */
  readonly autonomous?: false;
  /** Addresses are to be had by DHCPv6: M bit. */
  readonly managed?: true;
}

/** A DHCPv6 server on one link (RFC 8415). */
export interface Dhcpv6ServerConfig {
  readonly link: string;
  /** Addresses in it belong to the link (Confirm). */
  readonly prefix: Address;
  readonly prefixLength: number;
  /** The addresses that it leases: so many in a row. */
  readonly first: Address;
  readonly poolSize: number;
  readonly validLifetime: Duration;
  readonly preferredLifetime: Duration;
  /** Two messages are enough where the client wants it so. */
  readonly rapidCommit: boolean;
}

export interface AccessRouterConfig {
  readonly advertisements: readonly AdvertisementConfig[];
  readonly dhcpv6?: readonly Dhcpv6ServerConfig[];
}

export interface HomeAgentConfig {
  /** The home link, and this agent's address on it (the one that mobile nodes are configured with). */
  readonly link: string;
  readonly address: Address;
  readonly prefix: Address;
  readonly prefixLength: number;
  readonly mobileNodes: readonly {
    readonly home: Address;
    readonly authentication: Authentication;
  }[];
  /** Registrations of any home address in the prefix are taken unproved (teaching, other makes). */
  readonly allowUnauthenticated: boolean;
  readonly maxBindings: number;
  /** Takes updates and tunnels inside UDP. */
  readonly udpEncapsulation?: true;
  readonly advertisement?: AdvertisementConfig;
}

/** What two nodes were told beforehand (RFC 4449): Kcn and the two nonces, the same at both. */
export interface ConfiguredKey {
  readonly key: Uint8Array;
  readonly homeNonce: Uint8Array;
  readonly careOfNonce: Uint8Array;
}

/** The key that a home address was made from (RFC 3972). */
export interface CgaIdentity {
  /** PKCS #8 in DER. */
  readonly privateKey: Uint8Array;
  /** CGA Parameters as they stand in messages. */
  readonly parameters: Uint8Array;
}

/** What lets a node bind addresses of a prefix that is somebody's (core/security/delegation.ts). */
export interface DelegatedKey {
  /** Ed25519, 32 octets. */
  readonly privateKey: Uint8Array;
  /** The delegation for its other half, as it stands in messages. */
  readonly delegation: Uint8Array;
}

/** Whose word it takes to bind addresses of a prefix. */
export interface Authority {
  readonly prefix: { readonly address: Address; readonly length: number };
  /** Ed25519, 32 octets. */
  readonly key: Uint8Array;
}

/** How a mobile node proves itself to peers; to all others by return routability. */
export interface PeerProofConfig {
  /** To those that know RFC 4866. */
  readonly cga?: CgaIdentity;
  /** To these, by their addresses. */
  readonly keys: ReadonlyMap<Address, ConfiguredKey>;
}

/** What a node registers with a home agent, or a server with the one that hands it clients. */
export interface HomeRegistrationConfig {
  readonly home: Address;
  /** Absent: one is found by dynamic home agent address discovery (RFC 6275 section 11.4.1). */
  readonly homeAgent: Address | undefined;
  readonly authentication: Authentication;
  readonly lifetime: Duration;
  /** Goes inside UDP where nothing else gets through; not with ESP. */
  readonly udpEncapsulation?: true;
  /** Shown with each update, for agents that ask who may serve the address. */
  readonly delegation?: DelegatedKey;
}

export interface MobileNodeConfig extends HomeRegistrationConfig {
  readonly homePrefixLength: number;
  /** Interfaces that may carry the node, most wanted first. */
  readonly links: readonly string[];
  readonly dad: 'optimistic' | 'normal' | 'off';
  readonly routeOptimisation: boolean;
  readonly maxPeers: number;
  /** Absent: return routability alone. */
  readonly peers?: PeerProofConfig;
}

/** The key that all addresses of a node are made from, one in each prefix (RFC 3972). */
export interface CgaKey {
  /** PKCS #8 in DER. */
  readonly privateKey: Uint8Array;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** 16 octets that fit `sec` (RFC 3972 section 4). */
  readonly modifier: Uint8Array;
  readonly sec: number;
}

/** How a multihomed host notices that a path does not carry any more. */
export interface ProbeConfig {
  /** So long nothing comes before a path in use is asked; between questions as well. */
  readonly interval: Duration;
  /** After so many intervals without anything, questions unanswered, the path is dead. */
  readonly threshold: number;
  /** A path that carried nothing for so long is not in use. */
  readonly idle: Duration;
  /** So long a path that was dead answers before sessions come back to it. */
  readonly hold: Duration;
}

/** A provider as the operator names it: by the interface, or by its prefix where a link has several. */
export interface ProviderName {
  readonly link?: string;
  readonly prefix?: { readonly address: Address; readonly length: number };
}

/** Which provider is wanted more; without a word on that, sessions stay where they began. */
export interface ProviderPolicy {
  /** Most wanted first. */
  readonly prefer: readonly ProviderName[];
  /** What an octet costs, in whatever unit; 0 if absent. The cheaper one is wanted. */
  readonly costs: readonly { readonly of: ProviderName; readonly cost: number }[];
  /** Bit a second; of those that cost the same the faster one is wanted. */
  readonly bandwidths: readonly { readonly of: ProviderName; readonly bandwidth: number }[];
  /** For sessions with these prefixes, or that began with this port, instead of `prefer`; the first that fits. */
  readonly rules: readonly {
    readonly to?: { readonly address: Address; readonly length: number };
    readonly port?: number;
    readonly prefer: readonly ProviderName[];
  }[];
}

export interface MultihomedHostConfig {
  /** Interfaces that lead to providers, in the order in which they are wanted for want of a policy. */
  readonly links: readonly string[];
  /** The interface identifier of all addresses, 8 octets; absent: that of each interface. */
  readonly identifier?: string;
  /** Absent: sessions are proved by return routability alone. */
  readonly cga?: CgaKey;
  /** Peers that share a key with this node, by their addresses. */
  readonly keys: ReadonlyMap<Address, ConfiguredKey>;
  /** What it asks peers for, where its proof does not wear out. */
  readonly lifetime: Duration;
  readonly dad: 'optimistic' | 'normal' | 'off';
  readonly maxSessions: number;
  readonly probe: ProbeConfig;
  readonly policy: ProviderPolicy;
}

/** A service address that several servers answer for, and who they are. */
export interface ServiceConfig {
  readonly service: Address;
  /** The IPv4 address that the same servers answer from. */
  readonly service4?: Address;
  /** This node's own IPv4 address: where servers meet it whose network has no IPv6. */
  readonly address4?: Address;
  /** The link that it is held on; absent: the routes of the network lead to it, and nobody is asked. */
  readonly link?: string;
  /** This node's own address, on that link. */
  readonly address: Address;
  /** Clients come to the server that is nearest to them, and are its own. */
  readonly nearest?: true;
  /** The servers, in the order in which they stand in for the master. */
  readonly members: readonly {
    readonly address: Address;
    readonly authentication: Authentication;
  }[];
  /** Who gets a new client; see core/service/clients/selection.ts. */
  readonly policy: 'rotation' | 'least-load' | 'nearest' | 'rendezvous';
  readonly maxClients: number;
  /** When all clients are in use, a new one is given a server by a hash, packet by packet. */
  readonly byHash?: true;
  /** It keeps servers and clients in step with the other agents of the address. */
  readonly shared?: true;
  /** UDP ports at which QUIC is spoken: a session there stays with its server. */
  readonly quicPorts?: readonly number[];
  /** Of an agent: the higher one is found before others (RFC 6275 section 10.5.1); 0 if absent. */
  readonly preference?: number;
  /** What it shows to those that ask who may bind the address. */
  readonly delegation?: DelegatedKey;
  /** Servers of these prefixes join with a delegation alone. */
  readonly authorities?: readonly Authority[];
  /** Whether the programs of the servers answer; absent: nobody asks. */
  readonly check?: RepeatedCheck;
  /** How servers are asked whether they are there; by heartbeats, and by echo who knows none, if absent. */
  readonly watch?: Asking;
}

/** One of the servers of a service address. */
export interface ServerConfig extends ServiceConfig {
  /** Its network has no IPv6: the IPv4 addresses of its agents, by their own ones. */
  readonly overIpv4?: ReadonlyMap<Address, Address>;
  /** How it proves itself to whoever holds the service address. */
  readonly authentication: Authentication;
  /** What it asks that one for. */
  readonly lifetime: Duration;
  /** What it asks clients for. */
  readonly clientLifetime: Duration;
  /** False: what it sends to clients that it is not registered with goes back by the holder. */
  readonly directReturn: boolean;
  readonly maxPeers: number;
  /** Absent: return routability alone. */
  readonly peers?: PeerProofConfig;
}

/** A server on the link of its service address, which stands in for the master. */
export interface ContentSlaveConfig extends ServerConfig {
  readonly master: Address;
}

/** By which address agents are found: the service's own, that of a group, the Home-Agents anycast address. */
export type FindAgents = 'anycast' | 'multicast' | 'discovery';

/** A server of an anycast address, on any link. */
export interface AnycastServerConfig extends ServerConfig {
  /** Those that hand it clients, as far as the operator names them; none where routes alone do. */
  readonly agents: readonly Address[];
  /** How it finds them otherwise: by what answers at the anycast address, in their group, or to DHAAD. */
  readonly findAgents?: FindAgents;
  /** Its own addresses on other links, most wanted first: it is met there when its own is gone. */
  readonly otherAddresses?: readonly Address[];
  /** They share what they know: one of them is joined, the next one when that one is silent. */
  readonly agentsShare?: true;
  /** Sessions that it can bear, beside what the other servers can. */
  readonly capacity: number;
  /** It knows nothing of heartbeats, as servers of another make (for experiments). */
  readonly noHeartbeats?: true;
  /** Prefixes whose clients it is near to. */
  readonly near: readonly { readonly address: Address; readonly length: number }[];
}

export interface CorrespondentNodeConfig {
  readonly maxBindings: number;
  /** Home addresses made of keys are taken at their word (RFC 4866); true if absent. */
  readonly enhanced?: boolean;
  /** Home addresses that are proved by a configured key, and by nothing else (RFC 4449). */
  readonly keys?: ReadonlyMap<Address, ConfiguredKey>;
  /** Addresses of these prefixes are bound with a delegation alone. */
  readonly authorities?: readonly Authority[];
}

/** Each part that is there is a role that the node plays; all share one set of bindings. */
export interface NodeConfig {
  readonly name: string;
  readonly accessRouter?: AccessRouterConfig;
  readonly homeAgent?: HomeAgentConfig;
  readonly mobileNode?: MobileNodeConfig;
  readonly correspondentNode?: CorrespondentNodeConfig;
  readonly multihomedHost?: MultihomedHostConfig;
  readonly contentMaster?: ServiceConfig;
  readonly contentSlave?: ContentSlaveConfig;
  readonly anycastAgent?: ServiceConfig;
  readonly anycastServer?: AnycastServerConfig;
}
