/** The links of a node, and the kernel interfaces that they are. */
import { formatAddress } from '../wire/address.ts';
import { secondsSince } from './bindings.ts';
import type { Daemon } from './daemon.ts';

export interface LinkJson {
  readonly link: string;
  readonly interface: string;
  /** `absent`: the kernel has no such interface now. */
  readonly state: 'up' | 'down' | 'absent';
  readonly mtu?: number;
  readonly addresses: readonly string[];
  /** Of a mobile node: what it has found there. */
  readonly router?: string;
  readonly address?: string;
  readonly address_state?: 'tentative' | 'ready' | 'duplicate';
  readonly since_s?: number;
}

export function linksOf({ node, host, options, ledger, clock }: Daemon): LinkJson[] {
  const status = node.status();
  const now = clock.now();
  return host.planned.interfaces.map(({ name: link }) => {
    const found = status?.links.find((one) => one.link === link);
    const record = ledger.links.get(link);
    const mapped = options.interfaces?.get(link) ?? host.settings.interfaces?.[link];
    const addresses = (status?.addresses ?? [])
      .filter((one) => one.link === link)
      .map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`);
    return {
      link,
      interface: found?.interface ?? mapped ?? link,
      state: found === undefined ? 'absent' : found.up ? 'up' : 'down',
      ...(found !== undefined && { mtu: found.mtu }),
      addresses,
      ...(record?.router !== undefined && { router: formatAddress(record.router) }),
      ...(record?.address !== undefined && { address: formatAddress(record.address) }),
      ...(record?.state !== undefined && { address_state: record.state }),
      ...(record !== undefined && { since_s: secondsSince(record.since, now) }),
    };
  });
}
