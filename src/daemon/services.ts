/** What `careof status`, `careof why` and `careof drain` say of an address that several servers answer for. */
import type { FindAgents, NodeConfig, ServiceConfig } from '../core/config.ts';
import type { CheckResult, ServiceCheck } from '../core/service-check.ts';
import type { ServerView, ServiceView } from '../core/service-view.ts';
import { type Address, formatAddress, isIpv4 } from '../wire/address.ts';
import { secondsSince, secondsTo } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { delegationProblems } from './delegation.ts';
import { pairKey } from './ledger.ts';
import type { LinkJson } from './links.ts';
import type { Problem } from './problems.ts';

/** Clients that are told of by address; of more only their number. */
const MOST_NAMED = 20;
/** A holder that does not answer for so long is worth a word. */
const SILENT_US = 3e6;

export interface ServiceJson {
  readonly service: string;
  /** The IPv4 address beside it. */
  readonly ipv4_service?: string;
  /** Where this node is met itself. */
  readonly address: string;
  /** New clients get their servers here. */
  readonly hands_out: boolean;
  readonly servers: readonly ServerJson[];
  /** Clients that are remembered with their servers. */
  readonly clients: number;
  /** Clients that this node serves itself. */
  readonly own_clients?: number;
  readonly drain?: DrainJson;
}

export interface ServerJson {
  readonly address: string;
  /** `failing`: careof answers there, and the program of the server does not. */
  readonly state: 'there' | 'silent' | 'failing' | 'drained';
  readonly clients: number;
  readonly sessions?: number;
  readonly capacity: number;
}

export interface DrainJson {
  readonly state: 'under way' | 'over';
  /** Clients that are here still, or could not go elsewhere. */
  readonly left: number;
  readonly moving: number;
  readonly remaining_s: number;
  /** Some of those that are left. */
  readonly clients: readonly string[];
}

const viewOf = ({ role }: Daemon): ServiceView | undefined => role?.inspect?.().service;

/** The part of a configuration that is about the service address. */
export function serviceConfigOf(config: NodeConfig): ServiceConfig | undefined {
  const { anycastAgent, anycastServer, contentMaster, contentSlave } = config;
  return anycastAgent ?? anycastServer ?? contentMaster ?? contentSlave;
}

/** Whom a server registers with: those that it was told, or those that it has found. */
export function holdersOf(daemon: Daemon): readonly Address[] {
  const { contentSlave } = daemon.host.config;
  const known = viewOf(daemon)?.agents?.known ?? [];
  return contentSlave === undefined ? known : [contentSlave.master];
}

/** The address that its registrations with a holder go to. */
export function registeredAt(daemon: Daemon, holder: Address): Address {
  const view = viewOf(daemon);
  return view?.agents?.found === 'anycast' ? view.service : holder;
}

export function serviceOf(daemon: Daemon): ServiceJson | undefined {
  const view = viewOf(daemon);
  if (view === undefined) return undefined;
  const { service, service4, address, holds, servers, clients, own, drain } = view;
  return {
    service: formatAddress(service),
    ...(service4 && { ipv4_service: formatAddress(service4) }),
    address: formatAddress(address),
    hands_out: holds,
    servers: servers.map((server) => ({
      address: formatAddress(server.address),
      state: stateOf(server),
      clients: server.clients,
      ...(server.sessions !== undefined && { sessions: server.sessions }),
      capacity: server.capacity,
    })),
    clients,
    ...(own !== undefined && { own_clients: own }),
    ...(drain && {
      drain: {
        state: drain.over ? 'over' : 'under way',
        left: drain.left.length,
        moving: drain.moving,
        remaining_s: drain.over ? 0 : secondsTo(drain.until, daemon.clock.now()),
        clients: drain.left.slice(0, MOST_NAMED).map(formatAddress),
      },
    }),
  };
}

function stateOf({ suspected, check, capacity }: ServerView): ServerJson['state'] {
  if (suspected) return 'silent';
  if ((check?.failures ?? 0) > 0) return 'failing';
  return capacity === 0 ? 'drained' : 'there';
}

export function* serviceProblems(daemon: Daemon, links: readonly LinkJson[]): Generator<Problem> {
  const view = viewOf(daemon);
  const config = serviceConfigOf(daemon.host.config);
  if (view === undefined || config === undefined) return;
  yield* addressProblem(config, links);
  yield* serverProblems(daemon, view, config);
  if (config.check !== undefined) yield* checkProblems(daemon, view, config.check);
  yield* joinProblems(daemon, view);
  yield* delegationProblems(config, wallSeconds(daemon));
  if (view.drain === undefined) return;
  const many = view.drain.left.length;
  const what = view.drain.over
    ? `this server is drained: it gets no new clients${many === 0 ? '' : `, and ${clientsText(many)} could not go elsewhere`}`
    : `this server is being drained: ${clientsText(many)} ${many === 1 ? 'is' : 'are'} left`;
  yield { level: 'warning', what, mend: '`careof undrain` lets it serve again' };
}

