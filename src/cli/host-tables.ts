/** Tables of a daemon's answers. */
import type { Colors } from 'picocolors/types.d.ts';
import type { AgentRow } from '../daemon/agents.ts';
import type { BindingJson } from '../daemon/bindings.ts';
import type { FlowJson } from '../daemon/flows.ts';
import type { LinkJson } from '../daemon/links.ts';
import type { SharedJson } from '../daemon/shared.ts';
import { type Cell, type Column, table } from '../lab/report/table.ts';
import { grouped } from '../lab/report/units.ts';

const titled = (titles: readonly string[], right: readonly string[] = []): Column[] =>
  titles.map((title) => ({ title, ...(right.includes(title) && { align: 'right' as const }) }));

/** A table, or a sentence where it would be empty. */
function shown(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  none: string,
  paint: Colors,
): string[] {
  return rows.length === 0 ? [none] : table(columns, rows, paint.bold);
}

export function bindingLines(bindings: readonly BindingJson[], paint: Colors): string[] {
  const columns = titled(
    ['HOME ADDRESS', 'CARE-OF ADDRESS', 'HELD BY', 'SEQ', 'LEFT'],
    ['SEQ', 'LEFT'],
  );
  const rows = bindings.map(({ scope, home, careof, peer, sequence, remaining_s }) => [
    home,
    careof,
    scope === 'registration' ? peer! : scope === 'home' ? 'this home agent' : 'this node',
    sequence === undefined ? '-' : String(sequence),
    secondsText(remaining_s),
  ]);
  return shown(columns, rows, 'There are no bindings.', paint);
}

export function flowLines(flows: readonly FlowJson[], paint: Colors): string[] {
  const columns = titled(
    ['FROM', 'TO', 'PACKETS', 'OCTETS', 'BY', 'LEFT', 'WHAT IS DONE'],
    ['PACKETS', 'OCTETS', 'LEFT'],
  );
  const rows = flows.map(({ from, to, packets, octets, carried_by, remaining_s, actions, at }) => [
    from,
    to,
    grouped(packets),
    grouped(octets),
    carried_by,
    remaining_s === undefined ? '-' : secondsText(remaining_s),
    `${at === 'arriving' ? 'arriving: ' : ''}${actions.join(', then ')}`,
  ]);
  return shown(columns, rows, 'The forwarding table is empty: nothing special is done.', paint);
}

export function neighborLines(links: readonly LinkJson[], paint: Colors): string[] {
  const rows = links.map(({ link, interface: name, state, router, address, address_state }) => [
    name === link ? name : `${name} (${link})`,
    state === 'up' ? { text: 'up', style: paint.green } : { text: state, style: paint.red },
    router ?? '-',
    address === undefined
      ? '-'
      : `${address}${address_state === 'ready' ? '' : ` (${address_state})`}`,
  ]);
  const titles = ['INTERFACE', 'STATE', 'ROUTER', 'ADDRESS IN USE'];
  return shown(titled(titles), rows, 'This node has no interfaces.', paint);
}

export function agentLines(agents: readonly AgentRow[] | SharedJson, paint: Colors): string[] {
  if ('servers' in agents) return sharedLines(agents, paint);
  const rows = agents.map(({ agent, home, state, remaining_s }) => [
    agent,
    home,
    state === 'registered' ? { text: state, style: paint.green } : state,
    remaining_s === undefined ? '-' : secondsText(remaining_s),
  ]);
  const columns = titled(['HOME AGENT', 'HOME ADDRESS', 'STATE', 'LEFT'], ['LEFT']);
  return shown(columns, rows, 'This node knows no home agent.', paint);
}

/** What agents of one address know together, as one of them knows it. */
function sharedLines({ service, servers, clients }: SharedJson, paint: Colors): string[] {
  const rows = servers.map(({ spi, addresses, by }) => [spi, addresses.join(', ') || 'gone', by]);
  const head = `All agents of ${service} know ${clients} ${clients === 1 ? 'client' : 'clients'}, and these servers:`;
  const titles = titled(['SPI', 'ADDRESS', 'HAS JOINED']);
  return [head, '', ...shown(titles, rows, 'No server has joined.', paint)];
}

export function counterLines(counters: Readonly<Record<string, number>>, paint: Colors): string[] {
  const rows = Object.entries(counters).map(([name, count]) => [name, grouped(count)]);
  return shown(titled(['COUNTER', 'COUNT'], ['COUNT']), rows, 'Nothing was counted yet.', paint);
}

/** Such as `419s`, `1h 10min`, or `2d 3h`. */
export function secondsText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 600) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}min`;
  if (whole < 48 * 3600) {
    return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}min`;
  }
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}
