/** A provider's router that lets customers send from its own addresses alone (RFC 2827). */
import { applyRuleset } from '../../linux/sys/nftables.ts';
import { formatAddress } from '../../wire/address.ts';
import type { PlannedNode } from '../plan.ts';

type Ingress = NonNullable<PlannedNode['ingress']>;

/** The rules of nft(8) that make such a router. @param names the kernel's names of links. */
export function ingressRules(ingress: Ingress, names: ReadonlyMap<string, string>): string {
  const rules = [...ingress].map(([link, prefixes]) => {
    const own = prefixes.map(({ address, length }) => `${formatAddress(address)}/${length}`);
    const foreign = `ip6 saddr != { ${own.join(', ')} }`;
    return `    iifname "${names.get(link)}" ${foreign} counter reject with icmpv6 type policy-fail\n`;
  });
  return `table ip6 lab-ingress {
  chain pass {
    type filter hook forward priority filter;
${rules.join('')}  }
}
`;
}

/** Makes this thread's namespace one. Throws SysError where nft is missing or refuses. */
export function filterIngress(ingress: Ingress, names: ReadonlyMap<string, string>): void {
  applyRuleset(ingressRules(ingress, names));
}
