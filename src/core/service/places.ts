import type { Address } from '../../wire/address.ts';
import type { Input } from '../role.ts';

/** Which addresses of a node are there: the kernel has them, on links that are up. */
export class Places {
  readonly #links = new Map<Address, string>();
  readonly #down = new Set<string>();

  note(input: Extract<Input, { kind: 'address' | 'link' }>): void {
    if (input.kind === 'address') {
      if (input.present) this.#links.set(input.address, input.link);
      else if (this.#links.get(input.address) === input.link) this.#links.delete(input.address);
    } else if (input.up) this.#down.delete(input.link);
    else this.#down.add(input.link);
  }

  /** The link that an address stands on, up or not. */
  linkOf(address: Address): string | undefined {
    return this.#links.get(address);
  }

  isThere(address: Address): boolean {
    const link = this.#links.get(address);
    return link !== undefined && !this.#down.has(link);
  }
}
