import { TakenPackets } from '../../core/bindings/taken-packets.ts';
import type { ContentSlaveConfig } from '../../core/config.ts';
import { fromAgent } from '../../core/home-registration/agent-messages.ts';
import { HomeRegistration } from '../../core/home-registration/home-registration.ts';
import type { HomeProgress } from '../../core/home-registration/registration-events.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, forward, type Part, type PartInput, type Received } from '../../core/part.ts';
import { BindingUpdateList } from '../../core/peers/binding-update-list.ts';
import type { Output } from '../../core/role.ts';
import { claimOf } from '../../core/service/claim.ts';
import { SELF } from '../../core/service/clients.ts';
import { type MovedClient, movedClientIn } from '../../core/service/moved-client.ts';
import { Moves } from '../../core/service/moves.ts';
import { MAX_TOLD, servedClientsOptions } from '../../core/service/served-clients.ts';
import { ServiceHolder } from '../../core/service/service-holder.ts';
import { Heartbeats } from '../../core/signalling/heartbeats.ts';
import type { TableSizes } from '../../core/tables.ts';
import { after, type Duration, type Instant, sooner } from '../../core/time.ts';
import { type Address, formatAddress, isUnicastRoutable } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';

const FOREVER = Number.POSITIVE_INFINITY as Instant;
/** The device of identities: what stands there is on no link. */
const ANCHOR = 'careof0';
/** Each server waits so many heartbeats longer than the one before it, to hear whether that one takes over. */
const BEATS_BETWEEN = 2;

/**
 * One of the servers of a service address. To whoever holds the address it registers as a mobile node
 * does with its home agent; to each client that it is given it registers as one does with a peer, so that
 * the client sends to it straight. Its programs answer from the service address all the time.
 *
 *     registered -> a client's packet comes through the tunnel -> the client is bound (Figs 4, 5)
 *     the holder is silent -> the next server in order holds the address itself, and all register there
 *     one that comes before it holds the address -> it is a server like the others again
 *
 * Supported standards: after the multihoming seed's third embodiment; RFC 6275 sections 11.6, 11.7;
 * RFC 5847.
 */
export class ContentSlave implements Part {
  readonly processes = new Set(['heartbeat'] as const);
  readonly #config: ContentSlaveConfig;
  readonly #state: NodeState;
  readonly #holder: ServiceHolder;
  readonly #heartbeats: Heartbeats;
  readonly #registration: HomeRegistration;
  readonly #list: BindingUpdateList;
  readonly #taken: TakenPackets;
  readonly #moves: Moves;
  /** In the order in which they may hold the address. */
  readonly #order: readonly Address[];
  /** Whom we believe to hold it. */
  #agent: Address;
  #holdAt: Instant | undefined;
  /** Our own address is there. */
  #present = false;
  /** Clients that the holder was not told of yet. */
  #untold: readonly Address[] = [];

