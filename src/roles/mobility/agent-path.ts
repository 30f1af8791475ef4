/** What a mobile node that is away sends to its home agent itself. */

import type { Paths } from '../../core/bindings/paths.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { forward, unforward } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { toAgentEnds } from '../../core/signalling/udp-signalling.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';

/** The binding that the home agent holds. */
export interface AgentBinding {
  readonly agent: Address;
  readonly careOf: Address;
  readonly until: Instant;
}

/**
 * The home agent holds a binding like any peer that was told, so what is for itself goes to it
 * straight, with a Home Address option, and not through a tunnel that it is the end of.
 * Source: RFC 6275 sections 9.3.1 and 11.3.1.
 */
export class AgentPath {
  readonly #home: Address;
  readonly #paths: Paths;
  #known: (AgentBinding & { readonly udp: boolean }) | undefined;

  constructor(home: Address, paths: Paths) {
    this.#home = home;
    this.#paths = paths;
  }

  /**
   * @param binding as it stands now; undefined: none that is of use from where the node is.
   * @param udp what goes to the home agent goes inside UDP: the tunnel's end is as good as any other.
   */
  follow(binding: AgentBinding | undefined, udp = false): Output[] {
    const before = this.#known;
    const { agent, careOf, until } = binding ?? {};
    const same = before?.careOf === careOf && before?.until === until && before?.agent === agent;
    if (same && (before?.udp ?? udp) === udp) return [];
    this.#known = binding && { ...binding, udp };
    const outputs: Output[] = [];
    if (before !== undefined && (before.agent !== agent || udp)) {
      outputs.push(...this.#paths.unsetRegistered(this.#home, before.agent));
    }
    if (before?.udp === true) outputs.push(...unforward(this.#signalsId));
    if (binding === undefined) return outputs;
    if (udp) return [...outputs, ...forward(this.#signals(binding))];
    return [
      ...outputs,
      ...this.#paths.setRegistered(this.#home, binding.agent, binding.careOf, binding.until),
    ];
  }

  get #signalsId(): string {
    return `self/signals/${formatAddress(this.#home)}`;
  }

  /** What is sent with a Home Address option by hand; updates choose their way themselves. */
  #signals({ agent, careOf, until }: AgentBinding): ForwardingEntry {
    return {
      id: this.#signalsId,
      owner: 'mobile-node',
      at: 'leaving',
      match: { src: { address: careOf }, dst: { address: agent }, home: this.#home },
      do: [{ push: 'udp', ...toAgentEnds(careOf, agent) }],
      expiresAt: until,
    };
  }
}
