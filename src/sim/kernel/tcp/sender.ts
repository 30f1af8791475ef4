import { after } from '../../../core/time.ts';
import { Alarm, type Simulation } from '../../simulation.ts';
import { Congestion } from './congestion.ts';
import type { RetransmissionTimeout } from './retransmission-timeout.ts';
import { RoundTrips } from './round-trips.ts';
import { Scoreboard, type Span } from './scoreboard.ts';
import type { SendStream } from './send-stream.ts';

/** Duplicate acknowledgements that mean a loss. Source: RFC 5681 section 3.2. */
const DUPLICATE_THRESHOLD = 3;

/** Time-outs in a row that are a full stop. Linux: tcp_retries1. Source: RFC 4821 section 7.7. */
const FULL_STOP = 3;

/** What a sender has done for it. */
export interface SenderPort {
  /**
   * Sends the octets [offset, offset + length) of the stream, and behind them its end. False: the
   * path does not take segments of that size; `resize` has been called, try again.
   */
  transmit(offset: number, length: number, fin: boolean, again: boolean): boolean;
  /** Everything is acknowledged, the end of the stream too. */
  finished(): void;
  /** Nothing was acknowledged for too long. */
  gaveUp(): void;
  /** Nothing was acknowledged so often in a row that the segments may be too large for their path. */
  stopped(): void;
}

/** What an acknowledgement says. */
export interface Acknowledgement {
  readonly offset: number;
  readonly window: number;
  /** The segment carried nothing else, so it may be a duplicate. */
  readonly bare: boolean;
  /** What the other end has besides. */
  readonly spans: readonly Span[];
}

/**
 * The half of a connection that sends: what is under way, what must go again, what may go now.
 *
 *     open --3 duplicates, or 3 segments had behind a gap--> recovering
 *     recovering --all that was under way is acknowledged--> open        any --time-out--> open
 *
 * Offsets count octets of the stream; the end of the stream (FIN) is one more octet behind the last.
 *
 * Source: RFC 9293 section 3.8, RFC 6675 (loss recovery), RFC 6298 (time-out).
 */
export class Sender {
  readonly #simulation: Simulation;
  readonly #stream: SendStream;
  readonly #port: SenderPort;
  readonly #congestion: Congestion;
  readonly #board = new Scoreboard();
  readonly #timeout: RetransmissionTimeout;
  readonly #alarm: Alarm;
  readonly #retries: number;
  #segment: number;
  #peerWindow: number;
  /** Oldest octet that is not acknowledged; next to be sent; one behind the last ever sent. */
  #oldest = 0;
  #next = 0;
  #highest = 0;
  #closed = false;
  #timeouts = 0;
  #duplicates = 0;
  #recovering = false;
  /** Losses before this offset have been taken account of. */
  #recover = -1;
  /** While recovering: what was missing before this offset has been sent again. */
  #repeatedTo = 0;
  readonly #roundTrips = new RoundTrips();

  constructor(
    simulation: Simulation,
    stream: SendStream,
    port: SenderPort,
    start: {
      readonly segment: number;
      readonly window: number;
      readonly retries: number;
      readonly timeout: RetransmissionTimeout;
      /** What stands before this offset was sent and acknowledged; 0 if absent. */
      readonly from?: number;
    },
  ) {
    this.#simulation = simulation;
    this.#stream = stream;
    this.#port = port;
    this.#segment = start.segment;
    this.#peerWindow = start.window;
    this.#retries = start.retries;
    this.#timeout = start.timeout;
    this.#congestion = new Congestion(start.segment);
    this.#alarm = new Alarm(simulation, () => this.#timedOut());
    this.#oldest = this.#next = this.#highest = start.from ?? 0;
  }

  get peerWindow(): number {
    return this.#peerWindow;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get highest(): number {
    return this.#highest;
  }

  get segment(): number {
    return this.#segment;
  }

  get congestionWindow(): number {
    return this.#congestion.window;
  }

  /** Nothing more will be written: the end of the stream is sent behind what is there. */
  close(): void {
    this.#closed = true;
    this.pump();
  }

  /** Segments carry at most this many octets from now on. */
  resize(segment: number): void {
    this.#segment = segment;
    this.#congestion.resize(segment);
  }

  /** The path got narrower: what is under way was too large and is sent anew at once. */
  sendAnew(): void {
    this.#next = this.#oldest;
    this.#recovering = false;
    this.#roundTrips.forget();
    this.pump();
  }

