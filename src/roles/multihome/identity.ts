import { arrivingEntryId } from '../../core/bindings/home-address-entries.ts';
import type { CgaIdentity, MultihomedHostConfig } from '../../core/config.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { AddressLifetime } from '../../core/neighbor-discovery/address-lifetime.ts';
import type { NodeState } from '../../core/node-state.ts';
import { forward, unforward } from '../../core/part.ts';
import { BindingUpdateList } from '../../core/peers/binding-update-list.ts';
import type { Output } from '../../core/role.ts';
import { between, type Duration, type Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { portEntries, portsOf } from './port-rules.ts';
import { diagnosticEntries, noticingEntry } from './sessions.ts';

/** What an identity is told of the host that it belongs to. */
export interface IdentityHost {
  /** How long an address of ours is valid yet; absent: it is none any more. */
  lifetimeOf(address: Address): AddressLifetime | undefined;
  /** Is it known that nothing of this peer comes to this address? */
  isCutOff(identity: Address, peer: Address): boolean;
}

/** How many peers one identity registers with, as the sessions are bounded together. */
type Config = Pick<MultihomedHostConfig, 'keys' | 'lifetime' | 'maxSessions' | 'policy'>;

/**
 * An address of a multihomed host as the identity of the sessions that began with it: what peers are
 * told of it, and what is taken for it at the other addresses.
 *
 * Source: RFC 6275 sections 6.4, 11.7.2; for an address without a home agent, seed multihome, figure 3.1.
 */
export class Identity {
  readonly address: Address;
  readonly list: BindingUpdateList;
  readonly #state: NodeState;
  readonly #ports: readonly number[];
  #takenAt: ReadonlySet<Address> = new Set();

  constructor(
    address: Address,
    config: Config,
    cga: CgaIdentity | undefined,
    host: IdentityHost,
    state: NodeState,
  ) {
    this.address = address;
    this.#state = state;
    this.#ports = portsOf(config.policy);
    const allowed = (careOf: Address, now: Instant): Duration => {
      const valid = [address, careOf].map((one) => host.lifetimeOf(one)?.validUntil ?? now);
      return Math.min(config.lifetime, ...valid.map((until) => between(now, until))) as Duration;
    };
    const identity = {
      home: address,
      lifetime: config.lifetime,
      allowed,
      isCutOff: (peer: Address) => host.isCutOff(address, peer),
    };
    const peers = { keys: config.keys, ...(cga && { cga }) };
    this.list = new BindingUpdateList(
      { home: address, maxPeers: config.maxSessions, peers },
      identity,
      ({ destination, tunnel }) => destination === address && tunnel === undefined,
      state,
    );
  }

  begin(): Output[] {
    return [...this.#state.paths.setNative(this.address, true), ...forward(...this.#entries())];
  }

  /** What comes to these addresses of ours behind a Type 2 Routing header with this one is taken. */
  takeAt(addresses: readonly Address[]): Output[] {
    const wanted = new Set(addresses.filter((one) => one !== this.address));
    const outputs: Output[] = [];
    for (const careOf of this.#takenAt) {
      if (!wanted.has(careOf)) outputs.push(...unforward(arrivingEntryId(this.address, careOf)));
    }
    for (const careOf of wanted) {
      if (!this.#takenAt.has(careOf)) outputs.push(...forward(routedEntry(this.address, careOf)));
    }
    this.#takenAt = wanted;
    return outputs;
  }

  end(): Output[] {
    return [
      ...this.takeAt([]),
      ...this.#state.paths.setNative(this.address, false),
      ...unforward(...this.#entries().map(({ id }) => id)),
    ];
  }

  /** What tells of sessions. */
  #entries(): ForwardingEntry[] {
    return [
      noticingEntry(this.address),
      ...diagnosticEntries(this.address),
      ...portEntries(this.address, this.#ports),
    ];
  }
}

/** From a peer that was told of this care-of address. Source: RFC 6275 section 6.4. */
function routedEntry(home: Address, careOf: Address): ForwardingEntry {
  return {
    id: arrivingEntryId(home, careOf),
    owner: 'multihomed-host',
    at: 'arriving',
    match: { dst: { address: careOf }, routing2: home },
    do: [{ apply: 'routing-2' }],
  };
}
