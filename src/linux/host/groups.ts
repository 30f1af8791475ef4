/** The multicast groups that this host hears, and those of them that roles have joined. */
import { type Address, ALL_NODES, ALL_ROUTERS, solicitedNode } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { GroupMemberships } from '../sys/ipv6-socket.ts';
import type { GroupOutput } from './host.ts';

export interface GroupSurroundings {
  readonly memberships: GroupMemberships;
  /** Routers hear what is for all of them. */
  readonly router: boolean;
  indexOf(link: string): number | undefined;
  /** The addresses that stand on a link. */
  addressesOn(ifindex: number): Iterable<Address>;
  count(counter: LinuxCounter): void;
}

export class Groups {
  readonly #around: GroupSurroundings;
  /** Link and group -> how many reasons roles have to hear it. */
  readonly #reasons = new Map<string, { readonly output: GroupOutput; count: number }>();

  constructor(around: GroupSurroundings) {
    this.#around = around;
  }

  perform(output: GroupOutput): void {
    const key = `${output.link} ${output.group}`;
    const known = this.#reasons.get(key);
    if (output.action === 'join') {
      if (known !== undefined) known.count += 1;
      else {
        this.#reasons.set(key, { output, count: 1 });
        this.#join(output);
      }
      return;
    }
    if (known === undefined) return;
    known.count -= 1;
    if (known.count > 0) return;
    this.#reasons.delete(key);
    const ifindex = this.#around.indexOf(output.link);
    if (ifindex !== undefined) this.#around.memberships.leave(ifindex, output.group);
  }

  /** A link is there (again): the kernel knows nothing of what was joined on the one before. */
  restore(link: string): void {
    for (const { output } of this.#reasons.values()) if (output.link === link) this.#join(output);
  }

  hears(link: string, group: Address): boolean {
    if (group === ALL_NODES || (group === ALL_ROUTERS && this.#around.router)) return true;
    if (this.#reasons.has(`${link} ${group}`)) return true;
    const ifindex = this.#around.indexOf(link);
    if (ifindex === undefined) return false;
    for (const address of this.#around.addressesOn(ifindex)) {
      if (solicitedNode(address) === group) return true;
    }
    return false;
  }

  #join({ link, group }: GroupOutput): void {
    const ifindex = this.#around.indexOf(link);
    const error = ifindex === undefined ? 'ENODEV' : this.#around.memberships.join(ifindex, group);
    if (error !== undefined && error !== 'EADDRINUSE') this.#around.count('host.group_refused');
  }
}
