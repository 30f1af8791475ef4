/** Whether this host reaches IPv4 clients: the kernel's own routes lead to them, none of ours. */
import { readFileSync } from 'node:fs';

/** Flags of /proc/net/route: by a router; refused. */
const [GATEWAY, REJECT] = [0x2, 0x200];

/** Does a route lead beyond the links of this host? True where nothing is known. */
export function ipv4LeadsAway(): boolean {
  try {
    return leadsAway(readFileSync('/proc/net/route', 'utf8'));
  } catch {
    return true;
  }
}

/** @param table as /proc/net/route has it: one line of headings, one for each route. */
export function leadsAway(table: string): boolean {
  const [, ...lines] = table.split('\n');
  return lines.some((line) => {
    const [, destination, , flags, , , , mask] = line.split(/\s+/);
    if (flags === undefined) return false;
    const isDefault = /^0+$/.test(`${destination}${mask}`);
    const bits = Number.parseInt(flags, 16);
    return (bits & REJECT) === 0 && ((bits & GATEWAY) !== 0 || isDefault);
  });
}
