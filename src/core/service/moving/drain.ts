import type { Address } from '../../../wire/address.ts';
import type { ServerConfig } from '../../config.ts';
import { count, tell } from '../../part.ts';
import type { Output } from '../../role.ts';
import type { DrainView } from '../../service-view.ts';
import type { Heartbeats } from '../../signalling/heartbeats.ts';
import {
  after,
  type Duration,
  type Instant,
  milliseconds,
  NO_TIME,
  seconds,
  sooner,
} from '../../time.ts';
import { type Clients, SELF } from '../clients/clients.ts';
import { MAX_TOLD } from '../clients/served-clients.ts';
import type { Serving } from '../serving.ts';

/** So often clients go on their way; as many at once are on it. */
const INTERVAL: Duration = milliseconds(250);
const AT_ONCE = 32;
/**
 * A client that could not go is asked to again: its connections may have ended, or a program gives them now. Whoever
 * opens one after the other is without one only for moments, and is to be met in one of them.
 */
const FIRST_WAIT = INTERVAL;
const MOST_WAIT: Duration = seconds(1);

/**
 * So long servers that have taken clients over may take to tell that, with updates once a second; and so
 * much longer for each update that it takes.
 */
const TELLING: Duration = milliseconds(1500);
const MORE_TELLING: Duration = seconds(1);

/** What a server has that goes away. */
export interface Draining {
  readonly clients: Clients;
  readonly serving: Serving;
  readonly heartbeats: Heartbeats;
  /** The other servers of the address. */
  readonly others: readonly Address[];
}

/**
 * A server goes away in good order: its clients go to other servers with their connections. Those that
 * cannot, since an ordinary program has their connections, go when these have ended; what is left at the
 * limit is told to ask again.
 *
 *     drain -> (agents give it no new clients) -> clients are handed to servers that answer, in turn
 *     none is left, and their servers have said so, or the limit has come -> bindings are taken back -> over
 *
 * Supported standards: after the anycast seed, p. 10 (zero lifetimes), and its claims 5 and 15.
 */
export class Drain {
  readonly #service: Address;
  readonly #of: () => Draining;
  /** When those that could not go are tried again, and how long they waited. */
  readonly #tried = new Map<Address, { readonly nextAt: Instant; readonly wait: Duration }>();
  #until: Instant | undefined;
  #nextAt: Instant | undefined;
  #turn = 0;
  /** Clients that were handed on, or tried to be. */
  #handed = 0;
  /** Nobody has been left since. */
  #emptySince: Instant | undefined;
  /** Clients that were left when it was over; undefined until then. */
  #left: readonly Address[] | undefined;

  constructor({ service }: ServerConfig, of: () => Draining) {
    this.#service = service;
    this.#of = of;
  }

  /** Is it asked to go away, or gone? Only `end` makes it stay. */
  get begun(): boolean {
    return this.#until !== undefined;
  }

  deadline(): Instant | undefined {
    return this.#nextAt && sooner(this.#nextAt, this.#until);
  }

  /** How far it is; undefined: nobody wants the server to go away. */
  view(): DrainView | undefined {
    const until = this.#until;
    if (until === undefined) return undefined;
    const { clients, serving } = this.#of();
    const over = this.#left !== undefined;
    return { until, over, moving: serving.moving, left: this.#left ?? [...clients.of(SELF)] };
  }

  /** @param within clients that cannot go elsewhere are waited for so long. */
  begin(within: Duration, now: Instant): Output[] {
    this.#until = after(now, within);
    this.#left = undefined;
    // Those that are asked first may have answered then.
    this.#nextAt = after(now, INTERVAL);
    const { others, heartbeats } = this.#of();
    return others.flatMap((other) => heartbeats.watch(other, now));
  }

  /** The operator wants it to stay. */
  end(): void {
    this.#until = undefined;
    this.#stop();
  }

  /** Hands clients on. True: it is over, and the agents are to be told. */
  tick(now: Instant): { readonly outputs: Output[]; readonly isOver: boolean } {
    if (this.#nextAt === undefined || now < sooner(this.#nextAt, this.#until)!) {
      return { outputs: [], isOver: false };
    }
    this.#nextAt = after(now, INTERVAL);
    const { clients, serving } = this.#of();
    const left = [...clients.of(SELF)];
    const isEmpty = left.length === 0 && serving.moving === 0;
    this.#emptySince = isEmpty ? (this.#emptySince ?? now) : undefined;
    const isTold = isEmpty && now >= after(this.#emptySince!, this.#tellingTime);
    if (!isTold && now < this.#until!) return { outputs: this.#handOn(left, now), isOver: false };
    this.#stop();
    this.#left = left;
    const { length } = left;
    const outputs = left.flatMap((client) => [
      count('service.not_drained'),
      ...serving.takeBack(client, now),
    ]);
    const drained = tell({ kind: 'service.drained', home: this.#service, left: length });
    return { outputs: [...outputs, drained], isOver: true };
  }

  #handOn(left: readonly Address[], now: Instant): Output[] {
    const { others, heartbeats, serving } = this.#of();
    const there = others.filter((other) => heartbeats.hasAnswered(other));
    if (there.length === 0) return [];
    const outputs: Output[] = [];
    for (const client of left) {
      if (serving.moving >= AT_ONCE) break;
      const before = this.#tried.get(client);
      if (before !== undefined && now < before.nextAt) continue;
      const wait = before === undefined ? FIRST_WAIT : doubled(before.wait);
      this.#tried.set(client, { nextAt: after(now, wait), wait });
      this.#handed += 1;
      const to = there[this.#turn++ % there.length]!;
      outputs.push(...serving.handOver(client, to));
    }
    return outputs;
  }

  /** Agents that hear of our leaving before they hear who has our clients would give them to others. */
  get #tellingTime(): Duration {
    if (this.#handed === 0) return NO_TIME;
    return (TELLING + Math.floor(this.#handed / MAX_TOLD) * MORE_TELLING) as Duration;
  }

  #stop(): void {
    this.#nextAt = undefined;
    this.#emptySince = undefined;
    this.#handed = 0;
    this.#tried.clear();
    const { others, heartbeats } = this.#of();
    for (const other of others) heartbeats.unwatch(other);
  }
}

const doubled = (wait: Duration): Duration => Math.min(2 * wait, MOST_WAIT) as Duration;
