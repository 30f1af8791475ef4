import { homeAddressEntryId } from '../../core/bindings/home-address-entries.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import { INSERTED } from '../../core/forwarding/rewrite.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Output } from '../../core/role.ts';
import { after, type Instant } from '../../core/time.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';

/** What is left of a credit after each CREDIT_AGING_INTERVAL. Source: RFC 4866 section 7. */
const AGING_FACTOR = 7 / 8;

/** A binding whose care-of address is not proved. */
export interface Early {
  readonly careOf: Address;
  readonly expiresAt: Instant;
}

interface Account {
  /** Octets. */
  credit: number;
  careOf: Address;
  /** What had come from the care-of address when we last looked, in octets. */
  heard: number;
  /** What had gone to it on credit when we last looked; undefined while it is proved. */
  sent: number | undefined;
  /** The question whose answer is awaited, and what holds from then on. */
  question: { readonly id: string; readonly then: Then } | undefined;
}

type Then =
  | { readonly kind: 'age' }
  | { readonly kind: 'proved'; readonly careOf: Address }
  | { readonly kind: 'early'; readonly binding: Early };

/**
 * Credit-based authorisation: to a care-of address that is not proved goes no more than its owner has
 * sent, so that nobody can have a victim flooded with more than it could send there itself.
 *
 * What came and went is read from the forwarding table's own counters: the entry that takes packets
 * from the care-of address, and the entry that sends there. Of what came it is asked when the
 * care-of address changes and every CREDIT_AGING_INTERVAL, when the credit loses an eighth; what goes
 * is held to the octet by the `credit` of the entry, which is passed over when it is spent, so that
 * packets go to the home address. What comes while the address is not proved earns nothing, nor does
 * what comes through the home agent. A home address without an account has no credit.
 *
 * One account for each binding of a home address that showed its key, gone with the binding.
 *
 * Supported standards: RFC 4866 sections 3.6, 4.10 and 4.11.
 */
export class CareOfCredit {
  readonly #state: NodeState;
  readonly #accounts = new Map<Address, Account>();
  #ageAt: Instant | undefined;
  #questions = 0;

  constructor(state: NodeState) {
    this.#state = state;
  }

  get size(): number {
    return this.#accounts.size;
  }

  deadline(): Instant | undefined {
    return this.#ageAt;
  }

  /** All credits grow by what came since, and lose an eighth. */
  tick(now: Instant): Output[] {
    if (this.#ageAt === undefined || now < this.#ageAt) return [];
    this.#schedule(now);
    return [...this.#accounts].flatMap(([home, account]) =>
      this.#ask(home, account, { kind: 'age' }),
    );
  }

  /** The binding is there for a care-of address that is proved. To be said before entries change. */
  proved(home: Address, careOf: Address, now: Instant): Output[] {
    const known = this.#accounts.get(home);
    const account = known ?? { credit: 0, careOf, heard: 0, sent: undefined, question: undefined };
    this.#accounts.set(home, account);
    if (this.#ageAt === undefined) this.#schedule(now);
    return this.#ask(home, account, { kind: 'proved', careOf });
  }

  /**
   * The care-of address is not proved. To be said before entries change; `answered` then says what
   * may be sent there, and until then nothing may.
   */
  early(home: Address, binding: Early): Output[] {
    const account = this.#accounts.get(home);
    return account === undefined ? [] : this.#ask(home, account, { kind: 'early', binding });
  }

  /** The binding is gone. */
  close(home: Address): void {
    this.#accounts.delete(home);
    if (this.#accounts.size === 0) this.#ageAt = undefined;
  }

  /** The answer to a question of ours: what may be sent to an address that is not proved. */
  answered(
    id: string,
    use: readonly EntryUse[],
  ): { readonly home: Address; readonly binding: Early; readonly credit: number } | undefined {
    if (!id.startsWith(PREFIX)) return undefined;
    const home = address(id.slice(PREFIX.length).split('/')[0]!);
    const account = this.#accounts.get(home);
    if (account?.question?.id !== id) return undefined;
    const { then } = account.question;
    account.question = undefined;
    settle(account, use, then.kind === 'age');
    if (then.kind === 'age') return undefined;
    account.careOf = then.kind === 'early' ? then.binding.careOf : then.careOf;
    account.heard = use[2]?.octets ?? 0;
    account.sent = then.kind === 'early' ? 0 : undefined;
    return then.kind === 'early'
      ? { home, binding: then.binding, credit: account.credit }
      : undefined;
  }

  /** Asks what came from the old care-of address and from the new one, and what went on credit. */
  #ask(home: Address, account: Account, then: Then): Output[] {
    const next =
      then.kind === 'age'
        ? account.careOf
        : then.kind === 'early'
          ? then.binding.careOf
          : then.careOf;
    this.#questions += 1;
    const id = `${PREFIX}${formatAddress(home)}/${this.#questions}`;
    account.question = { id, then };
    const entries = [
      homeAddressEntryId(home, account.careOf),
      this.#state.paths.creditedId(home),
      homeAddressEntryId(home, next),
    ];
    return [{ kind: 'ask', id, entries }];
  }

  #schedule(now: Instant): void {
    this.#ageAt = after(now, this.#state.constants.CREDIT_AGING_INTERVAL);
  }
}

const PREFIX = 'care-of-credit/';

function settle(account: Account, [came, went]: readonly EntryUse[], aged: boolean): void {
  const heard = came?.octets ?? 0;
  // An entry that is gone counts from zero again.
  const news = heard - Math.min(account.heard, heard);
  account.heard = heard;
  // Whoever is not proved to be there may be one who writes that source (RFC 4866 section 4.10).
  const earned = account.sent === undefined ? news : 0;
  let spent = 0;
  if (account.sent !== undefined && went !== undefined) {
    const sent = went.octets + went.packets * INSERTED;
    spent = sent - Math.min(account.sent, sent);
    account.sent = sent;
  }
  const credit = Math.max(0, account.credit + earned - spent);
  account.credit = aged ? Math.floor(credit * AGING_FACTOR) : credit;
}
