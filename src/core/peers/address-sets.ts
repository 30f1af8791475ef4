import type { Address } from '../../wire/address.ts';
import type { AddressSet } from './address-set.ts';

/** Nodes whose sets are remembered; the one heard of longest ago goes. */
const MAX_SETS = 1024;

/**
 * The sets that nodes have told us under a proof, by the address that we know each by; and what we tell
 * of ourselves. A set outlives its binding: it is for the time when a node cannot be reached.
 */
export class AddressSets {
  /** What this node tells: its addresses that are not link-local, whoever keeps them. */
  readonly #own = new Set<Address>();
  readonly #told = new Map<Address, AddressSet>();

  get size(): number {
    return this.#told.size;
  }

  /** This node has an address, or no longer. */
  setOwn(address: Address, present: boolean): void {
    if (present) this.#own.add(address);
    else this.#own.delete(address);
  }

  /** What we tell a node that knows us by an address: the others. */
  ownBeside(known: Address): Address[] {
    return [...this.#own].filter((one) => one !== known);
  }

  /** A node has told its set, in a message that was proved. */
  tell(node: Address, set: AddressSet): void {
    this.#told.delete(node);
    const oldest = this.#told.size >= MAX_SETS ? this.#told.keys().next().value : undefined;
    if (oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(node, { ...set, addresses: set.addresses.filter((one) => one !== node) });
  }

  /** What a node has told; undefined: nothing, so it is perhaps of another make. */
  of(node: Address): AddressSet | undefined {
    return this.#told.get(node);
  }
}
