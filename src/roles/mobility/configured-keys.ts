import type { ConfiguredKey } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Output } from '../../core/role.ts';
import { configuredManagementKey } from '../../core/security/configured-key.ts';
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';

/** What a stored number is kept under; the home address follows. */
const PREFIX = 'configured-key/';
/**
 * The last number that a key serves for. Half of all numbers: a mobile node that begins anew, and so
 * at the lowest, then always understands which number it is to go on from (status 135).
 */
export const LAST_NUMBER = 0x7fff;

/**
 * The keys that a correspondent shares with mobile nodes, and the last sequence number seen with each.
 * The numbers outlive bindings and restarts, since the key does: else an old update could be played
 * back. Whoever loses them must give out new keys. As many as keys, which the operator wrote down.
 *
 * Supported standards: RFC 4449 sections 3 and 4.
 */
export class ConfiguredKeys {
  readonly #state: NodeState;
  readonly #keys: ReadonlyMap<Address, ConfiguredKey>;
  readonly #last = new Map<Address, number>();

  constructor(keys: ReadonlyMap<Address, ConfiguredKey>, state: NodeState) {
    this.#keys = state.env.without.has('configured-key') ? new Map() : keys;
    this.#state = state;
  }

  /** Something stored in an earlier life. */
  restore(key: string, value: string): void {
    if (!key.startsWith(PREFIX) || this.#state.env.without.has('journal')) return;
    const home = parseAddress(key.slice(PREFIX.length));
    if (home !== undefined && /^\d{1,5}$/.test(value)) this.#last.set(home, Number(value));
  }

  has(home: Address): boolean {
    return this.#keys.has(home);
  }

  /** The binding management key of a home address that has a configured key. */
  managementKey(home: Address, careOf: Address): Uint8Array {
    return configuredManagementKey(this.#state.env.crypto, this.#keys.get(home)!, home, careOf);
  }

  /** The last number accepted from a home address; 0 where there was none. */
  last(home: Address): number {
    return this.#last.get(home) ?? 0;
  }

  /** An update with this number was accepted, and none up to it ever will be again. */
  accept(home: Address, sequence: number): Output[] {
    this.#last.set(home, sequence);
    return [{ kind: 'store', key: PREFIX + formatAddress(home), value: String(sequence) }];
  }
}
