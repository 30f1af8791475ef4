import type { AccessRouterConfig } from '../../core/config.ts';
import { Advertiser } from '../../core/neighbor-discovery/advertiser.ts';
import type { Part, PartInput } from '../../core/part.ts';
import type { Environment, Output } from '../../core/role.ts';
import { type Instant, sooner } from '../../core/time.ts';

/**
 * Access router: advertises its links' prefixes to whoever comes. Forwarding is the kernel's.
 *
 * Supported standards: RFC 4861 section 6.2, RFC 6275 section 7 (intervals, options).
 */
export class AccessRouter implements Part {
  readonly #advertisers: readonly Advertiser[];

  constructor(config: AccessRouterConfig, env: Environment) {
    this.#advertisers = config.advertisements.map((one) => new Advertiser(one, env));
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const one of this.#advertisers) deadline = sooner(deadline, one.deadline());
    return deadline;
  }

  handle(input: PartInput, now: Instant): Output[] {
    return this.#advertisers.flatMap((one) => one.handle(input, now));
  }
}
