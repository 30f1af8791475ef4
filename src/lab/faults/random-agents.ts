/**
 * A random network of several agents of one anycast address, their servers, and clients that know of bindings or
 * do not. Routes lead each client to the agent of its side; agents that die are routed around.
 *
 *     cn0, old0 ~~ core0 ~~ g0 -- site0 -- a0, r        r ~~ farm0: s0, s2
 *     cn1, old1 ~~ core1 ~~ g1 -- site1 -- a1, r        r ~~ farm1: s1, s3
 */
import type { Dice } from './dice.ts';
import type { Phases } from './random-faults.ts';
import type { AnycastPart, Entry, RandomNetwork } from './random-network.ts';

const SERVICE = '2001:db8:a::80';
/** Seconds for which servers register, and bind their clients. */
const LIFETIMES = [8, 12, 20] as const;
/** Seconds after which an idle client is forgotten. */
const IDLE = [20, 40] as const;
/** Milliseconds between two faults; none: both at one instant. */
const STEPS = [0, 10, 300, 1000, 1000, 2500, 4600] as const;
/** Routes take so long to lead around an agent that died, or to it again, in milliseconds. */
const CONVERGENCE = [100, 500, 1500] as const;

const KINDS = ['isolate', 'cut', 'quality', 'agent', 'server', 'apart'] as const;
type Kind = (typeof KINDS)[number];

interface AgentsNetwork extends RandomNetwork {
  readonly anycast: AnycastPart & { readonly kinds: readonly Kind[] };
}

export function randomAgents(dice: Dice): AgentsNetwork {
  const lifetime = dice.pick(LIFETIMES);
  const idle = dice.pick(IDLE);
  const links = new Map<string, Entry>();
  const nodes = new Map<string, Entry>();
  const agents = Array.from({ length: dice.pick([2, 2, 3]) }, (_, n) => `a${n}`);
  const farms = Array.from({ length: dice.whole(1, 2) }, (_, n) => `farm${n}`);
  for (const n of agents.keys()) {
    links.set(`core${n}`, { prefix: `2001:db8:f:${n}::/64`, delay: dice.pick(['2ms', '10ms']) });
    links.set(`site${n}`, { prefix: `2001:db8:1:${n}::/64`, delay: '1ms' });
  }
  for (const [n, farm] of farms.entries()) {
    links.set(farm, { prefix: `2001:db8:e:${n}::/64`, delay: dice.pick(['1ms', '5ms']) });
  }
  const service = { service: SERVICE };
  const policy = dice.chance(0.5) ? {} : { policy: dice.pick(['least-load', 'rendezvous']) };
  for (const [n, name] of agents.entries()) {
    nodes.set(name, {
      role: 'anycast-agent',
      on: [`site${n}`],
      ...{ ...service, ...policy, shares: true },
    });
    nodes.set(`g${n}`, { role: 'router', on: [`core${n}`, `site${n}`] });
  }
  const sites = agents.map((_, n) => `site${n}`);
  nodes.set('r', { role: 'router', on: [...sites, ...farms] });
  const servers = Array.from({ length: dice.whole(2, 4) }, (_, n) => `s${n}`);
  for (const [n, name] of servers.entries()) {
    const first = dice.whole(0, agents.length - 1);
    const key = `hex:${(n + 1).toString(16).padStart(2, '0').repeat(16)}`;
    nodes.set(name, {
      ...{ role: 'anycast-server', on: [dice.pick(farms)], ...service },
      agents: agents.map((_, i) => agents[(first + i) % agents.length]),
      ...{ lifetime: `${lifetime}s`, 'client-lifetime': `${lifetime}s` },
      auth: { rfc4285: { spi: 256 + n, key } },
    });
  }
  const peers: string[] = [];
  for (const n of agents.keys()) {
    for (const [role, name] of [
      ['correspondent-node', 'cn'],
      ['host', 'old'],
    ] as const) {
      for (let left = dice.whole(1, 2); left > 0; left--) {
        peers.push(`${name}${peers.length}`);
        nodes.set(peers.at(-1)!, { role, on: [`core${n}`] });
      }
    }
  }
  // Where nothing but the store fails, nothing at all may be felt.
  const chosen = KINDS.filter(() => dice.chance(0.4));
  const kinds: readonly Kind[] = dice.chance(0.25) || chosen.length === 0 ? ['isolate'] : chosen;
  return {
    ...{ links, nodes, peers, movers: [], mobileNodes: [] },
    anycast: { agents, servers, kinds, storeAlone: kinds.every((kind) => kind === 'isolate') },
    lifetimes: { home: lifetime, peer: lifetime, session: 2 * idle },
    constants: { 'client-idle-time': `${idle}s`, 'max-bindack-timeout': '4s' },
    rare: new Set(),
  };
}

