/**
 * The kernel's table of IPv6 neighbours, which all namespaces share: what fills it at one host would take
 * the neighbours of all others, as it never does between machines. Runs that go on together share the room
 * too: the first notes in the lab's folder what was there, and who takes away the last run gives it back.
 *
 * Source: gc_thresh1 to gc_thresh3 of ip-sysctl.rst.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PLACE = '/proc/sys/net/ipv6/neigh/default/gc_thresh';
const NOTED = 'neighbors';
/** Entries that a host alone may have, times the hosts of a large network. */
const ROOM = [16_384, 32_768, 65_536];

/**
 * Makes room for the neighbours of many hosts.
 * @param folder of all runs, where `giveRoomBack` finds what was there before.
 */
export function makeRoomForNeighbors(folder: string, place = PLACE): void {
  try {
    const noted = join(folder, NOTED);
    const before = [1, 2, 3].map((threshold) =>
      readFileSync(`${place}${threshold}`, 'utf8').trim(),
    );
    if (!existsSync(noted)) writeFileSync(noted, before.join(' '), { flag: 'wx' });
    // The largest first, since none may be below the one before it.
    for (const threshold of [3, 2, 1]) {
      const room = ROOM[threshold - 1]!;
      if (Number(before[threshold - 1]) < room) writeFileSync(`${place}${threshold}`, `${room}`);
    }
  } catch {
    // Not ours to say, for an ordinary user: floods of neighbours are felt by all hosts.
  }
}

/** Gives back what `makeRoomForNeighbors` took, where it did. */
export function giveRoomBack(folder: string, place = PLACE): void {
  const noted = join(folder, NOTED);
  if (!existsSync(noted)) return;
  try {
    const before = readFileSync(noted, 'utf8').split(' ');
    for (const [index, value] of before.entries()) writeFileSync(`${place}${index + 1}`, value);
  } catch {
    // As above: who could not raise them cannot lower them either.
  }
  rmSync(noted, { force: true });
}
