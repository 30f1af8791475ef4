/**
 * Drives the mobile node items: the tester is the routers of the home link and of two visited ones,
 * the home agent, and the correspondents; the node moves when another router advertises and its last
 * one does not answer.
 */
import { after, type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { groupLinkAddress } from '../../src/sim/kernel/link-address.ts';
import { type Address, isMulticast, readAddress } from '../../src/wire/address.ts';
import { Bench, layerIn, type Seen, UNDER_TEST } from './bench.ts';
import { type Check, Failed, type Item, NotRun } from './items.ts';
import { HOME_AGENT, named, ROUTERS } from './mobile-node-addresses.ts';
import { lifetimesOf } from './mobile-node-advertisements.ts';
import { meetAll } from './mobile-node-conditions.ts';
import { fault, isOf } from './mobile-node-fits.ts';
import { type LeftOut, leftOut } from './mobile-node-leave-outs.ts';
import { innermost, Memory } from './mobile-node-memory.ts';
import { packetOf } from './mobile-node-messages.ts';
import { configFor } from './mobile-node-needs.ts';
import { type Ends, made, messagesOf, type Planned, planSteps } from './mobile-node-plan.ts';
import { judgeSeries, type Later } from './mobile-node-series.ts';
import { type Waiting, waitingOf } from './mobile-node-waits.ts';
import { factsOf } from './mobile-node-words.ts';

const NET = 'net';
/** How long the tester waits for a packet where nothing says less, and for one that may be left out. */
const PATIENCE = seconds(70);
const SOON = milliseconds(200);
const ANSWER_TIME = seconds(5);
const PACE = milliseconds(20);
/** An error that anybody can forge is believed after a moment only: decision 18. */
const LISTENING = milliseconds(300);

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
  #limit: Instant | undefined;
  readonly #later: Later[] = [];
  /** Tests whose Inits were left out, the tokens being fresh. */
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
      if (one === this.#planned[0]) this.#discoverBefore();
      this.#sinceStep.set(one, { cause: this.#since, send: this.#sentAt });
    }
    this.#bench.wait(ANSWER_TIME);
    for (const later of this.#later) judgeSeries(later, this.#bench, this.#taken);
    for (const one of this.#planned) for (const check of one.checks) this.#nothing(check, one);
  }

  #step(one: Planned): void {
    switch (one.kind) {
      case 'send':
        this.#send(one);
        break;
      case 'expect':
        this.#expect(one);
        break;
      case 'silence':
        this.#silence(one);
        break;
      case 'wait':
        this.#wait(this.#waiting(one));
    }
  }

  #waiting(one: Planned): Waiting {
    const behind = this.#planned.slice(this.#planned.indexOf(one) + 1);
    return waitingOf(one, behind, this.#memory);
  }

  /** A home agent that the steps know without having asked for it was found before. */
  #discoverBefore(): void {
    const messages = this.#planned.map(({ message }) => message);
    const asked = messages.indexOf('DHAAD-request');
    const told = messages.indexOf('BU');
    if (asked < 0 || told < 0 || told > asked) return;
    this.#expect(made('expect', 'DHAAD-request', { source: 'NUTX', destination: 'NUT0_ha_any' }));
    this.#send(made('send', 'DHAAD-reply', { source: 'HA0', destination: 'NUTX' }));
  }

  /** The steps begin where the node is: nowhere, registered away from home, or at home. */
  #begin(): void {
    const [first, second] = this.#planned;
    const { source } = first!.ends ?? {};
    const probes = this.#planned.find(({ purpose }) => purpose === 'NUD')?.ends?.source;
    const announced = this.#planned.some(
      (one) => one.message === 'RA' && one.ends!.source === 'HA0',
    );
    const starts = first!.message === 'RA';
    const leaves = source === 'HA0' && second?.purpose === 'NUD' && second.ends!.source === 'NUTX';
    if (first!.message === 'BU' && first!.kind === 'expect') {
      this.#advertise('R1');
      return;
    }
    if (starts && source === 'R1' && probes === 'NUT0' && !announced) {
      this.#advertise('HA0');
      this.#bench.wait(ANSWER_TIME);
    }
    if (starts && !leaves) return;
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
    if (this.#reused.delete(`${one.message} of ${name}`)) return;
    const facts = factsOf(one, this.#item);
    if (one.message === 'RA') this.#listen(name, lifetimesOf(facts).valid);
    if (one.message === 'MPA') this.#learn('0', lifetimesOf(facts).valid);
    const { octets, inner, to, granted } = packetOf(one, {
      memory: this.#memory,
      facts,
      about: this.#item.about,
    });
    const { n } = one.step;
    const { message } = one;
    this.#memory.happened.push({
      n,
      message,
      octets: inner,
      at: bench.now,
      to: readAddress(inner, 24),
    });
    if (granted !== undefined) this.#memory.grant(named(name), granted, bench.now);
    if (one.message === 'BU') this.#memory.updatedAt = bench.now;
    if (CAUSES.has(one.message)) this.#since = bench.now;
    this.#sentAt = bench.now;
    bench.send(octets, NET, isMulticast(to) ? groupLinkAddress(to) : UNDER_TEST);
    bench.wait(one.message === 'BE' ? LISTENING : PACE);
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
        if (wrong === undefined) {
          this.#take(one, seen, limit);
          return;
        }
        why = wrong;
      }
      if (limit !== undefined && one.message === 'BU') this.#answerTests(one);
      if (bench.now >= after(from, SOON) && this.#leaveOut(one)) return;
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

  /** Before a binding is renewed in time, its proofs may have to be. */
  #answerTests({ ends }: Planned): void {
    const { source, destination: peer } = ends!;
    for (const seen of this.#bench.seen) {
      if (seen.at < this.#since || this.#taken.has(seen)) continue;
      const asked = (['HoTI', 'CoTI'] as const).find((message) => isOf(seen, message));
      if (asked === undefined || innermost(seen).destination !== named(peer)) continue;
      this.#taken.add(seen);
      this.#memory.happened.push({ n: 0, message: asked, octets: seen.octets, seen, at: seen.at });
      const straight = { source: peer, destination: source };
      if (asked === 'CoTI') this.#send(made('send', 'CoT', straight));
      else {
        const outer = { source: 'HA0', destination: source };
        this.#send(made('send', 'HoT', { outer, source: peer, destination: 'NUT0' }));
      }
    }
  }

  /** Is it a packet that need not come? */
  #leaveOut(one: Planned): boolean {
    const found: LeftOut | undefined = leftOut(one, {
      memory: this.#memory,
      planned: this.#planned,
      router: this.#router,
      now: this.#bench.now,
    });
    if (found === undefined) return false;
    this.remarks.push(found.why);
    if (found.answer !== undefined) this.#reused.add(found.answer);
    return true;
  }

  #judge(check: Check, one: Planned, seen: Seen, limit: Instant | undefined): void {
    if (check.expect === undefined) return;
    meetAll(check.where ?? [], {
      seen,
      ends: one.ends!,
      memory: this.#memory,
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
    const wait = one.notes.some((note) =>
      /^Wait during (?:a maximum of remaining|lifetime)/.test(note),
    );
    if (wait) this.#wait(this.#waiting(one));
    if (wait || before?.kind === 'expect') return;
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
      const again = /^retransmitted/.test(what);
      const since = again ? this.#refusedAt() : one.kind === 'send' ? cause : send;
      const end = again ? this.#bench.now : this.#nextCause(one);
      const messages = messagesOf(what);
      const careOf = /CoA (NUT[XY])/.exec(what)?.[1];
      const tunnelled = check.at === 'HA0' && what === 'HoTI';
      for (const seen of this.#bench.seen) {
        if (seen.at < since || seen.at >= end || this.#taken.has(seen)) continue;
        if (!messages.some((message) => isOf(seen, message))) continue;
        if (careOf !== undefined && innermost(seen).source !== named(careOf)) continue;
        if (tunnelled && seen.layers[1]?.layer !== 'ipv6') continue;
        throw new Failed(`check ${check.check}: a ${messages.join(' or ')} was sent`);
      }
    }
  }

  /** When the tester, after a step, next gave a reason for something new. */
  #nextCause(one: Planned): Instant {
    const next = this.#planned
      .slice(this.#planned.indexOf(one) + 1)
      .find(({ kind, message }) => kind === 'send' && CAUSES.has(message));
    return (next && this.#sinceStep.get(next)?.send) ?? this.#bench.now;
  }

  /** When the tester said that something is not so: what is sent again is looked for since then. */
  #refusedAt(): Instant {
    const said = this.#memory.happened.find(
      ({ message, seen, n }) => n > 0 && seen === undefined && /^(?:BE|BA|MPA|ICMP)/.test(message),
    );
    return said?.at ?? this.#sentAt;
  }
}

/** Messages of the tester that make the node do something new; the others go on with it. */
const CAUSES: ReadonlySet<string> = new Set(['RA', 'EchoRequest', 'BRR', 'BU', 'MPA', 'NS']);
