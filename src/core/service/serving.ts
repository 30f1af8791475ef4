import { type Address, formatAddress, isIpv4, isUnicastRoutable } from '../../wire/address.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { ServerConfig } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, type PartInput, type Received } from '../part.ts';
import { BindingUpdateList } from '../peers/binding-update-list.ts';
import type { Output } from '../role.ts';
import type { TableSizes } from '../tables.ts';
import { after, type Instant, seconds, sooner } from '../time.ts';
import { SELF } from './clients/clients.ts';
import { QuicSessions } from './clients/quic-sessions.ts';
import { type Arrived, ArrivingClients } from './moving/arriving-clients.ts';
import { movedPieceIn } from './moving/moved-client.ts';
import { type MoveProgress, Moves } from './moving/moves.ts';
import { homeOf, tunnelledProtocol } from './service-addresses.ts';
import type { ServiceHolder } from './service-holder.ts';

/** Agents know by then which server has a client that was handed on, and send nothing of it here. */
const KNOWN_BY_THEN = seconds(5);
/** Of so many it is remembered that they were; the oldest is forgotten. */
const MAX_HANDED_ON = 10_000;

/** What a server does that is told of more than packets. */
export interface ServingOptions {
  /** The first update to a client leaves from the service address. */
  readonly firstFromHome?: true;
  /** Nodes of the service, which are nobody's clients. */
  nodes(): readonly Address[];
  /** Where it is met just now; absent: at its own address. */
  here?(): Address;
  /** Whoever sends clients here is to know that this one is here. */
  tellHolders(client: Address, now: Instant): Output[];
}

/**
 * What a server of a service address does for its clients: it binds each that it is given to itself,
 * hands clients to other servers with their connections, and takes such clients over.
 *
 * Bounded by the binding update list and the table of clients.
 *
 * Supported standards: RFC 6275 sections 11.6, 11.7.2; after the multihoming seed's third embodiment.
 */
export class Serving {
  readonly #config: ServerConfig;
  readonly #state: NodeState;
  readonly #holder: ServiceHolder;
  readonly #options: ServingOptions;
  readonly #list: BindingUpdateList;
  readonly #moves: Moves;
  readonly #arriving: ArrivingClients;
  readonly #sessions: QuicSessions;
  /** When clients went to other servers. */
  readonly #handedOn = new Map<Address, Instant>();

  constructor(
    config: ServerConfig,
    state: NodeState,
    holder: ServiceHolder,
    options: ServingOptions,
  ) {
    this.#config = config;
    this.#state = state;
    this.#holder = holder;
    this.#options = options;
    const { service: home, clientLifetime, maxPeers, peers, delegation } = config;
    const { firstFromHome = false } = options;
    const allowed = () => clientLifetime;
    const identity = { home, lifetime: clientLifetime, allowed, firstFromHome };
    const list = { home, maxPeers, ...(peers && { peers }), ...(delegation && { delegation }) };
    const cameHome = ({ destination }: Received) => destination === home;
    this.#list = new BindingUpdateList(list, identity, cameHome, state);
    this.#moves = new Moves(config, state);
    this.#arriving = new ArrivingClients(config);
    this.#sessions = new QuicSessions(config, state, (client) => this.#isOwn(client));
  }

