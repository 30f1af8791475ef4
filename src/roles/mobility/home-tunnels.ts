import type { Binding } from '../../core/bindings/binding-cache.ts';
import {
  betweenThem,
  fromTunnelEntry,
  fromTunnelId,
  nothingBetweenThem,
  sameTunnel,
  type TunnelEnd,
  toHomeEntry,
  toHomeId,
} from '../../core/bindings/home-agent-entries.ts';
import type { NodeState } from '../../core/node-state.ts';
import { forward, unforward } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { after, type Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
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
  open(home: Address, end: TunnelEnd, expiresAt: Instant, now: Instant): Output[] {
    const address = this.#network.agentFor(home, now);
    const { env, protection } = this.#state;
    return [
      ...forward(
        fromTunnelEntry(address, home, end, expiresAt, env.without),
        ...(env.without.has('tunnel') ? [] : [toHomeEntry(address, home, end, expiresAt)]),
      ),
      ...protection.follow(home, end.careOf, expiresAt),
    ];
  }

  /** What comes from there is taken no more. */
  refuse(home: Address, end: TunnelEnd): Output[] {
    return unforward(fromTunnelId(home, end));
  }

  /** The tunnel is taken down. */
  close(home: Address, end: TunnelEnd): Output[] {
    const entries = unforward(toHomeId(home), fromTunnelId(home, end));
    return [...entries, ...this.#state.protection.follow(home, undefined)];
  }

  /** All that a binding has is taken down. */
  remove(binding: Binding): Output[] {
    return [...this.close(binding.home, binding), ...nothingBetweenThem(binding)];
  }

  /** A binding that is new, renewed, or taken up after a restart. @param before the last one. */
  follow(binding: Binding, before: Binding | undefined, now: Instant): Output[] {
    const { home, expiresAt } = binding;
    const moved = before !== undefined && !sameTunnel(before, binding);
    return [
      ...(moved ? this.#linger(before, now) : []),
      ...this.open(home, binding, expiresAt, now),
      ...betweenThem(this.#network.agentFor(home, now), binding),
    ];
  }

  /** What is under way from the last care-of address is taken for a while. */
  #linger(before: Binding, now: Instant): Output[] {
    const { home, expiresAt } = before;
    const { env, constants } = this.#state;
    const until = Math.min(after(now, constants.OLD_CARE_OF_LINGER), expiresAt) as Instant;
    const agent = this.#network.agentFor(home, now);
    return [
      ...(env.without.has('old-care-of-linger')
        ? this.refuse(home, before)
        : forward(fromTunnelEntry(agent, home, before, until, env.without))),
      ...nothingBetweenThem(before),
    ];
  }
}
