import type { Address } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import { count } from '../../part.ts';
import { RateLimit } from '../../rate-limit.ts';
import type { Output } from '../../role.ts';
import type { SharedNews } from '../../shared-store.ts';
import { after, type Duration, type Instant, milliseconds, START } from '../../time.ts';
import type { ClientObserver } from '../clients/clients.ts';
import { type MemberRecord, registrantOf } from '../member.ts';
import type { ServiceHolder } from '../service-holder.ts';
import {
  agentPrefixOf,
  type ClientRecord,
  clientEntry,
  memberEntry,
  prefixOf,
  recordOf,
  type SharedRecord,
} from './shared-records.ts';
import type { SharedView } from './shared-view.ts';

/** Words about clients that go to the other agents: 200 a second, 500 at once; the others later. */
const INTERVAL = milliseconds(5);
const AT_ONCE = 500;

/**
 * Keeps one agent in step with the other agents of its address: what its servers and clients do is told to
 * them, and what theirs do is taken over. Nothing here waits for anybody: packets go by what is known.
 *
 *     an update is accepted, a client is given a server, both end -> share (with a version)
 *     news of another agent -> taken, unless something newer is known
 *     all news at once (at the start, after a time without access) -> taken; what they lack is shared
 *
 * A server's version is the time of its last update, so that no agent takes what another has taken
 * before. A client's grows with each word about it; the agent by which its packets go has the say: it
 * renews the word while they come, and takes it back when they end.
 *
 * What others say of a client is remembered when its server is lost here, since it may be there for them:
 * one that comes back has its clients again.
 *
 * Bounded: as many records as the agent may have clients, the oldest is forgotten; as many words that wait.
 *
 * Supported standards: none; after the anycast seed, p. 5 and its claims on several agents.
 */
export class Sharing implements ClientObserver {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #holder: () => ServiceHolder;
  readonly #clients = new Map<Address, ClientRecord>();
  readonly #waiting = new Set<Address>();
  /** Servers that were lost, and are not back. */
  readonly #lost = new Set<string>();
  readonly #limit = new RateLimit(INTERVAL, AT_ONCE);
  readonly #off: boolean;
  /** When words that wait may go on their way. */
  #nextAt: Instant = START;
  #told = false;
  /** What becomes of a client just now is the word of another agent. */
  #taking = false;

  constructor(config: ServiceConfig, state: NodeState, holder: () => ServiceHolder) {
    this.#config = config;
    this.#state = state;
    this.#holder = holder;
    this.#off = config.shared !== true || state.env.without.has('shared-bindings');
  }

  /** The others have told what they know. */
  get told(): boolean {
    return this.#told;
  }

  start(): Output[] {
    return this.#off ? [] : [{ kind: 'follow', prefix: prefixOf(this.#config.service) }];
  }

  deadline(): Instant | undefined {
    return this.#waiting.size === 0 ? undefined : this.#nextAt;
  }

