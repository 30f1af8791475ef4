import type { Kernel } from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import { Resolver } from '../dns/resolver.ts';

/** What programs and roles of each running kernel ask names with. */
export class Resolvers {
  readonly #servers: readonly Address[];
  readonly #all = new WeakMap<Kernel, Resolver>();

  constructor(servers: readonly Address[]) {
    this.#servers = servers;
  }

  of(kernel: Kernel): Resolver {
    const resolver = this.#all.get(kernel) ?? new Resolver(kernel, this.#servers);
    this.#all.set(kernel, resolver);
    return resolver;
  }
}
