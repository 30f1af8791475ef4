/**
 * Drives the mobile node items: the tester is the routers of the home link and of two visited ones,
 * the home agent, and the correspondents; the node moves when another router advertises and its last
 * one does not answer.
 */
import { after, type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { groupLinkAddress } from '../../src/sim/kernel/link-address.ts';
import { type Address, isMulticast } from '../../src/wire/address.ts';
import { Bench, layerIn, type Seen, UNDER_TEST } from './bench.ts';
import { type Check, Failed, type Item, NotRun } from './items.ts';
import { HOME_AGENT, named, ROUTERS } from './mobile-node-addresses.ts';
import { lifetimesOf } from './mobile-node-advertisements.ts';
import { meetAll } from './mobile-node-conditions.ts';
import { fault, isOf } from './mobile-node-fits.ts';
import { innermost, Memory } from './mobile-node-memory.ts';
import { packetOf } from './mobile-node-messages.ts';
import { configFor } from './mobile-node-needs.ts';
import { type Ends, messagesOf, type Planned, planSteps } from './mobile-node-plan.ts';
import { judgeSeries, type Later } from './mobile-node-series.ts';
import { type Waiting, waitingOf } from './mobile-node-waits.ts';
import { factsOf } from './mobile-node-words.ts';

const NET = 'net';
/** How long the tester waits for a packet where nothing says less. */
const PATIENCE = seconds(70);
/** After this a token is used again, or the packet does not come. */
const SOON = seconds(3);
const ANSWER_TIME = seconds(5);
const PACE = milliseconds(20);
const MAX_TOKEN_LIFETIME = seconds(210);

export function driveMobileNode(item: Item): readonly string[] {
  const run = new Run(item);
  run.drive();
  return run.remarks;
}

class Run {
  readonly remarks: string[] = [];
  readonly #item: Item;
  readonly #planned: readonly Planned[];
  readonly #bench: Bench;
  readonly #memory = new Memory(() => this.#bench.now);
  readonly #taken = new Set<Seen>();
  /** Routers that have fallen silent. */
  readonly #gone = new Set<Address>();
  #router: string | undefined;
  /** When the tester last sent what is not an answer: packets are looked for since then. */
  #since: Instant;
  /** The same for each step. */
  readonly #sinceStep = new Map<Planned, { readonly cause: Instant; readonly send: Instant }>();
  #sentAt: Instant;
  #lastSent: Uint8Array | undefined;
  #limit: Instant | undefined;
  readonly #later: Later[] = [];
  /** Peers whose Home Test Init was left out, the token being fresh. */
  readonly #reused = new Set<string>();

  constructor(item: Item) {
    this.#item = item;
    const node = configFor(item);
    this.#planned = planSteps(item);
    this.#bench = new Bench({
      node,
      links: [NET],
      plugs: { [NET]: { link: NET } },
      owns: (target) => !this.#gone.has(target),
    });
    this.#since = this.#bench.now;
    this.#sentAt = this.#since;
  }

  drive(): void {
    this.#begin();
    let last = 0;
    for (const one of this.#planned) {
      for (let n = last + 1; n < one.step.n; n++) this.#missing(n);
      last = one.step.n;
      this.#step(one);
      this.#sinceStep.set(one, { cause: this.#since, send: this.#sentAt });
    }
    this.#bench.wait(ANSWER_TIME);
    for (const later of this.#later) judgeSeries(later, this.#bench, this.#taken);
    for (const one of this.#planned) for (const check of one.checks) this.#nothing(check, one);
  }

  #step(one: Planned): void {
    switch (one.kind) {
      case 'send':
        return this.#send(one);
      case 'expect':
        return this.#expect(one);
      case 'silence':
        return this.#silence(one);
      case 'wait':
        return this.#wait(waitingOf(one, this.#next(one), this.#memory));
    }
  }

  #next = (one: Planned): Planned | undefined => this.#planned[this.#planned.indexOf(one) + 1];

  /** The steps begin where the node is: nowhere, registered away from home, or at home. */
  #begin(): void {
    const [first, second] = this.#planned;
    const { source } = first!.ends ?? {};
    const probes = this.#planned.find(({ purpose }) => purpose === 'NUD')?.ends?.source;
    const announced = this.#planned.some((one) => one.message === 'RA' && one.ends!.source === 'HA0');
    if (first!.message === 'BU' && first!.kind === 'expect') return this.#advertise('R1');
    if (first!.message === 'RA' && source === 'R1' && probes === 'NUT0' && !announced) {
      this.#advertise('HA0');
      return this.#bench.wait(ANSWER_TIME);
    }
    const leaves = second?.purpose === 'NUD' && second.ends!.source === 'NUTX';
    if (first!.message === 'RA' && !(source === 'HA0' && leaves)) return;
    this.#advertise('R1');
    this.#expect(made('expect', 'BU', { source: 'NUTX', destination: 'HA0' }));
    this.#send(made('send', 'BA', { source: 'HA0', destination: 'NUTX' }));
    this.#bench.wait(ANSWER_TIME);
    this.#since = this.#bench.now;
  }

  #advertise(router: string): void {
    this.#send(made('send', 'RA', { source: router, destination: 'all' }));
  }

  /** A number that no step has: another form of a reply, or what the description leaves out. */
  #missing(n: number): void {
    const other = this.#item.steps.some(({ msg }) => msg.endsWith(`or [${n}]`));
    if (other) return;
    if (/\(after expiration of home registration\)$/.test(this.#item.about)) {
      this.#bench.until(after(this.#memory.grantedUntil.get(HOME_AGENT)!, seconds(1)));
      return;
    }
    // What goes on between the other mobile node and its own home agent is not seen here.
    if (this.#item.needs.includes('Function of Mobile to Mobile: YES')) return;
    this.remarks.push(`the description lacks step ${n}`);
  }

  #send(one: Planned): void {
    const bench = this.#bench;
    const name = one.ends!.source;
    if (one.message === 'HoT' && this.#reused.has(name)) return;
    const facts = factsOf(one, this.#item);
    if (one.message === 'RA') this.#listen(name, lifetimesOf(facts).valid);
    if (one.message === 'MPA') this.#learn('0', lifetimesOf(facts).valid);
    const { octets, inner, to, granted } = packetOf(one, {
      memory: this.#memory,
      facts,
      about: this.#item.about,
    });
    const { n } = one.step;
    this.#memory.happened.push({ n, message: one.message, octets: inner, at: bench.now });
    if (granted !== undefined) this.#memory.grant(named(name), granted, bench.now);
    if (!ANSWERS.has(one.message)) this.#since = bench.now;
    this.#sentAt = bench.now;
    this.#lastSent = inner;
    bench.send(octets, NET, isMulticast(to) ? groupLinkAddress(to) : UNDER_TEST);
    bench.wait(PACE);
  }

  /** Another router advertises: the one before is out of reach from now on. */
  #listen(name: string, valid: number): void {
    const router = ROUTERS[name];
    if (router === undefined) throw new NotRun(`the router: ${name}`);
    const before = this.#router === undefined ? undefined : ROUTERS[this.#router];
    this.#router = name;
    if (before !== undefined && before !== router) {
      this.#gone.add(before.linkLocal).add(before.global);
    }
    this.#gone.delete(router.linkLocal);
    this.#gone.delete(router.global);
    this.#learn(router.link, valid);
  }

  #learn(link: string, valid: number): void {
    this.#memory.validUntil.set(link, after(this.#bench.now, seconds(valid)));
  }

  #expect(one: Planned): void {
    const bench = this.#bench;
    const limit = this.#limit;
    this.#limit = undefined;
    const from = bench.now;
    const end = limit ?? after(from, PATIENCE);
    let why = `no ${one.step.msg} comes`;
    for (;;) {
      for (const seen of bench.seen) {
        if (seen.at < this.#since || this.#taken.has(seen) || !isOf(seen, one.message)) continue;
        const wrong = fault(seen, one, this.#memory);
        if (wrong === undefined) return this.#take(one, seen, limit);
        why = wrong;
      }
      if (bench.now >= after(from, SOON) && this.#mayBeLeftOut(one)) return;
      if (bench.now >= end) throw new Failed(`step ${one.step.n}: ${why}`);
      bench.wait(milliseconds(50));
    }
  }

  #take(one: Planned, seen: Seen, limit: Instant | undefined): void {
    this.#taken.add(seen);
    for (const check of one.checks) this.#judge(check, one, seen, limit);
    const { n } = one.step;
    const { message } = one;
    this.#memory.happened.push({ n, message, octets: seen.octets, seen, at: seen.at });
    if (message === 'BU') this.#updated(one, seen);
  }

  /** A correspondent whose answer is not written down acknowledges what asks for it. */
  #updated(one: Planned, seen: Seen): void {
    const update = layerIn(seen, 'binding-update')!;
    const { destination } = one.ends!;
    if (update.homeRegistration || one.step.n === 0) return;
    this.#memory.grant(innermost(seen).destination, update.lifetime, this.#bench.now);
    const rest = this.#planned.slice(this.#planned.indexOf(one) + 1);
    const reply = rest.find(({ kind }) => kind === 'send')?.message ?? '';
    if (!update.acknowledge || rest[0]?.kind === 'silence') return;
    if (/^(?:BA|BE|ICMP)/.test(reply)) return;
    const { source } = one.ends!;
    const since = this.#since;
    this.#send(made('send', 'BA', { source: destination, destination: source }));
    this.#since = since;
  }

  /**
   * The home token of a peer is good for every care-of address. Source: RFC 6275 section 5.2.7.
   */
  #mayBeLeftOut(one: Planned): boolean {
    const toHome = this.#router === 'HA0';
    if (one.purpose === 'NUD' && toHome) {
      this.remarks.push('the home link is taken at its word: the last router is not asked');
      return true;
    }
    if (one.message !== 'HoTI') return false;
    const peer = named(one.ends!.destination);
    const { answers, happened } = this.#memory;
    const answer = answers.findLast((a) => a.kind === 'HoT' && a.peer === peer && a.asked);
    const given = happened.find(({ n, message }) => n === answer?.step && message === 'HoT');
    const fresh = given !== undefined && this.#bench.now < after(given.at, MAX_TOKEN_LIFETIME);
    if (!fresh) return false;
    this.#reused.add(one.ends!.destination);
    this.remarks.push(`step ${one.step.n}: the home token is used again (RFC 6275 section 5.2.7)`);
    return true;
  }

  #judge(check: Check, one: Planned, seen: Seen, limit: Instant | undefined): void {
    if (check.expect === undefined) return;
    meetAll(check.where ?? [], {
      seen,
      ends: one.ends!,
      memory: this.#memory,
      lastSent: this.#lastSent,
      endsOfStep: (n) => this.#endsOf(n),
      inTime: limit !== undefined,
      later: (what, about) => {
        this.#later.push({ what, about, message: one.message, seen, since: this.#since });
      },
    });
  }

  #endsOf(n: number): Ends {
    const ends = this.#planned.find(({ step }) => step.n === n)?.ends;
    if (ends === undefined) throw new NotRun(`a condition on step ${n}, which there is not`);
    return ends;
  }

  /** After what the node sent, silence is the tester's; after what the tester sent, the node's. */
  #silence(one: Planned): void {
    const before = this.#planned[this.#planned.indexOf(one) - 1];
    const wait = one.notes.some((note) => /^Wait during (?:a maximum of remaining|lifetime)/.test(note));
    if (wait) return this.#wait(waitingOf(one, this.#next(one), this.#memory));
    if (before?.kind === 'expect') return;
    if (one.checks.length === 0 && this.#item.verdict.length === 0) {
      throw new NotRun(`the word: nothing is expected in step ${one.step.n}`);
    }
    this.#bench.wait(ANSWER_TIME);
  }

  #wait(waiting: Waiting): void {
    if (waiting.limit !== undefined) this.#limit = waiting.limit;
    if (waiting.until !== undefined) this.#bench.until(waiting.until);
    if (waiting.time !== undefined) this.#bench.wait(waiting.time);
  }

  /** Judges that something did not come. */
  #nothing(check: Check, one: Planned): void {
    if (check.none_of === undefined) return;
    const { cause, send } = this.#sinceStep.get(one)!;
    for (const what of check.none_of) {
      const since = /^retransmitted/.test(what) ? this.#refusedAt() : one.kind === 'send' ? cause : send;
      const messages = messagesOf(what);
      const careOf = /CoA (NUT[XY])/.exec(what)?.[1];
      const tunnelled = check.at === 'HA0' && what === 'HoTI';
      for (const seen of this.#bench.seen) {
        if (seen.at < since || this.#taken.has(seen)) continue;
        if (!messages.some((message) => isOf(seen, message))) continue;
        if (careOf !== undefined && innermost(seen).source !== named(careOf)) continue;
        if (tunnelled && seen.layers[1]?.layer !== 'ipv6') continue;
        throw new Failed(`check ${check.check}: a ${messages.join(' or ')} was sent`);
      }
    }
  }

  /** When the tester said that something is not so: what is sent again is looked for since then. */
  #refusedAt(): Instant {
    const said = this.#memory.happened.find(
      ({ message, seen, n }) => n > 0 && seen === undefined && /^(?:BE|BA|MPA|ICMP)/.test(message),
    );
    return said?.at ?? this.#sentAt;
  }
}

/** Messages of the tester that answer one of the node. */
const ANSWERS: ReadonlySet<string> = new Set(['HoT', 'CoT', 'BA', 'DHAAD-reply', 'NA']);

/** A step that goes without saying. */
function made(
  kind: 'send' | 'expect',
  message: string,
  ends: Pick<Ends, 'source' | 'destination'>,
): Planned {
  const act = kind === 'send' ? 'tester-sends' : 'tester-expects';
  const step = { n: 0, act, msg: message };
  return { step, kind, message, ends: { ...ends, routing2: false, home: false }, notes: [], checks: [] };
}
