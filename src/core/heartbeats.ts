import { type Address, isUnicastRoutable } from '../wire/address.ts';
import type { LayerOf } from '../wire/packet.ts';
import type { NodeState } from './node-state.ts';
import { count, type Part, type PartInput, type Received } from './part.ts';
import { RateLimit } from './rate-limit.ts';
import type { Output } from './role.ts';
import { signal } from './signalling.ts';
import { after, type Instant, milliseconds, sooner } from './time.ts';

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

/**
 * Is a peer there, and has it been there all the time? Answers who asks, and asks those that the
 * operator has it watch.
 *
 *     watch -> request -> response -> (HEARTBEAT_INTERVAL) -> request
 *                      -> three missed -> silent (and asked on)
 *     a response with a greater restart counter -> the peer has lost its bindings
 *
 * Supported standards: RFC 5847 section 3.
 */
export class Heartbeats implements Part {
  readonly processes = new Set(['heartbeat'] as const);
  readonly #self: Address;
  readonly #state: NodeState;
  readonly #answers = new RateLimit(ANSWER_INTERVAL, ANSWER_BURST);
  readonly #watched = new Map<Address, Watched>();
  /** How often this node has come back. */
  #restarts = 0;

  /** @param self the address that requests come from. */
  constructor(self: Address, state: NodeState) {
    this.#self = self;
    this.#state = state;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { nextAt } of this.#watched.values()) deadline = sooner(deadline, nextAt);
    return deadline;
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'start':
        return [{ kind: 'store', key: STORE_KEY, value: '0' }];
      case 'restored':
        return this.#restore(input.key, input.value);
      case 'received':
        return input.message.layer === 'heartbeat' ? this.#heard(input, input.message, now) : [];
      case 'command':
        return input.command.do === 'watch' ? this.#watch(input.command.peer, now) : [];
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  /** Source: RFC 5847 section 3.2: the counter grows with each restart. */
  #restore(key: string, value: string): Output[] {
    const off = this.#state.env.without.has('journal');
    if (off || key !== STORE_KEY || !/^\d{1,10}$/.test(value)) return [];
    this.#restarts = (Number(value) + 1) >>> 0;
    return [{ kind: 'store', key: STORE_KEY, value: `${this.#restarts}` }];
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
    watched.nextAt = after(now, this.#state.constants.HEARTBEAT_INTERVAL);
    const option = message.options.find((one) => one.option === 'restart-counter');
    const before = watched.restarts;
    watched.restarts = option?.restartCounter ?? before;
    const restarted = before !== undefined && watched.restarts !== before;
    return restarted ? [count('heartbeat.restart_seen')] : [];
  }

  #watch(peer: Address, now: Instant): Output[] {
    if (this.#watched.has(peer) || this.#watched.size >= MAX_WATCHED) return [];
    const sequence = Math.floor(this.#state.env.random() * 0x1_0000_0000);
    this.#watched.set(peer, { sequence, nextAt: now, missed: 0, restarts: undefined });
    return this.#tick(now);
  }

  #tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [peer, watched] of this.#watched) {
      if (now < watched.nextAt) continue;
      if (watched.missed === MISSING_HEARTBEATS_ALLOWED) {
        outputs.push(count('heartbeat.peer_silent'));
      }
      watched.missed += 1;
      watched.sequence = (watched.sequence + 1) >>> 0;
      watched.nextAt = after(now, this.#state.constants.HEARTBEAT_INTERVAL);
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
