import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { BINDING_ERROR_STATUS } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Part, type PartInput, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { after, type Duration, type Instant, milliseconds, seconds, sooner } from '../time.ts';
import { signal } from './signalling.ts';

/** Requests that may go unanswered in a row. Source: RFC 5847 section 5. */
const MISSING_HEARTBEATS_ALLOWED = 3;
/** Answers to requests, which nothing proves: no more than ten a second. */
const ANSWER_INTERVAL = milliseconds(100);
const ANSWER_BURST = 10;
/** Peers that may be watched at once; more are not taken. */
const MAX_WATCHED = 1000;

const STORE_KEY = 'restart-counter';

interface Watched {
  sequence: number;
  nextAt: Instant;
  /** Requests without an answer since the last one. */
  missed: number;
  /** What the peer last said of its restarts. */
  restarts: number | undefined;
}

/** What a node does with those that it watches. */
export interface Watching {
  /** HEARTBEAT_INTERVAL if absent. */
  readonly interval?: Duration;
  /** A peer has missed too many; it is asked on. */
  onSilent?(peer: Address, now: Instant): Output[];
}

/**
 * Is a peer there, and has it been there all the time? Answers who asks, and asks those that the
 * operator has it watch.
 *
 *     watch -> request -> response -> (HEARTBEAT_INTERVAL) -> request
 *                      -> more than three missed -> silent (and asked on)
 *                      -> Binding Error 2 -> knows nothing of this, and is asked no more
 *     a response with another restart counter -> the peer has lost its bindings
 *
 * Responses that nobody asked for (U) are ignored: what they say comes with the next answer, and
 * without ESP anybody could have sent them.
 *
 * Supported standards: RFC 5847 sections 3 and 5.
 */
export class Heartbeats implements Part {
  readonly processes = new Set(['heartbeat'] as const);
  readonly #self: Address;
  readonly #state: NodeState;
  readonly #interval: Duration;
  readonly #onSilent: NonNullable<Watching['onSilent']>;
  readonly #answers = new RateLimit(ANSWER_INTERVAL, ANSWER_BURST);
  readonly #watched = new Map<Address, Watched>();
  /** The second at which the bindings were last lost: larger than any before. */
  #restarts = 0;

  /**
   * @param self the address that requests come from.
   * @param watching how often peers are asked, and what is to be done when one is silent.
   */
  constructor(self: Address, state: NodeState, watching: Watching = {}) {
    this.#self = self;
    this.#state = state;
    this.#interval = watching.interval ?? state.constants.HEARTBEAT_INTERVAL;
    this.#onSilent = watching.onSilent ?? (() => []);
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { nextAt } of this.#watched.values()) deadline = sooner(deadline, nextAt);
    return deadline;
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'start':
        return this.#store(this.#state.env.epoch + now);
      case 'restored':
        return this.#restore(input.key, input.value);
      case 'received':
        return this.#received(input, now);
      case 'command':
        return input.command.do === 'watch' ? this.watch(input.command.peer, now) : [];
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  /** A node without a journal has lost its bindings, and the counter too: it takes the time. */
  #store(microseconds: number): Output[] {
    this.#restarts = Math.floor(microseconds / seconds(1)) >>> 0;
    return [{ kind: 'store', key: STORE_KEY, value: `${this.#restarts}` }];
  }

  /** With the journal come the bindings, and the counter stands still. Source: RFC 5847 section 3.2. */
  #restore(key: string, value: string): Output[] {
    const off = this.#state.env.without.has('journal');
    if (off || key !== STORE_KEY || !/^\d{1,10}$/.test(value)) return [];
    return this.#store(Number(value) * seconds(1));
  }

  #received(received: Received, now: Instant): Output[] {
    const { message, source } = received;
    if (message.layer === 'heartbeat') return this.#heard(received, message, now);
    if (message.layer !== 'binding-error') return [];
    const unknown = message.status === BINDING_ERROR_STATUS.unrecognizedMobilityHeaderType;
    const asked = (this.#watched.get(source)?.missed ?? 0) > 0;
    if (!unknown || !asked) return [];
    this.#watched.delete(source);
    return [count('heartbeat.unsupported')];
  }

  #heard(received: Received, message: LayerOf<'heartbeat'>, now: Instant): Output[] {
    const { source, destination } = received;
    if (message.response) return this.#answered(source, message, now);
    if (!isUnicastRoutable(source) || !this.#answers.take(now)) return [count('heartbeat.ignored')];
    return [
      count('heartbeat.answered'),
      ...signal({
        source: destination,
        destination: source,
        layers: [
          {
            layer: 'heartbeat',
            response: true,
            sequence: message.sequence,
            options: [{ option: 'restart-counter', restartCounter: this.#restarts }],
          },
        ],
        detail: `answers ${message.sequence}`,
      }),
    ];
  }

  /** Only what answers our last request is believed: nothing else proves who sent it. */
  #answered(peer: Address, message: LayerOf<'heartbeat'>, now: Instant): Output[] {
    const watched = this.#watched.get(peer);
    const awaited = watched !== undefined && watched.missed > 0;
    if (!awaited || message.sequence !== watched.sequence) return [count('heartbeat.ignored')];
    watched.missed = 0;
    watched.nextAt = after(now, this.#interval);
    const option = message.options.find((one) => one.option === 'restart-counter');
    const before = watched.restarts;
    watched.restarts = option?.restartCounter ?? before;
    const restarted = before !== undefined && watched.restarts !== before;
    return restarted ? [count('heartbeat.restart_seen')] : [];
  }

  /** Asks a peer from now on whether it is there. */
  watch(peer: Address, now: Instant): Output[] {
    if (this.#watched.has(peer) || this.#watched.size >= MAX_WATCHED) return [];
    const sequence = Math.floor(this.#state.env.random() * 0x1_0000_0000);
    this.#watched.set(peer, { sequence, nextAt: now, missed: 0, restarts: undefined });
    return this.#tick(now);
  }

  unwatch(peer: Address): void {
    this.#watched.delete(peer);
  }

  #tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [peer, watched] of this.#watched) {
      if (now < watched.nextAt) continue;
      if (watched.missed === MISSING_HEARTBEATS_ALLOWED + 1) {
        outputs.push(count('heartbeat.peer_silent'), ...this.#onSilent(peer, now));
      }
      watched.missed += 1;
      watched.sequence = (watched.sequence + 1) >>> 0;
      watched.nextAt = after(now, this.#interval);
      outputs.push(
        ...signal({
          source: this.#self,
          destination: peer,
          layers: [{ layer: 'heartbeat', sequence: watched.sequence }],
          detail: `${watched.sequence}`,
        }),
      );
    }
    return outputs;
  }
}
