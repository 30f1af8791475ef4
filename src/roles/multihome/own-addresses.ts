import type { CgaIdentity, CgaKey, MultihomedHostConfig } from '../../core/config.ts';
import { autoconfigured } from '../../core/neighbor-discovery/link-layer.ts';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.ts';
import type { NodeState } from '../../core/node-state.ts';
import { type CgaParameters, cgaAddress, cgaParametersOctets } from '../../core/security/cga.ts';
import { type Address, addressOctets } from '../../wire/address.ts';
import { type AddressMaker, MAX_ADDRESS_TRIES } from './provider-addresses.ts';

/** Source: RFC 3972 section 2. */
const PREFIX_SIZE = 8;

/**
 * How a multihomed host makes its addresses: all of one key where it has one, each in its own prefix,
 * so that each proves itself; else of an interface identifier.
 *
 * Source: RFC 3972 section 4, RFC 4862 section 5.5.3.
 */
export class OwnAddresses {
  readonly #identifier: string | undefined;
  readonly #key: CgaKey | undefined;
  /** Without the mechanism the addresses are the same, and prove nothing. */
  readonly #proves: boolean;
  readonly #state: NodeState;
  readonly #parameters = new Map<Address, CgaIdentity>();

  constructor({ identifier, cga }: MultihomedHostConfig, state: NodeState) {
    this.#identifier = identifier;
    this.#key = cga;
    this.#proves = !state.env.without.has('cga');
    this.#state = state;
  }

  readonly make: AddressMaker = ({ prefix }, ofLink, tries) => {
    if (this.#key !== undefined) return this.#ofKey(this.#key, prefix, tries);
    const { secrets } = this.#state.env;
    const identifier = tries > 0 ? String.fromCharCode(...secrets(8)) : this.#identifier;
    return autoconfigured(prefix, identifier ?? ofLink);
  };

  /** What shows that the address is ours, made in an earlier life too; undefined: nothing does. */
  cgaOf(address: Address): CgaIdentity | undefined {
    const key = this.#key;
    for (let tries = 0; key !== undefined && tries < MAX_ADDRESS_TRIES; tries++) {
      if (this.#parameters.has(address)) break;
      this.#ofKey(key, maskAddress(address, 64), tries);
    }
    return this.#parameters.get(address);
  }

  #ofKey(key: CgaKey, prefix: Address, collisionCount: number): Address {
    const parameters: CgaParameters = {
      modifier: key.modifier,
      prefix: addressOctets(prefix).slice(0, PREFIX_SIZE),
      collisionCount,
      publicKey: key.publicKey,
      extensions: new Uint8Array(),
    };
    const address = cgaAddress(this.#state.env.crypto, parameters, key.sec);
    const { privateKey } = key;
    if (this.#proves) {
      this.#parameters.set(address, { privateKey, parameters: cgaParametersOctets(parameters) });
    }
    return address;
  }
}
