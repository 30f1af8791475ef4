import { type Address, formatAddress } from '../../wire/address.ts';
import type { ServiceConfig } from '../config.ts';
import type { Action, EntryUse, ForwardingEntry, Hook } from '../forwarding/entry.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, tell, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { after, type Duration, type Instant } from '../time.ts';
import type { Member } from './members.ts';

interface Client {
  member: Member;
  /** What its entry had carried when it was last looked at. */
  packets: number;
  usedAt: Instant;
}

/** The node that keeps this is a server too, and has clients of its own. */
export const SELF = 'self';

/**
 * Which server each client of a service address has, as forwarding entries: what a client sends to the
 * address goes on to its server, through a tunnel and otherwise as it is. Nobody but the server ever
 * answers TCP, so there is no state of a connection to be moved.
 *
 * Bounded: a client that has sent nothing by way of here for CLIENT_IDLE_TIME is forgotten; when the table is
 * full new clients are refused, and those that are there stay.
 *
 * Supported standards: none; after the multihoming seed's third embodiment.
 */
export class Clients {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #at: Hook;
  readonly #clients = new Map<Address, Client>();
  readonly #lookId: string;
  #lookAt: Instant | undefined;
  #asked: readonly Address[] = [];
  /** Where a rotation stands. */
  #turn = 0;

  /** @param at where the packets are met: `arriving` where the kernel has the address itself. */
  constructor(config: ServiceConfig, state: NodeState, at: Hook) {
    this.#config = config;
    this.#state = state;
    this.#at = at;
    this.#lookId = `service/clients/${formatAddress(config.service)}`;
  }

  get size(): number {
    return this.#clients.size;
  }

  deadline(): Instant | undefined {
    return this.#lookAt;
  }

  memberOf(client: Address): Member | undefined {
    return this.#clients.get(client)?.member;
  }

  /** The clients of a server. */
  *of(registrant: string): Generator<Address> {
    for (const [address, { member }] of this.#clients) {
      if (member.registrant === registrant) yield address;
    }
  }

  /** Picks a server for a client that has none. Undefined: there is no server, or no room. */
  assign(
    client: Address,
    members: readonly Member[],
    now: Instant,
  ): { readonly outputs: Output[]; readonly member?: Member } {
    const member = this.#pick(members);
    if (member === undefined) return { outputs: [count('service.no_member')] };
    const outputs = this.give(client, member, now);
    if (this.memberOf(client) === undefined) return { outputs };
    outputs.push(count('service.client_new'));
    return { outputs, member };
  }

  /** The client's server is this one, whatever it was before. */
  give(client: Address, member: Member, now: Instant): Output[] {
    const known = this.#clients.get(client);
    const same = known?.member.address === member.address;
    if (same && known?.member.registrant === member.registrant) return [];
    if (known === undefined && this.#clients.size >= this.#config.maxClients) {
      return [count('service.clients_full')];
    }
    this.#clients.set(client, { member, packets: known?.packets ?? 0, usedAt: now });
    this.#lookAt ??= after(now, this.#interval);
    const { service: home } = this.#config;
    return [
      ...this.#forward(client, member),
      tell({ kind: 'service.client', peer: client, home, careof: member.address }),
    ];
  }

  /** A server is there no more, and its clients get another when they next send. */
  lose(registrant: string): Output[] {
    return [...this.of(registrant)].flatMap((client) => [
      count('service.client_lost'),
      ...this.#drop(client),
    ]);
  }

  /** Those of others are nobody's business here any more. */
  keepOwn(): Output[] {
    const others = [...this.#clients].filter(([, { member }]) => member.registrant !== SELF);
    return others.flatMap(([client]) => this.#drop(client));
  }

  tick(now: Instant): Output[] {
    if (this.#lookAt === undefined || now < this.#lookAt) return [];
    this.#asked = [...this.#clients.keys()];
    this.#lookAt = this.#asked.length === 0 ? undefined : after(now, this.#interval);
    const entries = this.#asked.map((client) => this.#entryId(client));
    return entries.length === 0 ? [] : [{ kind: 'ask', id: this.#lookId, entries }];
  }

  /** What the entries have carried: who sent nothing for long is forgotten. */
  answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    if (id !== this.#lookId) return [];
    return this.#asked.flatMap((address, index) => {
      const client = this.#clients.get(address);
      const packets = use[index]?.packets ?? 0;
      if (client === undefined) return [];
      if (packets !== client.packets) {
        client.packets = packets;
        client.usedAt = now;
      }
      return now < after(client.usedAt, this.#state.constants.CLIENT_IDLE_TIME)
        ? []
        : this.#drop(address);
    });
  }

  #pick(members: readonly Member[]): Member | undefined {
    if (members.length === 0) return undefined;
    if (this.#config.policy === 'rotation') return members[this.#turn++ % members.length];
    const load = new Map<string, number>();
    for (const { member } of this.#clients.values()) {
      load.set(member.registrant, (load.get(member.registrant) ?? 0) + 1);
    }
    const loadOf = ({ registrant }: Member) => load.get(registrant) ?? 0;
    return members.reduce((least, one) => (loadOf(one) < loadOf(least) ? one : least));
  }

  #forward(client: Address, member: Member): Output[] {
    // Without it every packet is a client's first.
    if (this.#state.env.without.has('client-memory')) return [];
    return forward(this.#entryFor(client, member));
  }

  /** Home Tests go on too: they prove to the client's server that it receives at the address. */
  #entryFor(client: Address, { registrant, address }: Member): ForwardingEntry {
    const match = { src: { address: client }, dst: { address: this.#config.service } };
    const own = registrant === SELF;
    const on: Action[] = [{ push: 'ipv6', src: this.#config.address, dst: address }];
    return {
      id: this.#entryId(client),
      owner: 'service',
      at: this.#at,
      match: own ? match : { ...match, mobility: true },
      do: own ? [{ notify: 'tunnelled-from-peer' }] : on,
    };
  }

  #drop(client: Address): Output[] {
    this.#clients.delete(client);
    return unforward(this.#entryId(client));
  }

  #entryId(client: Address): string {
    return `service/${formatAddress(this.#config.service)}/from/${formatAddress(client)}`;
  }

  get #interval(): Duration {
    return Math.ceil(this.#state.constants.CLIENT_IDLE_TIME / 4) as Duration;
  }
}
