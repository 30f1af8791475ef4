import { type Address, formatAddress } from '../../wire/address.ts';
import type { Action, ForwardingEntry } from '../forwarding/entry.ts';
import { forward, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { toAgentEnds } from '../signalling/udp-signalling.ts';
import { type Duration, type Instant, milliseconds } from '../time.ts';

/** So long a packet may be under way for longer than the update was that made the binding. */
const UNDER_WAY: Duration = milliseconds(100);

/** Where this node itself is with one of its home addresses, when it is away from home. */
export interface OwnPath {
  readonly home: Address;
  /** What its packets leave from. */
  readonly careOf: Address;
  /** undefined: none is known yet, and what would go through it is dropped. */
  readonly homeAgent: Address | undefined;
  /** The tunnel is inside UDP. */
  readonly udp?: boolean;
  /** Does the control side want to hear of peers that are reached through the tunnel? */
  readonly notify: boolean;
}

/** A binding of ours at a peer. */
interface Registered {
  readonly careOf: Address;
  readonly until: Instant;
}

/** A binding of a peer, as far as sending needs it. */
interface PeerBinding {
  readonly careOf: Address;
  readonly expiresAt: Instant;
  /** The octets that may be sent there, where the care-of address is not proved (RFC 4866). */
  readonly credit?: number;
}

/**
 * The forwarding entries for packets that leave, made from what this node told others (its own
 * bindings at home agent and peers) and what others told it (its binding cache). One place makes
 * them because one packet may need both: a mobile node that sends to a mobile node.
 *
 *     at home or fixed    -> peer bound      Type 2 Routing header
 *     away, peer unaware                      tunnel to the home agent
 *     away, registered                        Home Address option
 *     away, registered    -> peer bound      both
 *     away, not registered -> peer bound     Type 2 Routing header, in the tunnel
 *
 * An identity without a home agent (`setNative`) is never away: what no binding of ours covers goes as
 * from a fixed address. What it sends to a peer that is followed is counted by one entry, the same
 * whether there is a binding or not.
 *
 * Source: RFC 6275 sections 9.3.2, 11.3.1.
 */
export class Paths {
  /** By home address: mostly one, two while the home network is renumbered. */
  readonly #own = new Map<Address, OwnPath>();
  /** By home address, the peers that accepted our binding, and the care-of address they know. */
  readonly #registered = new Map<Address, Map<Address, Registered>>();
  readonly #peers = new Map<Address, PeerBinding>();
  /** By identity without a home agent: the peers that are followed. */
  readonly #native = new Map<Address, Set<Address>>();

  /** Where this node is with a home address of its own; undefined: not away with it. */
  own(home: Address): OwnPath | undefined {
    return this.#own.get(home);
  }

  /** This node is now here; undefined: at home, nothing special is done to its packets. */
  setOwn(home: Address, own: Omit<OwnPath, 'home'> | undefined): Output[] {
    const before = this.#own.get(home);
    const outputs: Output[] = [];
    if (own !== undefined) {
      const path = { home, ...own };
      this.#own.set(home, path);
      outputs.push(...forward(tunnelEntry(path)));
    } else {
      this.#own.delete(home);
      if (before !== undefined) outputs.push(...unforward(tunnelId(home)));
    }
    const registered = this.#registered.get(home)?.keys() ?? [];
    for (const peer of new Set([...registered, ...this.#peers.keys()])) {
      outputs.push(...this.#refresh(home, peer, before !== undefined));
    }
    return outputs;
  }

  /** This address has no home agent, and the control side hears of peers that it sends to. */
  setNative(home: Address, isNative: boolean): Output[] {
    if (isNative === this.#native.has(home)) return [];
    if (isNative) {
      this.#native.set(home, new Set());
      return forward(nativeEntry(home));
    }
    const followed = [...this.#native.get(home)!];
    const outputs = followed.flatMap((peer) => this.follow(home, peer, false));
    this.#native.delete(home);
    return [...outputs, ...unforward(tunnelId(home))];
  }

  isNative(home: Address): boolean {
    return this.#native.has(home);
  }

  /** Counts what an identity without a home agent sends to a peer. */
  follow(home: Address, peer: Address, isFollowed: boolean): Output[] {
    const followed = this.#native.get(home);
    if (isFollowed) followed?.add(peer);
    else followed?.delete(peer);
    return this.#refresh(home, peer, true);
  }

  /** A peer holds our binding for this care-of address until then. */
  setRegistered(home: Address, peer: Address, careOf: Address, until: Instant): Output[] {
    const registered = this.#registered.get(home) ?? new Map<Address, Registered>();
    this.#registered.set(home, registered.set(peer, { careOf, until }));
    return this.#refresh(home, peer, this.#own.has(home));
  }

  /** A peer holds no binding of ours, or none that is of use. */
  unsetRegistered(home: Address, peer: Address): Output[] {
    const registered = this.#registered.get(home);
    if (registered?.delete(peer) !== true) return [];
    if (registered.size === 0) this.#registered.delete(home);
    return this.#refresh(home, peer, this.#own.has(home));
  }

  /** The care-of address that a peer knows us by. */
  registeredCareOf(home: Address, peer: Address): Address | undefined {
    return this.#registered.get(home)?.get(peer)?.careOf;
  }

  /** A peer's home address is bound (undefined: no longer) in our cache. */
  setPeerBinding(peer: Address, binding: PeerBinding | undefined): Output[] {
    if (binding === undefined) this.#peers.delete(peer);
    else this.#peers.set(peer, binding);
    const general = toPeerId(peer);
    const outputs =
      binding === undefined
        ? unforward(general)
        : forward({
            id: general,
            owner: 'paths',
            at: 'leaving',
            match: { dst: { address: peer } },
            do: [
              ...(this.#native.size > 0 ? [TO_PEER] : []),
              { insert: 'routing-2', careOf: binding.careOf },
            ],
            expiresAt: binding.expiresAt,
            ...(binding.credit === undefined ? {} : { credit: binding.credit }),
          });
    for (const home of this.#homes()) outputs.push(...this.#refresh(home, peer, true));
    return outputs;
  }

  /** The entries that carry what we send to a bound peer, for asking whether they are in use. */
  toPeerIds(peer: Address): string[] {
    const away = [...this.#homes()];
    return [
      toPeerId(peer),
      ...away.flatMap((home) => [peerId(home, peer), tunnelledId(home, peer)]),
    ];
  }

  /** The one of them that holds to a credit, where the peer's care-of address is not proved. */
  creditedId(peer: Address): string {
    return toPeerId(peer);
  }

  /** The entry that carries what we send to a registered peer, for asking whether it is in use. */
  fromHomeId(home: Address, peer: Address): string {
    return peerId(home, peer);
  }

  #homes(): IterableIterator<Address> | Address[] {
    return this.#native.size === 0
      ? this.#own.keys()
      : [...this.#own.keys(), ...this.#native.keys()];
  }

  /** @param wasAway there may be entries already. */
  #refresh(home: Address, peer: Address, wasAway: boolean): Output[] {
    const followed = this.#native.get(home);
    if (followed !== undefined) return this.#refreshNative(home, peer, followed.has(peer));
    const own = this.#own.get(home);
    const registered = this.#registered.get(home)?.get(peer);
    const bound = this.#peers.get(peer);
    const proved = bound?.credit === undefined ? bound : undefined;
    const straight = own && registered && straightEntry(home, peer, registered, proved);
    const tunnelled = own && bound && tunnelledEntry(own, peer, bound);
    return [
      ...(straight ? forward(straight) : wasAway ? unforward(peerId(home, peer)) : []),
      ...(tunnelled ? forward(tunnelled) : wasAway ? unforward(tunnelledId(home, peer)) : []),
    ];
  }

  #refreshNative(home: Address, peer: Address, isFollowed: boolean): Output[] {
    const registered = this.#registered.get(home)?.get(peer);
    const bound = this.#peers.get(peer);
    const proved = bound?.credit === undefined ? bound : undefined;
    if (registered !== undefined) {
      const entry = straightEntry(home, peer, registered, proved);
      return forward({ ...entry, do: [TO_PEER, ...entry.do] });
    }
    // One entry alone can hold to a credit: the one for all that is sent to this peer.
    if (!isFollowed || bound !== proved) return unforward(peerId(home, peer));
    return forward({
      ...nativeEntry(home),
      id: peerId(home, peer),
      match: { src: { address: home }, dst: { address: peer } },
      do: [TO_PEER, ...(bound === undefined ? [] : [toCareOf(bound)])],
      ...(bound !== undefined && { expiresAt: bound.expiresAt }),
    });
  }
}

const TO_PEER: Action = { notify: 'session-to-peer' };

/** What an identity without a home agent sends, as it stands. */
const nativeEntry = (home: Address): ForwardingEntry => ({
  id: tunnelId(home),
  owner: 'paths',
  at: 'leaving',
  match: { src: { address: home } },
  do: [TO_PEER],
});

/**
 * To a peer that knows our care-of address: with that as the source. The peer deletes its binding
 * when its lifetime ends (RFC 6275 section 9.1), and refuses what is under way then: the last
 * packets go by the home agent.
 */
function straightEntry(
  home: Address,
  peer: Address,
  registered: Registered,
  bound: PeerBinding | undefined,
): ForwardingEntry {
  return {
    id: peerId(home, peer),
    owner: 'paths',
    at: 'leaving',
    match: { src: { address: home }, dst: { address: peer } },
    do: [
      { insert: 'home-address', careOf: registered.careOf },
      ...(bound === undefined ? [] : [toCareOf(bound)]),
    ],
    priority: 1,
    expiresAt: Math.min(
      registered.until - UNDER_WAY,
      bound?.expiresAt ?? registered.until,
    ) as Instant,
  };
}

/**
 * To a bound peer that does not know us, or whose binding of us has run out this moment. It is
 * there as long as the peer's binding: the entry for senders at home would leave with a source that
 * no router here lets pass.
 */
function tunnelledEntry(own: OwnPath, peer: Address, bound: PeerBinding): ForwardingEntry {
  return {
    id: tunnelledId(own.home, peer),
    owner: 'paths',
    at: 'leaving',
    match: { src: { address: own.home }, dst: { address: peer } },
    do: [
      // The tunnel is the longer way: the control side hears of it here as for any other peer.
      ...(own.notify ? [{ notify: 'tunnelled-to-peer' } as const] : []),
      // One entry alone can hold to a credit; what goes from here goes to the peer's home address.
      ...(bound.credit === undefined ? [toCareOf(bound)] : []),
      throughAgent(own),
    ],
    expiresAt: bound.expiresAt,
  };
}

/** The entry for what an address sends that is not away. */
const toPeerId = (home: Address) => `path/to/${formatAddress(home)}`;
const tunnelId = (home: Address) => `path/from/${formatAddress(home)}`;
const peerId = (home: Address, peer: Address) =>
  `path/from/${formatAddress(home)}/to/${formatAddress(peer)}`;
const tunnelledId = (home: Address, peer: Address) => `${peerId(home, peer)}/by-agent`;

/** All that has no better way goes through the home agent, Mobility Header messages too. */
function tunnelEntry(own: OwnPath): ForwardingEntry {
  return {
    id: tunnelId(own.home),
    owner: 'paths',
    at: 'leaving',
    match: { src: { address: own.home }, mobility: true },
    do: [...(own.notify ? [{ notify: 'tunnelled-to-peer' } as const] : []), throughAgent(own)],
  };
}

const toCareOf = ({ careOf }: PeerBinding): Action => ({ insert: 'routing-2', careOf });

function throughAgent({ careOf, homeAgent, udp = false }: OwnPath): Action {
  if (homeAgent === undefined) return { drop: 'no-home-agent' };
  if (udp) return { push: 'udp', ...toAgentEnds(careOf, homeAgent) };
  return { push: 'ipv6', src: careOf, dst: homeAgent };
}
