import type { ProbeConfig } from '../../core/config.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import { after, between, type Duration, type Instant, seconds } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';

/** Looks in one probe interval: so much longer than the truth a silence may seem. */
const LOOKS = 4;
/** Tokens are kept fresh for sessions that carried something within this. */
const IN_USE: Duration = seconds(300);
/** What never gets answers by payload is asked less often: it would be asked all the time. */
const ONE_WAY = 4;

/** The id of the question what a session has carried. */
export const sessionId = (identity: Address, peer: Address): string =>
  `session/${formatAddress(identity)}/${formatAddress(peer)}`;

/**
 * What passes between an address of ours and a peer, whatever transports there are: the address is
 * their identity, and another address of ours may carry them.
 *
 * Source: seed multihome, figure 3.1 (steps 303 and 320).
 */
export class Session {
  readonly identity: Address;
  readonly peer: Address;
  readonly id: string;
  /** Our address that carries it, or that it is on its way to. */
  by: Address;
  /** The port that it began with, where a rule is for that. */
  port: number | undefined;
  /** When the peer was last to be told where it goes. */
  triedAt: Instant;
  /** When its binding is to be renewed, whatever the registration thinks. */
  renewAt: Instant | undefined;
  /** What was last said of its end. */
  boundedUntil: Instant | undefined;
  readonly #probe: ProbeConfig;
  #packets = { sent: 0, came: 0 };
  #lookAt: Instant | undefined;
  #lookedAt: Instant;
  #sentAt: Instant | undefined;
  #cameAt: Instant | undefined;
  /** Nothing is known to have come since then. */
  #quietSince: Instant;

  constructor(identity: Address, peer: Address, probe: ProbeConfig, now: Instant) {
    this.identity = identity;
    this.peer = peer;
    this.id = sessionId(identity, peer);
    this.by = identity;
    this.#probe = probe;
    this.#lookedAt = now;
    this.#quietSince = now;
    this.triedAt = now;
  }

  get lookAt(): Instant | undefined {
    return this.#lookAt;
  }

  /** Have we ever sent anything? Anybody can send to us. */
  get isOurs(): boolean {
    return this.#sentAt !== undefined;
  }

  /** A packet of it was seen. */
  touch(outbound: boolean, now: Instant): void {
    if (outbound) this.#sentAt = now;
    else this.#cameAt = now;
    if (this.#lookAt !== undefined) return;
    this.#lookedAt = now;
    this.#quietSince = now;
    this.#lookAt = after(now, this.#interval);
  }

  get #interval(): Duration {
    return Math.max(1, Math.round(this.#probe.interval / LOOKS)) as Duration;
  }

  /** What it has carried, as asked at `lookAt`. */
  looked([leaving, arriving]: readonly EntryUse[], now: Instant): void {
    const [sent, came] = [leaving?.packets ?? 0, arriving?.packets ?? 0];
    if (hasCounted(this.#packets.sent, sent)) this.#sentAt = now;
    if (hasCounted(this.#packets.came, came)) {
      this.#cameAt = now;
      this.#quietSince = this.#lookedAt;
    }
    this.#packets = { sent, came };
    this.#lookedAt = now;
    this.#lookAt = this.isActive(now) ? after(now, this.#interval) : undefined;
  }

  /** It went by here in an earlier life, and is looked after as one that was in use. */
  resume(by: Address, port: number | undefined, now: Instant): void {
    this.by = by;
    this.port = port;
    this.touch(true, now);
  }

  /** It goes another way now, and that is given its time. */
  moved(to: Address, now: Instant): void {
    this.by = to;
    this.triedAt = now;
    this.#quietSince = now;
  }

  /** Has anything passed just now? */
  isActive(now: Instant): boolean {
    return this.#within(this.#probe.idle, now);
  }

  /** Has anything passed lately? */
  isInUse(now: Instant): boolean {
    return this.#within(IN_USE, now);
  }

  /** When it will not count as in use any more. */
  get usedUntil(): Instant {
    return after(this.#lastAt(), IN_USE);
  }

  #lastAt(): Instant {
    return Math.max(this.#sentAt ?? 0, this.#cameAt ?? 0, 0) as Instant;
  }

  #within(time: Duration, now: Instant): boolean {
    return between(this.#lastAt(), now) < time;
  }

  /** For how long nothing has come, answers of the path counted too. */
  quiet(answeredAt: Instant | undefined, now: Instant): Duration {
    return between(Math.max(this.#quietSince, answeredAt ?? 0) as Instant, now);
  }

  /**
   * For how long nothing may come before the path is asked: not long while packets have been coming.
   * When it has answered since, it is the session that is silent, and the path is asked less often.
   * @param patience of that path.
   */
  tolerance(patience: Duration, answeredAt: Instant | undefined, now: Instant): Duration {
    const cameAt = this.#cameAt;
    const came = cameAt !== undefined && between(cameAt, now) < this.#probe.idle;
    const isSilent = came && answeredAt !== undefined && answeredAt > cameAt;
    return (came && !isSilent ? patience : ONE_WAY * patience) as Duration;
  }
}

/** An entry that was made anew counts from nothing. */
const hasCounted = (before: number, now: number): boolean => now > (now < before ? 0 : before);
