import { TakenPackets } from '../../core/bindings/taken-packets.ts';
import type { ContentSlaveConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Part, type PartInput, type Received } from '../../core/part.ts';
import type { Command, Output, RoleView } from '../../core/role.ts';
import { claimOf } from '../../core/service/claim.ts';
import { SELF } from '../../core/service/clients/clients.ts';
import { Join } from '../../core/service/join.ts';
import { Drain } from '../../core/service/moving/drain.ts';
import { ServiceHolder } from '../../core/service/service-holder.ts';
import { Serving } from '../../core/service/serving.ts';
import { Heartbeats } from '../../core/signalling/heartbeats.ts';
import type { TableSizes } from '../../core/tables.ts';
import { after, type Duration, type Instant, NO_TIME, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';

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
 *     drained -> it gets no new clients, and hands on those that it has
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
  readonly #join: Join;
  readonly #serving: Serving;
  readonly #taken: TakenPackets;
  readonly #drain: Drain;
  /** In the order in which they may hold the address. */
  readonly #order: readonly Address[];
  /** Whom we believe to hold it. */
  #agent: Address;
  #holdAt: Instant | undefined;
  /** Our own address is there. */
  #present = false;

  constructor(config: ContentSlaveConfig, state: NodeState) {
    const { service: home, master, address } = config;
    this.#config = config;
    this.#state = state;
    this.#agent = master;
    this.#order = [master, ...config.members.map((one) => one.address)];
    const isLeaving = () => this.#drain.begun;
    this.#holder = new ServiceHolder(config, state, 'arriving', { isLeaving });
    const ends = { holder: master, careOf: address };
    this.#join = new Join(config, ends, state, { told: () => this.#said() });
    this.#drain = new Drain(config, () => ({
      ...{ clients: this.#holder.clients, serving: this.#serving },
      ...{ heartbeats: this.#heartbeats, others: this.#others() },
    }));
    this.#serving = new Serving(config, state, this.#holder, {
      firstFromHome: true,
      nodes: () => this.#order,
      tellHolders: (client, now) => this.#join.renew(now, [client]),
    });
    this.#heartbeats = new Heartbeats(address, state, {
      interval: state.constants.SERVICE_HEARTBEAT_INTERVAL,
      onSilent: (peer, now) => this.#silent(peer, now),
    });
    this.#taken = new TakenPackets({ home, routeOptimisation: true }, state.env.without);
  }

  deadline(): Instant | undefined {
    const signalling = sooner(this.#join.deadline(), this.#serving.deadline());
    const others = sooner(this.#holder.deadline(), this.#heartbeats.deadline());
    return sooner(sooner(signalling, others), sooner(this.#holdAt, this.#drain.deadline()));
  }

  sizes(): TableSizes {
    return this.#serving.sizes();
  }

  inspect(): Omit<RoleView, 'bindings'> {
    const drain = this.#drain.view();
    const own = this.#holder.clients.given.get(SELF) ?? 0;
    return { service: { ...this.#holder.view(), own, ...(drain && { drain }) } };
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
      case 'link':
        // What was sent while no cable was in did not get anywhere.
        return input.up ? this.#tellHolder(now) : [];
      case 'restored':
        return this.#serving.restore(input.key, input.value, now);
      case 'notice': {
        const isClient = input.reason === 'tunnelled-from-peer' && input.dst === home;
        return isClient ? this.#serving.heardOf(input.src, now) : [];
      }
      case 'command':
        return this.#command(input.command, now);
      case 'received':
        return this.#received(input, now);
      case 'tick':
        return this.#tick(now);
      default:
        return this.#serving.handle(input, now);
    }
  }

  #begin(now: Instant): Output[] {
    const { address } = this.#config;
    this.#present = true;
    return [
      ...this.#taken.set(new Set([address]), this.#agent),
      ...this.#join.renew(now),
      ...this.#heartbeats.watch(this.#agent, now),
    ];
  }

  #tick(now: Instant): Output[] {
    const due = this.#holdAt !== undefined && now >= this.#holdAt;
    const { outputs, isOver } = this.#drain.tick(now);
    return [
      ...(due ? this.#hold(now) : []),
      ...outputs,
      ...(isOver ? this.#join.leave(now) : []),
      ...this.#join.tick(now),
      ...this.#serving.tick(now),
    ];
  }

  #command(command: Command, now: Instant): Output[] {
    switch (command.do) {
      case 'hand-over':
        return this.#handOver(command.client, command.to);
      case 'drain': {
        const without = this.#state.env.without.has('drain');
        const begun = this.#drain.begin(without ? NO_TIME : command.within, now);
        return [...begun, ...this.#tellHolder(now)];
      }
      case 'undrain':
        this.#drain.end();
        return this.#tellHolder(now);
      default:
        return [];
    }
  }

  /** Whoever gives clients to servers is to know whether this one takes any. */
  #tellHolder(now: Instant): Output[] {
    return this.#present && !this.#holder.holds ? this.#join.renew(now) : [];
  }

  /** A server that is drained bears no sessions. Source: RFC 6463 section 4. */
  #said(): MobilityOptionInput[] {
    if (!this.#drain.begun) return [];
    const sessionsInUse = this.#serving.size;
    return [{ option: 'load-information', sessionsInUse, maximumSessions: 0 }];
  }

  /** Servers that may take a client from us: whoever holds the address takes none, and hands none on. */
  #others(): Address[] {
    if (this.#holder.holds) return [];
    const { members, address } = this.#config;
    const all = members.map((one) => one.address);
    return all.filter((one) => one !== address && one !== this.#agent);
  }

  #received(received: Received, now: Instant): Output[] {
    const claimant = claimOf(received, this.#config);
    if (claimant !== undefined) return this.#claimed(claimant, now);
    const { message, destination, reason } = received;
    if (reason === 'service-client' && !this.#holder.holds) return this.#serving.hold(received);
    if (message.layer === 'binding-update' && message.homeRegistration && !this.#holder.holds) {
      const toUs = destination === this.#config.address;
      return toUs ? this.#serving.moved(received, message, now) : [];
    }
    if (message.layer === 'binding-acknowledgement') {
      const answered = this.#serving.acknowledged(received, message, now);
      if (answered !== undefined) return answered;
    }
    // A holder may be a server itself, and its clients' peers are not: what it says is of the address.
    return this.#join.answered(received, now) ?? this.#serving.received(received, now);
  }

  /** The operator wants another server to go on with a client. */
  #handOver(client: Address, to: Address): Output[] {
    const may = !this.#holder.holds && to !== this.#agent;
    return may ? this.#serving.handOver(client, to) : [count('service.not_moved')];
  }

  /** The holder does not answer: the first that comes behind it takes its place. */
  #silent(peer: Address, now: Instant): Output[] {
    // One that goes away is no stand-in.
    if (peer !== this.#agent || this.#drain.begun) return [];
    if (this.#state.env.without.has('stand-in')) return [];
    const rank = this.#order.indexOf(this.#config.address) - 1;
    const wait = rank * BEATS_BETWEEN * this.#state.constants.SERVICE_HEARTBEAT_INTERVAL;
    this.#holdAt = after(now, wait as Duration);
    return [];
  }

  #hold(now: Instant): Output[] {
    this.#holdAt = undefined;
    this.#heartbeats.unwatch(this.#agent);
    this.#agent = this.#config.address;
    this.#join.rest();
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
    const clients = told ? [...this.#holder.clients.of(SELF)] : [];
    const held = this.#holder.release('another holds it that comes before');
    return [
      ...held,
      ...this.#taken.from(agent),
      ...this.#sendFrom(),
      ...this.#join.follow(agent, clients, now),
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
