/** What comes to a node from whom it had sent nothing to: the measure of a redirected flood. */
import type { Frame, Link } from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import { destinationOf, sourceOf } from '../../wire/ip-fields.ts';
import { ICMPV6, PROTOCOL } from '../../wire/numbers.ts';
import { walkHeaders } from '../../wire/walk.ts';
import type { Scenario } from '../scenario/read.ts';

export class UnaskedWatch {
  readonly octets = new Map<string, number>();
  /** Addresses that each watched node has sent something to. */
  readonly #asked = new Map<string, Set<Address>>();
  readonly #isOwn: (node: string, address: Address) => boolean;

  /** @param isOwn does a node run, and have an address just now? */
  constructor(
    scenario: Scenario,
    links: ReadonlyMap<string, Link>,
    isOwn: (node: string, address: Address) => boolean,
  ) {
    this.#isOwn = isOwn;
    for (const [name, { unasked }] of scenario.expect.nodes) {
      if (unasked !== undefined) this.#asked.set(name, new Set());
    }
    if (this.#asked.size === 0) return;
    for (const link of links.values()) {
      link.observe({
        sent: ({ octets }, _at, sender) => {
          // To answer who asks for a link address is to ask for nothing.
          const asked = this.#asked.get(sender);
          if (asked !== undefined && !isNeighborDiscovery(octets)) asked.add(destinationOf(octets));
        },
        delivered: (frame, _at, receiver) => this.#delivered(frame, receiver),
      });
    }
  }

  #delivered({ octets }: Frame, receiver: string): void {
    const asked = this.#asked.get(receiver);
    if (asked === undefined || asked.has(sourceOf(octets))) return;
    // What a router only passes on did not come to it, and Neighbor Discovery asks for itself.
    if (!this.#isOwn(receiver, destinationOf(octets)) || isNeighborDiscovery(octets)) return;
    this.octets.set(receiver, (this.octets.get(receiver) ?? 0) + octets.length);
  }
}

function isNeighborDiscovery(octets: Uint8Array): boolean {
  const walk = walkHeaders(octets);
  if (walk?.protocol !== PROTOCOL.icmpv6) return false;
  const type = octets[walk.upperAt] ?? 0;
  return type >= ICMPV6.routerSolicitation && type <= ICMPV6.redirect;
}
