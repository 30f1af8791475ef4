import type { Address } from '../../wire/address.ts';
import type { Constants } from '../constants.ts';
import type { Mechanism } from '../mechanisms.ts';
import type { Environment } from '../role.ts';
import { equalOctets } from '../security/constant-time.ts';
import { after, type Duration, type Instant, sooner } from '../time.ts';

export type TestKind = 'home' | 'care-of';

export type TestOutput =
  /** Send a Home Test Init or a Care-of Test Init with this cookie. */
  | { readonly kind: 'send'; readonly test: TestKind; readonly cookie: Uint8Array }
  /** Everything that was asked for is proved. */
  | { readonly kind: 'proved'; readonly began: Instant }
  /** The peer has not answered; `care-of`: it has answered the home test, and not the other. */
  | { readonly kind: 'silent'; readonly test?: 'care-of' }
  | { readonly kind: 'unexpected' };

/** What a peer gave to whoever receives at an address. Source: RFC 6275 section 5.2.5. */
export interface Token {
  readonly nonceIndex: number;
  readonly keygenToken: Uint8Array;
}

/** Inits sent without an answer before a peer counts as silent (1 + 2 + 4 + 8 + 16 s). */
const MAX_TESTS_UNANSWERED = 5;
/** The same of Care-of Test Inits to a peer that has answered the home test: the path drops them. */
const MAX_CARE_OF_TESTS_UNANSWERED = 2;

/** A token, and until when it may be used. */
export type TimedToken = Token & { readonly until: Instant };

interface Test {
  readonly kind: TestKind;
  /** The address under test. */
  address: Address;
  cookie: Uint8Array;
  /** Set while an answer is awaited: when to send again, and how long to wait after that. */
  pending: { retryAt: Instant; wait: Duration; sent: number } | undefined;
  token: TimedToken | undefined;
  lastSent: Instant | undefined;
}

/**
 * The mobile node's side of return routability with one peer: proves that it receives at its home
 * address and at a care-of address.
 *
 *     begin --> Home Test Init and Care-of Test Init, each sent again until answered --> proved
 *
 * Tokens that others of this node asked for (`learn`) spare a test. A home token is kept over moves while it is fresh; a care-of token belongs to one care-of address.
 *
 * Supported standards: RFC 6275 sections 5.2.5, 5.2.7, 11.6.1, 11.6.2, 11.8.
 */
export class RoutabilityTest {
  readonly #constants: Constants;
  readonly #secrets: Environment['secrets'];
  readonly #without: ReadonlySet<Mechanism>;
  readonly #tests = new Map<TestKind, Test>();
  /** Tokens asked for elsewhere, by kind and address: few, since they are of our own addresses. */
  readonly #learnt = new Map<string, TimedToken>();
  #wanted:
    | { readonly home: boolean; readonly careOf: Address | undefined; readonly began: Instant }
    | undefined;

  constructor(constants: Constants, env: Pick<Environment, 'secrets' | 'without'>) {
    this.#constants = constants;
    this.#secrets = env.secrets;
    this.#without = env.without;
  }

  /** Does a test wait for its answer? */
  get waiting(): boolean {
    return this.#wanted !== undefined;
  }

