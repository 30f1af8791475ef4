import type { Address } from '../../wire/address.ts';
import { count, type Received } from '../part.ts';
import type { AddressSets } from '../peers/address-sets.ts';
import type { Environment, Output } from '../role.ts';
import { equalOctets } from '../security/constant-time.ts';
import { after, type Duration, type Instant, milliseconds } from '../time.ts';
import type { BindingCache } from './binding-cache.ts';

/** So long a packet waits for the update that it has overtaken. */
const PARKING_TIME: Duration = milliseconds(50);
/** What differs between a packet and the same packet when it arrives again: the hop limit, before that. */
const HOP_LIMIT_ENDS = 8;
/** Packets of one home address, and of all. */
const MAX_PACKETS = 8;
const MAX_ALL = 256;

interface Parked {
  readonly received: Received;
  readonly until: Instant;
}

/**
 * Data that has come with a Home Address option before the Binding Update that makes it good: a careof
 * node sends both at once, and the network or we ourselves may change their order. Such packets wait for
 * a moment instead of being refused, if they come from an address that their node has told us of in
 * an earlier exchange; all others are refused at once.
 *
 * Source: the design's Figure 3.1 step 316 ("AsFrom"), made fit for RFC 6275 section 9.3.1.
 */
export class EarlyPackets {
  readonly #sets: AddressSets;
  readonly #bindings: BindingCache;
  readonly #off: boolean;
  /** In order of time. */
  #parked: readonly Parked[] = [];
  /** Those that arrive again: what no entry takes then either waits no second time. */
  #again: readonly Parked[] = [];

  constructor(
    sets: AddressSets,
    bindings: BindingCache,
    { without }: Pick<Environment, 'without'>,
  ) {
    this.#off = without.has('early-packets');
    this.#sets = sets;
    this.#bindings = bindings;
  }

  get size(): number {
    return this.#parked.length;
  }

  deadline(): Instant | undefined {
    return this.#parked[0]?.until;
  }

  /** Takes a packet that no binding stands behind yet; false where it is to be refused at once. */
  park(received: Received, now: Instant): boolean {
    const { home, source } = received;
    if (this.#off || home === undefined || !isTold(this.#sets, home, source)) return false;
    this.#again = this.#again.filter(({ until }) => until > now);
    if (this.#again.some((one) => isSame(one.received, received))) return false;
    const others = this.#parked.filter((one) => one.received.home === home);
    if (others.length >= MAX_PACKETS || this.#parked.length >= MAX_ALL) return false;
    this.#parked = [...this.#parked, { received, until: after(now, PARKING_TIME) }];
    return true;
  }

  /** Those whose binding is there now: they arrive again. */
  released(now: Instant): Output[] {
    if (this.#parked.length === 0) return [];
    const isBound = ({ received: { home, source } }: Parked) => {
      const binding = this.#bindings.get(home!);
      // A provisional binding is our own guess: nothing is taken by it.
      return binding?.careOf === source && binding.provisional !== true;
    };
    const bound = this.#parked.filter(isBound);
    if (bound.length === 0) return [];
    this.#parked = this.#parked.filter((one) => !isBound(one));
    const until = after(now, PARKING_TIME);
    const again = bound.map(({ received }) => ({ received, until }));
    this.#again = [...this.#again, ...again].slice(-MAX_ALL);
    return bound.flatMap(({ received: { octets } }) => [
      count('mobility.early_released'),
      { kind: 'transmit', octets } as const,
    ]);
  }

  /** Those that have waited in vain, to be refused now. */
  late(now: Instant): Received[] {
    const late = this.#parked.filter(({ until }) => until <= now);
    if (late.length > 0) this.#parked = this.#parked.filter(({ until }) => until > now);
    return late.map(({ received }) => received);
  }
}

const isTold = (sets: AddressSets, home: Address, careOf: Address): boolean =>
  sets.of(home)?.addresses.includes(careOf) ?? false;

const isSame = ({ octets: a }: Received, { octets: b }: Received): boolean =>
  equalOctets(a.subarray(HOP_LIMIT_ENDS), b.subarray(HOP_LIMIT_ENDS));
