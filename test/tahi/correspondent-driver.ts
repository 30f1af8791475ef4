/** Drives the correspondent node items: does what the tester does, and judges what comes back. */
import { DEFAULT_CONSTANTS } from '../../src/core/constants.ts';
import { after, type Duration, type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { Bench, layerIn, messageOf, type Seen } from './bench.ts';
import { type Context, demand, goesTo, indexOf, LAYER_OF, meet } from './conditions.ts';
import { CN1, CN2, named } from './correspondent-addresses.ts';
import { type ReleaseForm, signedEnds, type Update } from './correspondent-messages.ts';
import { Sender, type SentPacket } from './correspondent-sender.ts';
import { type Check, Failed, type Item, NotRun } from './items.ts';
import {
  EITHER,
  type Planned,
  type PlannedExpect,
  type PlannedSend,
  plan,
  type Wait,
} from './plan.ts';

/** In this time every answer has come. */
const ANSWER_TIME = seconds(3);
/** Time between one packet and the next. */
const PACE = milliseconds(150);
const UNIT = seconds(4);

/** Drives an item in both forms of the authenticator that a de-registration may have. */
export function driveCorrespondent(item: Item): readonly string[] {
  for (const form of ['home address', 'care-of address'] as const) new Run(item, form).drive();
  return [];
}

class Run {
  readonly #steps: readonly Planned[];
  readonly #sender: Sender;
  readonly #bench: Bench;
  readonly #sent = new Map<PlannedSend, SentPacket>();
  readonly #taken = new Set<Seen>();
  /** When each binding that was granted ends. */
  readonly #ends: Instant[] = [];
  #accepted: number | undefined;
  #lastUpdate: { readonly at: Instant; readonly update: Update } | undefined;

  constructor(item: Item, form: ReleaseForm) {
    this.#steps = plan(item);
    this.#sender = new Sender(item, this.#steps, form);
    this.#bench = new Bench({
      node: { name: 'cn', correspondentNode: { maxBindings: 16 } },
      links: ['lan'],
      plugs: { eth0: { link: 'lan', addresses: [CN1, CN2], routed: true } },
    });
  }

  drive(): void {
    for (const step of this.#steps) {
      for (const wait of step.waits) this.#wait(wait);
      if (step.kind === 'send') this.#send(step);
      else this.#expect(step);
    }
  }

  #wait(wait: Wait): void {
    const { MAX_NONCE_LIFETIME, NONCE_INTERVAL } = DEFAULT_CONSTANTS;
    const { now } = this.#bench;
    const until = {
      'the binding expires': () => this.#end(this.#ends.at(-1)),
      'the first binding would have expired': () => this.#end(this.#ends[0]),
      'the refused lifetime would have expired': () => {
        const { at, update } = this.#lastUpdate!;
        return after(at, (update.lifetime * UNIT) as Duration);
      },
      'the nonces expire': () => after(now, MAX_NONCE_LIFETIME),
      'a new nonce': () => after(now, NONCE_INTERVAL),
    }[wait]();
    this.#bench.until(after(until, seconds(1)));
  }

  #end(end: Instant | undefined): Instant {
    if (end === undefined)
      throw new NotRun('no binding was acknowledged whose end could be awaited');
    return end;
  }

  // --- sending ---

  #send(step: PlannedSend): void {
    const packet = this.#sender.make(step, this.#bench.now, this.#bench.seen);
    this.#sent.set(step, packet);
    if (packet.update !== undefined) {
      this.#lastUpdate = { at: packet.at, update: packet.update };
    }
    this.#bench.send(packet.octets);
    this.#bench.wait(PACE);
    if (step.reply !== undefined) return;
    this.#bench.wait(ANSWER_TIME);
    for (const check of step.checks) this.#silence(check, packet.at);
  }

  // --- judging ---

  #expect(step: PlannedExpect): void {
    const { expected, request } = step;
    const sent = request === undefined ? undefined : this.#sent.get(request)!;
    const found = this.#find(step, sent);
    if (found === undefined) {
      if (expected.optional) return;
      const seen = this.#bench.seen.slice(-3).map(messageOf).join(', ');
      throw new Failed(`step ${step.step.n}: no ${expected.message} comes (last: ${seen})`);
    }
    this.#taken.add(found);
    this.#judge(step, found, sent);
    this.#learn(step, found, sent);
    for (const check of step.checks) if (check.none_of?.includes('BRR')) this.#noRefresh(check);
  }

  #find({ expected }: PlannedExpect, sent: SentPacket | undefined): Seen | undefined {
    const layer = LAYER_OF[expected.message];
    if (layer === undefined) throw new NotRun(`the word: expects ${expected.message}`);
    const from = sent?.at ?? this.#bench.now;
    const find = () =>
      this.#bench.seen.find(
        (one) => one.at >= from && !this.#taken.has(one) && messageOf(one) === layer,
      );
    const found = find();
    if (found !== undefined) return found;
    // Nobody asks for a refresh request: it comes before the binding ends.
    if (sent === undefined) this.#bench.until(this.#end(this.#ends.at(-1)));
    else this.#bench.wait(ANSWER_TIME);
    return find();
  }

  #judge(step: PlannedExpect, seen: Seen, sent: SentPacket | undefined): void {
    const { expected } = step;
    const where = `step ${step.step.n}`;
    const context = this.#context(sent);
    if (sent !== undefined) {
      const { source } = layerIn(seen, 'ipv6')!;
      demand(source === sent.ends.destination, `${where}: the answer comes from elsewhere`);
    }
    const reply = layerIn(seen, 'echo-reply');
    demand(reply === undefined || reply.sequence === sent?.echo, `${where}: another echo's reply`);
    const problem = layerIn(seen, 'parameter-problem');
    if (problem !== undefined && sent !== undefined) {
      const about = problem.invoking.every((octet, i) => octet === sent.octets[i]);
      demand(about && problem.invoking.length > 0, `${where}: a problem of another packet`);
    }
    const { status } = expected;
    const statusWord = status?.equal === false ? 'ne' : 'eq';
    if (status) meet(seen, { field: 'status', [statusWord]: status.value }, context);
    for (const field of ['sequence', 'lifetime', 'code'] as const) {
      const value = expected[field];
      if (value !== undefined) meet(seen, { field, eq: value }, context);
    }
    if (expected.routing2 === true) meet(seen, { rh2: true }, context);
    if (expected.destination !== undefined) goesTo(seen, named(expected.destination));
    for (const check of step.checks) {
      if (check.none_of?.includes('BRR')) continue;
      const code = /\(Code (\d)\)/.exec(check.expect ?? '')?.[1];
      if (code !== undefined) meet(seen, { field: 'code', eq: Number(code) }, context);
      this.#known(check);
      for (const condition of check.where ?? []) meet(seen, condition, context);
    }
  }

  #known({ state }: Check): void {
    if (state !== undefined && !STATES.test(state)) throw new NotRun(`the state: ${state}`);
  }

  #context(sent: SentPacket | undefined): Context {
    const { update, key } = sent ?? {};
    const careOf = (update ?? this.#lastUpdate?.update)?.careOf;
    const [home, first] = [this.#sender.tokens.home[0], this.#sender.tokens.careOf[0]];
    return {
      named,
      ...(sent === undefined
        ? {}
        : { request: { ...update, ...sent, ...sent.ends, ...(careOf && { careOf }) } }),
      ...(update && key ? { signed: { key, ends: signedEnds(update) } } : {}),
      ...(this.#accepted === undefined ? {} : { lastSequence: this.#accepted }),
      firstIndex: { ...(home && { home: home.index }), ...(first && { careOf: first.index }) },
    };
  }

  /** Takes tokens and lifetimes out of an answer that was judged. */
  #learn(step: PlannedExpect, seen: Seen, sent: SentPacket | undefined): void {
    const index = indexOf(seen);
    const home = layerIn(seen, 'home-test');
    const careOf = layerIn(seen, 'care-of-test');
    const { n } = step.step;
    if (home)
      this.#sender.tokens.home.push({ index: index!, token: home.homeKeygenToken, step: n });
    if (careOf)
      this.#sender.tokens.careOf.push({ index: index!, token: careOf.careOfKeygenToken, step: n });
    const answer = layerIn(seen, 'binding-acknowledgement');
    if (answer === undefined || answer.status >= 128) return;
    this.#accepted = sent!.update!.sequence;
    if (answer.lifetime > 0) this.#ends.push(after(sent!.at, (answer.lifetime * UNIT) as Duration));
  }

  /** Nothing of what a check names may have been sent since a moment. */
  #silence(check: Check, since: Instant): void {
    const silent = check.says === 'EchoRequest is silently discarded';
    if (check.says !== undefined && !silent) throw new NotRun(`the words: ${check.says}`);
    const names = check.none_of ?? [];
    for (const name of names) {
      if (name !== EITHER && LAYER_OF[name] === undefined) throw new NotRun(`the word: ${name}`);
    }
    for (const seen of this.#bench.seen) {
      const layer = messageOf(seen);
      if (seen.at < since || NEIGHBOR.test(layer)) continue;
      const bad = silent || names.some((name) => LAYER_OF[name] === layer);
      demand(!bad, `check ${check.check}: a ${layer} was sent`);
    }
  }

  /** The binding that was renewed is not asked for again when the old one would have ended. */
  #noRefresh(check: Check): void {
    const since = this.#lastUpdate!.at;
    this.#bench.until(after(this.#end(this.#ends[0]), seconds(1)));
    this.#silence(check, since);
  }
}

/** What checks say of the state: it shows in the packet that they are about. */
const STATES =
  /^Binding Cache entry is |^Lifetime expires$|^lifetime initialized by (?:first|second) registration /;
const NEIGHBOR = /^(?:neighbor|router)-/;
