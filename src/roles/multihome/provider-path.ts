import type { ProbeConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, tell } from '../../core/part.ts';
import { waysTo } from '../../core/peers/met-at.ts';
import type { TestKind, TimedToken, Token } from '../../core/peers/routability-test.ts';
import type { Output } from '../../core/role.ts';
import { equalOctets } from '../../core/security/constant-time.ts';
import { signal } from '../../core/signalling/signalling.ts';
import {
  after,
  between,
  type Duration,
  type Instant,
  milliseconds,
  seconds,
} from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';

/** Questions of one kind whose answers are waited for; the oldest is forgotten. */
const MAX_OUTSTANDING = 4;
/** How long an answer may take where nothing is known of the path. */
const UNKNOWN_PATIENCE: Duration = seconds(1);
/** Unanswered questions in peace are asked again after this, then twice as long each time. */
const RETRY: { readonly first: Duration; readonly longest: Duration } = {
  first: seconds(1),
  longest: seconds(64),
};
/** The same where the path is known to be dead. */
const REVIVAL: { readonly first: Duration; readonly longest: Duration } = {
  first: seconds(3),
  longest: seconds(30),
};
/** Tokens are asked for anew when this share of their lifetime is over: drawn between the two. */
const RENEWAL = { least: 0.68, most: 0.86 };
/** A path that died lately is held for twice as long, so many times. */
const MOST_DOUBLINGS = 4;
const LATELY = seconds(600);

interface Question {
  readonly cookie: Uint8Array;
  readonly sentAt: Instant;
  /** Where the peer was asked. */
  readonly way: Address;
}

/** One kind of test of the address, by the peer. */
interface Test {
  outstanding: readonly Question[];
  token: TimedToken | undefined;
}

/** `dead`: known not to carry; `returning`: it was dead, and answers. */
export type Health = 'up' | 'dead' | 'returning';

/**
 * The path from one address of ours to one peer: its tokens, and whether it carries.
 *
 * One question serves both: a Home Test Init or Care-of Test Init from the address itself is answered
 * by every correspondent of RFC 6275 without keeping anything, and the answer is a fresh token.
 *
 *     up --unanswered for some intervals, or its provider gone--> dead
 *     dead --answered--> returning --answered for the hold time--> up
 *                        returning --unanswered for some intervals--> dead
 *
 * Supported standards: RFC 6275 sections 5.2.5, 11.6.1, 11.6.2.
 */