const wallSeconds = ({ clock }: Daemon): number => (clock.epoch + clock.now()) / 1e6;

function* addressProblem({ address }: ServiceConfig, links: readonly LinkJson[]) {
  const name = formatAddress(address);
  const there = links.filter(({ state }) => state === 'up');
  const has = there.some(({ addresses }) => addresses.some((one) => one.startsWith(`${name}/`)));
  if (has || there.length === 0) return;
  const what = `no interface has ${name}, this node's own address`;
  const mend = `ip -6 addr add ${name}/64 dev ${there[0]!.interface}, or own-addresses: in the file names another`;
  yield { level: 'error', what, mend } satisfies Problem;
}

/** Those that should have registered here, where servers do. */
function* serverProblems(
  { host }: Daemon,
  { service4, servers, holds }: ServiceView,
  { members, nearest }: ServiceConfig,
): Generator<Problem> {
  if (!holds || nearest === true) return;
  const { address: self } = serviceConfigOf(host.config)!;
  const there = new Set(servers.map(({ address }) => address));
  const missing = members.filter(({ address }) => address !== self && !there.has(address));
  const mend = 'does careof run there, with the same key? `careof counters` shows what was refused';
  if (there.size === 0) {
    yield { level: 'error', what: 'no server has registered: new clients get none', mend };
  } else {
    for (const { address } of missing) {
      const what = `the server ${formatAddress(address)} is not registered: it was drained, or is gone`;
      yield { level: 'warning', what, mend };
    }
    if (service4 !== undefined && !servers.some(({ ipv4 }) => ipv4)) {
      const four = formatAddress(service4);
      const what = `no server answers from ${four}: IPv4 clients get none`;
      yield { level: 'error', what, mend: `ipv4-service: ${four} in the file of each server` };
    }
    if (servers.every(({ capacity }) => capacity === 0)) {
      const what = 'all servers are drained: new clients get none';
      yield { level: 'error', what, mend: '`careof undrain` on one of them' };
    }
  }
  for (const { address, suspected } of servers) {
    if (!suspected) continue;
    const name = formatAddress(address);
    const what = `the server ${name} does not answer: it gets no new clients, and is removed soon`;
    yield { level: 'warning', what, mend: `ping -6 ${name}; does careof run there?` };
  }
}

/** How this node finds out whether a server is there. */
const ASKED: Readonly<Record<NonNullable<ServerView['asking']>, string>> = {
  heartbeat: 'It is asked by heartbeats whether it is there.',
  echo: 'It is asked by echo requests whether it is there: its kernel answers, whatever becomes of its careof.',
};

/** What the checks of a failing server's program met with. */
const MET: Readonly<Record<CheckResult, string>> = {
  well: 'answers',
  refused: 'refuses connections',
  silent: 'does not answer',
  unreachable: 'cannot be reached',
  'wrong-answer': 'does not answer with a status of 200 to 399',
  'not-made': 'could not be asked from here',
};

function* checkProblems(
  { clock }: Daemon,
  { service, servers }: ServiceView,
  { port, path }: ServiceCheck,
): Generator<Problem> {
  const asked = `${path === undefined ? 'TCP' : 'HTTP'} port ${port}`;
  const failing = servers.filter(({ check }) => (check?.failures ?? 0) > 0);
  const all = failing.length === servers.length;
  for (const { address, check } of failing) {
    const { result, since, failures, left } = check!;
    const what = `${asked} of the server ${formatAddress(address)} ${MET[result]} for ${secondsSince(since, clock.now())} s (${failures} ${failures === 1 ? 'check' : 'checks'})`;
    const then = all
      ? 'as no other is well, it gets clients all the same'
      : left
        ? 'its clients have others, and it gets no new ones'
        : 'it gets no new clients';
    const name = formatAddress(service);
    const ask =
      path === undefined ? `nc -zv ${name} ${port}` : `curl -v 'http://[${name}]:${port}${path}'`;
    yield { level: all ? 'error' : 'warning', what: `${what}: ${then}`, mend: `${ask}, there` };
  }
  for (const { address, check } of servers) {
    if (check?.result !== 'not-made') continue;
    const what = `${asked} of the server ${formatAddress(address)} ${MET['not-made']}: its port or address is not free`;
    yield {
      level: 'warning',
      what,
      mend: '`careof status` again in some seconds; ss -tan shows who has ports from 61000 on',
    };
  }
}

