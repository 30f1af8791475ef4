import type { Address } from '../../wire/address.ts';
import type { ConfiguredKey } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import { configuredManagementKey } from '../security/configured-key.ts';
import { verifyBindingAuthorization } from '../security/return-routability.ts';
import { updateAuthorization } from '../signalling/binding-authorization.ts';
import type { Proof } from '../signalling/signalling.ts';
import type { Duration } from '../time.ts';
import type { PeerProof, Proving } from './peer-proof.ts';

/**
 * How this node proves itself to a peer by what both were told beforehand: there are no tests and no
 * nonce indices, and the very first message is the update.
 *
 * Supported standards: RFC 4449 section 3.
 */
export class ConfiguredKeyProof implements PeerProof {
  readonly means = 'configured-key';
  readonly waiting = false;
  readonly #home: Address;
  readonly #key: ConfiguredKey;
  readonly #state: NodeState;

  constructor(home: Address, key: ConfiguredKey, state: NodeState) {
    this.#home = home;
    this.#key = key;
    this.#state = state;
  }

  deadline(): undefined {}

  begin(): Proving {
    return { outputs: [], result: 'proved' };
  }

  /** Tokens prove nothing here. */
  learn(): void {}

  needsHomeTest(): boolean {
    return false;
  }

  /** No test was asked for. */
  received(): Proving {
    return { outputs: [count('mobility.test_unexpected')] };
  }

  tick(): Proving {
    return { outputs: [] };
  }

  awaits(): boolean {
    return false;
  }

  stop(): void {}

  forgetTokens(): void {}

  gaveUp(): void {}

  released(): void {}

  longest(): { readonly lifetime: Duration; readonly alone: boolean } {
    return { lifetime: this.#state.constants.MAX_HOME_LIFETIME, alone: true };
  }

  proof(careOf: Address): Proof {
    const { crypto } = this.#state.env;
    return updateAuthorization(crypto, this.#managementKey(careOf), careOf);
  }

  verifies(received: Received, careOf: Address): boolean {
    const { crypto } = this.#state.env;
    const ends = { careOf, correspondent: received.source };
    return verifyBindingAuthorization(crypto, received.octets, this.#managementKey(careOf), ends);
  }

  accepted(): boolean {
    return false;
  }

  refused(): boolean {
    return false;
  }

  #managementKey(careOf: Address): Uint8Array {
    return configuredManagementKey(this.#state.env.crypto, this.#key, this.#home, careOf);
  }
}