export class ProviderPath {
  readonly peer: Address;
  readonly own: Address;
  readonly #state: NodeState;
  readonly #probe: ProbeConfig;
  readonly #tests: Record<TestKind, Test> = {
    home: { outstanding: [], token: undefined },
    'care-of': { outstanding: [], token: undefined },
  };
  /** Kinds of tokens that sessions may need. */
  wanted: ReadonlySet<TestKind> = new Set();
  #health: Health = 'up';
  #roundTrip: Duration | undefined;
  #answeredAt: Instant | undefined;
  #sentAt: Instant | undefined;
  #goodSince: Instant | undefined;
  #goodAnswers = 0;
  #deaths: readonly Instant[] = [];
  /** Where the peer last answered. */
  #answeredFrom: Address | undefined;
  /** Where it is asked next, whatever else is known. */
  #nextWay: Address | undefined;
  /** How many questions went out. */
  #asked = 0;
  /** When the next question is due by itself. */
  #dueAt: Instant;
  #wait: Duration = RETRY.first;

  constructor(peer: Address, own: Address, probe: ProbeConfig, state: NodeState, now: Instant) {
    this.peer = peer;
    this.own = own;
    this.#probe = probe;
    this.#state = state;
    this.#dueAt = now;
  }

  get health(): Health {
    return this.#health;
  }

  get dueAt(): Instant {
    return this.#dueAt;
  }

  get roundTrip(): Duration | undefined {
    return this.#roundTrip;
  }

  /** When the peer last answered; undefined: never. */
  get answeredAt(): Instant | undefined {
    return this.#answeredAt;
  }

  /** Did it answer more than once since it was dead? */
  get isSteady(): boolean {
    return this.#health === 'up' || this.#goodAnswers > 1;
  }

  token(kind: TestKind): TimedToken | undefined {
    return this.#tests[kind].token;
  }

  /** A token of an earlier life. */
  learn(kind: TestKind, token: TimedToken): void {
    this.#tests[kind].token = token;
  }

  /** How long an answer may take before it counts as missing. */
  get patience(): Duration {
    if (this.#roundTrip === undefined) return UNKNOWN_PATIENCE;
    return Math.max(this.#probe.interval, 2 * this.#roundTrip) as Duration;
  }

  /** May a question go out, the last one having had its time? */
  mayAsk(now: Instant): boolean {
    return this.#sentAt === undefined || between(this.#sentAt, now) >= this.patience;
  }

  /** Has a question been without an answer for too long? */
  isDoubtful(now: Instant): boolean {
    const oldest = this.#oldestQuestion();
    return oldest !== undefined && between(oldest, now) >= this.patience;
  }

  /** Have so many intervals passed that a peer which answers must have answered? */
  isSilent(now: Instant): boolean {
    const oldest = this.#oldestQuestion();
    if (oldest === undefined || this.#answeredAt === undefined) return false;
    const { home, 'care-of': careOf } = this.#tests;
    const asked = Math.max(home.outstanding.length, careOf.outstanding.length);
    if (asked < Math.min(this.#probe.threshold - 1, MAX_OUTSTANDING)) return false;
    return between(oldest, now) >= (this.#probe.threshold - 1) * this.patience;
  }

  #oldestQuestion(): Instant | undefined {
    const all = [...this.#tests.home.outstanding, ...this.#tests['care-of'].outstanding];
    return all.reduce<Instant | undefined>(
      (oldest, { sentAt }) => (oldest === undefined || sentAt < oldest ? sentAt : oldest),
      undefined,
    );
  }

  /** Is the path carrying? One question, of the kind whose answer is of more use. */
  ask(now: Instant): Output[] {
    return this.#send(this.wanted.has('home') ? 'home' : 'care-of', now);
  }

  /** Asks for all that is wanted, as it is due from time to time. */
  askAll(now: Instant): Output[] {
    const unanswered = this.#oldestQuestion() !== undefined;
    const steps = this.#health === 'dead' ? REVIVAL : RETRY;
    const slower = unanswered && this.#health !== 'returning';
    this.#wait = slower ? (Math.min(2 * this.#wait, steps.longest) as Duration) : steps.first;
    // One answer that is lost or late does not begin the hold time anew.
    if (this.#health === 'returning' && this.isSilent(now)) this.#fellBack();
    const patience = this.#health === 'returning' ? this.patience : 0;
    this.#dueAt = after(now, Math.max(this.#wait, patience) as Duration);
    return [...this.wanted].flatMap((kind) => this.#send(kind, now));
  }

  /** Puts the next question off, where too many go out already. */
  defer(until: Instant): void {
    this.#dueAt = until;
  }

  #send(kind: TestKind, now: Instant): Output[] {
    const test = this.#tests[kind];
    const cookie = this.#state.env.secrets(8);
    const way = this.#way();
    test.outstanding = [...test.outstanding, { cookie, sentAt: now, way }].slice(-MAX_OUTSTANDING);
    this.#sentAt = now;
    const isHome = kind === 'home';
    return [
      count(isHome ? 'mobility.hoti_sent' : 'mobility.coti_sent'),
      ...signal({
        source: this.own,
        destination: way,
        layers: [
          isHome
            ? { layer: 'home-test-init', homeInitCookie: cookie }
            : { layer: 'care-of-test-init', careOfInitCookie: cookie },
        ],
      }),
    ];
  }

  /**
   * Where the peer is asked: where it is bound; else, as long as it is uncertain which of its addresses
   * carries, where it was heard, and where nothing carries at each in turn that it has told of.
   */
  #way(): Address {
    const ways = waysTo(this.peer, this.#state);
    const next = this.#nextWay;
    this.#nextWay = undefined;
    this.#asked += 1;
    if (next !== undefined && ways.includes(next)) return next;
    if (this.#health === 'dead') return ways[this.#asked % ways.length]!;
    const from = this.#answeredFrom;
    const isAt = this.#health === 'returning' && from !== undefined && ways.includes(from);
    return isAt && ways[0] === this.peer ? from : ways[0]!;
  }

  /** An answer; false where no question of ours waits for it. */
  answered(kind: TestKind, cookie: Uint8Array, token: Token, now: Instant): boolean {
    const test = this.#tests[kind];
    const asked = test.outstanding.find((one) => equalOctets(one.cookie, cookie));
    if (asked === undefined) return false;
    test.token = { ...token, until: after(now, this.#state.constants.MAX_TOKEN_LIFETIME) };
    const took = between(asked.sentAt, now);
    const smoothed = (7 * (this.#roundTrip ?? took) + took) / 8;
    this.#roundTrip = Math.round(Math.max(smoothed, took)) as Duration;
    this.#answeredAt = now;
    this.#answeredFrom = asked.way;
    for (const kind of ['home', 'care-of'] as const) this.#tests[kind].outstanding = [];
    this.#carries(now);
    return true;
  }

  /** When it next has to be asked, now that it has answered. */
  #carries(now: Instant): void {
    if (this.#health === 'dead') {
      this.#health = 'returning';
      this.#goodSince = now;
      this.#goodAnswers = 0;
    }
    if (this.#health === 'up') {
      const { least, most } = RENEWAL;
      const share = least + (most - least) * this.#state.env.random();
      const { MAX_TOKEN_LIFETIME } = this.#state.constants;
      this.#dueAt = after(now, Math.round(share * MAX_TOKEN_LIFETIME) as Duration);
      return;
    }
    this.#goodAnswers += 1;
    const slow = Math.max(milliseconds(1000), Math.round(this.#probe.hold / 10)) as Duration;
    this.#dueAt = after(now, this.#goodAnswers > 2 ? slow : this.patience);
  }

  #fellBack(): void {
    this.#health = 'dead';
    this.#goodSince = undefined;
  }

  /** A token of a kind that was not wanted so far is asked for at once. */
  want(kinds: ReadonlySet<TestKind>, now: Instant): void {
    const lacking = [...kinds].some((kind) => !this.wanted.has(kind));
    this.wanted = kinds;
    if (lacking && this.#health === 'up') this.#dueAt = now;
  }

  /** It carries no more. */
  die(reason: string, now: Instant): Output[] {
    if (this.#health === 'dead') return [];
    this.#fellBack();
    this.#deaths = [...this.#deaths.filter((at) => between(at, now) < LATELY), now];
    this.#wait = REVIVAL.first;
    this.#dueAt = after(now, REVIVAL.first);
    for (const kind of ['home', 'care-of'] as const) this.#tests[kind].outstanding = [];
    return [
      count('multihome.path_died'),
      tell({ kind: 'provider.failed', careof: this.own, peer: this.peer, reason }),
    ];
  }

  /** Its provider is back: it is asked at once whether it carries. */
  revive(now: Instant): void {
    this.#dueAt = now;
    this.#wait = REVIVAL.first;
  }

  /** The peer was heard, from this address of its: it is asked there, but no more often than else. */
  heard(from: Address, now: Instant): void {
    if (this.#health !== 'dead' || !this.mayAsk(now)) return;
    this.revive(now);
    this.#nextWay = from;
  }

  /** Has it answered for so long that sessions may come back? */
  hasHeld(now: Instant): Output[] {
    if (this.#health !== 'returning' || now < this.holdsUntil!) return [];
    this.#health = 'up';
    return [tell({ kind: 'provider.returned', careof: this.own, peer: this.peer })];
  }

  /** When it will have; not while a question waits for its answer. */
  get holdsUntil(): Instant | undefined {
    if (this.#health !== 'returning') return undefined;
    const isAsked = this.#oldestQuestion() !== undefined;
    return isAsked ? (Math.max(this.#heldAt(), this.#dueAt) as Instant) : this.#heldAt();
  }

  #heldAt(): Instant {
    const off = this.#state.env.without.has('hold-time');
    const doublings = Math.min(Math.max(this.#deaths.length - 1, 0), MOST_DOUBLINGS);
    return after(this.#goodSince!, (off ? 0 : this.#probe.hold * 2 ** doublings) as Duration);
  }
}
