import type { Binding } from '../../core/binding-cache.ts';
import { homeAddressEntryId } from '../../core/home-address-entries.ts';
import type { NodeState } from '../../core/node-state.ts';
import { forward, unforward } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { after, type Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import {
  agentToHomeId,
  betweenThem,
  fromTunnelEntry,
  fromTunnelId,
  toHomeEntry,
  toHomeId,
} from './home-agent-entries.ts';
import type { HomeNetwork } from './home-network.ts';

/**
 * The tunnels of a home agent as forwarding entries, which follow the bindings.
 *
 * Supported standards: RFC 6275 sections 10.4.2 and 10.4.5.
 */
export class HomeTunnels {
  readonly #state: NodeState;
  readonly #network: HomeNetwork;

  constructor(state: NodeState, network: HomeNetwork) {
    this.#state = state;
    this.#network = network;
  }

  /** The tunnel, both ways. */
  open(home: Address, careOf: Address, expiresAt: Instant, now: Instant): Output[] {
    const address = this.#network.agentFor(home, now);
    const { env, protection } = this.#state;
    return [
      ...forward(
        fromTunnelEntry(address, home, careOf, expiresAt, env.without),
        ...(env.without.has('tunnel') ? [] : [toHomeEntry(address, home, careOf, expiresAt)]),
      ),
      ...protection.follow(home, careOf, expiresAt),
    ];
  }

  /** What comes from there is taken no more. */
  refuse(home: Address, careOf: Address): Output[] {
    return unforward(fromTunnelId(home, careOf));
  }

  /** The tunnel is taken down. */
  close(home: Address, careOf: Address): Output[] {
    const entries = unforward(toHomeId(home), fromTunnelId(home, careOf));
    return [...entries, ...this.#state.protection.follow(home, undefined)];
  }

  /** All that a binding has is taken down. */
  remove(home: Address, careOf: Address): Output[] {
    const between = unforward(agentToHomeId(home), homeAddressEntryId(home, careOf));
    return [...this.close(home, careOf), ...between];
  }

  /** A binding that is new, renewed, or taken up after a restart. @param before the last one. */
  follow(binding: Binding, before: Binding | undefined, now: Instant): Output[] {
    const { home, careOf, expiresAt } = binding;
    const moved = before !== undefined && before.careOf !== careOf;
    return [
      ...(moved ? this.#linger(before, now) : []),
      ...this.open(home, careOf, expiresAt, now),
      ...forward(...betweenThem(this.#network.agentFor(home, now), binding)),
    ];
  }

  /** What is under way from the last care-of address is taken for a while. */
  #linger({ home, careOf, expiresAt }: Binding, now: Instant): Output[] {
    const { env, constants } = this.#state;
    const until = Math.min(after(now, constants.OLD_CARE_OF_LINGER), expiresAt) as Instant;
    const agent = this.#network.agentFor(home, now);
    return [
      ...(env.without.has('old-care-of-linger')
        ? this.refuse(home, careOf)
        : forward(fromTunnelEntry(agent, home, careOf, until, env.without))),
      ...unforward(homeAddressEntryId(home, careOf)),
    ];
  }
}
