/** A router that translates addresses, by the kernel's own connection tracking. */
import { applyRuleset } from '../../linux/sys/nftables.ts';
import { writeSetting } from '../../linux/sys/sysctl.ts';
import type { PlannedNode } from '../plan.ts';

type Nat = NonNullable<PlannedNode['nat']>;

/** The rules of nft(8) that make such a router. @param outer the kernel's names of the outer links. */
export function translatorRules(outer: readonly string[]): string {
  const names = `{ ${outer.map((name) => `"${name}"`).join(', ')} }`;
  return `table ip6 lab {
  chain translate {
    type nat hook postrouting priority srcnat;
    oifname ${names} masquerade
  }
  chain pass {
    type filter hook forward priority filter;
    oifname ${names} ip6 nexthdr != { tcp, udp, icmpv6 } drop
    iifname ${names} ct state new,invalid drop
  }
}
`;
}

/** Makes this thread's namespace one. Throws SysError where nft is missing or refuses. */
export function translate(nat: Nat, names: ReadonlyMap<string, string>): void {
  const outer = nat.links.map((link) => names.get(link)!);
  applyRuleset(translatorRules(outer));
  const timeout = Math.ceil(nat.udpTimeout / 1e6);
  for (const name of ['nf_conntrack_udp_timeout', 'nf_conntrack_udp_timeout_stream']) {
    writeSetting(`netfilter/${name}`, timeout);
  }
}