/** Datagrams of each client all the time, and connections now and then. */
export function clientTraffic(
  dice: Dice,
  { peers, anycast: { agents } }: AgentsNetwork,
  phases: Phases,
): Record<string, Entry> {
  const traffic: Record<string, Entry> = {};
  const to = agents[0]!;
  for (const [n, from] of peers.entries()) {
    traffic[`u${n}`] = {
      ...{ protocol: 'udp', from, to, rate: '2/s', payload: '64B' },
      ...{ start: `${dice.whole(1500, 2500)}ms`, stop: `${phases.quiet}s` },
    };
    for (let left = dice.whole(0, 2); left > 0; left--) {
      const start = dice.pick([2, dice.between(2, phases.healed), phases.healed + 10]);
      const longest = Math.floor(phases.healed + 25 - start);
      traffic[`t${Object.keys(traffic).length}`] = {
        ...{ protocol: 'tcp', from, to, size: `${dice.pick([2, 10, 30])}kB` },
        ...{ over: `${dice.whole(2, longest)}s`, start: `${Math.round(start * 1000)}ms` },
      };
    }
  }
  return traffic;
}

/** The events of a scenario file, in order. */
export function agentFaults(dice: Dice, network: AgentsNetwork, phases: Phases): readonly Entry[] {
  const faults = new AgentFaults(dice, network);
  const until = phases.healed * 1000;
  for (let at = phases.hurt * 1000; at < until; ) {
    faults.hurt(at, until);
    at += Math.round(dice.pick(STEPS) * dice.between(0.5, 1.5));
  }
  faults.heal(until);
  return faults.events
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what }) => ({ at: `${at}ms`, ...what }));
}

class AgentFaults {
  readonly events: { readonly at: number; readonly what: Entry }[] = [];
  readonly #dice: Dice;
  readonly #network: AgentsNetwork;
  readonly #isolated = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #dead = new Set<string>();
  /** When agents that died are back, and routes lead to them again. */
  readonly #backAt = new Map<string, number>();

  constructor(dice: Dice, network: AgentsNetwork) {
    this.#dice = dice;
    this.#network = network;
  }

  hurt(at: number, until: number): void {
    const dice = this.#dice;
    const { links, anycast } = this.#network;
    const { kinds, agents, servers } = anycast;
    const link = dice.pick([...links.keys()].filter((name) => !name.startsWith('core')));
    switch (dice.pick(kinds)) {
      case 'isolate':
        this.#isolate(at, dice.pick(agents));
        break;
      case 'cut':
        this.#cutOrHeal(at, link);
        break;
      case 'quality':
        this.#changed.add(link);
        this.#add(at, { change: { link, loss: dice.pick(['0%', '5%', '40%']) } });
        break;
      case 'agent':
        this.#agent(at, until, dice.pick(agents));
        break;
      case 'server':
        this.#server(at, dice.pick(servers));
        break;
      case 'apart':
        this.#apart(at, dice.whole(0, agents.length - 1));
        break;
    }
  }

  heal(at: number): void {
    for (const agent of this.#isolated) this.#add(at, { reconnect: agent });
    for (const link of this.#cut) this.#add(at, { heal: link });
    for (const link of this.#changed) this.#add(at, { change: { link, loss: '0%' } });
    for (const node of this.#dead) {
      this.#add(at, { restart: node, journal: this.#dice.chance(0.5) });
    }
  }

  #isolate(at: number, agent: string): void {
    if (this.#isolated.delete(agent)) this.#add(at, { reconnect: agent });
    else {
      this.#isolated.add(agent);
      this.#add(at, { isolate: agent });
    }
  }

  #cutOrHeal(at: number, link: string): void {
    if (this.#cut.delete(link)) this.#add(at, { heal: link });
    else {
      this.#cut.add(link);
      this.#add(at, { cut: { link } });
    }
  }

  /** Clients reach an agent that does not hear of servers and of other agents, nor they of it. */
  #apart(at: number, n: number): void {
    const [agent, link] = [this.#network.anycast.agents[n]!, `site${n}`];
    if (this.#isolated.has(agent) !== this.#cut.has(link)) return;
    this.#isolate(at, agent);
    if (this.#cut.delete(link)) this.#add(at, { heal: link });
    else {
      this.#cut.add(link);
      this.#add(at, { cut: { link, from: agent, to: 'r' } });
      this.#add(at, { cut: { link, from: 'r', to: agent } });
    }
  }

  /** It dies, and routes lead around it; never the last one. */
  #agent(at: number, until: number, agent: string): void {
    const dice = this.#dice;
    const isAway = (one: string) => (this.#backAt.get(one) ?? 0) > at;
    const others = this.#network.anycast.agents.filter((one) => one !== agent && !isAway(one));
    const routed = at + dice.pick(CONVERGENCE);
    if (isAway(agent) || others.length === 0 || routed >= until) return;
    const back = Math.min(routed + dice.pick([200, 3000, 6000]), until);
    const announced = back + 500;
    this.#backAt.set(agent, announced + 1000);
    this.#add(at, { crash: agent });
    this.#add(routed, { withdraw: agent });
    this.#add(back, { restart: agent, journal: dice.chance(0.5) });
    this.#add(announced, { announce: agent });
  }

  #server(at: number, server: string): void {
    if (this.#dead.delete(server)) {
      this.#add(at, { restart: server, journal: this.#dice.chance(0.5) });
      return;
    }
    this.#dead.add(server);
    this.#add(at, { crash: server });
  }

  #add(at: number, what: Entry): void {
    this.events.push({ at, what });
  }
}
