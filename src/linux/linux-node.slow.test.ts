import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCryptography } from '../lab/crypto.ts';
import { createNode } from '../roles/create.ts';
import { FourHosts, type FourHostsOptions } from './four-hosts.ts';
import { obstacleToNamespaces } from './sys/privileges.ts';

const obstacle = obstacleToNamespaces();
const skip = obstacle === undefined ? {} : { skip: obstacle };

async function withHosts(
  name: string,
  run: (hosts: FourHosts) => Promise<void>,
  more: Partial<FourHostsOptions> = {},
): Promise<void> {
  const prefix = `cf-node-${name}`;
  const hosts = new FourHosts({ prefix, createNode, crypto: nodeCryptography, ...more });
  try {
    await run(hosts);
  } finally {
    hosts.close();
  }
}

test('a mobile node registers from a visited link', { ...skip, timeout: 60_000 }, () =>
  withHosts('reg', async (hosts) => {
    for (const host of ['ha', 'ar', 'cn', 'mn'] as const) hosts.start(host);
    await hosts.until('home', () => hosts.has('mn', 'home.returned'));
    hosts.move('one');
    await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
    assert.ok(hosts.has('ha', 'binding.accepted'));
    await hosts.run('mn', 'ping', '-6', '-c', '3', '-i', '0.2', '-W', '2', '2001:db8:f::2');
  }),
);
