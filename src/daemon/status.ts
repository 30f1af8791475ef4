/** What `careof status` says: who this node is, how it is, and what is wrong with it. */
import type { NodeConfig } from '../core/config.ts';
import { MAX_MEMBERS } from '../core/service/members.ts';
import type { Table } from '../core/tables.ts';
import { formatAddress } from '../wire/address.ts';
import { secondsSince, secondsTo } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { pairKey } from './ledger.ts';
import { type LinkJson, linksOf } from './links.ts';
import { type Problem, problemsOf } from './problems.ts';
import { type ProvidersJson, providersOf } from './providers.ts';
import { type ServiceJson, serviceConfigOf, serviceOf } from './services.ts';

export interface StatusJson {
  readonly careof: string;
  readonly node: string;
  readonly roles: readonly string[];
  /** Has it been told of the host, and begun? */
  readonly ready: boolean;
  readonly pid: number;
  readonly up_s: number;
  readonly file: string;
  readonly data_plane?: { readonly kind: string; readonly name: string; readonly why: string };
  readonly links: readonly LinkJson[];
  readonly homes?: readonly HomeJson[];
  readonly home_agent?: AgentJson;
  readonly multihoming?: ProvidersJson;
  readonly service?: ServiceJson;
  readonly tables: readonly TableJson[];
  readonly problems: readonly Problem[];
}

/** A home address of this node. */
export interface HomeJson {
  readonly home: string;
  readonly at_home: boolean;
  readonly agent?: string;
  readonly careof?: string;
  readonly link?: string;
  /** The home agent knows where we are. */
  readonly registered: boolean;
  readonly remaining_s?: number;
  readonly peers: { readonly route_optimised: number; readonly tunnelled: number };
}

export interface AgentJson {
  readonly address: string;
  readonly mobile_nodes: number;
  readonly away: number;
}

export interface TableJson {
  readonly table: Table;
  readonly size: number;
  readonly limit?: number;
}

export function statusOf(daemon: Daemon): StatusJson {
  const { node, host, ready, clock } = daemon;
  const { version } = daemon.options;
  const status = node.status();
  const links = linksOf(daemon);
  const tables = tablesOf(daemon);
  const { mobileNode, homeAgent } = host.config;
  const multihoming = providersOf(daemon);
  const service = serviceOf(daemon);
  const away = tables.find(({ table }) => table === 'bindings')?.size ?? 0;
  return {
    careof: version,
    node: node.name,
    roles: rolesOf(host.config),
    ready,
    pid: process.pid,
    up_s: secondsSince(daemon.startedAt, clock.now()),
    file: host.scenario.file,
    ...(status !== undefined && { data_plane: { ...status.dataPlane } }),
    links,
    ...(mobileNode !== undefined && { homes: homesOf(daemon) }),
    ...(homeAgent !== undefined && {
      home_agent: {
        address: formatAddress(homeAgent.address),
        mobile_nodes: homeAgent.mobileNodes.length,
        away,
      },
    }),
    ...(multihoming !== undefined && { multihoming }),
    ...(service !== undefined && { service }),
    tables,
    problems: problemsOf(daemon, links, tables),
  };
}

export function rolesOf(config: NodeConfig): string[] {
  return [
    ...(config.homeAgent === undefined ? [] : ['home-agent']),
    ...(config.mobileNode === undefined ? [] : ['mobile-node']),
    ...(config.multihomedHost === undefined ? [] : ['multihomed-host']),
    ...(config.accessRouter === undefined ? [] : ['access-router']),
    ...(config.contentMaster === undefined ? [] : ['content-master']),
    ...(config.contentSlave === undefined ? [] : ['content-slave']),
    ...(config.anycastAgent === undefined ? [] : ['anycast-agent']),
    ...(config.anycastServer === undefined ? [] : ['anycast-server']),
    ...(config.correspondentNode === undefined ? [] : ['correspondent-node']),
  ];
}

function homesOf({ ledger, clock, host }: Daemon): HomeJson[] {
  const now = clock.now();
  const { mobileNode } = host.config;
  const place = ledger.handover;
  return [...ledger.homes].map((home) => {
    const atHome = ledger.atHome.has(home);
    const own = [...ledger.registrations.values()].filter((one) => one.home === home);
    const known = mobileNode?.homeAgent;
    const registration =
      known === undefined ? own[0] : ledger.registrations.get(pairKey(home, known));
    const agent = known ?? registration?.peer;
    const holds = registration?.until !== undefined && registration.until > now;
    const paths = [...ledger.paths.values()].filter((one) => one.home === home);
    const count = (kind: string) => paths.filter(({ path }) => path === kind).length;
    const link = atHome ? ledger.atHome.get(home) : place?.link;
    return {
      home: formatAddress(home),
      at_home: atHome,
      ...(agent !== undefined && { agent: formatAddress(agent) }),
      ...(holds && { careof: formatAddress(registration.careof) }),
      ...(link !== undefined && { link }),
      registered: holds,
      ...(holds && { remaining_s: secondsTo(registration.until!, now) }),
      peers: { route_optimised: count('route-optimised'), tunnelled: count('tunnelled') },
    };
  });
}

/** Bounds of tables that have one by the configuration. */
function tablesOf({ node, host }: Daemon): TableJson[] {
  const { homeAgent, correspondentNode, mobileNode, multihomedHost } = host.config;
  const bindings = (homeAgent?.maxBindings ?? 0) + (correspondentNode?.maxBindings ?? 0);
  const service = serviceConfigOf(host.config);
  const server = host.config.anycastServer ?? host.config.contentSlave;
  const limits: Partial<Record<Table, number>> = {
    ...(bindings > 0 && { bindings }),
    ...(mobileNode !== undefined && { peers: mobileNode.maxPeers }),
    ...(multihomedHost !== undefined && { sessions: multihomedHost.maxSessions }),
    ...(service !== undefined && { clients: service.maxClients, bindings: MAX_MEMBERS }),
    ...(server !== undefined && { peers: server.maxPeers }),
    forwarding: MOST_ENTRIES,
  };
  return Object.entries(node.sizes()).map(([table, size]) => {
    const limit = limits[table as Table];
    return { table: table as Table, size, ...(limit !== undefined && { limit }) };
  });
}

/** Of the forwarding table (docs/limits.md). */
const MOST_ENTRIES = 2 ** 20;
