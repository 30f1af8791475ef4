/** The forwarding entries by which a mobile node takes what comes to a care-of address of its own. */
import type { MobileNodeConfig } from '../../core/config.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { type Address, formatAddress } from '../../wire/address.ts';

/**
 * What comes to a care-of address for the home address: by tunnel from the home agent (RFC 6275
 * section 11.3.3), or from a peer with a Type 2 Routing header (section 6.4).
 */
export function entriesAt(
  careOf: Address,
  homeAgent: Address | undefined,
  { home, routeOptimisation }: Pick<MobileNodeConfig, 'home' | 'routeOptimisation'>,
): ForwardingEntry[] {
  const dst = { address: careOf };
  const ends = `${formatAddress(home)}/at/${formatAddress(careOf)}`;
  const routed: ForwardingEntry = {
    id: `self/routing-2/${ends}`,
    owner: 'mobile-node',
    at: 'arriving',
    match: { dst, routing2: home },
    do: [{ apply: 'routing-2' }],
  };
  if (homeAgent === undefined) return [routed];
  return [
    {
      id: `self/tunnel/${ends}`,
      owner: 'mobile-node',
      at: 'arriving',
      match: { src: { address: homeAgent }, dst, protocol: 41, innerDst: home },
      do: [
        { pop: 'ipv6' },
        ...(routeOptimisation ? [{ notify: 'tunnelled-from-peer' } as const] : []),
      ],
    },
    routed,
  ];
}
