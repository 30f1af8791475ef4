/**
 * The nftables table that keeps from the host's stack what the data plane takes: the same sets as in
 * `plane/interception.ts`, asked in the same way.
 */
import { addressOctets, isIpv4 } from '../../wire/address.ts';
import type { Wanted, WantedSet } from '../plane/interception.ts';
import { concatenatedKey, type NftablesTable } from '../sys/netlink/set-elements.ts';
import { applyRuleset, Nftables } from '../sys/nftables.ts';
import type { Inside } from './settings.ts';

/** Known by their names to `careof doctor` too. */
export const TABLE: NftablesTable = { family: 'ip6', table: 'careof' };
export const IPV4_TABLE: NftablesTable = { family: 'ip', table: 'careof' };

/**
 * Links of other kinds than Ethernet are not read by us: what comes by them stays the kernel's. The chain
 * stands before -400, where connection tracking puts fragments together: behind it none is one any more,
 * and what we have read as parts would be delivered by the kernel again.
 */
const RULES = `
table ip6 careof {}
delete table ip6 careof
table ip6 careof {
  set own { type ipv6_addr; }
  set to_any { type ipv6_addr; }
  set to_options { type ipv6_addr; }
  set to_routing { type ipv6_addr; }
  set to_udp_parts { type ipv6_addr; }
  set to_protocol { type ipv6_addr . inet_proto; }
  set to_port { type ipv6_addr . inet_service; }
  set from_protocol { type ipv6_addr . inet_proto; }
  chain prerouting {
    type filter hook prerouting priority -450; policy accept;
    meta iiftype != ether accept
    iifname "careof*" accept
    ip6 daddr @own ip6 nexthdr icmpv6 ip6 hoplimit 255 icmpv6 type 133-137 accept
    ip6 daddr @to_any drop
    exthdr dst exists ip6 daddr @to_options drop
    exthdr rt exists ip6 daddr @to_routing drop
    exthdr frag exists meta l4proto udp ip6 daddr @to_udp_parts drop
    ip6 daddr . meta l4proto @to_protocol drop
    ip6 daddr . udp dport @to_port drop
    ip6 saddr . meta l4proto @from_protocol drop
  }
}
`;

/** The same for IPv4, whose headers stand where they stand; parts are all but whole packets. */
const IPV4_RULES = `
table ip careof {}
delete table ip careof
table ip careof {
  set to_any { type ipv4_addr; }
  set to_udp_parts { type ipv4_addr; }
  set to_protocol { type ipv4_addr . inet_proto; }
  set to_port { type ipv4_addr . inet_service; }
  set from_protocol { type ipv4_addr . inet_proto; }
  chain prerouting {
    type filter hook prerouting priority -450; policy accept;
    meta iiftype != ether accept
    iifname "careof*" accept
    ip daddr @to_any drop
    ip frag-off & 0x3fff != 0 meta l4proto udp ip daddr @to_udp_parts drop
    ip daddr . meta l4proto @to_protocol drop
    ip daddr . udp dport @to_port drop
    ip saddr . meta l4proto @from_protocol drop
  }
}
`;

/** What is changed in the sets. */
interface Changes {
  readonly add: readonly Wanted[];
  readonly remove: readonly Wanted[];
}

export class InterceptionTable {
  readonly #inside: Inside;
  readonly #nftables: Nftables;
  readonly #ipv6: boolean;
  #hasIpv4 = false;

  /**
   * Makes the table, in the place of what an earlier life has left; that of IPv4 as soon as it is asked for.
   * Throws SysError.
   *
   * @param ipv6 whether IPv6 packets are kept away; an accelerator does that itself.
   */
  constructor(inside: Inside, { ipv6 }: { readonly ipv6: boolean }) {
    this.#inside = inside;
    this.#ipv6 = ipv6;
    if (ipv6) inside(() => applyRuleset(RULES));
    this.#nftables = inside(() => new Nftables());
    if (!ipv6) this.#nftables.removeTable(TABLE);
    this.#nftables.removeTable(IPV4_TABLE);
  }

  change(changes: Changes): void {
    if (this.#ipv6) this.#change(TABLE, ofVersion(changes, { ipv4: false }));
    const ofIpv4 = ofVersion(changes, { ipv4: true });
    if (!this.#hasIpv4 && ofIpv4.add.length === 0) return;
    if (!this.#hasIpv4) this.#inside(() => applyRuleset(IPV4_RULES));
    this.#hasIpv4 = true;
    this.#change(IPV4_TABLE, ofIpv4);
  }

  /** Removes the tables, unless what is kept from the host's stack is to stay away from it. */
  close({ leave }: { readonly leave: boolean }): void {
    if (!leave && this.#ipv6) this.#nftables.removeTable(TABLE);
    if (!leave && this.#hasIpv4) this.#nftables.removeTable(IPV4_TABLE);
    this.#nftables.close();
  }

  #change(table: NftablesTable, { add, remove }: Changes): void {
    for (const [set, keys] of keysBySet(remove)) {
      this.#nftables.removeElements({ ...table, set }, keys);
    }
    for (const [set, keys] of keysBySet(add)) this.#nftables.addElements({ ...table, set }, keys);
  }
}

function ofVersion({ add, remove }: Changes, { ipv4 }: { readonly ipv4: boolean }): Changes {
  const its = ({ address }: Wanted) => isIpv4(address) === ipv4;
  return { add: add.filter(its), remove: remove.filter(its) };
}

function keysBySet(all: readonly Wanted[]): Map<WantedSet, Uint8Array[]> {
  const keys = new Map<WantedSet, Uint8Array[]>();
  for (const one of all) {
    const others = keys.get(one.set);
    if (others === undefined) keys.set(one.set, [keyOf(one)]);
    else others.push(keyOf(one));
  }
  return keys;
}

function keyOf(wanted: Wanted): Uint8Array {
  const octets = addressOctets(wanted.address);
  if (!('number' in wanted)) return octets;
  const { set, number } = wanted;
  // inet_service is a port in the order of the network, inet_proto one octet.
  const value = set === 'to_port' ? Uint8Array.of(number >> 8, number) : Uint8Array.of(number);
  return concatenatedKey(octets, value);
}
