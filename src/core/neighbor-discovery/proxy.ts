import { type Address, ALL_NODES, solicitedNode, UNSPECIFIED } from '../../wire/address.ts';
import type { Constants } from '../constants.ts';
import { count, type Received } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import { signal } from '../signalling/signalling.ts';
import type { Instant } from '../time.ts';
import { Claims } from './claims.ts';
import { linkAddressOctets, ND_HOP_LIMIT } from './link-layer.ts';

/**
 * Stands in on a link for addresses whose owners are away: claims them when it begins, answers who
 * asks for them, and defends them against others who would take them.
 *
 * Supported standards: RFC 6275 section 10.4.1, RFC 4861 sections 7.2.6 and 7.2.8, RFC 4862 5.4.3.
 */
export class NeighborProxy {
  readonly #link: string;
  readonly #self: Address;
  readonly #who: string;
  readonly #addresses = new Set<Address>();
  readonly #claims: Claims;
  #linkAddress: LinkAddress | undefined;

  /**
   * @param self the address of ours that the advertisements come from.
   * @param who is told of as the one that stands in.
   */
  constructor(link: string, self: Address, constants: Constants, who = 'the home agent') {
    this.#who = who;
    this.#link = link;
    this.#self = self;
    this.#claims = new Claims(constants);
  }

  /** Our own address on the link, which is what we answer with. */
  setLinkAddress(linkAddress: LinkAddress): void {
    this.#linkAddress = linkAddress;
  }

  has(address: Address): boolean {
    return this.#addresses.has(address);
  }

  /** Begins to stand in, and claims the address from whoever has it cached. */
  add(address: Address, now: Instant): Output[] {
    if (this.#addresses.has(address)) return [];
    this.#addresses.add(address);
    this.#claims.begin(address, now);
    const group = solicitedNode(address);
    return [{ kind: 'group', action: 'join', link: this.#link, group }, ...this.#claim(address)];
  }

  /** Claims an address that we stand in for already, where that is not about to be done. */
  claimAgain(address: Address, now: Instant): Output[] {
    const due = this.#addresses.has(address) && this.#claims.again(address, now);
    return due ? this.#claim(address) : [];
  }

  remove(address: Address): Output[] {
    if (!this.#addresses.delete(address)) return [];
    this.#claims.stop(address);
    return [{ kind: 'group', action: 'leave', link: this.#link, group: solicitedNode(address) }];
  }

  deadline(): Instant | undefined {
    return this.#claims.deadline();
  }

  tick(now: Instant): Output[] {
    return this.#claims.tick(now).flatMap((address) => this.#claim(address));
  }

  /** Answers a solicitation for an address that we stand in for. */
  received(received: Received): Output[] {
    const { message, source, link } = received;
    if (link !== this.#link || message.layer !== 'neighbor-solicitation') return [];
    if (!this.#addresses.has(message.targetAddress)) return [];
    // Somebody's DAD is answered to all nodes, so that it hears us (RFC 4861 section 7.2.4).
    const probe = source === UNSPECIFIED;
    return [
      count('nd.proxied'),
      ...this.#advertise(message.targetAddress, probe ? ALL_NODES : source, { solicited: !probe }),
    ];
  }

  #claim(address: Address): Output[] {
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
      solicited ? `${this.#who} answers for it` : `${this.#who} stands in for it`,
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
