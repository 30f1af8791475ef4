import { type Address, formatAddress, isIpv4 } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import type { ConnectionSegment } from '../../forwarding/connection-segment.ts';
import type { Action, EntryUse, ForwardingEntry, Hook } from '../../forwarding/entry.ts';
import type { NodeState } from '../../node-state.ts';
import { count, forward, tell, unforward } from '../../part.ts';
import type { Output } from '../../role.ts';
import { sameEnd } from '../../signalling/udp-signalling.ts';
import { after, type Duration, type Instant, milliseconds, sooner } from '../../time.ts';
import type { Member } from '../member.ts';
import { intoServer } from '../over-ipv4.ts';
import { homeOf, serviceFor } from '../service-addresses.ts';
import { EndedClients } from './ended-clients.ts';
import { Selection } from './selection.ts';

interface Client {
  member: Member;
  /** What its entry had carried when it was last looked at. */
  packets: number;
  usedAt: Instant;
}

/** Clients that are looked at in one go: with a million of them nothing else is to wait for long. */
const ASKED_AT_ONCE = 2000;
const ASKING_PAUSE = milliseconds(50);

/** Who else is to know which server a client has. */
export interface ClientObserver {
  /** A client has a server, or another one, or none any more. */
  onChange(client: Address): void;
  /** A server is there no more; told after what became of its clients. */
  onLost(registrant: string): void;
  /** Packets of it were carried since the last look. */
  onUse(client: Address, now: Instant): void;
  /** It sends nothing by way of here, but is it another holder's client? */
  isKept(client: Address, now: Instant): boolean;
}

/** The node that keeps this is a server too, and has clients of its own. */
export const SELF = 'self';
/** The server of a client that is on its way. */
const MOVING = 'moving';

/**
 * Which server each client of a service address has, as forwarding entries: what a client sends to the
 * address goes on to its server, through a tunnel and otherwise as it is. Nobody but the server ever
 * answers TCP, so there is no state of a connection to be moved.
 *
 * Bounded: a client that has sent nothing by way of here for CLIENT_IDLE_TIME is forgotten. When the table is
 * full one that is idle makes room; where none is, new clients are refused, or served without being
 * remembered where the configuration says so, and those that are there stay.
 *
 * Supported standards: none; after the multihoming seed's third embodiment.
 */
export class Clients {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #at: Hook;
  readonly #clients = new Map<Address, Client>();
  /** How many clients each server has, by registrant. */
  readonly #given = new Map<string, number>();
  readonly #lookId: string;
  #lookAt: Instant | undefined;
  #asked: readonly Address[] = [];
  /** Those that this round of looking has not come to yet, the next one last. */
  #unasked: Address[] = [];
  readonly #selection: Selection;
  readonly #observer: ClientObserver | undefined;
  readonly #ended: EndedClients;
  readonly #endedId: string;
  /** Clients whose connections have ended, and whose entries were asked. */
  #askedEnded: readonly Address[] = [];

  /** @param at where the packets are met: `arriving` where the kernel has the address itself. */
  constructor(config: ServiceConfig, state: NodeState, at: Hook, observer?: ClientObserver) {
    this.#config = config;
    this.#observer = observer;
    this.#state = state;
    this.#at = at;
    this.#selection = new Selection(config.policy, state.env.crypto);
    this.#lookId = `service/clients/${formatAddress(config.service)}`;
    this.#endedId = `service/ended/${formatAddress(config.service)}`;
    this.#ended = new EndedClients(state.constants, state.env.without.has('connection-ends'));
  }

  get size(): number {
    return this.#clients.size;
  }

