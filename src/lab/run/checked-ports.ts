/** Ports at which agents ask whether the programs of servers answer: a program of the lab answers there. */
import type { Plan } from '../plan.ts';

/** What it says to who asks by HTTP, for want of an event that has it say something else. */
export const WELL = 200;

/** What a program says that answers with this status. Source: RFC 9112 section 4. */
export const checkAnswer = (status: number): string =>
  `HTTP/1.1 ${status} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

/** By node. */
export function checkedPorts({ nodes }: Plan): ReadonlyMap<string, ReadonlySet<number>> {
  const ports = new Map<string, Set<number>>();
  for (const { config, servedBy = [] } of nodes) {
    const port = config?.anycastAgent?.check?.port;
    if (port === undefined) continue;
    for (const name of servedBy) ports.set(name, (ports.get(name) ?? new Set()).add(port));
  }
  return ports;
}
