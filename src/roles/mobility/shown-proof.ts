/**
 * What an update shows to a correspondent in proof of itself, whatever the means.
 *
 * Source: RFC 6275 sections 9.5.1 and 9.5.4.
 */
import type { Counter } from '../../core/counters.ts';
import type { Duration } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';

export type Shown = Proved | Refused | { readonly kind: 'unproved' };

/** In order as far as it has been looked at; its authenticator is to be made with `key`. */
export interface Proved {
  readonly kind: 'proved';
  readonly key: Uint8Array;
  /** How long the binding may live. */
  readonly longest: Duration;
  /** The care-of address is not proved yet. */
  readonly unverified?: true;
  /** Authenticated as another implementation does it. */
  readonly oldForm?: true;
  /** The address, of care-of address and home address, that the authenticator is made over. */
  readonly signedOver: Address;
  /** What the answer brings where the update is accepted. */
  readonly brings?: () => readonly MobilityOptionInput[];
}

/** Answered with a status; `tested` proves the answer, where anything does. */
export interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly counter: Counter;
  readonly tested?: Proved;
  /** It gets no answer, and may come again. */
  readonly unanswered?: true;
}
