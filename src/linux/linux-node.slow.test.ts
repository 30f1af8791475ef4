import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { FourHosts, type FourHostsOptions, type HostName } from '../../test/linux/four-hosts.ts';
import { nodeCryptography } from '../lab/crypto.ts';
import { createNode } from '../roles/create.ts';
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

/** Sends octets that are known, at a steady pace, to whoever connects. */
const SERVER = `
const { createServer } = require('node:net');
const part = Buffer.alloc(16384, 'careof');
createServer((socket) => {
  let left = 200;
  const timer = setInterval(() => {
    if (left-- > 0) return socket.write(part);
    clearInterval(timer);
    socket.end();
  }, 10);
  socket.on('error', (error) => console.log(error.message));
}).listen(5001, '::');
`;
/** Takes them and says what came, and from which address it asked. */
const CLIENT = `
const { createHash } = require('node:crypto');
const { connect } = require('node:net');
const hash = createHash('sha256');
let octets = 0;
const socket = connect(5001, '2001:db8:f::2');
socket.on('connect', () => console.log('from ' + socket.localAddress));
socket.on('data', (part) => { octets += part.length; hash.update(part); });
socket.on('error', (error) => console.log(error.message));
socket.on('close', () => console.log(octets + ' ' + hash.digest('hex')));
`;
const WHOLE = (() => {
  const hash = createHash('sha256');
  for (let i = 0; i < 200; i++) hash.update(Buffer.alloc(16_384, 'careof'));
  return `${200 * 16_384} ${hash.digest('hex')}`;
})();

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Layers of all packets of a capture, as tshark names them, that a filter shows. */
async function shown(hosts: FourHosts, file: string, filter: string): Promise<number> {
  const said = await hosts.run('hub', 'tshark', '-r', file, '-Y', filter);
  return said.split('\n').filter((line) => /^ *[0-9]+ /.test(line)).length;
}

test(
  'a download of the kernel goes on over moves, by tunnel and then directly',
  {
    ...skip,
    timeout: 90_000,
  },
  () =>
    withHosts('tcp', async (hosts) => {
      for (const host of ['ha', 'ar', 'cn', 'mn'] as const) hosts.start(host);
      await hosts.until('home', () => hosts.has('mn', 'home.returned'));
      const capture = join(hosts.folder, 'one.pcap');
      const dump = hosts.spawn('hub', 'tcpdump', '-i', 'one', '-w', capture, '-U', 'ip6');
      hosts.move('one');
      await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
      const server = hosts.spawn('cn', process.execPath, '-e', SERVER);
      await pause(500);
      const download = hosts.end(hosts.spawn('mn', process.execPath, '-e', CLIENT));
      await pause(1500);
      hosts.move('two');
      await pause(1500);
      const { said } = await download;
      server.kill();
      dump.kill();
      assert.deepEqual(said.trim().split('\n'), ['from 2001:db8:1::100', WHOLE], hosts.log());
      await pause(200);
      assert.ok((await shown(hosts, capture, 'ipv6.nxt == 41 and tcp')) > 0, 'tunnelled');
      assert.ok(
        (await shown(hosts, capture, 'ipv6.opt.mipv6.home_address and tcp')) > 0,
        'Home Address',
      );
      assert.ok(
        (await shown(hosts, capture, 'ipv6.routing.mipv6.home_address and tcp')) > 0,
        'Type 2',
      );
    }),
);

/** What careof could leave behind in a host. */
async function traces(hosts: FourHosts, host: HostName): Promise<string> {
  const asked = [
    ['ip', '-6', 'rule'],
    ['ip', '-6', 'route', 'show', 'table', 'all'],
    ['ip', '-o', 'link'],
    ['ip', '-6', '-o', 'addr'],
    ['nft', 'list', 'ruleset'],
    ['sysctl', '-a', '-r', 'net.ipv6.conf.[a-z]*[0-9].'],
  ] as const;
  const said: string[] = [];
  for (const command of asked) said.push(await hosts.run(host, ...command));
  // Of routes and links some numbers only say how they are used.
  return said.join('\n').replaceAll(/ (qlen \d+|expires \d+sec|state [A-Z]+|valid_lft .*)/g, '');
}

test('what a node has set is gone when it is closed', { ...skip, timeout: 60_000 }, () =>
  withHosts('gone', async (hosts) => {
    const all = ['ha', 'ar', 'cn', 'mn'] as const;
    hosts.move('one');
    await pause(500);
    const before = new Map<HostName, string>();
    for (const host of all) before.set(host, await traces(hosts, host));
    for (const host of all) hosts.start(host);
    await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
    const during = await traces(hosts, 'mn');
    assert.match(during, /careof0/);
    assert.match(during, /from 2001:db8:1::100 lookup 9901/);
    assert.match(during, /set to_routing/);
    for (const host of all) hosts.node(host).close({ leave: false });
    for (const host of all) {
      const after = (await traces(hosts, host)).split('\n');
      const expected = before.get(host)!.split('\n');
      assert.deepEqual(
        after.filter((line) => !expected.includes(line)),
        [],
        `${host} has more`,
      );
      assert.deepEqual(
        expected.filter((line) => !after.includes(line)),
        [],
        `${host} has less`,
      );
    }
  }),
);

test(
  'a node takes up what an earlier life has left, and goes on',
  { ...skip, timeout: 60_000 },
  () =>
    withHosts('crash', async (hosts) => {
      for (const host of ['ha', 'ar', 'cn', 'mn'] as const) hosts.start(host);
      hosts.move('one');
      await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
      const server = hosts.spawn('cn', process.execPath, '-e', SERVER);
      await pause(500);
      const download = hosts.end(hosts.spawn('mn', process.execPath, '-e', CLIENT));
      await hosts.until('the direct way', () => hosts.has('mn', 'path.changed'));
      for (const host of ['mn', 'ha', 'cn'] as const) {
        // The process is gone and leaves everything as it was at that moment.
        hosts.node(host).close({ leave: true });
        await pause(300);
        const since = hosts.now();
        hosts.start(host);
        if (host === 'mn') {
          await hosts.until('registered again', () =>
            hosts.has('mn', 'registration.accepted', since),
          );
        }
        await pause(300);
      }
      const { said } = await download;
      server.kill();
      assert.deepEqual(said.trim().split('\n'), ['from 2001:db8:1::100', WHOLE], hosts.log());
    }),
);

test(
  'nothing is lost over links of 1280 octets, by tunnel nor directly',
  {
    ...skip,
    timeout: 60_000,
  },
  () =>
    withHosts(
      'mtu',
      async (hosts) => {
        for (const host of ['ha', 'ar', 'cn', 'mn'] as const) hosts.start(host);
        hosts.move('one');
        await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
        const server = hosts.spawn('cn', process.execPath, '-e', SERVER);
        await pause(500);
        const { said } = await hosts.end(hosts.spawn('mn', process.execPath, '-e', CLIENT));
        server.kill();
        assert.deepEqual(said.trim().split('\n'), ['from 2001:db8:1::100', WHOLE], hosts.log());
        const { counters } = { counters: hosts.node('cn').counters() };
        assert.ok(
          (counters['plane.fragmented'] ?? 0) > 0,
          'the peer fragments what it sends directly',
        );
        const [ping, large] = ['1232', '1400'];
        for (const size of [ping, large]) {
          await hosts.run('mn', 'ping', '-6', '-c', '3', '-i', '0.2', '-s', size, '2001:db8:f::2');
        }
      },
      { mtu: { one: 1280 } },
    ),
);
