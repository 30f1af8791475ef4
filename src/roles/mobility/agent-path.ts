/** What a mobile node that is away sends to its home agent itself. */
import type { Paths } from '../../core/paths.ts';
import type { Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';

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
  #known: AgentBinding | undefined;

  constructor(home: Address, paths: Paths) {
    this.#home = home;
    this.#paths = paths;
  }

  /** @param binding as it stands now; undefined: none that is of use from where the node is. */
  follow(binding: AgentBinding | undefined): Output[] {
    const before = this.#known;
    const { agent, careOf, until } = binding ?? {};
    const same = before?.careOf === careOf && before?.until === until && before?.agent === agent;
    if (same) return [];
    this.#known = binding;
    const outputs: Output[] = [];
    if (before !== undefined && before.agent !== agent) {
      outputs.push(...this.#paths.unsetRegistered(this.#home, before.agent));
    }
    if (binding === undefined) return outputs;
    return [
      ...outputs,
      ...this.#paths.setRegistered(this.#home, binding.agent, binding.careOf, binding.until),
    ];
  }
}