  constructor(config: ContentSlaveConfig, state: NodeState) {
    const { service: home, master, authentication, lifetime, address } = config;
    this.#config = config;
    this.#state = state;
    this.#agent = master;
    this.#order = [master, ...config.members.map((one) => one.address)];
    this.#holder = new ServiceHolder(config, state, 'arriving');
    this.#registration = new HomeRegistration(
      { home, homeAgent: master, authentication, lifetime },
      state,
      () => FOREVER,
    );
    this.#registration.setTold(() => servedClientsOptions(this.#untold));
    this.#heartbeats = new Heartbeats(address, state, {
      interval: state.constants.SERVICE_HEARTBEAT_INTERVAL,
      onSilent: (peer, now) => this.#silent(peer, now),
    });
    const { clientLifetime, maxPeers, peers } = config;
    const allowed = () => clientLifetime;
    const identity = { home, lifetime: clientLifetime, allowed, firstFromHome: true };
    const list = { home, maxPeers, ...(peers && { peers }) };
    const cameHome = ({ destination }: Received) => destination === home;
    this.#list = new BindingUpdateList(list, identity, cameHome, state);
    this.#moves = new Moves(config, state);
    this.#taken = new TakenPackets({ home, routeOptimisation: true }, state.env.without);
  }

  deadline(): Instant | undefined {
    const signalling = sooner(this.#registration.deadline(), this.#list.deadline());
    const others = sooner(this.#holder.deadline(), this.#heartbeats.deadline());
    return sooner(sooner(signalling, others), sooner(this.#moves.deadline(), this.#holdAt));
  }

  sizes(): TableSizes {
    return {
      peers: this.#list.size,
      clients: this.#holder.clients.size,
      bindings: this.#holder.members.all().length,
    };
  }

  handle(input: PartInput, now: Instant): Output[] {
    return [
      ...this.#heartbeats.handle(input, now),
      ...this.#holder.handle(input, now),
      ...this.#handle(input, now),
    ];
  }

  #handle(input: PartInput, now: Instant): Output[] {
    const { service: home, address } = this.#config;
    switch (input.kind) {
      case 'start': {
        const anchored = { link: ANCHOR, address: home, prefixLength: 128 };
        this.#holder.members.begin(now);
        return [{ kind: 'address', action: 'add', ...anchored }, ...this.#sendFrom()];
      }
      case 'address': {
        const came = input.address === address && input.present && !this.#present;
        return came ? this.#begin(now) : [];
      }
      case 'restored':
        return this.#list.restore(input.key, input.value, true, now);
      case 'notice': {
        const isClient = input.reason === 'tunnelled-from-peer' && input.dst === home;
        return isClient ? this.#heardOf(input.src, now) : [];
      }
      case 'answer':
        return this.#list.answered(input.id, input.use, now);
      case 'command': {
        const { command } = input;
        return command.do === 'hand-over' ? this.#handOver(command.client, command.to) : [];
      }
      case 'detached':
        return this.#detached(input.id, input.state, now);
      case 'received':
        return this.#received(input, now);
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  #begin(now: Instant): Output[] {
    const { address } = this.#config;
    this.#present = true;
    return [
      ...this.#taken.set(new Set([address]), this.#agent),
      ...this.#progress(this.#registration.move(address, undefined, now), now),
      ...this.#heartbeats.watch(this.#agent, now),
    ];
  }

  #tick(now: Instant): Output[] {
    const due = this.#holdAt !== undefined && now >= this.#holdAt;
    return [
      ...(due ? this.#hold(now) : []),
      ...this.#progress(this.#registration.tick(now), now),
      ...this.#list.tick(now),
      ...this.#moves.tick(now),
    ];
  }

  #received(received: Received, now: Instant): Output[] {
    const claimant = claimOf(received, this.#config);
    if (claimant !== undefined) return this.#claimed(claimant, now);
    const { service: home, address: careOf } = this.#config;
    const { message } = received;
    if (message.layer === 'binding-update' && message.homeRegistration && !this.#holder.holds) {
      return received.destination === careOf ? this.#moved(received, message, now) : [];
    }
    if (message.layer === 'binding-acknowledgement') {
      const answered = this.#moves.acknowledged(received, message, now);
      if (answered !== undefined) return answered;
    }
    const said = fromAgent(received, this.#registration, { home, careOf }, now);
    // A holder may be a server itself, and its clients' peers are not: what it says is of the address.
    return said === undefined ? this.#list.received(received, now) : this.#progress(said, now);
  }

  /** A packet of a client came by the holder: it is ours to serve, and is to send here straight. */
  #heardOf(client: Address, now: Instant): Output[] {
    if (!isUnicastRoutable(client) || this.#order.includes(client)) return [];
    const self = { registrant: SELF, address: this.#config.address };
    const outputs = this.#holder.clients.give(client, self, now);
    if (this.#state.env.without.has('content-hand-off')) return outputs;
    return [...outputs, ...this.#list.tell(client, this.#config.address, now)];
  }

  /** The operator wants another server to go on with a client. */
  #handOver(client: Address, to: Address): Output[] {
    const own = this.#holder.clients.memberOf(client)?.registrant === SELF;
    return own && !this.#holder.holds
      ? this.#moves.begin(client, to)
      : [count('service.not_moved')];
  }

  /** What still comes here for the client goes on to its new server. */
  #detached(id: string, state: Uint8Array | undefined, now: Instant): Output[] {
    const { outputs, client, to } = this.#moves.detached(id, state, now);
    if (client === undefined || to === undefined) return outputs;
    const member = { registrant: formatAddress(to), address: to };
    return [
      ...outputs,
      ...this.#list.abandon(client),
      ...this.#holder.clients.give(client, member, now),
    ];
  }

  /** Another server hands us a client. */
  #moved(received: Received, message: LayerOf<'binding-update'>, now: Instant): Output[] {
    const { outputs, isProved } = this.#holder.members.check(received, message, now);
    const moved = movedClientIn(message.options, this.#config.address);
    if (!isProved || moved === undefined) return outputs;
    return [...outputs, ...this.#takeOver(moved, received.source, now)];
  }

  #takeOver({ client, state }: MovedClient, from: Address, now: Instant): Output[] {
    const { service, address } = this.#config;
    // The holder sends the client's Home Tests here from now on.
    this.#untold = [...this.#untold, client];
    return [
      count('service.client_moved'),
      { kind: 'attach', state },
      ...forward({
        id: `service/moved/${formatAddress(client)}`,
        owner: 'service',
        at: 'arriving',
        match: {
          ...{ src: { address: from }, dst: { address }, protocol: PROTOCOL.ipv6 },
          ...{ innerSrc: client, innerDst: service },
        },
        do: [{ pop: 'ipv6' }],
        expiresAt: after(now, this.#config.clientLifetime),
      }),
      ...this.#heardOf(client, now),
      ...this.#progress(this.#registration.move(address, undefined, now), now),
    ];
  }

  #progress({ outputs, result }: HomeProgress, now: Instant): Output[] {
    if (result !== 'bound' || this.#untold.length === 0) return outputs;
    this.#untold = this.#untold.slice(MAX_TOLD);
    if (this.#untold.length === 0) return outputs;
    const more = this.#registration.move(this.#config.address, undefined, now);
    return [...outputs, ...this.#progress(more, now)];
  }

  /** The holder does not answer: the first that comes behind it takes its place. */
  #silent(peer: Address, now: Instant): Output[] {
    if (peer !== this.#agent || this.#state.env.without.has('stand-in')) return [];
    const rank = this.#order.indexOf(this.#config.address) - 1;
    const wait = rank * BEATS_BETWEEN * this.#state.constants.SERVICE_HEARTBEAT_INTERVAL;
    this.#holdAt = after(now, wait as Duration);
    return [];
  }

  #hold(now: Instant): Output[] {
    this.#holdAt = undefined;
    this.#heartbeats.unwatch(this.#agent);
    this.#agent = this.#config.address;
    this.#registration.rest();
    return [
      ...this.#taken.from(undefined),
      ...this.#sendFrom(),
      ...this.#holder.hold('the one before does not answer', now),
    ];
  }

  /** Somebody says that it holds the address. It is believed who comes before us, or before nobody else. */
  #claimed(by: Address, now: Instant): Output[] {
    const rank = this.#order.indexOf(by);
    if (rank < 0 || by === this.#config.address) return [];
    if (this.#holder.holds && rank > this.#order.indexOf(this.#config.address)) {
      return this.#holder.insist(now);
    }
    this.#holdAt = undefined;
    if (by === this.#agent) return [];
    return this.#follow(by, now);
  }

  #follow(agent: Address, now: Instant): Output[] {
    this.#heartbeats.unwatch(this.#agent);
    this.#agent = agent;
    const told = !this.#state.env.without.has('served-clients');
    this.#untold = told ? [...this.#holder.clients.of(SELF)] : [];
    const held = this.#holder.release('another holds it that comes before');
    this.#registration.rest();
    this.#registration.useAgent(agent, now);
    return [
      ...held,
      ...this.#taken.from(agent),
      ...this.#sendFrom(),
      ...this.#progress(this.#registration.move(this.#config.address, undefined, now), now),
      ...this.#heartbeats.watch(agent, now),
    ];
  }

  /** Answers go straight from the service address, or back by whoever holds it. */
  #sendFrom(): Output[] {
    const { service: home, address: careOf, directReturn } = this.#config;
    const { paths } = this.#state;
    const own = this.#agent === careOf;
    if (directReturn || own) {
      return [...paths.setOwn(home, undefined), ...paths.setNative(home, true)];
    }
    const way = { careOf, homeAgent: this.#agent, notify: false };
    return [...paths.setNative(home, false), ...paths.setOwn(home, way)];
  }
}
