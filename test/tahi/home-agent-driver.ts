/** Drives the home agent items: does what each node of an item does, and judges what comes back. */
import type { Authentication, HomeAgentConfig } from '../../src/core/config.ts';
import { after, type Duration, type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { groupLinkAddress } from '../../src/sim/kernel/link-address.ts';
import { type Address, isMulticast, readAddress, UNSPECIFIED } from '../../src/wire/address.ts';
import { parsePacket } from '../../src/wire/packet.ts';
import { Bench, layerIn, messageOf, type Seen, UNDER_TEST } from './bench.ts';
import { demand } from './conditions.ts';
import type { Opened, Variables } from './formats.ts';
import { numberOf, valuesOf } from './formats.ts';
import { addressNamed, HOME_PREFIX, isOnHomeLink } from './home-agent-addresses.ts';
import { messageIn, packetOf } from './home-agent-messages.ts';
import { Failed, type Format, type Item, NotRun, type Step } from './items.ts';
import { fits, MESSAGE_LAYERS } from './layouts.ts';
import { TesterEsp, TRANSPORT, TUNNEL } from './tester-esp.ts';

/** Duplicate Address Detection is over by then, and everything is answered. */
const ANSWER_TIME = seconds(5);
/** Unasked, a home agent claims an address three times after a registration: that is over by then. */
const SETTLING = seconds(12);
const PACE = milliseconds(20);

export function driveHomeAgent(item: Item): readonly string[] {
  if (item.needs.includes('Function of IKEv1')) throw new NotRun('asks for IKEv1');
  const checks = new Set(item.steps.map(({ check }) => check));
  for (const { check, expect, none_of, says } of item.verdict) {
    if (!checks.has(check)) {
      throw new NotRun(`no step for check ${check} (${expect ?? says ?? none_of ?? 'sent'})`);
    }
  }
  const run = new Run(item);
  run.drive();
  return [];
}

class Run {
  readonly #item: Item;
  readonly #bench: Bench;
  readonly #linkLocal: Address;
  readonly #variables: Variables = new Map();
  readonly #taken = new Set<Seen>();
  readonly #esp = new TesterEsp(named0('MN0 (Link0, global)'));
  /** An ESP packet opens once: its number is used up then. */
  readonly #opened = new Map<Seen, Opened>();
  #sent: { readonly at: Instant; readonly mark: number } | undefined;
  #mark = 0;
  /** Addresses of the mobile node that it used on the home link. */
  readonly #atHome = new Set<Address>();
  /** All that was sent, for errors that quote it. */
  readonly #packets: Uint8Array[] = [];
  /** The lifetime that was advertised or asked for last. */
  #lastLifetime: Duration | undefined;

  constructor(item: Item) {
    this.#item = item;
    this.#bench = new Bench({
      node: { name: 'ha', homeAgent: configOf(usesEsp(item), outlives(item)) },
      links: ['home', 'up'],
      plugs: {
        home: { link: 'home', addresses: [named0('RUT (Link0, global)')] },
        up: { link: 'up', routed: true },
      },
      forwarding: true,
      // Who is on the home link is there when the item says so.
      owns: (target, link) => link !== 'home' || !isMobile(target) || this.#atHome.has(target),
    });
    this.#linkLocal = this.#bench.node.kernel.interfaces.get('home')!.linkLocal!;
  }

  readonly #named = (name: string): Address => addressNamed(name, this.#linkLocal);

  drive(): void {
    let last = 0;
    for (const step of this.#item.steps) {
      if (step.n > last + 1) this.#missing(last + 1);
      last = step.n;
      if (step.act === 'nothing-expected') this.#silence(step);
      else if (step.act === 'sends' && step.node !== 'RUT') this.#send(step);
      else if (step.act === 'sends' || step.act === 'receives') this.#expect(step);
      else throw new NotRun(`the word: ${step.act}`);
    }
  }

  /** Where the item is about a lifetime that is over, what is left out of the steps is the time. */
  #missing(n: number): void {
    const known = this.#lastLifetime;
    if (!/Lifetime expired/.test(this.#item.about) || known === undefined) {
      throw new NotRun(`the description lacks step ${n}`);
    }
    this.#bench.until(after(after(this.#bench.now, known), seconds(1)));
  }

  #send(step: Step): void {
    const format = plainest(step);
    const bench = this.#bench;
    const next = this.#item.steps[this.#item.steps.indexOf(step) + 1];
    if (next?.act === 'nothing-expected') bench.wait(SETTLING);
    this.#mark += 1;
    const invoking = bench.seen.findLast((one) => one.layers.at(-1)!.layer === 'echo-request');
    const plain = packetOf(step.msg, format, {
      named: this.#named,
      variables: this.#variables,
      mark: this.#mark,
      invoking: invoking?.octets,
    });
    const [association] = valuesOf(format, 'ESP', 'spi');
    const octets = association === undefined ? plain : this.#esp.seal(plain, association);
    const [source] = valuesOf(format, 'IPv6 header', 'source');
    const onHome = isOnHomeLink(source === 'unspecified address' ? step.node! : source!);
    const to = readAddress(octets, 24);
    this.#learnLifetime(format);
    if (onHome) this.#atHome.add(readAddress(octets, 8));
    this.#packets.push(octets);
    this.#sent = { at: bench.now, mark: this.#mark };
    bench.send(octets, onHome ? 'home' : 'up', isMulticast(to) ? groupLinkAddress(to) : UNDER_TEST);
    bench.wait(PACE);
  }

  #learnLifetime(format: Format): void {
    const [agent] = valuesOf(format, 'RA/Home Agent Information option', 'lifetime');
    const [router] = valuesOf(format, 'RA', 'lifetime');
    const [update] = valuesOf(format, 'BU', 'lifetime');
    const text = agent ?? router ?? update;
    if (text === undefined) return;
    const unit = agent === undefined && router === undefined ? 4 : 1;
    this.#lastLifetime = seconds(numberOf(text, this.#variables, 1) * unit);
  }

  #expect(step: Step): void {
    const layer = MESSAGE_LAYERS[messageIn(step.msg)];
    if (layer === undefined) throw new NotRun(`the word: expects ${step.msg}`);
    const from = this.#sent?.at ?? this.#bench.now;
    const end = after(this.#bench.now, ANSWER_TIME);
    let why = `no ${step.msg} comes`;
    for (;;) {
      for (const seen of this.#bench.seen) {
        if (seen.at < from || this.#taken.has(seen)) continue;
        const opened = this.#open(seen);
        if (messageOf(opened) !== layer) continue;
        const fault = this.#fault(opened, step);
        if (fault === undefined) {
          this.#taken.add(seen);
          return;
        }
        why = fault;
      }
      if (this.#bench.now >= end) throw new Failed(`step ${step.n}: ${why}`);
      this.#bench.wait(milliseconds(100));
    }
  }

  /** Why a packet fits none of the layouts that a step allows; undefined where it fits one. */
  #fault(opened: Opened, step: Step): string | undefined {
    const formats = layoutsOf(step);
    if (formats.length === 0) throw new NotRun(`step ${step.n} says nothing of its packet`);
    let why = '';
    for (const format of formats) {
      try {
        fits(opened, step.msg, format, {
          named: this.#named,
          variables: this.#variables,
          packets: this.#packets,
        });
        this.#sameEcho(opened);
        return undefined;
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        why ||= error.message;
      }
    }
    return why;
  }

  /** What answers or carries on an echo, a test or a discovery is that one's, not another's. */
  #sameEcho(opened: Opened): void {
    const echo = layerIn(opened, 'echo-reply') ?? layerIn(opened, 'echo-request');
    const reply = layerIn(opened, 'home-agent-address-discovery-reply');
    const told = layerIn(opened, 'mobile-prefix-advertisement');
    const mark = echo?.sequence ?? reply?.identifier ?? told?.identifier;
    demand(mark === undefined || mark === this.#sent?.mark, 'it belongs to an earlier request');
  }

  #open(seen: Seen): Opened {
    const known = this.#opened.get(seen);
    if (known !== undefined) return known;
    const octets = this.#esp.open(seen.octets);
    const parsed = octets && parsePacket(octets);
    const opened = parsed?.ok
      ? { ...seen, octets: octets!, layers: parsed.value, protected: true }
      : { ...seen, protected: false };
    this.#opened.set(seen, opened);
    return opened;
  }

  #silence(step: Step): void {
    const check = this.#item.verdict.find((one) => one.check === step.check);
    if (check === undefined || String(check.none_of) !== 'any') {
      throw new NotRun(`the word: nothing-expected ${JSON.stringify(check)}`);
    }
    const since = this.#sent!.at;
    this.#bench.wait(ANSWER_TIME);
    for (const seen of this.#bench.seen) {
      if (seen.at < since || isHousekeeping(seen)) continue;
      throw new Failed(`check ${check.check}: a ${messageOf(seen)} was sent`);
    }
  }
}

