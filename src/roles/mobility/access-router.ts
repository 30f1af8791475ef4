import type { AccessRouterConfig } from '../../core/config.ts';
import { Dhcpv6Server } from '../../core/dhcpv6/dhcpv6-server.ts';
import { Advertiser } from '../../core/neighbor-discovery/advertiser.ts';
import type { LinkPrefixes } from '../../core/neighbor-discovery/link-prefixes.ts';
import type { Part, PartInput } from '../../core/part.ts';
import type { Environment, Output } from '../../core/role.ts';
import { type Instant, sooner } from '../../core/time.ts';

/**
 * Access router: advertises its links' prefixes to whoever comes, and leases addresses where hosts
 * are not to make their own. Forwarding is the kernel's.
 *
 * Supported standards: RFC 4861 section 6.2, RFC 6275 section 7 (intervals, options), RFC 8415.
 */
export class AccessRouter implements Part {
  readonly #parts: readonly Part[];

  /** @param home the prefixes of a home agent in this node, which its advertisements tell of. */
  constructor(config: AccessRouterConfig, env: Environment, home?: LinkPrefixes) {
    this.#parts = [
      ...config.advertisements.map((one) => new Advertiser(one, env, one.homeAgent && home)),
      ...(config.dhcpv6 ?? []).map((one) => new Dhcpv6Server(one, env)),
    ];
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const one of this.#parts) deadline = sooner(deadline, one.deadline());
    return deadline;
  }

  handle(input: PartInput, now: Instant): Output[] {
    return this.#parts.flatMap((one) => one.handle(input, now));
  }
}