  acknowledged({ offset, window, bare, spans }: Acknowledgement): void {
    const same = window === this.#peerWindow;
    this.#peerWindow = window;
    let news = false;
    for (const { start, end } of spans) {
      if (start >= offset && end <= this.#highest && this.#board.add(start, end)) news = true;
    }
    if (offset > this.#oldest) this.#advance(offset);
    else if (offset < this.#oldest || this.#highest === this.#oldest) return;
    else if (news || (bare && same)) this.#duplicates++;
    if (!this.#recovering && this.#hasLost()) this.#recoverLosses();
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.#recovering) this.#fillGaps();
    while (this.#next <= this.#stream.length) {
      // After a time-out the way leads past octets that the other end has.
      this.#next = this.#board.gap(this.#next, Number.POSITIVE_INFINITY)!.start;
      const room = Math.min(
        this.#congestion.window - this.#underWay(),
        this.#oldest + this.#peerWindow - this.#next,
      );
      let length = Math.min(this.#segment, this.#stream.length - this.#next);
      if (length < 0) break;
      if (length > room) {
        // Small segments do not fill up a window: wait for room (RFC 9293 section 3.8.6.2.1).
        if (this.#next > this.#oldest || this.#peerWindow === 0) break;
        length = Math.min(length, this.#peerWindow);
      }
      const fin = this.#closed && this.#next + length === this.#stream.length;
      if (length === 0 && !fin) break;
      if (!this.#transmit(this.#next, length, fin)) continue;
      this.#next += length + (fin ? 1 : 0);
    }
    if (this.#outstanding && this.#alarm.due === undefined) this.#rearm();
  }

  halt(): void {
    this.#alarm.set(undefined);
  }

  /** Is something waiting for an acknowledgement, or for the peer's window to open? */
  get #outstanding(): boolean {
    return this.#highest > this.#oldest || this.#stream.length > this.#highest;
  }

  /** Octets that are on their way now, by what is known. Source: RFC 6675 section 4, SetPipe. */
  #underWay(): number {
    const missing = (from: number, to: number) =>
      Math.max(to - from, 0) - this.#board.count(from, Math.max(from, to));
    if (!this.#recovering) return missing(this.#oldest, this.#next);
    const repeated = Math.max(this.#repeatedTo, this.#oldest);
    const behind = Math.max(this.#lostBefore, repeated);
    return missing(this.#oldest, repeated) + missing(behind, this.#next);
  }

  get #lostBefore(): number {
    return this.#board.lostBefore((DUPLICATE_THRESHOLD - 1) * this.#segment);
  }

  #hasLost(): boolean {
    if (this.#oldest <= this.#recover || this.#highest === this.#oldest) return false;
    return this.#duplicates >= DUPLICATE_THRESHOLD || this.#lostBefore > this.#oldest;
  }

  #recoverLosses(): void {
    this.#congestion.lost(this.#highest - this.#oldest);
    this.#recovering = true;
    this.#recover = this.#highest;
    this.#repeatedTo = this.#oldest;
    this.#repeat(this.#oldest);
  }

  /** Sends lost octets again, as far as the window goes. Source: RFC 6675 section 5 (C). */
  #fillGaps(): void {
    while (this.#congestion.window - this.#underWay() >= this.#segment) {
      const from = Math.max(this.#repeatedTo, this.#oldest);
      const gap = this.#board.gap(from, this.#lostBefore);
      if (gap === undefined) break;
      this.#repeat(gap.start);
    }
  }

  /** Sends the missing octets that begin at an offset again, one segment of them. */
  #repeat(offset: number): void {
    for (;;) {
      const gap = this.#board.gap(offset, this.#highest);
      const end = Math.min(gap?.end ?? offset, this.#stream.length);
      const length = Math.min(this.#segment, Math.max(end - offset, 0));
      const fin = this.#closed && offset + length === this.#stream.length;
      if (!this.#transmit(offset, length, fin)) continue;
      this.#repeatedTo = offset + length + (fin ? 1 : 0);
      break;
    }
    this.#rearm();
  }

  #transmit(offset: number, length: number, fin: boolean): boolean {
    const end = offset + length + (fin ? 1 : 0);
    const again = offset < this.#highest;
    if (!this.#port.transmit(offset, length, fin, again)) return false;
    if (again) this.#roundTrips.forget();
    else this.#roundTrips.sent(end, this.#simulation.now);
    this.#highest = Math.max(this.#highest, end);
    return true;
  }

  #advance(offset: number): void {
    const count = offset - this.#oldest;
    this.#timeout.progressed();
    this.#measure(offset);
    this.#timeouts = 0;
    this.#duplicates = 0;
    this.#oldest = offset;
    this.#next = Math.max(this.#next, offset);
    this.#stream.release(offset);
    this.#board.release(offset);
    if (this.#closed && offset > this.#stream.length) {
      this.#alarm.set(undefined);
      this.#port.finished();
      return;
    }
    this.#rearm();
    if (!this.#recovering) this.#congestion.acknowledged(count, this.#highest - offset);
    else if (offset >= this.#recover) this.#recovering = false;
    // A partial acknowledgement: what comes next is missing too (RFC 6582 section 3.2 step 3).
    else if (this.#repeatedTo <= offset) this.#repeat(offset);
  }

  #measure(offset: number): void {
    const { now } = this.#simulation;
    const { roundTrip, roundEnded } = this.#roundTrips.acknowledged(offset, this.#highest, now);
    if (roundTrip !== undefined) {
      this.#congestion.measured(roundTrip);
      // RFC 6298 section 3: the weights are made for one measurement a round trip.
      if (roundEnded) this.#timeout.measured(roundTrip);
    }
    if (roundEnded) this.#congestion.roundEnded();
  }

  #rearm(): void {
    const waits = this.#outstanding;
    this.#alarm.set(waits ? after(this.#simulation.now, this.#timeout.current) : undefined);
  }

  #timedOut(): void {
    if (this.#peerWindow === 0 && this.#highest === this.#oldest) {
      // RFC 9293 section 3.8.6.1: a window that is shut is probed, however long it stays so.
      this.#transmit(this.#oldest, 1, false);
      this.#next = Math.max(this.#next, this.#oldest + 1);
      this.#timeout.backOff();
      this.#rearm();
      return;
    }
    if (++this.#timeouts > this.#retries) {
      this.#port.gaveUp();
      return;
    }
    this.#congestion.timedOut(this.#highest - this.#oldest, this.#timeouts > 1);
    this.#timeout.backOff();
    this.#roundTrips.forget();
    this.#duplicates = 0;
    this.#recovering = false;
    this.#recover = this.#highest;
    this.#next = this.#oldest;
    if (this.#timeouts >= FULL_STOP) this.#port.stopped();
    this.pump();
    this.#rearm();
  }
}
