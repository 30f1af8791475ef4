/** Two agents of one machine share by a store; killed one by one, what `doctor --clean` takes away after each. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { AnycastSite } from './anycast-site.ts';
import { become } from './content-site.ts';
import { exited } from './home-and-away.ts';

const CAREOF = fileURLToPath(new URL('../../bin/careof.js', import.meta.url));

test('the store of killed agents goes with the last of them, but for its journal', {
  skip: obstacleToNamespaces() ?? false,
  timeout: 120_000,
}, async () => {
  const site = new AnycastSite('store', { agents: ['m', 's4'] });
  const clean = (host: string): string => {
    const folder = join(site.folder, host);
    return site.inside(host, process.execPath, CAREOF, 'doctor', '--clean', '--state', folder);
  };
  const agents = new Map<string, ChildProcess>();
  const killed = async (host: string) => {
    agents.get(host)!.kill('SIGKILL');
    await exited(agents.get(host)!);
  };
  try {
    for (const host of site.agents) {
      agents.set(host, site.up(host, site.said));
      await become(`${host} runs`, async () => {
        const status = (await site.ask(host, 'status')) as { ready?: boolean } | undefined;
        return status?.ready === true && existsSync(site.store);
      });
    }
    // The second one: the first keeps the store.
    await killed('s4');
    assert.doesNotMatch(clean('s4'), /store/);
    assert.ok(existsSync(site.store) && existsSync(`${site.store}.lock`));
    await killed('m');
    assert.match(clean('m'), /store.sock, of a store that nobody keeps/);
    const left = ['', '.lock', '.journal'].filter((end) => existsSync(site.store + end));
    assert.deepEqual(left, ['.journal']);
  } finally {
    site.remove();
  }
});