/** Address resolution of the node itself, and its Router Advertisements, answer nobody. */
function isHousekeeping(seen: Seen): boolean {
  const layer = messageOf(seen);
  if (layer === 'router-advertisement') return true;
  return layer === 'neighbor-solicitation' && layerIn(seen, 'ipv6')!.source !== UNSPECIFIED;
}

/** "or" behind an association says that ESP may be left out; where that layout is missing, it is added. */
function layoutsOf({ msg, formats = [] }: Step): readonly Format[] {
  const open = /^Echo/.test(msg) && formats.every((one) => / or$/.test(String(one.ESP?.spi)));
  return open ? [...formats, ...formats.map(({ ESP: _, ...plain }) => plain)] : formats;
}

/** The layout without ESP where there is one. */
function plainest(step: Step): Format {
  const { n } = step;
  const formats = layoutsOf(step);
  const format = formats.find((one) => one.ESP === undefined) ?? formats[0];
  if (format === undefined) throw new NotRun(`step ${n} says nothing of its packet`);
  return format;
}

const isMobile = (target: Address): boolean =>
  target === named0('MN0 (Link0, global)') || target === named0('MN0 (Link0, link-local)');

/** For names that do not need the node's link-local address. */
const named0 = (name: string): Address => addressNamed(name, UNSPECIFIED);

