/** Long checks over many scenarios run on all processors, a share of the list on each. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Set in a process that does one share: its number and how many there are, such as `1/2`. */
const SHARE = 'CAREOF_SHARE';

/** What a share has counted, by name. */
export type Counts = Readonly<Record<string, number>>;

/**
 * Does the work in as many processes as there are processors, and gives what all have counted together;
 * undefined in a process that did one share itself, which then has nothing more to say.
 *
 * @param script the file that calls this; it is run again, with the same arguments, for each share.
 * @param work is given the items of the list that are its share.
 */
export async function inShares<T, C extends Counts>(
  script: string,
  list: readonly T[],
  work: (mine: readonly T[]) => C,
): Promise<C | undefined> {
  const share = process.env[SHARE]?.split('/').map(Number);
  if (share !== undefined) {
    const [number = 0, of = 1] = share;
    process.send?.(work(list.filter((_, index) => index % of === number)));
    return undefined;
  }
  const of = Math.min(availableParallelism(), Math.max(list.length, 1));
  if (of === 1) return work(list);
  const all = await Promise.all(
    Array.from({ length: of }, (_, number) => oneShare<C>(script, `${number}/${of}`)),
  );
  const sum: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum as C;
}

function oneShare<C extends Counts>(script: string, share: string): Promise<C> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, [SHARE]: share };
    const child = fork(script, process.argv.slice(2), { env });
    let counts: C | undefined;
    child.on('message', (said: C) => {
      counts = said;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (counts !== undefined) resolve(counts);
      else reject(new Error(`share ${share} ended with ${code} and counted nothing`));
    });
  });
}
