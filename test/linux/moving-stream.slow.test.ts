/** A live stream of the kernel's TCP goes from server to server, a hundred times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { become, ContentSite, SERVICE } from './content-site.ts';
import { exited } from './home-and-away.ts';

const skip = obstacleToNamespaces() ?? false;
const MOVES = 100;
/** Of so many moves that had to be asked for again the reason is not the machine. */
const MOST_STAYS = 5;
const PORT = 8080;
/** Octets a second. */
const RATE = 500_000;
/** More than it ever gets to: the client says when it is enough. */
const SIZE = 3600 * RATE;

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/resumable-stream/${name}.ts`, import.meta.url));
const program = (name: string, ...args: readonly (string | number)[]) => [
  ...[process.execPath, '--import', 'tsx', example(name)],
  ...args.map(String),
];

/**
 * Hands the client on, and waits until the other server has it. One that stays, as it does where a program
 * does not answer for a second, is handed on again. Gives how often it stayed.
 */
async function move(site: ContentSite, client: string, from: string, to: string): Promise<number> {
  const before = await site.counter(to, 'service.client_moved');
  const stayed = () => site.counter(from, 'service.not_moved');
  const stays = await stayed();
  const handOver = { do: 'hand-over', client, to };
  await site.ask(from, 'command', { command: handOver });
  let seen = stays;
  await become(`the client goes from ${from} to ${to}`, async () => {
    if ((await site.counter(to, 'service.client_moved')) > before) return true;
    const now = await stayed();
    if (now > seen) await site.ask(from, 'command', { command: handOver });
    seen = now;
    return false;
  });
  return seen - stays;
}

test(`a stream is moved ${MOVES} times between two servers`, {
  skip,
  timeout: 400_000,
}, async () => {
  const site = new ContentSite('moving', { servers: 2 });
  try {
    const client = site.client('c', 0);
    const said: string[] = [];
    for (const host of ['m', 's1', 's2', 'c']) site.up(host, said);
    const bound = async () => ((await site.ask('m', 'bindings')) as object[] | undefined)?.length;
    await become('both servers are registered', async () => (await bound()) === 2);
    for (const server of site.servers) {
      const lines: string[] = [];
      site.start(server, program('server', PORT, site.socket(server)), lines);
      await become(`the program of ${server} listens`, async () => lines.length > 0);
    }
    const lines: string[] = [];
    const fetching = site.start('c', program('client', SERVICE, PORT, 7, SIZE, RATE), lines);
    const server = await become('a server has the client', async () => {
      for (const one of site.servers) {
        const known = (await site.ask(one, 'sizes')) as { clients?: number } | undefined;
        if (known?.clients === 1) return one;
      }
      return undefined;
    });
    const ways = server === 's1' ? ['s1', 's2'] : ['s2', 's1'];
    let count = 0;
    let stays = 0;
    for (; count < MOVES && fetching.exitCode === null; count++) {
      stays += await move(site, client, ways[count % 2]!, ways[(count + 1) % 2]!);
    }
    fetching.kill('SIGTERM');
    assert.equal(await exited(fetching), 0, lines.join('') + said.join(''));
    const result = JSON.parse(lines.join(''));
    assert.deepEqual([result.right, count], [true, MOVES]);
    assert.ok(result.received > RATE, `${result.received} octets`);
    assert.ok(stays <= MOST_STAYS, `it stayed ${stays} times`);
    const freeze = `the longest of ${MOVES} freezes: ${result.longest_silence_ms} ms`;
    console.log(`  ${freeze}; it stayed ${stays} times`);
  } finally {
    site.remove();
  }
});
