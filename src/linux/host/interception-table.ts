/**
 * The nftables table that keeps from the host's stack what the data plane takes: the same sets as in
 * `plane/interception.ts`, asked in the same way.
 */
import { spawnSync } from 'node:child_process';
import { formatAddress } from '../../wire/address.ts';
import type { Wanted } from '../plane/interception.ts';
import { SysError } from '../sys/sys-error.ts';
import type { Inside } from './settings.ts';

const TABLE = 'ip6 careof';

/** Links of other kinds than Ethernet are not read by us: what comes by them stays the kernel's. */
const RULES = `
table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  set to_any { type ipv6_addr; }
  set to_options { type ipv6_addr; }
  set to_routing { type ipv6_addr; }
  set to_protocol { type ipv6_addr . inet_proto; }
  set to_port { type ipv6_addr . inet_service; }
  set from_protocol { type ipv6_addr . inet_proto; }
  chain prerouting {
    type filter hook prerouting priority -300; policy accept;
    meta iiftype != ether accept
    iifname "careof*" accept
    ip6 daddr @to_any drop
    exthdr dst exists ip6 daddr @to_options drop
    exthdr rt exists ip6 daddr @to_routing drop
    ip6 daddr . meta l4proto @to_protocol drop
    ip6 daddr . udp dport @to_port drop
    ip6 saddr . meta l4proto @from_protocol drop
  }
}
`;

export class InterceptionTable {
  readonly #inside: Inside;

  /** Makes the table, in the place of what an earlier life has left. Throws SysError. */
  constructor(inside: Inside) {
    this.#inside = inside;
    this.#run(RULES);
  }

  change({ add, remove }: { readonly add: readonly Wanted[]; readonly remove: readonly Wanted[] }) {
    const line = (verb: string) => (one: Wanted) =>
      `${verb} element ${TABLE} ${one.set} { ${elementOf(one)} }`;
    const lines = [...remove.map(line('delete')), ...add.map(line('add'))];
    if (lines.length > 0) this.#run(lines.join('\n'));
  }

  /** Removes the table. */
  close(): void {
    this.#run(`table ${TABLE}\ndelete table ${TABLE}`);
  }

  #run(text: string): void {
    const { error, status, stderr } = this.#inside(() =>
      spawnSync('nft', ['-f', '-'], { input: text, encoding: 'utf8', timeout: 10_000 }),
    );
    if (error !== undefined || status !== 0) {
      const cure = 'install nftables, or choose the data plane that needs none: --data-plane ebpf';
      throw new SysError('nft', 1, { EPERM: cure }, error?.message ?? stderr);
    }
  }
}

function elementOf(wanted: Wanted): string {
  const text = formatAddress(wanted.address);
  return 'number' in wanted ? `${text} . ${wanted.number}` : text;
}
