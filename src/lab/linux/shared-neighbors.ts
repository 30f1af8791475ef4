/**
 * The kernel's table of IPv6 neighbours, which all namespaces share: what fills it at one host would take
 * the neighbours of all others, as it never does between machines.
 *
 * Source: gc_thresh1 to gc_thresh3 of ip-sysctl.rst.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const place = (threshold: number) => `/proc/sys/net/ipv6/neigh/default/gc_thresh${threshold}`;
/** Entries that a host alone may have, times the hosts of a large network. */
const ROOM = [16_384, 32_768, 65_536];

/** Makes room for the neighbours of many hosts. Gives what takes that back. */
export function makeRoomForNeighbors(): () => void {
  const before = new Map<string, string>();
  // The largest first, since none may be below the one before it.
  for (const threshold of [3, 2, 1]) {
    const path = place(threshold);
    try {
      const now = readFileSync(path, 'utf8').trim();
      const room = ROOM[threshold - 1]!;
      if (Number(now) >= room) continue;
      writeFileSync(path, `${room}`);
      before.set(path, now);
    } catch {
      // Not ours to say, for an ordinary user: floods of neighbours are felt by all hosts.
    }
  }
  return () => {
    for (const [path, value] of [...before].reverse()) writeFileSync(path, value);
  };
}
