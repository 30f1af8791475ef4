import type { Address } from '../../wire/address.ts';
import type { BindingUpdate } from '../bindings/judged-update.ts';
import type { Authority } from '../config.ts';
import type { Counter } from '../counters.ts';
import { isWithin } from '../neighbor-discovery/router-advertisement.ts';
import type { Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Ed25519, Environment } from '../role.ts';
import { type Delegation, isSignedBy, readDelegation } from '../security/delegation.ts';
import { between, type Duration, type Instant, milliseconds, seconds } from '../time.ts';
import { type DelegatedBinding, isSignedWith, shownDelegation } from './delegated-update.ts';

/** Updates whose signatures are checked: 100 a second, some 20 ms of work on a small machine. */
const INTERVAL = milliseconds(10);
const BURST = 100;

/** What came of a look at a delegation: for how long it holds still, or why it does not. */
export type Delegated = { readonly longest: Duration } | { readonly refused: Counter };

/**
 * Whether an update comes from somebody who may bind its address: an address of a prefix that has an
 * authority is bound with a delegation of that authority alone. To be asked about updates that are proved
 * otherwise already, since checking a signature costs more than making one up.
 *
 * Nothing is remembered: each update shows its delegation whole.
 *
 * Source: docs/registry.md; seed anycast.
 */
export class DelegationCheck {
  readonly #authorities: readonly Authority[];
  readonly #env: Environment;
  readonly #ed25519: Ed25519 | undefined;
  readonly #checked = new RateLimit(INTERVAL, BURST);

  /** Throws RangeError where delegations are asked for and Ed25519 was not handed in. */
  constructor(authorities: readonly Authority[] | undefined, env: Environment) {
    this.#authorities = env.without.has('delegation') ? [] : (authorities ?? []);
    this.#env = env;
    this.#ed25519 = env.crypto.ed25519;
    if (this.#authorities.length > 0 && this.#ed25519 === undefined) {
      throw new RangeError('a delegation needs Ed25519, and none is handed in');
    }
  }

  /** Does it take a delegation to bind this address? */
  asks(home: Address): boolean {
    return this.#authorities.some(({ prefix }) => isWithin(home, prefix));
  }

  judge(
    { octets }: Received,
    { options }: BindingUpdate,
    binding: DelegatedBinding,
    now: Instant,
  ): Delegated {
    const shown = shownDelegation(options);
    if (shown === undefined) return { refused: 'delegation.missing' };
    const delegation = readDelegation(shown);
    if (delegation === undefined) return { refused: 'delegation.malformed' };
    const { prefix, notBefore, notAfter, serverKey } = delegation;
    if (!isWithin(binding.home, prefix)) return { refused: 'delegation.outside' };
    const clock = (this.#env.epoch + now) / seconds(1);
    if (clock < notBefore || clock >= notAfter + 1) return { refused: 'delegation.out_of_date' };
    if (!this.#checked.take(now)) return { refused: 'delegation.deferred' };
    const ed25519 = this.#ed25519!;
    const authorities = this.#authorities.filter((one) => isWithin(binding.home, one.prefix));
    if (!authorities.some(({ key }) => isSignedBy(ed25519, key, shown))) {
      return { refused: 'delegation.not_of_authority' };
    }
    if (!isSignedWith(ed25519, serverKey, octets, binding)) {
      return { refused: 'delegation.wrong_signature' };
    }
    return { longest: this.#rest(delegation, now) };
  }

  #rest({ notAfter }: Delegation, now: Instant): Duration {
    return between(now, (seconds(notAfter + 1) - this.#env.epoch) as Instant);
  }
}
