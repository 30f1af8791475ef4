import { type Address, formatAddress } from '../wire/address.ts';
import type { Action, ForwardingEntry } from './forwarding/entry.ts';
import { forward, unforward } from './part.ts';
import type { Output } from './role.ts';
import type { Instant } from './time.ts';

/** Where this node itself is, when it is away from home. */
export interface OwnPath {
  readonly home: Address;
  /** What its packets leave from. */
  readonly careOf: Address;
  readonly homeAgent: Address;
  /** Does the control side want to hear of peers that are reached through the tunnel? */
  readonly notify: boolean;
}

/** A binding of a peer, as far as sending needs it. */
interface PeerBinding {
  readonly careOf: Address;
  readonly expiresAt: Instant;
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
 * Source: RFC 6275 sections 9.3.2, 11.3.1.
 */
export class Paths {
  #own: OwnPath | undefined;
  /** Peers that accepted our binding, and the care-of address that they know. */
  readonly #registered = new Map<Address, { readonly careOf: Address; readonly until: Instant }>();
  readonly #peers = new Map<Address, PeerBinding>();

  get own(): OwnPath | undefined {
    return this.#own;
  }

  /** This node is now here; undefined: at home, nothing special is done to its packets. */
  setOwn(own: OwnPath | undefined): Output[] {
    const before = this.#own;
    this.#own = own;
    const outputs: Output[] = [];
    if (own !== undefined) outputs.push(...forward(tunnelEntry(own)));
    else if (before !== undefined) outputs.push(...unforward(tunnelId(before.home)));
    for (const peer of new Set([...this.#registered.keys(), ...this.#peers.keys()])) {
      outputs.push(...this.#refresh(peer, before?.home));
    }
    return outputs;
  }

  /** A peer holds our binding for this care-of address until then. */
  setRegistered(peer: Address, careOf: Address, until: Instant): Output[] {
    this.#registered.set(peer, { careOf, until });
    return this.#refresh(peer, this.#own?.home);
  }

  /** A peer holds no binding of ours, or none that is of use. */
  unsetRegistered(peer: Address): Output[] {
    return this.#registered.delete(peer) ? this.#refresh(peer, this.#own?.home) : [];
  }

  /** The care-of address that a peer knows us by. */
  registeredCareOf(peer: Address): Address | undefined {
    return this.#registered.get(peer)?.careOf;
  }

  /** A peer's home address is bound (undefined: no longer) in our cache. */
  setPeerBinding(home: Address, binding: PeerBinding | undefined): Output[] {
    if (binding === undefined) this.#peers.delete(home);
    else this.#peers.set(home, binding);
    const general = this.toPeerId(home);
    const outputs =
      binding === undefined
        ? unforward(general)
        : forward({
            id: general,
            owner: 'paths',
            at: 'leaving',
            match: { dst: { address: home } },
            do: [{ insert: 'routing-2', careOf: binding.careOf }],
            expiresAt: binding.expiresAt,
          });
    return [...outputs, ...this.#refresh(home, this.#own?.home)];
  }

  /** The entry that carries what we send to a bound peer from an address that is not away. */
  toPeerId(home: Address): string {
    return `path/to/${formatAddress(home)}`;
  }

  /** The entry that carries what we send to a registered peer, for asking whether it is in use. */
  fromHomeId(peer: Address): string {
    return peerId(this.#own?.home ?? peer, peer);
  }

  #refresh(peer: Address, oldHome: Address | undefined): Output[] {
    const own = this.#own;
    const registered = this.#registered.get(peer);
    const bound = this.#peers.get(peer);
    const unused = oldHome === undefined ? [] : unforward(peerId(oldHome, peer));
    if (own === undefined) return unused;
    if (registered === undefined && bound === undefined) return unused;
    const actions: Action[] = [];
    if (registered !== undefined) {
      actions.push({ insert: 'home-address', careOf: registered.careOf });
    }
    if (bound !== undefined) actions.push({ insert: 'routing-2', careOf: bound.careOf });
    if (registered === undefined) {
      actions.push({ push: 'ipv6', src: own.careOf, dst: own.homeAgent });
    }
    const ends = [registered?.until, bound?.expiresAt].filter((end) => end !== undefined);
    const entry: ForwardingEntry = {
      id: peerId(own.home, peer),
      owner: 'paths',
      at: 'leaving',
      match: { src: { address: own.home }, dst: { address: peer } },
      do: actions,
      expiresAt: Math.min(...ends) as Instant,
    };
    return forward(entry);
  }
}

const tunnelId = (home: Address) => `path/from/${formatAddress(home)}`;
const peerId = (home: Address, peer: Address) =>
  `path/from/${formatAddress(home)}/to/${formatAddress(peer)}`;

/** All that has no better way goes through the home agent, Mobility Header messages too. */
function tunnelEntry(own: OwnPath): ForwardingEntry {
  return {
    id: tunnelId(own.home),
    owner: 'paths',
    at: 'leaving',
    match: { src: { address: own.home }, mobility: true },
    do: [
      ...(own.notify ? [{ notify: 'tunnelled-to-peer' } as const] : []),
      { push: 'ipv6', src: own.careOf, dst: own.homeAgent },
    ],
  };
}