  deadline(): Instant | undefined {
    return sooner(this.#lookAt, this.#ended.deadline());
  }

  memberOf(client: Address): Member | undefined {
    return this.#clients.get(client)?.member;
  }

  all(): IterableIterator<Address> {
    return this.#clients.keys();
  }

  /** The clients of a server. */
  *of(registrant: string): Generator<Address> {
    for (const [address, { member }] of this.#clients) {
      if (member.registrant === registrant) yield address;
    }
  }

  /** How many clients each has, by registrant. */
  get given(): ReadonlyMap<string, number> {
    return this.#given;
  }

  /**
   * The server of a client, picked if it has none. Undefined: there is no server, or no room.
   *
   * @param segment what its packet says of a connection.
   */
  assign(
    client: Address,
    members: readonly Member[],
    now: Instant,
    segment?: ConnectionSegment,
  ): { readonly outputs: Output[]; readonly member?: Member } {
    // More of its packets may have come before the entry for them was there.
    const known = this.memberOf(client);
    if (known !== undefined && !this.#forgetful) {
      if (segment !== undefined) this.saw(client, segment, now);
      return { outputs: [], member: known };
    }
    const member = this.#selection.pick({ client, members, given: this.#given }, now);
    if (member === undefined) return { outputs: [count('service.no_member')] };
    const outputs = this.give(client, member, now);
    if (this.memberOf(client) === undefined) {
      // Whoever is not remembered has the same server each time, as long as the servers are the same.
      const hashed = this.#config.byHash ? this.#selection.byHash(client, members) : undefined;
      if (hashed === undefined) return { outputs };
      return { outputs: [...outputs, count('service.by_hash')], member: hashed };
    }
    outputs.push(count('service.client_new'));
    this.#ended.begin(client, segment);
    return { outputs, member };
  }

  /** The client's server is this one, whatever it was before. */
  give(client: Address, member: Member, now: Instant): Output[] {
    // Others may have an address for it.
    if (serviceFor(client, this.#config) === undefined) return [];
    const known = this.#clients.get(client);
    const same = known?.member.address === member.address && sameEnd(known.member.udp, member.udp);
    if (same && known?.member.registrant === member.registrant) return [];
    const full = known === undefined && this.#clients.size >= this.#config.maxClients;
    const idle = full ? this.#idle(now) : undefined;
    if (full && idle === undefined) return [count('service.clients_full')];
    const gone = idle === undefined ? [] : [count('service.client_evicted'), ...this.#drop(idle)];
    if (known !== undefined) this.#count(known.member, -1);
    this.#clients.set(client, { member, packets: known?.packets ?? 0, usedAt: now });
    this.#count(member, 1);
    this.#lookAt ??= after(now, this.#interval);
    if (known?.member.registrant !== member.registrant) this.#observer?.onChange(client);
    return [
      ...gone,
      ...this.#forward(client, member),
      tell({
        kind: 'service.client',
        peer: client,
        home: this.#homeOf(client),
        careof: member.address,
      }),
    ];
  }

  /** What comes from a client waits, while its connections are on their way to another server. */
  hold(client: Address, to: Address): Output[] {
    const known = this.#clients.get(client);
    if (known === undefined) return [];
    this.#count(known.member, -1);
    known.member = { registrant: MOVING, address: to };
    this.#count(known.member, 1);
    return forward({
      id: this.#entryId(client),
      owner: 'service',
      at: this.#at,
      match: { src: { address: client }, dst: { address: this.#homeOf(client) } },
      do: [{ divert: 'control', reason: 'service-client' }],
    });
  }

  /** A server is there no more, and its clients get another when they next send. */
  lose(registrant: string): Output[] {
    const outputs = [...this.of(registrant)].flatMap((client) => [
      count('service.client_lost'),
      ...this.#drop(client),
    ]);
    this.#observer?.onLost(registrant);
    return outputs;
  }

  /** Those of others are nobody's business here any more. */
  keepOwn(): Output[] {
    const others = [...this.#clients].filter(([, { member }]) => member.registrant !== SELF);
    return others.flatMap(([client]) => this.#drop(client));
  }

  /** What a segment of a client says of its connection. */
  saw(client: Address, segment: ConnectionSegment, now: Instant): void {
    if (this.#clients.has(client)) this.#ended.saw(client, segment, now);
  }

  tick(now: Instant): Output[] {
    const ended = this.#ended.due(now, ASKED_AT_ONCE);
    if (ended.length === 0) return this.#look(now);
    this.#askedEnded = ended;
    const entries = ended.map((client) => this.#entryId(client));
    return [...this.#look(now), { kind: 'ask', id: this.#endedId, entries }];
  }

  #look(now: Instant): Output[] {
    if (this.#lookAt === undefined || now < this.#lookAt) return [];
    if (this.#unasked.length === 0) this.#unasked = [...this.#clients.keys()].reverse();
    this.#asked = this.#unasked.splice(-ASKED_AT_ONCE).reverse();
    const isOver = this.#unasked.length === 0;
    const next = after(now, isOver ? this.#interval : ASKING_PAUSE);
    this.#lookAt = this.#clients.size === 0 ? undefined : next;
    const entries = this.#asked.map((client) => this.#entryId(client));
    return entries.length === 0 ? [] : [{ kind: 'ask', id: this.#lookId, entries }];
  }

  /** What the entries have carried: who sent nothing for long is forgotten. */
  answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    if (id === this.#endedId) return this.#forgetEnded(use, now);
    if (id !== this.#lookId) return [];
    return this.#asked.flatMap((address, index) => {
      const client = this.#clients.get(address);
      const packets = use[index]?.packets ?? 0;
      if (client === undefined) return [];
      if (packets !== client.packets) {
        client.packets = packets;
        client.usedAt = now;
        this.#observer?.onUse(address, now);
        // Those that were used last stand last.
        this.#clients.delete(address);
        this.#clients.set(address, client);
      }
      if (now < after(client.usedAt, this.#state.constants.CLIENT_IDLE_TIME)) return [];
      return this.#observer?.isKept(address, now) ? [] : this.#drop(address);
    });
  }

  #forgetEnded(use: readonly EntryUse[], now: Instant): Output[] {
    return this.#askedEnded.flatMap((client, index) => {
      if (!this.#ended.looked(client, use[index]?.packets ?? 0)) return [];
      if (this.#observer?.isKept(client, now)) return [];
      return [count('service.client_ended'), ...this.#drop(client)];
    });
  }

  /** Whoever had this client knows it no more. */
  forget(client: Address): Output[] {
    return this.#clients.has(client) ? this.#drop(client) : [];
  }

  /** One that had sent nothing when it was looked at last: the one that is longest so. */
  #idle(now: Instant): Address | undefined {
    for (const [address, { usedAt }] of this.#clients) {
      return now >= after(usedAt, (2 * this.#interval) as Duration) ? address : undefined;
    }
    return undefined;
  }

  #count({ registrant }: Member, change: number): void {
    const clients = (this.#given.get(registrant) ?? 0) + change;
    if (clients > 0) this.#given.set(registrant, clients);
    else this.#given.delete(registrant);
  }

  #forward(client: Address, member: Member): Output[] {
    // Our own would come round for ever.
    if (this.#forgetful && member.registrant !== SELF) return [];
    return forward(this.#entryFor(client, member));
  }

  /** Home Tests go on too: they prove to the client's server that it receives at the address. */
  #entryFor(client: Address, member: Member): ForwardingEntry {
    const match = { src: { address: client }, dst: { address: this.#homeOf(client) } };
    const own = member.registrant === SELF;
    const push = intoServer(this.#config, member);
    const on: Action[] = this.#at === 'leaving' ? [{ notify: 'connection' }, push] : [push];
    return {
      id: this.#entryId(client),
      owner: 'service',
      at: this.#at,
      match: own || isIpv4(client) ? match : { ...match, mobility: true },
      do: own ? [{ notify: 'tunnelled-from-peer' }] : on,
    };
  }

  #drop(client: Address): Output[] {
    const known = this.#clients.get(client);
    if (known !== undefined) this.#count(known.member, -1);
    this.#clients.delete(client);
    this.#ended.forget(client);
    this.#observer?.onChange(client);
    return unforward(this.#entryId(client));
  }

  #entryId(client: Address): string {
    return `service/${formatAddress(this.#config.service)}/from/${formatAddress(client)}`;
  }

  /** Where the client sends to. */
  #homeOf(client: Address): Address {
    return homeOf(client, this.#config);
  }

  /** Every packet is a client's first. */
  get #forgetful(): boolean {
    return this.#state.env.without.has('client-memory');
  }

  get #interval(): Duration {
    return Math.ceil(this.#state.constants.CLIENT_IDLE_TIME / 4) as Duration;
  }
}
