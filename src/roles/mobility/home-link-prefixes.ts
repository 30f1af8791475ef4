import type { MobileNodeConfig } from '../../core/config.ts';
import { DuplicateAddressDetection } from '../../core/neighbor-discovery/duplicate-address-detection.ts';
import { autoconfigured } from '../../core/neighbor-discovery/link-layer.ts';
import {
  type AdvertisedPrefix,
  type Advertisement,
  readAdvertisement,
} from '../../core/neighbor-discovery/router-advertisement.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type PartInput } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import type { HomeAddress } from './home-address.ts';
import type { Learnt, LearntPrefix } from './prefix-discovery.ts';

/** The home addresses that the node has. */
export interface Homes {
  in(prefix: Address): HomeAddress | undefined;
  /** Room for further ones. */
  room(): number;
}

const NOTHING: Learnt = { outputs: [], prefixes: [] };

/**
 * What advertisements on the home link say of its prefixes, to a mobile node that is at home.
 *
 *     a prefix that it has a home address in   -> its lifetimes are renewed
 *     another, of a home agent for that prefix -> Duplicate Address Detection -> learnt
 *
 * A home agent says so itself: by the H bit, and by its own address (R bit) in a prefix beside one
 * of ours. Any other prefix of the link would be refused when it is registered.
 *
 * Supported standards: RFC 4862 sections 5.4 and 5.5.3, RFC 6275 sections 7.1, 7.2 and 11.5.5.
 */
export class HomeLinkPrefixes {
  readonly #config: Pick<MobileNodeConfig, 'home' | 'dad'>;
  readonly #homes: Homes;
  readonly #dad: DuplicateAddressDetection;
  readonly #silent: boolean;
  /** By the address that is under test; no more than there is room for. */
  readonly #tested = new Map<Address, LearntPrefix>();

  constructor(config: Pick<MobileNodeConfig, 'home' | 'dad'>, homes: Homes, state: NodeState) {
    this.#config = config;
    this.#homes = homes;
    this.#dad = new DuplicateAddressDetection(state.constants);
    this.#silent = state.env.without.has('prefix-discovery');
  }

  deadline(): Instant | undefined {
    return this.#dad.deadline();
  }

  /** @param link the home link; undefined while the node is not at home. */
  handle(input: PartInput, link: string | undefined, now: Instant): Learnt {
    if (link === undefined) return { ...NOTHING, outputs: this.#stop() };
    if (input.kind === 'tick') return this.#tick(now);
    if (input.kind !== 'received' || input.link !== link) return NOTHING;
    const taken = this.#dad.conflict(input);
    if (taken !== undefined) {
      this.#tested.delete(taken);
      const outputs = [...this.#dad.cancel(taken), count('nd.duplicate_address')];
      return { ...NOTHING, outputs };
    }
    const said = readAdvertisement(input, now);
    return said === undefined ? NOTHING : this.#heard(said, now);
  }

  #heard({ prefixes, homeAgent, link }: Advertisement, now: Instant): Learnt {
    const outputs: Output[] = [];
    let ours = false;
    for (const one of prefixes) {
      const home = this.#homes.in(one.prefix);
      if (home === undefined) continue;
      ours = true;
      outputs.push(...home.advertised(one, now));
    }
    if (!ours || !homeAgent || this.#silent) return { outputs, prefixes: [] };
    const learnt: LearntPrefix[] = [];
    for (const one of prefixes) {
      const agent = this.#agentIn(one);
      if (agent === undefined) continue;
      if (this.#homes.room() <= this.#tested.size + learnt.length) {
        outputs.push(count('prefix.list_full'));
        continue;
      }
      const { prefix, validLifetime, preferredLifetime } = one;
      const found = { prefix, agent, validLifetime, preferredLifetime };
      if (this.#config.dad === 'off') learnt.push(found);
      else outputs.push(...this.#test(found, link, now));
    }
    return { outputs, prefixes: learnt };
  }

  /** The home agent's address in a prefix that is to be learnt. */
  #agentIn({ prefix, autonomous, validLifetime, routerAddress }: AdvertisedPrefix) {
    const isUseful = autonomous && validLifetime > 0 && isUnicastRoutable(prefix);
    const isNew = this.#homes.in(prefix) === undefined && !this.#tested.has(this.#made(prefix));
    return isUseful && isNew ? routerAddress : undefined;
  }

  /** The interface identifier stays. */
  #made(prefix: Address): Address {
    return autoconfigured(prefix, this.#config.home.slice(8));
  }

  #test(found: LearntPrefix, link: string, now: Instant): Output[] {
    const address = this.#made(found.prefix);
    this.#tested.set(address, found);
    return this.#dad.start(link, address, now);
  }

  #tick(now: Instant): Learnt {
    const { outputs, unique } = this.#dad.tick(now);
    const prefixes = unique.flatMap((address) => this.#tested.get(address) ?? []);
    for (const address of unique) this.#tested.delete(address);
    return { outputs, prefixes };
  }

  #stop(): Output[] {
    const outputs = [...this.#tested.keys()].flatMap((address) => this.#dad.cancel(address));
    this.#tested.clear();
    return outputs;
  }
}
