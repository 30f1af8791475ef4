import type { Binding } from '../../core/bindings/binding-cache.ts';
import type { HomeAgentConfig } from '../../core/config.ts';
import type { LinkPrefix, LinkPrefixes } from '../../core/neighbor-discovery/link-prefixes.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { PartInput } from '../../core/part.ts';
import type { Command, Output } from '../../core/role.ts';
import { after, type Instant, NO_TIME, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { HomeAgentDirectory } from './home-agent-directory.ts';
import { NETWORK_KEY, restorePrefixes, storedPrefixes } from './home-network-journal.ts';
import { PrefixAdvertising } from './prefix-advertising.ts';

/**
 * The home network as a home agent knows it and tells of it: its prefixes, and its home agents.
 *
 * Supported standards: RFC 6275 sections 10.5 and 10.6.
 */
export class HomeNetwork {
  readonly prefixes: LinkPrefixes;
  readonly advertising: PrefixAdvertising;
  readonly #config: HomeAgentConfig;
  readonly #directory: HomeAgentDirectory;
  readonly #env: NodeState['env'];

  constructor(config: HomeAgentConfig, state: NodeState, prefixes: LinkPrefixes) {
    this.#config = config;
    this.prefixes = prefixes;
    this.#env = state.env;
    this.advertising = new PrefixAdvertising(prefixes, state);
    this.#directory = new HomeAgentDirectory(config, state, prefixes);
  }

  deadline(): Instant | undefined {
    return sooner(this.advertising.deadline(), this.#directory.deadline());
  }

  handle(input: PartInput, now: Instant): Output[] {
    const outputs = this.#directory.handle(input, now);
    if (input.kind === 'restored') return [...outputs, ...this.#restore(input, now)];
    if (input.kind === 'tick') return [...outputs, ...this.advertising.tick(now)];
    if (input.kind !== 'received') return outputs;
    const { message } = input;
    if (message.layer !== 'mobile-prefix-solicitation') return outputs;
    return [...outputs, ...this.advertising.solicited(input, message.identifier, now)];
  }

  /** The agent's address in the prefix of the home address: both ends of a tunnel go by it. */
  agentFor(home: Address, now: Instant): Address {
    return this.prefixes.of(home, now)?.address ?? this.#config.address;
  }

  /** A home binding that would outlive its prefix, with the end that it is to have. */
  cut(binding: Binding, now: Instant): Binding | undefined {
    if (binding.scope !== 'home' || this.#env.without.has('prefix-lifetimes')) return undefined;
    const expiresAt = after(now, this.prefixes.of(binding.home, now)?.validLifetime ?? NO_TIME);
    return binding.expiresAt <= expiresAt ? undefined : { ...binding, expiresAt };
  }

  /** The operator's word: another prefix, or an end for those that are there. */
  renumber(command: Extract<Command, { do: 'renumber' }>, now: Instant): Output[] {
    const added = this.prefixes.renumber(command.change, now);
    this.advertising.changed(now);
    const value = storedPrefixes(this.prefixes.kept, this.#env.epoch);
    const stored = { kind: 'store', key: NETWORK_KEY, value } as const;
    return [...(added === undefined ? [] : this.#take(added)), stored];
  }

  /** The configuration knows neither what was added nor that the others are to end. */
  #restore({ key, value }: Extract<PartInput, { kind: 'restored' }>, now: Instant): Output[] {
    if (key !== NETWORK_KEY || this.#env.without.has('journal')) return [];
    const kept = restorePrefixes(value, this.#env.epoch);
    if (kept === undefined) return [];
    this.prefixes.restore(kept);
    const { prefix } = this.#config;
    const added = this.prefixes.list(now).filter((one) => one.prefix !== prefix);
    return added.flatMap((one) => this.#take(one));
  }

  #take({ prefix, address }: LinkPrefix): Output[] {
    if (address === undefined) return [];
    const { link, prefixLength } = this.#config;
    return [
      { kind: 'address', action: 'add', link, address, prefixLength },
      ...this.#directory.answerAnycast(prefix),
    ];
  }
}