/** What is to be looked at where no agent is found. */
const FOUND_BY: Readonly<Record<FindAgents, string>> = {
  anycast: 'do routes lead to an agent? `careof counters` there shows what was refused',
  multicast: 'is an agent on this link, and knows this server`s key? `careof counters` there',
  discovery: 'do routes lead to an agent, as for the service? `careof counters` there',
};

/** Whoever gives clients to this server is to know of it. */
function* joinProblems(
  daemon: Daemon,
  { service, drain, holds, agents }: ServiceView,
): Generator<Problem> {
  const { ledger, clock } = daemon;
  const now = clock.now();
  if (drain?.over === true || holds) return;
  if (agents?.found !== undefined && agents.known.length === 0) {
    const what = `no agent of ${formatAddress(service)} is found by ${agents.found}: this server gets no clients`;
    yield { level: 'error', what, mend: FOUND_BY[agents.found] };
  }
  for (const holder of holdersOf(daemon)) {
    const name = formatAddress(holder);
    const at = registeredAt(daemon, holder);
    const silence = ledger.silences.get(at);
    const trouble = ledger.registrations.get(pairKey(service, at))?.trouble;
    if (silence !== undefined && now - silence.since > SILENT_US) {
      const what = `${name}, which hands clients out, does not answer for ${secondsSince(silence.since, now)} s (${silence.count} updates)`;
      yield { level: 'error', what, mend: `ping -6 ${name}; does careof run there?` };
    } else if (trouble !== undefined && !trouble.text.startsWith('taken back')) {
      const what = `${name}, which hands clients out: ${trouble.text}, ${secondsSince(trouble.at, now)} s ago`;
      yield { level: 'error', what, mend: 'compare spi and key with those in the file there' };
    }
  }
}

/** Of the address itself, of a server, of a client. */
export function serviceSentences(daemon: Daemon, to: Address): string[] {
  const view = viewOf(daemon);
  if (view === undefined) return [];
  const { service, service4, address, servers, holds, clients, own } = view;
  const [name, shared] = [formatAddress(to), formatAddress(service)];
  if (to === service || to === service4) {
    return [
      `${name} is answered by several servers${own === undefined ? '' : `, of which this is one (itself ${formatAddress(address)})`}.`,
      ...(own === undefined
        ? []
        : [`${clientsText(own)} of it ${own === 1 ? 'is' : 'are'} served here.`]),
      ...(holds ? [holderSentence(view, daemon)] : []),
    ];
  }
  const { found, known = [] } = view.agents ?? {};
  if (found !== undefined && known.includes(to)) {
    return [`${name} is an agent of ${shared}, found by ${found}.`];
  }
  const server = servers.find((one) => one.address === to);
  if (server !== undefined) {
    const { sessions, capacity, suspected, check, asking } = server;
    const told = sessions === undefined ? '' : ` It says that it has ${sessions} itself.`;
    return [
      `${name} is a server of ${shared}: ${server.clients} of ${clientsText(clients)} here are its own.${told}`,
      ...(asking === undefined ? [] : [ASKED[asking]]),
      suspected
        ? 'It does not answer just now: new clients go to others, and it is removed soon.'
        : (check?.failures ?? 0) > 0
          ? `Its program ${MET[check!.result]}: new clients go to others, as long as there is one that is well.`
          : capacity === 0
            ? 'It is drained: new clients go to others.'
            : `New clients go to it too; what it can bear, beside the others, is ${capacity}.`,
    ];
  }
  const at = view.serverOf(to);
  if (at === undefined) return [];
  const asked = isIpv4(to) && service4 !== undefined ? formatAddress(service4) : shared;
  return at === address
    ? [`${name} is a client of ${asked} that is served here.`]
    : [`${name} is a client of ${asked}: its server is ${formatAddress(at)}.`];
}

function holderSentence({ servers, clients }: ServiceView, { host }: Daemon): string {
  const config = serviceConfigOf(host.config)!;
  if (config.nearest === true) {
    return 'Routes lead clients here; what belongs to another server is passed on to it.';
  }
  const open = servers.filter((one) => stateOf(one) === 'there').length;
  return `New clients get one of ${open} servers, chosen by ${config.policy}; ${clientsText(clients)} ${clients === 1 ? 'is' : 'are'} remembered.`;
}

const clientsText = (many: number): string => `${many} ${many === 1 ? 'client' : 'clients'}`;
