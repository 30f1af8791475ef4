/** What the two ends of a flow saw, and what follows from it in careof.md's terms. */
import type { Instant } from '../core/time.ts';
import { Arrivals, firstAfter } from './gaps.ts';
import type { FAILURES } from './scenario/expectations.ts';
import type { FlowText } from './scenario/traffic.ts';

export type Failure = (typeof FAILURES)[number];

/** How a flow fared. Times are in microseconds; null where a term has no meaning for it. */
export interface FlowResult {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly from: string;
  readonly to: string;
  /** Datagrams (udp) or octets of data (tcp). */
  readonly sent: number;
  readonly received: number;
  readonly lost: number | null;
  readonly duplicated: number | null;
  readonly reordered: number | null;
  /** Octets of data received. */
  readonly bytes: number;
  readonly digestOk: boolean | null;
  readonly survived: boolean;
  readonly failure: Failure | null;
  /** Null where nothing happened while the flow ran. */
  readonly interruption: number | null;
}

/** What a stretch of the run did to a flow. */
export interface FlowDisturbance {
  readonly name: string;
  readonly interruption: number | null;
  readonly lost: number | null;
  readonly duplicated: number | null;
  readonly reordered: number | null;
}

/** Times at which something was done to the network, in order. */
export type Disturbances = readonly number[];

const FOREVER = Number.POSITIVE_INFINITY;

abstract class FlowRecord {
  readonly name: string;
  readonly text: FlowText;
  protected readonly arrivals: Arrivals;

  constructor(name: string, text: FlowText) {
    this.name = name;
    this.text = text;
    this.arrivals = new Arrivals(text.protocol === 'udp' ? 1e6 / text.rate : undefined);
  }

  abstract result(events: Disturbances): FlowResult;
  abstract disturbance(from: number, to: number, events: Disturbances): FlowDisturbance;
  /** When the sender stopped while data was owed; undefined where all came. */
  protected abstract owedUntil(): number | undefined;

  /** The longest wait after any event; null where no event fell into the flow. */
  protected interruption(events: Disturbances): number | null {
    let longest: number | null = null;
    for (const [index, at] of events.entries()) {
      const wait = this.waitAfter(at, FOREVER, events.slice(0, index));
      if (wait !== undefined) longest = Math.max(longest ?? 0, wait);
    }
    return longest;
  }

  protected waitAfter(at: number, until: number, before: Disturbances): number | undefined {
    // What happened before the flow began did not disturb it.
    if (at < this.text.start) return undefined;
    return this.arrivals.interruption(at, until, before, this.owedUntil());
  }
}

/** Datagrams with numbers. */
export class UdpRecord extends FlowRecord {
  readonly #sentAt: number[] = [];
  readonly #receivedAt: (number | undefined)[] = [];
  /** The median delay, and of how many arrivals. */
  #usual: { readonly of: number; readonly delay: number } | undefined;
  /** When each datagram came again, and when each came behind a later one. */
  readonly #duplicates: number[] = [];
  readonly #late: number[] = [];
  #highest = -1;
  #misattributed = 0;

  sent(at: Instant): number {
    return this.#sentAt.push(at) - 1;
  }

  /** A datagram came with another source address than the sender's identity. */
  misattributed(): void {
    this.#misattributed++;
  }

  get misattributions(): number {
    return this.#misattributed;
  }

