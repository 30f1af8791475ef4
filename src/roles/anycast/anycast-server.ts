import { TakenPackets } from '../../core/bindings/taken-packets.ts';
import type { AnycastServerConfig } from '../../core/config.ts';
import type { Action, ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, forward, type Part, type PartInput, type Received } from '../../core/part.ts';
import type { Command, Output, RoleView } from '../../core/role.ts';
import type { AgentJoins, AgentJoinsOptions } from '../../core/service/agents/agent-joins.ts';
import { joinsOf } from '../../core/service/agents/joins-of.ts';
import { SELF } from '../../core/service/clients/clients.ts';
import { Relays } from '../../core/service/clients/relays.ts';
import { Drain } from '../../core/service/moving/drain.ts';
import { isMove } from '../../core/service/moving/moved-client.ts';
import { nearPrefixesOptions } from '../../core/service/near-prefixes.ts';
import { intoAgent, wayToAgent } from '../../core/service/over-ipv4.ts';
import { Places } from '../../core/service/places.ts';
import { addressesOf } from '../../core/service/service-addresses.ts';
import { ServiceHolder } from '../../core/service/service-holder.ts';
import { Serving } from '../../core/service/serving.ts';
import { Heartbeats } from '../../core/signalling/heartbeats.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, NO_TIME, sooner } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';

/** The device of identities: what stands there is on no link. */
const ANCHOR = 'careof0';

/**
 * Anycast server: answers from an address that others answer from too, and binds each client to itself.
 *
 *     a packet came, by an agent or since it is the nearest -> its programs answer at once
 *     beside that -> return routability -> Binding Update -> the client sends here straight (Figs 1, 3)
 *     its link goes down, or the path from there to its agent -> it is met at another of its addresses: agents and clients are told
 *     it was told no agents -> it finds them: where routes lead, by their group, or as home agents are found
 *     its agent is silent -> it joins the next one, where several agents share what they know
 *     routes change -> the server that gets the packets passes them on to the client's own
 *
 * Supported standards: after the anycast seed (Figs 1 to 3); RFC 6275 sections 11.6, 11.7; RFC 5847
 * (answers).
 */
export class AnycastServer implements Part {
  readonly processes: ReadonlySet<'heartbeat'>;
  readonly #config: AnycastServerConfig;
  readonly #state: NodeState;
  readonly #holder: ServiceHolder;
  readonly #heartbeats: Heartbeats;
  readonly #agents: AgentJoins;
  readonly #serving: Serving;
  readonly #relays: Relays;
  readonly #taken: TakenPackets;
  readonly #drain: Drain;
  /** Those whose tunnels are taken. */
  #followed: readonly Address[] = [];
  readonly #places = new Places();
  /** Which of its addresses it is met at. */
  #here: Address;
  /** One of them is there. */
  #present = false;

