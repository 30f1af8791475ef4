import { after, milliseconds } from '../../../core/time.ts';
import { Alarm, type Simulation } from '../../simulation.ts';
import { Reassembly } from './reassembly.ts';
import type { Span } from './scoreboard.ts';

/** Linux: 40 ms, and every second segment at once (RFC 9293 section 3.8.6.3). */
const ACKNOWLEDGEMENT_DELAY = milliseconds(40);

/** What a receiver has done for it. */
export interface ReceiverPort {
  deliver(octets: Uint8Array, offset: number): void;
  acknowledge(): void;
}

/**
 * The half of a connection that receives: puts the stream in order, and decides when to acknowledge.
 *
 * Offsets count octets of the stream; its end (FIN) is one more octet behind the last.
 *
 * Source: RFC 9293 section 3.10.7.4, RFC 5681 section 4.2.
 */
export class Receiver {
  readonly #simulation: Simulation;
  readonly #port: ReceiverPort;
  readonly #reassembly: Reassembly;
  readonly #alarm: Alarm;
  #endAt: number | undefined;
  #ended = false;
  #unacknowledged = 0;

  constructor(simulation: Simulation, port: ReceiverPort) {
    this.#simulation = simulation;
    this.#port = port;
    this.#reassembly = new Reassembly((octets, offset) => port.deliver(octets, offset));
    this.#alarm = new Alarm(simulation, () => port.acknowledge());
  }

  /** What stands before this offset came to another node. */
  startAt(offset: number): void {
    this.#reassembly.startAt(offset);
  }

  /** Octets that came in order. */
  get received(): number {
    return this.#reassembly.next;
  }

  /** The offset that is to come next. */
  get expected(): number {
    return this.#reassembly.next + (this.#ended ? 1 : 0);
  }

  /** The whole stream has come, its end too. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What came behind gaps, the newest first. */
  get spans(): readonly Span[] {
    return this.#reassembly.hasGap ? this.#reassembly.spans() : [];
  }

  /** Takes a segment that begins at an offset; `fin`: the stream ends behind it. */
  take(start: number, payload: Uint8Array, fin: boolean): void {
    if (fin) this.#endAt ??= start + payload.length;
    const inOrder = start <= this.#reassembly.next && !this.#reassembly.hasGap;
    if (payload.length > 0) this.#reassembly.insert(start, payload);
    if (this.#reassembly.next === this.#endAt) this.#ended = true;
    // RFC 5681 section 4.2: at once what is out of order, fills a gap, or is the second in a row.
    if (!inOrder || fin || ++this.#unacknowledged >= 2) this.#port.acknowledge();
    else this.#alarm.set(after(this.#simulation.now, ACKNOWLEDGEMENT_DELAY));
  }

  /** An acknowledgement is on its way, by itself or with data. */
  acknowledged(): void {
    this.#unacknowledged = 0;
    this.#alarm.set(undefined);
  }

  halt(): void {
    this.#alarm.set(undefined);
  }
}
