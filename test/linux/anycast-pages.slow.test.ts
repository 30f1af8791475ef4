/** The pages of an anycast service, followed to the letter: an agent, and a server with a client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { AnycastSite, SERVICE } from './anycast-site.ts';
import { type Block, follow, followPage, Shell } from './pages.ts';

const skip = obstacleToNamespaces() ?? false;
const KEYS = '/etc/careof';

test('the pages of an anycast service, followed to the letter', {
  skip,
  timeout: 400_000,
}, async () => {
  const site = new AnycastSite('pages');
  const shells: Shell[] = [];
  const ends: [Shell, Block][] = [];
  try {
    const at = async (host: string) => {
      const shell = new Shell(site.namespace(host));
      shells.push(shell);
      await shell.prepare();
      return shell;
    };
    const [agent, server] = await Promise.all([at('m'), at('s1')]);
    ends.push([agent, await followPage(agent, 'run-an-anycast-agent.md')]);
    const { text } = await agent.type(`tar c -C ${KEYS} . | base64 -w 0; echo`);
    await server.type(`mkdir ${KEYS}; echo ${text.trim()} | base64 -d | tar x -C ${KEYS}`);
    ends.push([server, await followPage(server, 'run-an-anycast-server.md')]);
    site.client('c', 0);
    await server.type(`socat TCP6-LISTEN:80,fork EXEC:'echo it is s1' > /dev/null &`);
    const said = site.inside('c', 'socat', '-u', `TCP6:[${SERVICE}]:80,retry=20`, 'STDOUT');
    assert.equal(said.trim(), 'it is s1');
    const known = await agent.type('careof why 2001:db8:f::100');
    assert.match(known.text, /is a client of 2001:db8:a::80: its server is 2001:db8:1::11\./);
    for (const [shell, end] of ends.reverse()) {
      await follow(shell, end, undefined);
      assert.equal((await shell.type('ip link show careof0')).code, 1);
    }
  } finally {
    for (const shell of shells) shell.close();
    site.remove();
  }
});
