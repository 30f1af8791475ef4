import type { Address } from '../../wire/address.ts';
import { REVOCATION_STATUS } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { HomeRegistrationConfig } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import type { Output } from '../role.ts';
import { checkHomeProof, homeProof, timestampOf } from '../signalling/home-authentication.ts';
import { revocationAcknowledgement } from '../signalling/revocation-signals.ts';
import { answerEnds, inUdp } from '../signalling/udp-signalling.ts';
import type { Instant } from '../time.ts';
import type { AgentClock } from './agent-clock.ts';

/** What a mobile node knows when an indication comes. */
export interface Bound {
  /** The care-of address that its home agent has acknowledged last, if nothing newer is asked. */
  readonly careOf: Address | undefined;
  /** Does its home agent hold a binding, as far as it knows? */
  readonly held: boolean;
  readonly clock: AgentClock;
}

/**
 * A mobile node's home agent revokes its binding. Believed as an acknowledgement is: from the home
 * agent alone, behind a Type 2 Routing header with the home address, proved, and not seen before,
 * since an old one played back would cut the node off at any time.
 *
 * Supported standards: RFC 5846 sections 6 and 10, RFC 4285 sections 5 and 6.
 */
export class RevocationReceiver {
  readonly #config: HomeRegistrationConfig;
  readonly #state: NodeState;
  #lastTimestamp = 0n;

  constructor(config: HomeRegistrationConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
  }

  /**
   * `revoked`: the binding is over. A binding that is being moved is given up as well, and the update
   * that is on its way asks for a new one.
   */
  received(
    received: Received,
    message: LayerOf<'binding-revocation-indication'>,
    { careOf, held, clock }: Bound,
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
    const status = statusOf(message, held);
    const answer = revocationAcknowledgement({
      ...{ agent, careOf: destination, home, sequence: message.sequence, status },
      answers: message,
      proof: homeProof(authentication, crypto, subject, timestamp),
    });
    const ends = received.tunnel && answerEnds(received.tunnel);
    return {
      outputs: [count('revocation.received'), ...(ends ? inUdp(answer, ends) : answer)],
      revoked: careOf === destination && status === REVOCATION_STATUS.success,
    };
  }
}

/** Above this, triggers are for many mobile nodes at once. Source: RFC 5846 section 5.1. */
const LAST_TRIGGER_OF_ONE = 127;

/** A mobile node has no proxy and no IPv4 home address. Source: RFC 5846 sections 6.2.1 and 10. */
function statusOf(
  message: LayerOf<'binding-revocation-indication'>,
  held: boolean,
): (typeof REVOCATION_STATUS)[keyof typeof REVOCATION_STATUS] {
  if (message.proxyBinding) return REVOCATION_STATUS.proxyBindingRevocationNotSupported;
  if (message.global || message.trigger > LAST_TRIGGER_OF_ONE) {
    return REVOCATION_STATUS.revocationFunctionNotSupported;
  }
  if (message.ipv4HomeAddressOnly) {
    const named = message.options.some((one) => one.option === 'ipv4-home-address');
    return named
      ? REVOCATION_STATUS.bindingDoesNotExist
      : REVOCATION_STATUS.ipv4HomeAddressOptionRequired;
  }
  return held ? REVOCATION_STATUS.success : REVOCATION_STATUS.bindingDoesNotExist;
}
