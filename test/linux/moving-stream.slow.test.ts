/** A live stream of the kernel's TCP goes from server to server, a hundred times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { become, ContentSite, SERVICE } from './content-site.ts';
import { exited } from './home-and-away.ts';

const skip = obstacleToNamespaces() ?? false;
const MOVES = 100;
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

/** Hands the client on, and waits until the other server has it. */
async function move(site: ContentSite, client: string, from: string, to: string): Promise<void> {
  const before = await site.counter(to, 'service.client_moved');
  await site.ask(from, 'command', { command: { do: 'hand-over', client, to } });
  await become(`the client goes from ${from} to ${to}`, async () => {
    const moved = (await site.counter(to, 'service.client_moved')) > before;
    if (!moved) assert.equal(await site.counter(from, 'service.not_moved'), 0, from);
    return moved;
  });
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
    for (; count < MOVES && fetching.exitCode === null; count++) {
      await move(site, client, ways[count % 2]!, ways[(count + 1) % 2]!);
    }
    fetching.kill('SIGTERM');
    assert.equal(await exited(fetching), 0, lines.join('') + said.join(''));
    const result = JSON.parse(lines.join(''));
    assert.deepEqual([result.right, count], [true, MOVES]);
    assert.ok(result.received > RATE, `${result.received} octets`);
    console.log(`  the longest of ${MOVES} freezes: ${result.longest_silence_ms} ms`);
  } finally {
    site.remove();
  }
});
