import { type Address, formatAddress } from '../../../wire/address.ts';
import { PROTOCOL } from '../../../wire/numbers.ts';
import type { ServiceConfig } from '../../config.ts';
import type { EntryUse, ForwardingEntry } from '../../forwarding/entry.ts';
import type { NodeState } from '../../node-state.ts';
import { forward, unforward } from '../../part.ts';
import type { Output } from '../../role.ts';
import { after, type Duration, type Instant, seconds } from '../../time.ts';
import { homeOf } from '../service-addresses.ts';

/** How often it is looked who has sent something; so many clients in one go. */
const LOOK: Duration = seconds(5);
const ASKED_AT_ONCE = 2000;
const PAUSE: Duration = seconds(0.05);

interface Session {
  packets: number;
  usedAt: Instant;
  isOver: boolean;
}

/**
 * Which clients have a session of QUIC with this server, as far as packets show: its keys are in the server's program,
 * so nobody else can go on with it, and no kernel knows of it. A client that has sent something to a port of QUIC
 * within QUIC_IDLE_TIME has one, and is handed to no other server.
 *
 *     a client is ours -> one entry for each port, which counts what it sends there
 *       -> (each LOOK) -> more: it has a session
 *                      -> the same for QUIC_IDLE_TIME: it has none
 *
 * Bounded by the clients that are this server's own.
 *
 * Supported standards: RFC 9000 section 10.1 (idle time-out).
 */
export class QuicSessions {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #isOwn: (client: Address) => boolean;
  readonly #sessions = new Map<Address, Session>();
  readonly #lookId: string;
  #lookAt: Instant | undefined;
  #asked: readonly Address[] = [];
  /** Those that this round of looking has not come to yet. */
  #unasked: Address[] = [];

  /** @param isOwn is a client served here? */
  constructor(config: ServiceConfig, state: NodeState, isOwn: (client: Address) => boolean) {
    this.#config = config;
    this.#state = state;
    this.#isOwn = isOwn;
    this.#lookId = `service/quic/${formatAddress(config.service)}`;
  }

  deadline(): Instant | undefined {
    return this.#lookAt;
  }

  /** A client is served here. */
  begin(client: Address, now: Instant): Output[] {
    if (this.#ports.length === 0 || this.#sessions.has(client)) return [];
    // What brought it here may have been the first of a session.
    this.#sessions.set(client, { packets: 0, usedAt: now, isOver: false });
    this.#lookAt ??= after(now, LOOK);
    return forward(...this.#ports.map((port) => this.#entry(client, port)));
  }

  /** Does a client have something that only this server can go on with? */
  has(client: Address): boolean {
    return this.#sessions.get(client)?.isOver === false;
  }

  tick(now: Instant): Output[] {
    if (this.#lookAt === undefined || now < this.#lookAt) return [];
    if (this.#unasked.length === 0) this.#unasked = [...this.#sessions.keys()];
    this.#asked = this.#unasked.splice(-ASKED_AT_ONCE);
    const isOver = this.#unasked.length === 0;
    this.#lookAt = this.#sessions.size === 0 ? undefined : after(now, isOver ? LOOK : PAUSE);
    const entries = this.#asked.flatMap((client) => this.#ids(client));
    return entries.length === 0 ? [] : [{ kind: 'ask', id: this.#lookId, entries }];
  }

  /** What the entries have carried. */
  answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    if (id !== this.#lookId) return [];
    const many = this.#ports.length;
    return this.#asked.flatMap((client, index) => {
      const session = this.#sessions.get(client);
      if (session === undefined) return [];
      const own = use.slice(index * many, (index + 1) * many);
      const packets = own.reduce((sum, one) => sum + one.packets, 0);
      if (packets !== session.packets) Object.assign(session, { packets, usedAt: now });
      session.isOver = now >= after(session.usedAt, this.#state.constants.QUIC_IDLE_TIME);
      if (this.#isOwn(client)) return [];
      this.#sessions.delete(client);
      return unforward(...this.#ids(client));
    });
  }

  /** They do what the client's own entry does, which they stand before, and count. */
  #entry(client: Address, dport: number): ForwardingEntry {
    const address = homeOf(client, this.#config);
    const ends = { src: { address: client }, dst: { address } };
    return {
      ...{ id: this.#id(client, dport), owner: 'service', at: 'arriving' },
      match: { ...ends, protocol: PROTOCOL.udp, dport },
      do: [{ notify: 'tunnelled-from-peer' }],
    };
  }

  #ids(client: Address): string[] {
    return this.#ports.map((port) => this.#id(client, port));
  }

  #id(client: Address, port: number): string {
    return `${this.#lookId}/${formatAddress(client)}/${port}`;
  }

  get #ports(): readonly number[] {
    return this.#state.env.without.has('quic-sessions') ? [] : (this.#config.quicPorts ?? []);
  }
}
