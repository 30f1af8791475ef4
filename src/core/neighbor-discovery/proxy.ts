import { type Address, ALL_NODES, solicitedNode, UNSPECIFIED } from '../../wire/address.ts';
import { type Constants, MAX_NEIGHBOR_ADVERTISEMENT } from '../constants.ts';
import { count, type Received } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import { signal } from '../signalling.ts';
import { after, type Instant } from '../time.ts';
import { linkAddressOctets, ND_HOP_LIMIT } from './link-layer.ts';

/** A claim that others are still to be told of. */
interface Announcement {
  readonly announced: number;
  readonly nextAt: Instant;
}

/**
 * Stands in on a link for addresses whose owners are away: claims them when it begins, answers who
 * asks for them, and defends them against others who would take them.
 *
 * Supported standards: RFC 6275 section 10.4.1, RFC 4861 sections 7.2.6 and 7.2.8, RFC 4862 5.4.3.
 */
export class NeighborProxy {
  readonly #link: string;
  readonly #self: Address;
  readonly #constants: Constants;
  readonly #claims = new Set<Address>();
  /** The next one first: all wait for equally long. */
  readonly #announcements = new Map<Address, Announcement>();
  #linkAddress: LinkAddress | undefined;

  /** @param self the address of ours that the advertisements come from. */
  constructor(link: string, self: Address, constants: Constants) {
    this.#link = link;
    this.#self = self;
    this.#constants = constants;
  }

  /** Our own address on the link, which is what we answer with. */
  setLinkAddress(linkAddress: LinkAddress): void {
    this.#linkAddress = linkAddress;
  }

  has(address: Address): boolean {
    return this.#claims.has(address);
  }

  /** Begins to stand in, and claims the address from whoever has it cached. */
  add(address: Address, now: Instant): Output[] {
    if (this.#claims.has(address)) return [];
    this.#claims.add(address);
    const group = solicitedNode(address);
    return [
      { kind: 'group', action: 'join', link: this.#link, group },
      ...this.#announce(address, 1, now),
    ];
  }

  remove(address: Address): Output[] {
    if (!this.#claims.delete(address)) return [];
    this.#announcements.delete(address);
    return [{ kind: 'group', action: 'leave', link: this.#link, group: solicitedNode(address) }];
  }

  deadline(): Instant | undefined {
    return this.#announcements.values().next().value?.nextAt;
  }

  tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [address, { announced, nextAt }] of this.#announcements) {
      if (now < nextAt) break;
      outputs.push(...this.#announce(address, announced + 1, now));
    }
    return outputs;
  }

  /** Answers a solicitation for an address that we stand in for. */
  received(received: Received): Output[] {
    const { message, source, link } = received;
    if (link !== this.#link || message.layer !== 'neighbor-solicitation') return [];
    if (!this.#claims.has(message.targetAddress)) return [];
    // Somebody's DAD is answered to all nodes, so that it hears us (RFC 4861 section 7.2.4).
    const probe = source === UNSPECIFIED;
    return [
      count('nd.proxied'),
      ...this.#advertise(message.targetAddress, probe ? ALL_NODES : source, { solicited: !probe }),
    ];
  }

  /** RFC 6275 section 10.4.1: up to MAX_NEIGHBOR_ADVERTISEMENT times, RETRANS_TIMER apart. */
  #announce(address: Address, announced: number, now: Instant): Output[] {
    this.#announcements.delete(address);
    if (announced < MAX_NEIGHBOR_ADVERTISEMENT) {
      const nextAt = after(now, this.#constants.RETRANS_TIMER);
      this.#announcements.set(address, { announced, nextAt });
    }
    return this.#advertise(address, ALL_NODES, { solicited: false, override: true });
  }

  /** A proxy's answer takes nothing from an owner who answers too: RFC 4861 section 7.2.4. */
  #advertise(
    target: Address,
    to: Address,
    { solicited, override = false }: { solicited: boolean; override?: boolean },
  ): Output[] {
    const linkAddress = this.#linkAddress;
    if (linkAddress === undefined) return [];
    return neighborAdvertisement(
      { link: this.#link, source: this.#self, target, to, linkAddress, solicited, override },
      solicited ? 'the home agent answers for it' : 'the home agent stands in for it',
    );
  }
}

export interface NeighborClaim {
  readonly link: string;
  readonly source: Address;
  readonly target: Address;
  readonly to: Address;
  readonly linkAddress: LinkAddress;
  readonly solicited: boolean;
  /** It replaces what others have cached. */
  readonly override: boolean;
}

/**
 * A Neighbor Advertisement: "send for `target` to this link address". Source: RFC 4861 section 7.2.6, RFC 6275 sections 10.4.1 and 11.5.5.
 */
export function neighborAdvertisement(claim: NeighborClaim, detail: string): Output[] {
  const { link, source, target, to, linkAddress, solicited, override } = claim;
  return signal({
    source,
    destination: to,
    hopLimit: ND_HOP_LIMIT,
    layers: [
      {
        layer: 'neighbor-advertisement',
        router: false,
        solicited,
        override,
        targetAddress: target,
        options: [
          {
            option: 'target-link-layer-address',
            linkLayerAddress: linkAddressOctets(linkAddress),
          },
        ],
      },
    ],
    detail,
    link,
  });
}