  received(number: number, at: Instant): void {
    if (this.#receivedAt[number] !== undefined) {
      this.#duplicates.push(at);
      return;
    }
    this.#receivedAt[number] = at;
    this.arrivals.add(at);
    if (number < this.#highest) this.#late.push(at);
    else this.#highest = number;
  }

  result(events: Disturbances): FlowResult {
    const { from, to } = this.text;
    const sent = this.#sentAt.length;
    const received = this.arrivals.count;
    const payload = this.text.protocol === 'udp' ? this.text.payload : 0;
    const survived = this.#arrivedAfter(events);
    return {
      ...{ name: this.name, protocol: 'udp', from, to, sent, received },
      lost: sent - received,
      duplicated: this.#duplicates.length,
      reordered: this.#late.length,
      bytes: received * payload,
      digestOk: null,
      survived,
      failure: survived ? null : 'unreachable',
      interruption: this.interruption(events),
    };
  }

  disturbance(from: number, to: number, events: Disturbances): FlowDisturbance {
    // A datagram under way when it happened would have arrived afterwards.
    const usual = this.#usualDelay();
    let lost = 0;
    for (let i = firstAfter(this.#sentAt, from - usual - 1); this.#sentAt[i]! + usual < to; i++) {
      if (this.#receivedAt[i] === undefined) lost++;
    }
    const within = (times: readonly number[]) => times.filter((at) => at >= from && at < to).length;
    const wait = this.waitAfter(from, to, events);
    return {
      name: this.name,
      interruption: wait ?? null,
      lost,
      duplicated: within(this.#duplicates),
      reordered: within(this.#late),
    };
  }

  /** When those datagrams were sent that never arrived. */
  get lostAt(): readonly number[] {
    return this.#sentAt.filter((_, number) => this.#receivedAt[number] === undefined);
  }

  /** Did a datagram arrive that was sent after the last event before the flow's end? */
  #arrivedAfter(events: Disturbances): boolean {
    const end = this.#sentAt.at(-1);
    if (end === undefined) return false;
    const last = events.findLast((at) => at < end) ?? -1;
    return this.#sentAt.some((at, number) => at > last && this.#receivedAt[number] !== undefined);
  }

  #usualDelay(): number {
    if (this.#usual?.of === this.arrivals.count) return this.#usual.delay;
    const delays: number[] = [];
    for (const [number, at] of this.#receivedAt.entries()) {
      if (at !== undefined) delays.push(at - this.#sentAt[number]!);
    }
    delays.sort((a, b) => a - b);
    const delay = delays[delays.length >> 1] ?? 0;
    this.#usual = { of: this.arrivals.count, delay };
    return delay;
  }

  protected owedUntil(): number | undefined {
    const last = this.#sentAt.length - 1;
    return last > this.#highest ? this.#sentAt[last] : undefined;
  }
}

/** A stream of octets with a digest at both ends. */
export class TcpRecord extends FlowRecord {
  #sent = 0;
  #received = 0;
  #sentDigest: string | undefined;
  #receivedDigest: string | undefined;
  #failure: Failure | undefined;
  #observedUntil = 0;

  sent(octets: number): void {
    this.#sent += octets;
  }

  received(octets: number, at: Instant): void {
    this.#received += octets;
    this.arrivals.add(at);
  }

  /** The sender has sent all; the receiver has read to the end. */
  sentAll(digest: string): void {
    this.#sentDigest = digest;
  }

  receivedAll(digest: string): void {
    this.#receivedDigest = digest;
  }

  failed(failure: Failure): void {
    this.#failure ??= failure;
  }

  /** Is there nothing more to wait for? */
  get over(): boolean {
    return this.#failure !== undefined || this.#complete;
  }

  /** The run is over; a flow that is not has failed. */
  close(at: Instant): void {
    this.#observedUntil = at;
    if (!this.#complete) this.failed('unfinished');
  }

  result(events: Disturbances): FlowResult {
    const { from, to } = this.text;
    const digestOk = this.#complete ? this.#receivedDigest === this.#sentDigest : null;
    return {
      ...{ name: this.name, protocol: 'tcp', from, to },
      ...{ sent: this.#sent, received: this.#received },
      ...{ lost: null, duplicated: null, reordered: null },
      bytes: this.#received,
      digestOk,
      survived: this.#failure === undefined && digestOk === true,
      failure: this.#failure ?? null,
      interruption: this.interruption(events),
    };
  }

  disturbance(from: number, to: number, events: Disturbances): FlowDisturbance {
    const interruption = this.waitAfter(from, to, events) ?? null;
    return { name: this.name, interruption, lost: null, duplicated: null, reordered: null };
  }

  get #complete(): boolean {
    const size = this.text.protocol === 'tcp' ? this.text.size : 0;
    return this.#received === size && this.#receivedDigest !== undefined;
  }

  protected owedUntil(): number | undefined {
    return this.#complete ? undefined : this.#observedUntil;
  }
}

export type { FlowRecord };
