import type { ServiceConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import { forward, type Part, type PartInput } from '../../core/part.ts';
import type { Output, RoleView } from '../../core/role.ts';
import { agentOption } from '../../core/service/agents/agent-option.ts';
import { AgentPresence } from '../../core/service/agents/agent-presence.ts';
import { FindableAgent } from '../../core/service/agents/findable-agent.ts';
import { FreedClients } from '../../core/service/clients/freed-clients.ts';
import { ServiceHolder } from '../../core/service/service-holder.ts';
import { Sharing } from '../../core/service/sharing/sharing.ts';
import { MemberRefresh } from '../../core/service/watching/member-refresh.ts';
import { MemberWatch } from '../../core/service/watching/member-watch.ts';
import { ServiceChecks } from '../../core/service/watching/service-checks.ts';
import { TunnelSilence } from '../../core/service/watching/tunnel-silence.ts';
import { udpTunnelEntry } from '../../core/signalling/udp-signalling.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';

/**
 * Anycast agent: a home agent that keeps several bindings for one address, to which the routes of the
 * network lead. Each client gets one of the servers, and keeps it.
 *
 *     servers join by home registrations -> first packet of a client -> a server is picked (Figs 2, 3)
 *     further packets -> the same server, until it has bound the client to itself
 *     a server does not answer -> it is removed, and its clients' bindings are taken back; it is asked when
 *         its answers to clients do not come through here (second way), and before its registration ends
 *     its program does not     -> the same with its clients, until it does
 *     other agents of the address -> know the same servers and clients
 *     a server asks the group of the agents, or for home agents -> is told who is here
 *
 * Supported standards: after the anycast seed (Figs 2, 3); RFC 6275 section 10; RFC 5847.
 */
export class AnycastAgent implements Part {
  readonly processes = new Set(['heartbeat'] as const);
  readonly #config: ServiceConfig;
  readonly #holder: ServiceHolder;
  readonly #watch: MemberWatch;
  readonly #freed: FreedClients;
  readonly #sharing: Sharing;
  readonly #checks: ServiceChecks;
  readonly #silence: TunnelSilence;
  readonly #refresh: MemberRefresh;
  readonly #presence: AgentPresence;
  readonly #findable: FindableAgent;

  constructor(config: ServiceConfig, state: NodeState) {
    this.#config = config;
    this.#watch = new MemberWatch(config, state, () => this.#holder);
    const isOthers = (client: Address) => !this.#sharing.isOwn(client);
    this.#freed = new FreedClients(config, state, () => this.#holder.clients, isOthers);
    this.#sharing = new Sharing(config, state, () => this.#holder);
    this.#checks = new ServiceChecks(config, state, () => this.#holder);
    this.#silence = new TunnelSilence(config, state, (member, now) => {
      this.#checks.hurry(member, now);
      return this.#watch.doubt(member, now);
    });
    this.#refresh = new MemberRefresh(config, state, () => this.#holder.members.all());
    this.#presence = new AgentPresence(config, state, () => this.#holder.members.all());
    const { address, shared: shares = false } = config;
    const says = () => ({ address, shares, others: this.#presence.others() });
    const agents = () => this.#presence.ordered();
    this.#findable = new FindableAgent(config, state, { says, agents });
    this.#holder = new ServiceHolder(config, state, 'leaving', {
      isSuspected: (member) => this.#watch.isSuspected(member),
      hasFailed: (member) => this.#checks.hasFailed(member),
      checkOf: (member) => this.#checks.viewOf(member),
      askingOf: (member) => this.#watch.askingOf(member),
      telling: (registrant) => [agentOption(says()), ...this.#checks.telling(registrant)],
      isThere: (member) => this.#watch.isThere(member),
      isTold: () => this.#sharing.told,
      onLost: (clients, now) => this.#freed.free(clients, now),
      observer: this.#sharing,
    });
  }

  deadline(): Instant | undefined {
    const others = sooner(this.#watch.heartbeats.deadline(), this.#freed.deadline());
    const shares = sooner(this.#sharing.deadline(), this.#presence.deadline());
    const watches = sooner(this.#silence.deadline(), this.#refresh.deadline());
    const programs = sooner(this.#holder.deadline(), this.#checks.deadline());
    return sooner(sooner(programs, watches), sooner(others, shares));
  }

  sizes(): TableSizes {
    return {
      bindings: this.#holder.members.all().length,
      clients: this.#holder.clients.size,
      peers: this.#freed.size,
    };
  }

  inspect(): Omit<RoleView, 'bindings'> {
    return { service: this.#holder.view(), shared: this.#sharing.view() };
  }

  handle(input: PartInput, now: Instant): Output[] {
    const present = this.#presence.handle(input, now);
    const found = this.#findable.handle(input, now);
    if (found !== undefined && input.kind === 'received') return found;
    // Home Tests and acknowledgements come to the anycast address, as what clients send does.
    const said = input.kind === 'received' ? this.#freed.received(input, now) : undefined;
    const outputs = said ?? this.#holder.handle(input, now);
    outputs.push(...present, ...(found ?? []));
    const { address4 } = this.#config;
    if (input.kind === 'start') {
      // Servers may come over IPv4.
      if (address4 !== undefined) outputs.push(...forward(udpTunnelEntry(address4)));
      outputs.push(...this.#sharing.start());
    }
    if (input.kind === 'shared') outputs.push(...this.#sharing.take(input, now));
    const serverOf = (client: Address) => this.#holder.clients.memberOf(client);
    outputs.push(...this.#silence.handle(input, serverOf, now));
    outputs.push(...this.#watch.handle(input, now), ...this.#checks.handle(input, now));
    outputs.push(...this.#refresh.handle(input, now));
    if (input.kind === 'tick') outputs.push(...this.#freed.tick(now));
    const { address } = this.#config;
    const begins = input.kind === 'address' && input.address === address && input.present;
    if (begins) outputs.push(...this.#holder.hold('routes lead here', now));
    outputs.push(...this.#sharing.flush(now));
    return outputs;
  }
}
