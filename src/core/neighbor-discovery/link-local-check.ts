import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { Constants } from '../constants.ts';
import { count, type PartInput, tell } from '../part.ts';
import type { Output } from '../role.ts';
import type { Instant } from '../time.ts';
import { DuplicateAddressDetection } from './duplicate-address-detection.ts';

/**
 * Is a link-local address still nobody else's after a move? It was tested on the last link only.
 *
 * It goes on being used meanwhile, and is a matter for the operator where it is not unique.
 *
 * Source: RFC 6275 section 11.5.1, RFC 4862 section 5.4.
 */
export class LinkLocalCheck {
  readonly #link: string;
  readonly #dad: DuplicateAddressDetection;
  #own: Address | undefined;
  /** The prefix of the network that it was last tested in. */
  #network: Address | undefined;

  constructor(link: string, constants: Constants) {
    this.#link = link;
    this.#dad = new DuplicateAddressDetection(constants);
  }

  deadline(): Instant | undefined {
    return this.#dad.deadline();
  }

  /** @param network the prefix of the network that the link has brought the node to by now. */
  handle(input: PartInput, network: Address | undefined, now: Instant): Output[] {
    if (input.kind === 'address' && input.link === this.#link && isLinkLocal(input.address)) {
      this.#own = input.present ? input.address : undefined;
    }
    const moved = network !== undefined && network !== this.#network;
    this.#network = network ?? this.#network;
    return [
      ...this.#conflict(input),
      ...(input.kind === 'tick' ? this.#dad.tick(now).outputs : []),
      ...(moved && this.#own !== undefined ? this.#dad.start(this.#link, this.#own, now) : []),
    ];
  }

  #conflict(input: PartInput): Output[] {
    const taken = input.kind === 'received' ? this.#dad.conflict(input) : undefined;
    if (taken === undefined) return [];
    return [
      ...this.#dad.cancel(taken),
      count('nd.duplicate_address'),
      tell({ kind: 'address.duplicate', link: this.#link, address: taken }),
    ];
  }
}