  onChange(client: Address): void {
    if (this.#off || this.#taking) return;
    const isThere = this.#holder().clients.memberOf(client) !== undefined;
    if (isThere || this.isOwn(client)) this.#wait(client);
  }

  onLost(registrant: string): void {
    if (!this.#off) this.#lost.add(registrant);
  }

  onUse(client: Address, now: Instant): void {
    const known = this.#clients.get(client);
    const ends = known === undefined || known.until - this.#wallClock(now) < this.#idleTime;
    if (!this.#off && (ends || !this.isOwn(client))) this.#wait(client);
  }

  isKept(client: Address, now: Instant): boolean {
    const known = this.#clients.get(client);
    return known !== undefined && !this.isOwn(client) && known.until > this.#wallClock(now);
  }

  /** Does the client come by way of here? Of clients that nobody told of, too. */
  isOwn(client: Address): boolean {
    return (this.#clients.get(client)?.by ?? this.#config.address) === this.#config.address;
  }

  /** What the other agents have told. */
  take({ entries, prefix, whole }: SharedNews, now: Instant): Output[] {
    const { service } = this.#config;
    if (this.#off || prefix !== prefixOf(service)) return [];
    if (whole && this.#state.env.without.has('shared-snapshot')) return [];
    const outputs: Output[] = [];
    const records: SharedRecord[] = [];
    for (const entry of entries) {
      if (entry.key.startsWith(agentPrefixOf(service))) continue;
      const record = recordOf(service, entry, this.#state.env.epoch);
      if (record === undefined) outputs.push(count('service.shared_malformed'));
      else records.push(record);
    }
    const lacking = whole ? this.#lacking(records, now) : [];
    // Servers come before their clients.
    for (const one of records)
      if (one.about === 'member') outputs.push(...this.#member(one.member, now));
    for (const one of records)
      if (one.about === 'client') outputs.push(...this.#client(one.client, now));
    return [...outputs, ...lacking];
  }

  /** What is new since the last time goes to the others. To be called after whatever may be new. */
  flush(now: Instant): Output[] {
    const changed = this.#holder().members.takeChanged();
    if (this.#off) return [];
    const outputs = this.#giveBack(now);
    outputs.push(...changed.flatMap((registrant) => this.#shareMember(registrant, now)));
    for (const client of this.#waiting) {
      if (!this.#limit.take(now)) {
        // Counted once each time that they have to wait, and not each time that they are looked at.
        if (now >= this.#nextAt) outputs.push(count('service.shared_later'));
        this.#nextAt = after(now, INTERVAL);
        break;
      }
      this.#waiting.delete(client);
      outputs.push(...this.#shareClient(client, now));
    }
    return outputs;
  }

  view(): SharedView {
    const { service, address } = this.#config;
    const { members, clients } = this.#holder();
    const seen = members.all().flatMap(({ registrant }) => {
      const record = members.record(registrant);
      return record?.there === undefined ? [] : [record];
    });
    return {
      service,
      members: seen.map(({ registrant, version, by = address, there }) => ({
        ...{ registrant, addresses: [there!.address], by, version: version.toString(16) },
      })),
      // A million of them are sorted only for who asks.
      get clients() {
        return [...clients.all()]
          .sort((a, b) => (a < b ? -1 : 1))
          .map((client) => [client, clients.memberOf(client)!.registrant] as const);
      },
    };
  }

  #member(record: MemberRecord, now: Instant): Output[] {
    const change = this.#holder().members.adopt(record, now);
    return change === undefined ? [] : this.#holder().changed(change, now);
  }

  #client(record: ClientRecord, now: Instant): Output[] {
    const { client, version, by, to, until } = record;
    const { clients, members } = this.#holder();
    const known = this.#clients.get(client);
    const isOlder = known !== undefined && version < known.version;
    if (isOlder && !this.#state.env.without.has('shared-versions')) {
      return by === this.#config.address ? [] : [count('service.shared_old')];
    }
    const isSame = version === known?.version && by === known.by && to === known.to;
    if (isSame || until <= this.#wallClock(now)) return [];
    if (to === undefined) return this.#takenBack(record);
    const isKnown = this.#config.members.some(
      ({ authentication }) => registrantOf(authentication) === to,
    );
    if (!isKnown) return [count('service.shared_unknown')];
    this.#note(record);
    this.#waiting.delete(client);
    const member = members.all().find(({ registrant }) => registrant === to);
    if (member === undefined) {
      // Lost here alone, or the word of it is still to come.
      this.#lost.add(to);
      return [count('service.shared_taken')];
    }
    const outputs = this.#taken(() => clients.give(client, member, now));
    if (clients.memberOf(client) === undefined) this.#clients.delete(client);
    return [count('service.shared_taken'), ...outputs];
  }

  /**
   * Servers that are back have their clients again: those of other agents, which may never have lost them, and
   * those of this agent's last life. Of a client that waits there is something newer to tell.
   */
  #giveBack(now: Instant): Output[] {
    if (this.#lost.size === 0) return [];
    const { members, clients } = this.#holder();
    const back = new Map(
      members
        .all()
        .filter((member) => !this.#holder().hasFailed(member))
        .filter(({ registrant }) => this.#lost.delete(registrant))
        .map((member) => [member.registrant, member] as const),
    );
    if (back.size === 0) return [];
    const outputs: Output[] = [];
    for (const [client, { to, until }] of this.#clients) {
      const member = to === undefined ? undefined : back.get(to);
      if (member === undefined) continue;
      if (this.#waiting.has(client) || until <= this.#wallClock(now)) continue;
      outputs.push(...this.#taken(() => clients.give(client, member, now)));
    }
    return outputs;
  }

  #note(record: ClientRecord): void {
    const [oldest] = this.#clients.keys();
    this.#clients.delete(record.client);
    if (oldest !== undefined && this.#clients.size >= this.#config.maxClients) {
      this.#clients.delete(oldest);
    }
    this.#clients.set(record.client, record);
  }

  /** Whoever comes by way of here is ours, whatever others thought of it before. */
  #takenBack({ client, version }: ClientRecord): Output[] {
    const { clients } = this.#holder();
    const known = this.#clients.get(client);
    if (this.isOwn(client) && clients.memberOf(client) !== undefined) {
      if (known !== undefined) this.#clients.set(client, { ...known, version, until: 0 });
      this.#wait(client);
      return [];
    }
    this.#clients.delete(client);
    return [count('service.shared_taken'), ...this.#taken(() => clients.forget(client))];
  }

  /** What others lack is told; clients of others that nobody tells of any more are forgotten. */
  #lacking(records: readonly SharedRecord[], now: Instant): Output[] {
    this.#told = true;
    const { members, clients } = this.#holder();
    const blind = this.#state.env.without.has('shared-versions');
    const there = new Map(
      records.map((one) =>
        one.about === 'member'
          ? [one.member.registrant, one.member.version]
          : [one.client.client, one.client.version],
      ),
    );
    const isNewer = (key: string, version: bigint) => blind || version > (there.get(key) ?? -1n);
    const withheld = (key: string, version: bigint) =>
      version < (there.get(key) ?? -1n) ? [count('service.shared_withheld')] : [];
    const outputs = [...members.known()].flatMap((registrant) => {
      const { version } = members.record(registrant)!;
      if (isNewer(registrant, version)) return this.#shareMember(registrant, now);
      return withheld(registrant, version);
    });
    for (const [client, { version }] of this.#clients) {
      if (this.isOwn(client)) {
        if (isNewer(client, version)) this.#wait(client);
        else outputs.push(...withheld(client, version));
      } else if (!there.has(client)) {
        this.#clients.delete(client);
        outputs.push(...this.#taken(() => clients.forget(client)));
      }
    }
    return outputs;
  }

  #shareMember(registrant: string, now: Instant): Output[] {
    const record = this.#holder().members.record(registrant);
    if (record === undefined) return [];
    const entry = memberEntry(this.#config.service, record, this.#state.env.epoch, now);
    return [count('service.shared'), { kind: 'share', entry }];
  }

  #shareClient(client: Address, now: Instant): Output[] {
    const { service, address: by } = this.#config;
    const known = this.#clients.get(client);
    const to = this.#holder().clients.memberOf(client)?.registrant;
    if (to === undefined && known === undefined) return [];
    const wall = this.#wallClock(now);
    const version = greater(known === undefined ? 0n : known.version + 1n, BigInt(wall));
    const until = wall + 2 * this.#idleTime;
    const record = { client, version, by, until, ...(to !== undefined && { to }) };
    if (to === undefined) this.#clients.delete(client);
    else this.#note(record);
    return [count('service.shared'), { kind: 'share', entry: clientEntry(service, record) }];
  }

  #wait(client: Address): void {
    const known = this.#waiting.has(client);
    if (known || this.#waiting.size < this.#config.maxClients) this.#waiting.add(client);
  }

  /** Does with clients what another agent says. */
  #taken(doing: () => Output[]): Output[] {
    this.#taking = true;
    try {
      return doing();
    } finally {
      this.#taking = false;
    }
  }

  get #idleTime(): Duration {
    return this.#state.constants.CLIENT_IDLE_TIME;
  }

  #wallClock(now: Instant): number {
    return this.#state.env.epoch + now;
  }
}

const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b);