  /**
   * Asks for proof of `home`, and of `careOf` unless the binding is to be taken back. What is still
   * proved is not tested again.
   */
  begin(home: Address, careOf: Address | undefined, now: Instant): TestOutput[] {
    this.#wanted = { home: true, careOf, began: now };
    const outputs = this.#want('home', home, now);
    if (careOf !== undefined) outputs.push(...this.#want('care-of', careOf, now));
    else this.#tests.delete('care-of');
    return [...outputs, ...this.#conclude(now)];
  }

  /** Somebody else of this node has had an address tested by this peer. */
  learn(kind: TestKind, address: Address, token: TimedToken): void {
    this.#learnt.set(kind + address, token);
  }

  /** Is there a home token for this address, or one that was learnt? */
  hasHomeToken(home: Address, now: Instant): boolean {
    const token = this.#learnt.get(`home${home}`);
    return this.#fresh('home', now) !== undefined || (token !== undefined && now < token.until);
  }

  /** Asks for proof of `careOf` alone, where something else proves the home address. */
  beginCareOf(careOf: Address, now: Instant): TestOutput[] {
    this.#wanted = { home: false, careOf, began: now };
    return [...this.#want('care-of', careOf, now), ...this.#conclude(now)];
  }

  /** The token for this care-of address, if it is fresh. */
  careOfToken(careOf: Address, now: Instant): Token | undefined {
    return this.#isFor(this.#tests.get('care-of'), careOf)
      ? this.#fresh('care-of', now)
      : undefined;
  }

  /** The tokens for this care-of address (undefined: the home token alone), if all are fresh. */
  proof(
    careOf: Address | undefined,
    now: Instant,
  ): { readonly home: Token; readonly careOf: Token | undefined } | undefined {
    const home = this.#fresh('home', now);
    if (home === undefined || careOf === undefined) {
      return home && { home, careOf: undefined };
    }
    const token = this.careOfToken(careOf, now);
    return token && { home, careOf: token };
  }

  /** Feeds a Home Test or Care-of Test that came to the address under test. */
  received(
    test: TestKind,
    at: Address,
    cookie: Uint8Array,
    token: Token,
    now: Instant,
  ): TestOutput[] {
    const waiting = this.#tests.get(test);
    const expected =
      waiting?.pending !== undefined &&
      waiting.address === at &&
      equalOctets(waiting.cookie, cookie);
    if (!expected) return [{ kind: 'unexpected' }];
    waiting.pending = undefined;
    waiting.token = { ...token, until: after(now, this.#constants.MAX_TOKEN_LIFETIME) };
    return this.#conclude(now);
  }

  /** Is this the cookie of an Init that waits for its answer (in a quoted packet, say)? */
  isPending(cookie: Uint8Array): boolean {
    for (const test of this.#tests.values()) {
      if (test.pending !== undefined && equalOctets(test.cookie, cookie)) return true;
    }
    return false;
  }

  /** Stops asking; tokens stay. */
  stop(): void {
    this.#wanted = undefined;
    for (const test of this.#tests.values()) test.pending = undefined;
  }

  /** The tokens, or those of one kind, are of no use: the peer does not know their nonces any more. */
  forgetTokens(kind?: TestKind): void {
    for (const key of this.#learnt.keys()) {
      if (kind === undefined || key.startsWith(kind)) this.#learnt.delete(key);
    }
    for (const test of this.#tests.values()) {
      if (kind === undefined || test.kind === kind) test.token = undefined;
    }
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { pending } of this.#tests.values()) deadline = sooner(deadline, pending?.retryAt);
    return deadline;
  }

  /** @param impatient a test that the path alone leaves unanswered is given up sooner. */
  tick(now: Instant, impatient = false): TestOutput[] {
    const outputs: TestOutput[] = [];
    for (const test of this.#tests.values()) {
      if (test.pending === undefined || now < test.pending.retryAt) continue;
      const pathAlone = this.#isPathAlone(test, now);
      const soon = pathAlone && impatient;
      if (test.pending.sent >= (soon ? MAX_CARE_OF_TESTS_UNANSWERED : MAX_TESTS_UNANSWERED)) {
        this.stop();
        return [...outputs, { kind: 'silent', ...(pathAlone && { test: 'care-of' }) }];
      }
      outputs.push(this.#send(test, test.pending, now));
    }
    return outputs;
  }

  /** Is it the path from here that is silent, since the peer answers by the home agent? */
  #isPathAlone({ kind }: Test, now: Instant): boolean {
    const asked = kind === 'care-of' && this.#wanted?.home === true;
    return asked && this.#fresh('home', now) !== undefined && !this.#without.has('path-probing');
  }

  #want(kind: TestKind, address: Address, now: Instant): TestOutput[] {
    const known = this.#tests.get(kind);
    const test = known !== undefined && this.#isFor(known, address) ? known : this.#newTest(kind);
    test.address = address;
    this.#tests.set(kind, test);
    const learnt = this.#learnt.get(kind + address);
    if (learnt !== undefined && (test.token?.until ?? now) < learnt.until) test.token = learnt;
    if (this.#fresh(kind, now) !== undefined || test.pending !== undefined) return [];
    test.cookie = this.#secrets(8);
    const pending = { retryAt: now, wait: this.#constants.INITIAL_BINDACK_TIMEOUT, sent: 0 };
    const allowed = this.#allowedAt(test, now);
    if (allowed <= now) return [this.#send(test, pending, now)];
    test.pending = { ...pending, retryAt: allowed };
    return [];
  }

  /** RFC 6275 section 11.8: no more than MAX_UPDATE_RATE of a kind to one peer. */
  #allowedAt(test: Test, now: Instant): Instant {
    if (test.lastSent !== undefined) return after(test.lastSent, this.#constants.UPDATE_INTERVAL);
    // The fault of another implementation: "never sent" kept as 0 and read as "sent just now".
    if (this.#without.has('first-send-at-once')) return after(now, this.#constants.UPDATE_INTERVAL);
    return now;
  }

  #newTest(kind: TestKind): Test {
    return {
      kind,
      address: '' as Address,
      cookie: this.#secrets(8),
      pending: undefined,
      token: undefined,
      lastSent: undefined,
    };
  }

  #isFor(test: Test | undefined, address: Address): boolean {
    // The fault of another implementation: a token of the last care-of address taken for the new.
    if (test?.kind === 'care-of' && this.#without.has('new-care-of-test')) return true;
    return test?.address === address;
  }

  #fresh(kind: TestKind, now: Instant): Token | undefined {
    const token = this.#tests.get(kind)?.token;
    return token !== undefined && now < token.until ? token : undefined;
  }

  #send(test: Test, pending: NonNullable<Test['pending']>, now: Instant): TestOutput {
    // RFC 6275 section 11.8: a repeat is a test of its own, and the answer to the last one is void.
    if (pending.sent > 0) test.cookie = this.#secrets(8);
    const { MAX_BINDACK_TIMEOUT } = this.#constants;
    const longer = Math.min(pending.wait * 2, MAX_BINDACK_TIMEOUT) as Duration;
    const wait = pending.sent === 0 ? pending.wait : longer;
    test.lastSent = now;
    const retries = !this.#without.has('retransmission');
    test.pending = {
      retryAt: retries ? after(now, wait) : (Number.MAX_SAFE_INTEGER as Instant),
      wait,
      sent: pending.sent + 1,
    };
    return { kind: 'send', test: test.kind, cookie: test.cookie };
  }

  #conclude(now: Instant): TestOutput[] {
    if (this.#wanted === undefined) return [];
    const { home, careOf, began } = this.#wanted;
    const proved = home ? this.proof(careOf, now) : this.careOfToken(careOf!, now);
    if (proved === undefined) return this.#renew(home, now);
    this.#wanted = undefined;
    return [{ kind: 'proved', began }];
  }

  /** A token that was fresh when the other test began may have run out while that went on. */
  #renew(home: boolean, now: Instant): TestOutput[] {
    const tests = [...this.#tests.values()].filter(({ kind }) => home || kind === 'care-of');
    if (tests.some(({ pending }) => pending !== undefined)) return [];
    return tests.flatMap(({ kind, address }) => this.#want(kind, address, now));
  }
}