/** Does the item have updates in ESP, or ones that are refused because they are not? */
const usesEsp = ({ steps }: Item): boolean =>
  steps.some(
    ({ act, node, msg, formats = [] }) =>
      act === 'sends' &&
      node !== 'RUT' &&
      (/w\/o IPsec/.test(msg) ||
        (!/^Echo/.test(msg) && formats.every((one) => one.ESP !== undefined))),
  );

/** Is the prefix to be valid for longer than any binding can be? */
const outlives = ({ steps }: Item): boolean =>
  JSON.stringify(steps).includes('"valid lifetime":"> X"');

function configOf(esp: boolean, longLived: boolean): HomeAgentConfig {
  const address = named0('RUT (Link0, global)');
  const prefix = { prefix: HOME_PREFIX, prefixLength: 64 };
  const authentication: Authentication = esp
    ? { method: 'esp', transport: TRANSPORT, tunnel: TUNNEL }
    : { method: 'none' };
  return {
    link: 'home',
    address,
    ...prefix,
    mobileNodes: [{ home: named0('MN0 (Link0, global)'), authentication }],
    allowUnauthenticated: false,
    maxBindings: 16,
    advertisement: {
      link: 'home',
      ...prefix,
      minInterval: seconds(200),
      maxInterval: seconds(600),
      solicitedDelay: milliseconds(500),
      routerLifetime: seconds(1800),
      // 30 days are RFC 4861's own default; with one day the agent has to cut the longest bindings.
      validLifetime: seconds(longLived ? 2_592_000 : 86_400),
      preferredLifetime: seconds(14_400),
      homeAgent: { address, preference: 10 },
      intervalOption: false,
    },
  };
}
