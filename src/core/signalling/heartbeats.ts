import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { BINDING_ERROR_STATUS } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Part, type PartInput, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { after, type Duration, type Instant, milliseconds, seconds, sooner } from '../time.ts';
import { askByEcho, drawQuestion, type EchoQuestion, readReply } from './echo-question.ts';
import { signal } from './signalling.ts';

/** Requests that may go unanswered in a row. Source: RFC 5847 section 5. */
export const MISSING_HEARTBEATS_ALLOWED = 3;
/** Requests in a row without an answer that may be chance no more. */
const SUSPICIOUS = 2;
/** Answers to requests, which nothing proves: no more than ten a second. */
const ANSWER_INTERVAL = milliseconds(100);
const ANSWER_BURST = 10;
/** Peers that may be watched at once; more are not taken. */
const MAX_WATCHED = 1000;
/** Whoever is doubted is asked no less often than this. */
const DOUBT_INTERVAL = seconds(1);

const STORE_KEY = 'restart-counter';

interface Watched {
  sequence: number;
  /** Undefined: it is let be. */
  nextAt: Instant | undefined;
  /** Requests without an answer since the last one. */
  missed: number;
  asking: Asking;
  /** The last one that was sent by echo. */
  question: EchoQuestion | undefined;
  /** Something else says that it may not be there. */
  doubted: boolean;
  /** What the peer last said of its restarts. */
  restarts: number | undefined;
}

/** How a peer is asked: by messages of RFC 5847, or as every node is (RFC 4443 section 4.1). */
export type Asking = 'heartbeat' | 'echo';

/** What a node does with those that it watches. */
export interface Watching {
  /** HEARTBEAT_INTERVAL if absent. */
  readonly interval?: Duration;
  /** How each is asked first; by heartbeats if absent. */
  readonly asking?: Asking;
  /** Who knows no heartbeats is asked by echo; let be if absent. */
  readonly otherwise?: 'echo';
  /** A peer has missed so many as makes one wonder. */
  onSuspicion?(peer: Address, now: Instant): Output[];
  /** A peer has missed too many; it is asked on. */
  onSilent?(peer: Address, now: Instant): Output[];
}

/**
 * Is a peer there, and has it been there all the time? Answers who asks, and asks those that the
 * operator has it watch.
 *
 *     watch -> request -> response -> (HEARTBEAT_INTERVAL) -> request
 *                      -> more than three missed -> silent (and asked on)
 *                      -> Binding Error 2 -> knows nothing of this: asked by echo, or no more
 *     doubt -> asked at once, and each second, as if it had missed two already
 *     a response with another restart counter -> the peer has lost its bindings
 *
 * Responses that nobody asked for (U) are ignored: what they say comes with the next answer, and
 * without ESP anybody could have sent them.
 *
 * Supported standards: RFC 5847 sections 3 and 5; RFC 4443 section 4.1 for those that do not know it.
 */
export class Heartbeats implements Part {
  readonly processes = new Set(['heartbeat'] as const);
  readonly #self: () => Address;
  readonly #state: NodeState;
  readonly #interval: Duration;
  readonly #asking: Asking;
  readonly #otherwise: 'echo' | undefined;
  readonly #onSilent: NonNullable<Watching['onSilent']>;
  readonly #onSuspicion: NonNullable<Watching['onSuspicion']>;
  readonly #answers = new RateLimit(ANSWER_INTERVAL, ANSWER_BURST);
  readonly #watched = new Map<Address, Watched>();
  /** The second at which the bindings were last lost: larger than any before. */
  #restarts = 0;

  /**
   * @param self the address that requests come from just now.
   * @param watching how often peers are asked, and what is to be done when one is silent.
   */
  constructor(self: Address | (() => Address), state: NodeState, watching: Watching = {}) {
    this.#self = typeof self === 'string' ? () => self : self;
    this.#state = state;
    this.#interval = watching.interval ?? state.constants.HEARTBEAT_INTERVAL;
    this.#asking = watching.asking ?? 'heartbeat';
    this.#otherwise = watching.otherwise;
    this.#onSilent = watching.onSilent?.bind(watching) ?? (() => []);
    this.#onSuspicion = watching.onSuspicion?.bind(watching) ?? (() => []);
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
    const { message } = received;
    switch (message.layer) {
      case 'heartbeat':
        return this.#heard(received, message, now);
      case 'echo-reply':
        return this.#echoed(received, message, now);
      case 'binding-error': {
        const { unrecognizedMobilityHeaderType } = BINDING_ERROR_STATUS;
        const isUnknown = message.status === unrecognizedMobilityHeaderType;
        return isUnknown ? this.#unsupported(received.source, now) : [];
      }
      default:
        return [];
    }
  }

