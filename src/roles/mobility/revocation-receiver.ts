import type { MobileNodeConfig } from '../../core/config.ts';
import { checkHomeProof, homeProof, timestampOf } from '../../core/home-authentication.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { revocationAcknowledgement } from '../../core/revocation-signals.ts';
import type { Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { REVOCATION_STATUS } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { AgentClock } from './agent-clock.ts';

/** What a mobile node knows when an indication comes. */
export interface Bound {
  /** The care-of address that its home agent holds, as far as it knows. */
  readonly careOf: Address | undefined;
  readonly clock: AgentClock;
}

/**
 * A mobile node's home agent revokes its binding. Believed as an acknowledgement is: from the home
 * agent alone, behind a Type 2 Routing header with the home address, proved, and not seen before,
 * since an old one played back would cut the node off at any time.
 *
 * Supported standards: RFC 5846 sections 6 and 11, RFC 4285 sections 5 and 6.
 */
export class RevocationReceiver {
  readonly #config: MobileNodeConfig;
  readonly #state: NodeState;
  #lastTimestamp = 0n;

  constructor(config: MobileNodeConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
  }

  /** `revoked`: the binding is over. */
  received(
    received: Received,
    message: LayerOf<'binding-revocation-indication'>,
    { careOf, clock }: Bound,
    now: Instant,
  ): { readonly outputs: Output[]; readonly revoked: boolean } {
    const { home, authentication } = this.#config;
    const { destination, source: agent } = received;
    const refused = (): { outputs: Output[]; revoked: false } => ({
      outputs: [count('revocation.unauthenticated')],
      revoked: false,
    });
    if (received.routing2 !== home) return refused();
    const { crypto, without } = this.#state.env;
    const subject = { careOf: destination, home };
    if (checkHomeProof(authentication, this.#state.env, subject, received) !== 'proved') {
      return refused();
    }
    const timestamp = timestampOf(message) ?? 0n;
    if (authentication.method === 'rfc4285' && !without.has('replay-protection')) {
      const tolerance = this.#state.constants.TIMESTAMP_TOLERANCE;
      if (timestamp <= this.#lastTimestamp || !clock.isFresh(timestamp, tolerance, now)) {
        return refused();
      }
      this.#lastTimestamp = timestamp;
    }
    const revoked = careOf === destination;
    const status = message.proxyBinding
      ? REVOCATION_STATUS.proxyBindingRevocationNotSupported
      : revoked
        ? REVOCATION_STATUS.success
        : REVOCATION_STATUS.bindingDoesNotExist;
    const answer = revocationAcknowledgement({
      ...{ agent, careOf: destination, home, sequence: message.sequence, status },
      proof: homeProof(authentication, crypto, subject, timestamp),
    });
    return {
      outputs: [count('revocation.received'), ...answer],
      revoked: revoked && status === REVOCATION_STATUS.success,
    };
  }
}
