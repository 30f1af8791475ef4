/** `careof status` for people: what this node is, what is wrong, and what to do. */
import type { Colors } from 'picocolors/types.d.ts';
import type { HomeJson, StatusJson } from '../daemon/status.ts';
import { counted, grouped } from '../lab/report/units.ts';
import { neighborLines, secondsText } from './host-tables.ts';

export function statusLines(status: StatusJson, paint: Colors): string[] {
  const { node, roles, up_s, pid, data_plane, problems, homes = [], home_agent, ready } = status;
  const errors = problems.filter(({ level }) => level === 'error').length;
  const health = !ready
    ? paint.yellow('starting')
    : errors > 0
      ? paint.red(`${errors} ${errors === 1 ? 'thing does' : 'things do'} not work`)
      : paint.green('well');
  const role = roles.filter((one) => one !== 'correspondent-node' || roles.length === 1);
  return [
    `${paint.bold(node)}  ${role.join(', ')}: ${health}`,
    `  up ${secondsText(up_s)}, process ${pid}, ${status.file}`,
    ...(data_plane === undefined ? [] : [`  forwarding: ${data_plane.name} (${data_plane.why})`]),
    ...homes.map((home) => `  ${homeText(home)}`),
    ...(home_agent === undefined
      ? []
      : [
          `  home agent ${home_agent.address}: ${home_agent.away} of ${home_agent.mobile_nodes} mobile nodes are away`,
        ]),
    ...providerLines(status),
    ...serviceLines(status),
    ...tableLines(status),
    '',
    ...neighborLines(status.links, paint),
    ...(problems.length === 0 ? [] : ['', ...problemLines(status, paint)]),
  ];
}

function homeText({ home, at_home, agent, careof, link, remaining_s, peers }: HomeJson): string {
  const known = agent ?? 'a home agent that is not found yet';
  const others = peers.route_optimised + peers.tunnelled;
  const paths =
    others === 0 ? '' : `; ${peers.route_optimised} of ${others} peers on the direct path`;
  if (at_home) return `${home} is at home on ${link}, home agent ${known}`;
  if (careof === undefined) return `${home} is away and not registered, home agent ${known}`;
  const left = secondsText(remaining_s ?? 0);
  return `${home} is at ${careof} on ${link}; ${known} knows for ${left} more${paths}`;
}

function providerLines({ multihoming }: StatusJson): string[] {
  if (multihoming === undefined) return [];
  const { providers, preferred, sessions, elsewhere, first_end } = multihoming;
  const end = first_end === undefined ? '' : `; the first ends at ${first_end}`;
  return [
    ...providers.map(
      ({ link, address, router, carries }) =>
        `  ${link}: ${address} by ${router ?? 'no router'}${link === preferred ? ', preferred' : ''}; carries ${counted(carries, 'session')}`,
    ),
    `  ${counted(sessions, 'session')}, ${elsewhere} by another address than the own one${end}`,
  ];
}

function serviceLines({ service, roles }: StatusJson): string[] {
  if (service === undefined) return [];
  const { servers, clients, own_clients: own, hands_out, drain, ipv4_service: four } = service;
  const addresses = four === undefined ? service.service : `${service.service} and ${four}`;
  const kind = roles.some((role) => role.startsWith('anycast')) ? 'anycast' : 'shared';
  const serves = own === undefined ? '' : `, ${own} of them served here`;
  const holds = hands_out ? 'new clients get a server here; ' : '';
  return [
    `  ${kind} address ${addresses}: ${holds}${clientsText(clients)}${serves}`,
    ...servers.map(({ address, state, clients: given, sessions, capacity }) => {
      const says = sessions === undefined ? '' : `, says it has ${sessions}`;
      return `    server ${address} (${state}): ${clientsText(given)}${says}, capacity ${capacity}`;
    }),
    ...(drain === undefined ? [] : [`  drain: ${drain.state}, ${clientsText(drain.left)} left`]),
  ];
}

const clientsText = (many: number): string =>
  `${grouped(many)} ${many === 1 ? 'client' : 'clients'}`;

/** Tables with a bound that hold something. */
function tableLines({ tables }: StatusJson): string[] {
  const used = tables.filter(({ size, limit }) => size > 0 && limit !== undefined);
  if (used.length === 0) return [];
  const texts = used.map(
    ({ table, size, limit }) => `${table} ${grouped(size)} of ${grouped(limit!)}`,
  );
  return [`  tables: ${texts.join(', ')}`];
}

function problemLines({ problems }: StatusJson, paint: Colors): string[] {
  return problems.flatMap(({ level, what, mend }) => [
    level === 'error' ? `${paint.red('error')}: ${what}` : `${paint.yellow('warning')}: ${what}`,
    ...(mend === undefined ? [] : [`  -> ${mend}`]),
  ]);
}