  constructor(config: AnycastServerConfig, state: NodeState) {
    const { service: home, address, members, otherAddresses = [] } = config;
    this.#config = config;
    this.#state = state;
    this.processes = new Set(config.noHeartbeats ? [] : ['heartbeat']);
    this.#here = address;
    this.#holder = new ServiceHolder(config, state, 'arriving');
    this.#heartbeats = new Heartbeats(() => this.#here, state, {
      interval: state.constants.SERVICE_HEARTBEAT_INTERVAL,
      onSuspicion: (peer, now) => this.#tryElsewhere(peer, now),
      onSilent: (peer, now) => this.#joinNext(peer, now),
    });
    this.#agents = joinsOf(config, this.#agentOptions(), state);
    this.#drain = new Drain(config, () => ({
      ...{ clients: this.#holder.clients, serving: this.#serving },
      ...{ heartbeats: this.#heartbeats, others },
    }));
    const others = members.map((one) => one.address).filter((one) => one !== address);
    this.#relays = new Relays(config, others, this.#holder.clients, state);
    this.#serving = new Serving(config, state, this.#holder, {
      nodes: () => [...this.#agents.agents, ...others, address, ...otherAddresses],
      here: () => this.#here,
      tellHolders: (client, now) => this.#agents.renew(now, [client]),
    });
    this.#taken = new TakenPackets({ home, routeOptimisation: true }, state.env.without);
  }

  #agentOptions(): AgentJoinsOptions {
    return {
      careOf: this.#here,
      told: () => this.#said(),
      onFailure: () => this.#serving.giveUp(),
      clients: () => [...this.#holder.clients.of(SELF)],
      linkOf: (address) => this.#places.linkOf(address),
    };
  }

  deadline(): Instant | undefined {
    let deadline = sooner(this.#holder.deadline(), this.#heartbeats.deadline());
    deadline = sooner(deadline, sooner(this.#agents.deadline(), this.#drain.deadline()));
    return sooner(deadline, sooner(this.#serving.deadline(), this.#relays.deadline()));
  }

  sizes(): TableSizes {
    return this.#serving.sizes();
  }

  inspect(): Omit<RoleView, 'bindings'> {
    const drain = this.#drain.view();
    const own = this.#holder.clients.given.get(SELF) ?? 0;
    const agents = { found: this.#config.findAgents, known: this.#agents.agents };
    return { service: { ...this.#holder.view(), agents, own, ...(drain && { drain }) } };
  }

  handle(came: PartInput, now: Instant): Output[] {
    const input = this.#config.overIpv4 === undefined ? came : outOfUdp(came);
    return [
      ...this.#heartbeats.handle(input, now),
      ...(isHandedClient(input) || this.#isHeld(input) ? [] : this.#holder.handle(input, now)),
      ...this.#handle(input, now),
      ...this.#followAgents(now),
    ];
  }

  #handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'start': {
        this.#holder.members.begin(now);
        const agents = [...(this.#config.overIpv4?.keys() ?? [])];
        return [
          ...addressesOf(this.#config).map(onAnchor),
          ...forward(...agents.flatMap((one) => wayToAgent(this.#config, one, this.#here))),
          ...this.#sendFrom(),
        ];
      }
      case 'address':
        this.#places.note(input);
        return this.#settle(now);
      case 'link': {
        this.#places.note(input);
        // What was sent while no cable was in did not get anywhere.
        const settled = this.#settle(now);
        return input.up && settled.length === 0 ? this.#renew(now) : settled;
      }
      case 'restored':
        return this.#serving.restore(input.key, input.value, now);
      case 'notice': {
        const isOurs = addressesOf(this.#config).includes(input.dst);
        if (input.reason !== 'tunnelled-from-peer' || !isOurs) return [];
        const { entry, src: client } = input;
        return this.#relays.heard(entry, client, now) ?? this.#serving.heardOf(client, now);
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

  #tick(now: Instant): Output[] {
    const { outputs, isOver } = this.#drain.tick(now);
    const { agent } = this.#agents;
    if (isOver && agent !== undefined) this.#heartbeats.unwatch(agent);
    return [
      ...outputs,
      ...(isOver ? this.#agents.leave(now) : []),
      ...this.#agents.tick(now),
      ...this.#relays.tick(now),
      ...this.#serving.tick(now),
    ];
  }

  #command(command: Command, now: Instant): Output[] {
    switch (command.do) {
      case 'hand-over':
        return this.#serving.handOver(command.client, command.to);
      case 'drain': {
        const without = this.#state.env.without.has('drain');
        const begun = this.#drain.begin(without ? NO_TIME : command.within, now);
        return [...begun, ...this.#renew(now)];
      }
      case 'undrain':
        this.#drain.end();
        return this.#renew(now);
      default:
        return [];
    }
  }

  /** Its agents are told again where it is. */
  #renew(now: Instant): Output[] {
    return this.#present ? this.#agents.renew(now) : [];
  }

  /** What its agents are told beside where it is. Source: RFC 6463 section 4; docs/registry.md. */
  #said(): MobilityOptionInput[] {
    const { capacity, near } = this.#config;
    const maximumSessions = this.#drain.begun ? 0 : capacity;
    const sessions = { sessionsInUse: this.#serving.size, maximumSessions };
    return [{ option: 'load-information', ...sessions }, ...nearPrefixesOptions(near)];
  }

  /** It is met at one of its addresses, and stays there as long as it can. */
  #settle(now: Instant): Output[] {
    if (this.#present && this.#places.isThere(this.#here)) return [];
    const [there] = this.#addressesThere();
    if (there === undefined) return [];
    if (this.#present) return this.#moveTo(there, now);
    this.#here = there;
    return [...this.#sendFrom(), ...this.#begin(now)];
  }

  /** Most wanted first. */
  #addressesThere(): Address[] {
    const { address, otherAddresses = [] } = this.#config;
    return [address, ...otherAddresses].filter((one) => this.#places.isThere(one));
  }

  /** Our agent does not answer lately: it may be the path, before our agent thinks so of us. */
  #tryElsewhere(suspected: Address, now: Instant): Output[] {
    const other = this.#addressesThere().find((one) => one !== this.#here);
    return suspected !== this.#agents.agent || other === undefined ? [] : this.#moveTo(other, now);
  }

  /** Its agents and its clients are told, and connections go on. */
  #moveTo(address: Address, now: Instant): Output[] {
    if (this.#state.env.without.has('server-moves')) return [];
    this.#here = address;
    return [
      count('service.server_moved'),
      ...this.#taken.set(new Set([address]), undefined),
      ...this.#relays.open(this.#followed, address),
      ...this.#sendFrom(),
      ...this.#agents.moveTo(address, now),
      ...this.#serving.moveTo(address, now),
    ];
  }

  #begin(now: Instant): Output[] {
    const { nearest } = this.#config;
    this.#present = true;
    return [
      ...this.#taken.set(new Set([this.#here]), undefined),
      ...this.#relays.open(this.#followed, this.#here),
      ...this.#renew(now),
      ...(nearest ? this.#holder.hold('routes lead here', now) : []),
    ];
  }

  /** Tunnels are taken from its agents as they are now, and one of them is asked whether it is there. */
  #followAgents(now: Instant): Output[] {
    const { agents, agent } = this.#agents;
    const before = this.#followed;
    const isSame = agents.length === before.length && agents.every((one, i) => one === before[i]);
    if (!this.#present || isSame) return [];
    this.#followed = agents;
    for (const one of before) if (one !== agent) this.#heartbeats.unwatch(one);
    return [
      ...this.#relays.open(agents, this.#here),
      ...this.#sendFrom(),
      ...this.#watchAgent(now),
    ];
  }

  /** Who has another agent to join, or another address to be met at, asks its agent whether it is there. */
  #watchAgent(now: Instant): Output[] {
    const { otherAddresses = [] } = this.#config;
    const { agent } = this.#agents;
    if (agent === undefined) return [];
    const isOfUse = this.#hasNextAgent || otherAddresses.length > 0;
    return isOfUse ? this.#heartbeats.watch(agent, now) : [];
  }

  get #hasNextAgent(): boolean {
    return this.#agents.hasNext && !this.#state.env.without.has('next-agent');
  }

  /** Our agent is silent. */
  #joinNext(silent: Address, now: Instant): Output[] {
    if (silent !== this.#agents.agent || !this.#hasNextAgent) return [];
    this.#heartbeats.unwatch(silent);
    return [
      count('service.agent_silent'),
      ...this.#agents.next(now),
      ...this.#sendFrom(),
      ...this.#watchAgent(now),
    ];
  }

  /** What comes from a client on its way to another server waits. */
  #isHeld(input: PartInput): boolean {
    const isPacket = input.kind === 'received' && input.reason === 'service-client';
    return isPacket && this.#serving.isMoving(input.source);
  }

  #received(received: Received, now: Instant): Output[] {
    if (this.#isHeld(received)) return this.#serving.hold(received);
    const { message, destination } = received;
    if (message.layer === 'binding-update' && message.homeRegistration) {
      const { address, service } = this.#config;
      if (destination === service) return [count('service.not_an_agent')];
      const toUs = destination === address && isMove(message.options);
      return toUs ? this.#serving.moved(received, message, now) : [];
    }
    if (message.layer === 'binding-acknowledgement') {
      const answered = this.#serving.acknowledged(received, message, now);
      if (answered !== undefined) return answered;
    }
    for (const join of this.#relays.joins()) {
      const answered = join.answered(received, now);
      if (answered !== undefined) return answered;
    }
    const answered = this.#agents.received(received, now);
    if (answered !== undefined) return answered;
    return this.#serving.received(received, now);
  }

  /** Answers go straight from the anycast address, or back by an agent. */
  #sendFrom(): Output[] {
    const { service: home, service4, directReturn } = this.#config;
    const careOf = this.#here;
    const { paths } = this.#state;
    const homeAgent = this.#agents.agent;
    const over4 = this.#config.overIpv4 !== undefined;
    if ((directReturn && !over4) || homeAgent === undefined) return paths.setNative(home, true);
    const into = intoAgent(this.#config, homeAgent, careOf);
    return [
      ...(over4
        ? forward(backBy(home, into))
        : paths.setOwn(home, { careOf, homeAgent, notify: false })),
      ...(service4 === undefined ? [] : forward(backBy(service4, into))),
    ];
  }
}

/** What agents send over IPv4 is as good as what comes straight. */
function outOfUdp(input: PartInput): PartInput {
  if (input.kind !== 'received' || input.tunnel?.udp === undefined) return input;
  const { tunnel: _, ...rest } = input;
  return rest;
}

const onAnchor = (address: Address): Output => ({
  ...{ kind: 'address', action: 'add', link: ANCHOR },
  ...{ address, prefixLength: 8 * address.length },
});

/** To clients that are never bound: all that they get goes this way. */
const backBy = (service: Address, into: Action): ForwardingEntry => ({
  id: `service/${formatAddress(service)}/back`,
  owner: 'service',
  at: 'leaving',
  match: { src: { address: service } },
  do: [into],
});

/** Does another server hand us a client? That is no server that joins. */
function isHandedClient(input: PartInput): boolean {
  if (input.kind !== 'received' || input.message.layer !== 'binding-update') return false;
  return isMove(input.message.options);
}
