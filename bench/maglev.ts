/**
 * Maglev's table of places, for comparison: each server fills places in an order of its own, in turn, the
 * heavier ones more often.
 *
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4.
 */
import type { Member } from '../src/core/service/member.ts';
import { type Address, addressOctets } from '../src/wire/address.ts';

/** A prime, of some hundred places a server. */
const PLACES = 65_537;

type Hash = (octets: Uint8Array) => Uint8Array;

export class MaglevTable {
  readonly #names: readonly string[];
  readonly #places = new Int32Array(PLACES).fill(-1);
  readonly #hash: Hash;

  constructor(members: readonly Member[], hash: Hash) {
    this.#hash = hash;
    this.#names = members.map(({ registrant }) => registrant);
    const orders = members.map(({ registrant, capacity = 1 }) => {
      const hashed = view(hash(new TextEncoder().encode(registrant)));
      return {
        offset: hashed.getUint32(0) % PLACES,
        skip: (hashed.getUint32(4) % (PLACES - 1)) + 1,
        capacity,
        credit: 0,
        next: 0,
      };
    });
    const heaviest = Math.max(...orders.map(({ capacity }) => capacity));
    for (let filled = 0; filled < PLACES; ) {
      for (const [n, order] of orders.entries()) {
        order.credit += order.capacity / heaviest;
        if (order.credit < 1 || filled === PLACES) continue;
        order.credit -= 1;
        let place: number;
        do place = (order.offset + order.skip * order.next++) % PLACES;
        while (this.#places[place] !== -1);
        this.#places[place] = n;
        filled += 1;
      }
    }
  }

  pick(client: Address): string {
    const place = view(this.#hash(addressOctets(client))).getUint32(0) % PLACES;
    return this.#names[this.#places[place]!]!;
  }
}

const view = ({ buffer, byteOffset }: Uint8Array) => new DataView(buffer, byteOffset);
