import { type Address, isMulticast, readAddress, UNSPECIFIED } from '../../wire/address.ts';
import { walkHeaders } from '../../wire/walk.ts';
import { count, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Environment, Output } from '../role.ts';
import { signal } from '../signalling/signalling.ts';
import { type Instant, milliseconds } from '../time.ts';

/** Ten a second: enough for honest peers that lost a binding, useless as a flood. */
const INTERVAL = milliseconds(100);
const BURST = 10;

/** Binding Error status values. Source: RFC 6275 section 6.1.9. */
const UNKNOWN_BINDING = 1;
const UNRECOGNISED_TYPE = 2;

/**
 * Sends Binding Errors, never more than a trickle.
 * Source: RFC 6275 sections 6.1.9 and 9.3.3.
 */
export class BindingErrors {
  readonly #limit: RateLimit;
  /** Of ICMPv6 errors, and of answers to updates that nobody proved: one flood silences one only. */
  readonly icmpLimit: RateLimit;
  readonly unprovedLimit: RateLimit;
  readonly #silent: boolean;

  constructor(env: Pick<Environment, 'without'>) {
    const endless = env.without.has('answer-limit');
    const limit = () => new RateLimit(INTERVAL, endless ? Number.POSITIVE_INFINITY : BURST);
    this.#limit = limit();
    this.icmpLimit = limit();
    this.unprovedLimit = limit();
    this.#silent = env.without.has('binding-error');
  }

  /** Somebody used a Home Address option that no binding stands behind. */
  unknownBinding(
    packet: Pick<Received, 'source' | 'destination' | 'home'>,
    now: Instant,
  ): Output[] {
    return this.#send(packet.destination, packet.source, packet.home, UNKNOWN_BINDING, now);
  }

  /** Somebody sent a Mobility Header message that nothing here processes. */
  unrecognisedType(packet: Uint8Array, now: Instant): Output[] {
    const home = walkHeaders(packet)?.homeAddressAt ?? -1;
    return this.#send(
      readAddress(packet, 24),
      readAddress(packet, 8),
      home < 0 ? UNSPECIFIED : readAddress(packet, home),
      UNRECOGNISED_TYPE,
      now,
    );
  }

  #send(
    from: Address,
    to: Address,
    home: Address | undefined,
    status: number,
    now: Instant,
  ): Output[] {
    if (this.#silent || isMulticast(to) || to === UNSPECIFIED || isMulticast(from)) return [];
    if (!this.#limit.take(now)) return [count('mobility.be_suppressed')];
    return [
      count('mobility.be_sent'),
      ...signal({
        source: from,
        destination: to,
        layers: [{ layer: 'binding-error', status, homeAddress: home ?? UNSPECIFIED }],
        detail: status === UNKNOWN_BINDING ? 'unknown binding' : 'unrecognised message type',
      }),
    ];
  }
}