  deadline(): Instant | undefined {
    const own = sooner(this.#list.deadline(), this.#sessions.deadline());
    return sooner(own, this.#moves.deadline());
  }

  /** Clients that it registers with. */
  get size(): number {
    return this.#list.size;
  }

  /** What the tables of a server hold. */
  sizes(): TableSizes {
    const { clients, members } = this.#holder;
    return { peers: this.size, clients: clients.size, bindings: members.all().length };
  }

  /** Clients on their way to other servers. */
  get moving(): number {
    return this.#moves.size;
  }

  /** A client is to ask at the service address again. */
  takeBack(client: Address, now: Instant): Output[] {
    return this.#binds(client) ? this.#list.move(client, this.#config.service, now, true) : [];
  }

  /** It is met elsewhere: all its clients are told. */
  moveTo(address: Address, now: Instant): Output[] {
    const clients = [...this.#list.all()].map(([client]) => client);
    return clients.flatMap((client) => this.#list.move(client, address, now));
  }

  /** Who hands clients out has given all of them to others. */
  giveUp(): Output[] {
    if (this.#state.env.without.has('giving-up')) return [];
    const { clients } = this.#holder;
    const bound = [...this.#list.all()].flatMap(([client]) => [
      count('service.given_up'),
      ...this.#list.abandon(client),
    ]);
    return [...bound, ...[...clients.of(SELF)].flatMap((client) => clients.forget(client))];
  }

  restore(key: string, value: string, now: Instant): Output[] {
    return this.#list.restore(key, value, true, now);
  }

  /** What its forwarding table and its kernel answer. */
  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'answer':
        return [
          ...this.#sessions.answered(input.id, input.use, now),
          ...this.#list.answered(input.id, input.use, now),
        ];
      case 'detached':
        // Its connections are out of the kernel, or could not be taken out.
        return this.#moving(this.#moves.detached(input.id, input.state, now), now);
      case 'attached':
        return this.#attached(input.id, input.ok, now);
      default:
        return [];
    }
  }

  tick(now: Instant): Output[] {
    const moved = this.#moves.tick(now).flatMap((progress) => this.#moving(progress, now));
    return [...this.#list.tick(now), ...this.#sessions.tick(now), ...moved];
  }

  /** What clients say, and other servers of the clients that they were handed. */
  received(received: Received, now: Instant): Output[] {
    return this.#list.received(received, now);
  }

  /** Another server answers that it was handed a client; undefined: it is not about that. */
  acknowledged(
    received: Received,
    message: LayerOf<'binding-acknowledgement'>,
    now: Instant,
  ): Output[] | undefined {
    const answered = this.#moves.acknowledged(received, message, now);
    return answered && this.#moving(answered, now);
  }

  /** A packet of a client came that is ours to serve, and is to send here straight. */
  heardOf(client: Address, now: Instant): Output[] {
    if (!isUnicastRoutable(client) || this.#options.nodes().includes(client)) return [];
    // Of what came before it was held there may be word after that.
    if (this.isMoving(client)) return [];
    // Who sends it here does not know yet; it goes on to its server.
    if (this.#wasHandedOn(client, now)) return [];
    const outputs = this.#holder.clients.give(client, this.#holder.self, now);
    if (this.#isOwn(client)) outputs.push(...this.#sessions.begin(client, now));
    if (!this.#binds(client) || this.#state.env.without.has('content-hand-off')) return outputs;
    const here = this.#options.here?.() ?? this.#config.address;
    return [...outputs, ...this.#list.tell(client, here, now)];
  }

  /**
   * Another server is to go on with a client. What comes from it waits from now on, since its connections
   * are not the kernel's any more.
   */
  handOver(client: Address, to: Address): Output[] {
    if (this.#sessions.has(client)) return [count('service.session_stays')];
    const may = this.#isOwn(client) && this.#config.overIpv4 === undefined;
    const begun = may ? this.#moves.begin(client, to) : undefined;
    if (begun === undefined) return [count('service.not_moved')];
    return [...this.#holder.clients.hold(client, to), ...begun];
  }

  /** A client of IPv4 knows nothing of bindings, and a server without IPv6 gets to nobody but its agents. */
  #binds(client: Address): boolean {
    return !isIpv4(client) && this.#config.overIpv4 === undefined;
  }

  #isOwn(client: Address): boolean {
    return this.#holder.clients.memberOf(client)?.registrant === SELF;
  }

  /** Is a client on its way? */
  isMoving(client: Address): boolean {
    return this.#moves.has(client);
  }

  /** A packet of a client that may be on its way. */
  hold({ source, octets }: Received): Output[] {
    return this.#moves.hold(source, octets);
  }

  #moving({ outputs, client, at, held = [] }: MoveProgress, now: Instant): Output[] {
    if (client === undefined || at === undefined) return outputs;
    const own = at === this.#config.address;
    if (!own) this.#noteHandedOn(client, now);
    const member = own ? this.#holder.self : { registrant: formatAddress(at), address: at };
    return [
      ...outputs,
      ...(own ? [] : this.#list.abandon(client)),
      ...this.#holder.clients.give(client, member, now),
      ...held.flatMap((octets) => this.#holder.pass(octets, member)),
    ];
  }

  /** Another server hands us a client, or a piece of one. */
  moved(received: Received, message: LayerOf<'binding-update'>, now: Instant): Output[] {
    const { outputs, judged } = this.#holder.members.check(received, message, now);
    if (judged === undefined) return outputs;
    const isProved = judged.status < 128;
    const piece = isProved ? movedPieceIn(message.options, this.#config.address) : undefined;
    return [...outputs, ...this.#arriving.take(piece, judged, now)];
  }

  /** Connections of such a client are in the kernel, or not. */
  #attached(id: string, ok: boolean, now: Instant): Output[] {
    const back = this.#moves.attached(id);
    if (back !== undefined) return this.#moving(back, now);
    const { outputs = [], arrived } = this.#arriving.attached(id, ok) ?? {};
    if (arrived === undefined) return outputs;
    const held = this.#moves.cameBack(arrived.client);
    return [
      ...this.#takeOver(arrived, now),
      ...outputs,
      ...held.flatMap((octets) => this.#holder.pass(octets, this.#holder.self)),
    ];
  }

  #wasHandedOn(client: Address, now: Instant): boolean {
    const at = this.#handedOn.get(client);
    if (at === undefined || now < after(at, KNOWN_BY_THEN)) return at !== undefined;
    return !this.#handedOn.delete(client);
  }

  #noteHandedOn(client: Address, now: Instant): void {
    this.#handedOn.delete(client);
    const [oldest] = this.#handedOn.keys();
    if (this.#handedOn.size >= MAX_HANDED_ON && oldest !== undefined) {
      this.#handedOn.delete(oldest);
    }
    this.#handedOn.set(client, now);
  }

  #takeOver({ client, from }: Arrived, now: Instant): Output[] {
    this.#handedOn.delete(client);
    const { address } = this.#config;
    const innerDst = homeOf(client, this.#config);
    return [
      ...forward({
        id: `service/moved/${formatAddress(client)}`,
        owner: 'service',
        at: 'arriving',
        match: {
          ...{ src: { address: from }, dst: { address } },
          ...{ protocol: tunnelledProtocol(client), innerSrc: client, innerDst },
        },
        do: [{ pop: 'ipv6' }],
        expiresAt: after(now, this.#config.clientLifetime),
      }),
      ...this.heardOf(client, now),
      // Whoever holds the address sends the client's Home Tests here from now on.
      ...this.#options.tellHolders(client, now),
    ];
  }
}