  /** It is there, but of another make. Who has answered a heartbeat knows them, whoever says else. */
  #unsupported(peer: Address, now: Instant): Output[] {
    const watched = this.#watched.get(peer);
    if (watched === undefined || watched.missed === 0) return [];
    if (watched.asking === 'echo' || watched.restarts !== undefined) return [];
    const counted = count('heartbeat.unsupported');
    watched.nextAt = undefined;
    if (this.#otherwise === undefined) return [counted];
    watched.asking = this.#otherwise;
    watched.missed = 0;
    watched.nextAt = now;
    return [counted, ...this.#tick(now)];
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
    const awaited = watched !== undefined && watched.missed > 0 && watched.nextAt !== undefined;
    if (!awaited || watched.asking !== 'heartbeat' || message.sequence !== watched.sequence) {
      return [count('heartbeat.ignored')];
    }
    this.#isThere(watched, now);
    const option = message.options.find((one) => one.option === 'restart-counter');
    const before = watched.restarts;
    watched.restarts = option?.restartCounter ?? before;
    const restarted = before !== undefined && watched.restarts !== before;
    return [count('heartbeat.heard'), ...(restarted ? [count('heartbeat.restart_seen')] : [])];
  }

  /** The same for those that are asked by echo. */
  #echoed({ source, destination }: Received, reply: LayerOf<'echo-reply'>, now: Instant): Output[] {
    const watched = this.#watched.get(source);
    if (watched?.question === undefined || destination !== this.#self()) return [];
    const trusts = this.#state.env.without.has('echo-check');
    const read = trusts ? 'answer' : readReply(watched.question, reply);
    if (read === 'forged') return [count('heartbeat.echo_ignored')];
    if (read !== 'answer') return [];
    this.#isThere(watched, now);
    return [count('heartbeat.heard')];
  }

  #isThere(watched: Watched, now: Instant): void {
    watched.missed = 0;
    watched.doubted = false;
    watched.question = undefined;
    watched.nextAt = after(now, this.#interval);
  }

  /**
   * Asks a peer from now on whether it is there.
   *
   * @param missed requests that somebody else has sent it, without an answer.
   */
  watch(peer: Address, now: Instant, missed = 0): Output[] {
    if (this.#watched.has(peer) || this.#watched.size >= MAX_WATCHED) return [];
    const sequence = Math.floor(this.#state.env.random() * 0x1_0000_0000);
    const [asking, doubted] = [this.#asking, false];
    const unknown = { question: undefined, restarts: undefined };
    this.#watched.set(peer, { sequence, nextAt: now, missed, asking, doubted, ...unknown });
    return this.#tick(now);
  }

  /** Something says that a peer under watch is not there: it is asked at once. */
  doubt(peer: Address, now: Instant): Output[] {
    const watched = this.#watched.get(peer);
    if (watched?.nextAt === undefined || watched.missed >= SUSPICIOUS) return [];
    watched.missed = SUSPICIOUS;
    watched.doubted = true;
    watched.nextAt = now;
    return this.#tick(now);
  }

  /** How a peer under watch is asked. */
  askingOf(peer: Address): Asking | undefined {
    return this.#watched.get(peer)?.asking;
  }

  /** Has a peer that is watched answered nothing lately? */
  isSuspected(peer: Address): boolean {
    return (this.#watched.get(peer)?.missed ?? 0) > SUSPICIOUS;
  }

  /** Did a peer that is watched answer the last request? */
  hasAnswered(peer: Address): boolean {
    return this.#watched.get(peer)?.missed === 0;
  }

  /** Those that are watched. */
  watched(): IterableIterator<Address> {
    return this.#watched.keys();
  }

  unwatch(peer: Address): void {
    this.#watched.delete(peer);
  }

  #tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [peer, watched] of this.#watched) {
      if (watched.nextAt === undefined || now < watched.nextAt) continue;
      if (watched.missed === SUSPICIOUS) outputs.push(...this.#onSuspicion(peer, now));
      if (watched.missed === MISSING_HEARTBEATS_ALLOWED + 1) {
        outputs.push(count('heartbeat.peer_silent'), ...this.#onSilent(peer, now));
      }
      outputs.push(...this.#ask(peer, watched, now));
    }
    return outputs;
  }

  #ask(peer: Address, watched: Watched, now: Instant): Output[] {
    const interval = watched.doubted ? Math.min(this.#interval, DOUBT_INTERVAL) : this.#interval;
    watched.missed += 1;
    watched.nextAt = after(now, interval as Duration);
    if (watched.asking === 'echo') {
      watched.question = drawQuestion(this.#state.env.secrets);
      return askByEcho(watched.question, this.#self(), peer);
    }
    watched.sequence = (watched.sequence + 1) >>> 0;
    return signal({
      source: this.#self(),
      destination: peer,
      layers: [{ layer: 'heartbeat', sequence: watched.sequence }],
      detail: `${watched.sequence}`,
    });
  }
}
