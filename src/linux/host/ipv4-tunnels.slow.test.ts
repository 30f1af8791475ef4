/**
 * IPv4 of kernels' own sockets through tunnels of IPv6, on both data planes: a client that knows nothing of
 * careof, an agent, and a server that has the address on its anchor device.
 *
 *      client ---- agent ==== IPv6 only ==== server
 *      198.51.100.7                          192.0.2.80
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import { nodeCryptography } from '../../lab/crypto.ts';
import { createNode } from '../../roles/create.ts';
import { address } from '../../wire/address.ts';
import type { DataPlaneChoice } from '../node-options.ts';
import { bootTime } from '../sys/boot-clock.ts';
import { createNamespace, deleteNamespace } from '../sys/namespace.ts';
import { obstacleToNamespaces } from '../sys/privileges.ts';
import type { Host } from './host.ts';
import { openHost } from './linux-host.ts';

const SERVICE = address('192.0.2.80');
const AGENT = address('fd00:1::1');
const SERVER = address('fd00:1::2');
const NODES = ['client', 'agent', 'server'] as const;
type Name = (typeof NODES)[number];
const LAST: Readonly<Record<Name, string>> = { client: 'c', agent: 'a', server: '5' };

/** What a program sends and gets back: long enough for many segments both ways. */
const OCTETS = 3_000_000;
const ECHO = `require('node:net').createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  .listen(7001, '0.0.0.0', () => console.log('ready'));`;
const CLIENT = `
const { createHash, randomBytes } = require('node:crypto');
const data = randomBytes(${OCTETS});
const digest = (one) => createHash('sha256').update(one).digest('hex');
const parts = [];
const socket = require('node:net').connect(7001, '192.0.2.80', () => socket.end(data));
socket.on('data', (part) => parts.push(part));
socket.on('error', (error) => console.log(error.message));
socket.on('close', () => console.log(digest(Buffer.concat(parts)) === digest(data) ? 'same' : 'other'));`;

class Network {
  readonly #prefix: string;
  readonly folder = mkdtempSync(join(tmpdir(), 'careof-ipv4-'));
  readonly hosts = new Map<Name, Host>();

  constructor(prefix: string) {
    this.#prefix = prefix;
    for (const name of NODES) {
      deleteNamespace(this.name(name));
      createNamespace(this.name(name));
      this.ip(name, 'link', 'set', 'lo', 'up');
      this.sysctl(name, 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0');
    }
    this.#cable('client', 'c0', 'agent', 'a0');
    this.#cable('agent', 'a1', 'server', 's0');
    this.ip('client', 'addr', 'add', '198.51.100.7/32', 'dev', 'c0');
    this.ip('client', '-4', 'route', 'add', '0.0.0.0/0', 'via', 'inet6', 'fe80::a', 'dev', 'c0');
    this.ip('agent', 'route', 'add', '198.51.100.7/32', 'via', 'inet6', 'fe80::c', 'dev', 'a0');
    // Its errors have to come from somewhere (RFC 7600 section 4.8).
    this.ip('agent', 'addr', 'add', '192.0.0.8/32', 'dev', 'lo');
    this.ip('agent', 'addr', 'add', 'fd00:1::1/64', 'dev', 'a1', 'nodad');
    this.ip('server', 'addr', 'add', 'fd00:1::2/64', 'dev', 's0', 'nodad');
    this.sysctl('agent', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  }

  name = (one: Name) => `${this.#prefix}-${one}`;
  run = (one: Name, ...words: string[]): string =>
    execFileSync('ip', ['netns', 'exec', this.name(one), ...words], { encoding: 'utf8' });
  ip = (one: Name, ...words: string[]) => this.run(one, 'ip', ...words);
  sysctl = (one: Name, ...settings: string[]) => this.run(one, 'sysctl', '-qw', ...settings);

  program(one: Name, script: string) {
    const words = ['netns', 'exec', this.name(one), process.execPath, '-e', script];
    return spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  open(name: Name, dataPlane: DataPlaneChoice, entries: readonly ForwardingEntry[]): Host {
    const start = bootTime();
    const host = openHost(
      {
        config: { name, correspondentNode: { maxBindings: 10 } },
        createNode,
        crypto: nodeCryptography,
        clock: {
          now: () => Number((bootTime() - start) / 1000n) as Instant,
          epoch: 0,
          bootTimeOfStart: start,
        },
        journal: { entries: () => [], store: () => {} },
        dataPlane,
        links: [],
        namespace: this.name(name),
        stateFolder: join(this.folder, name),
        onEvent: () => {},
      },
      { control: () => {}, catchUp: () => true, alarm: () => {} },
    );
    for (const entry of entries) host.forward(entry);
    host.settle();
    this.hosts.set(name, host);
    return host;
  }

  /** What a host of IPv4 could leave behind. */
  traces(one: Name): string {
    const said = [
      this.ip(one, '-4', 'rule'),
      this.ip(one, '-4', 'route', 'show', 'table', 'all'),
      this.ip(one, '-4', '-o', 'addr'),
      this.run(one, 'nft', 'list', 'ruleset'),
      this.run(one, 'sysctl', '-a', '-r', 'net.ipv4.conf.[a-z]*[0-9]*.(rp_filter|forwarding)'),
    ];
    return said.join('\n');
  }

  close(): void {
    for (const host of this.hosts.values()) host.close({ leave: false });
    for (const name of NODES) deleteNamespace(this.name(name));
    rmSync(this.folder, { recursive: true });
  }

  #cable(one: Name, end: string, other: Name, far: string): void {
    const peer = ['peer', 'name', far, 'netns', this.name(other)];
    this.ip(one, 'link', 'add', end, 'type', 'veth', ...peer);
    for (const [node, link] of [
      [one, end],
      [other, far],
    ] as const) {
      this.sysctl(node, `net.ipv4.conf.${link}.rp_filter=0`);
      this.ip(node, 'link', 'set', link, 'addrgenmode', 'none');
      this.ip(node, 'link', 'set', link, 'up');
      this.ip(node, 'addr', 'add', `fe80::${LAST[node]}/64`, 'dev', link, 'nodad');
    }
  }
}

const entry = (id: string, more: Omit<ForwardingEntry, 'id' | 'owner'>): ForwardingEntry => ({
  id,
  owner: 'test',
  ...more,
});
const FORTH: ForwardingEntry = entry('forth', {
  at: 'leaving',
  match: { dst: { address: SERVICE } },
  do: [{ push: 'ipv6', src: AGENT, dst: SERVER }],
});
const BACK: ForwardingEntry = entry('back', {
  at: 'leaving',
  match: { src: { address: SERVICE } },
  do: [{ push: 'ipv6', src: SERVER, dst: AGENT }],
});
const out = (from: typeof AGENT, to: typeof AGENT, inner: ForwardingEntry['match']) =>
  entry('out', {
    at: 'arriving',
    match: { src: { address: from }, dst: { address: to }, protocol: 4, ...inner },
    do: [{ pop: 'ipv6' }],
  });

for (const [dataPlane, obstacle] of [
  ['tun', obstacleToNamespaces()],
  ['ebpf', obstacleToKernelProgram()],
] as const) {
  const limits = { skip: obstacle ?? false, timeout: 60_000 };
  test(`TCP over IPv4 through a tunnel of IPv6, both ways: ${dataPlane}`, limits, async () => {
    const network = new Network(`cf-four-${dataPlane}`);
    let echo: ReturnType<Network['program']> | undefined;
    try {
      const before = NODES.map((one) => network.traces(one));
      const agent = network.open('agent', dataPlane, [
        FORTH,
        out(SERVER, AGENT, { innerSrc: SERVICE }),
      ]);
      const server = network.open('server', dataPlane, [
        BACK,
        out(AGENT, SERVER, { innerDst: SERVICE }),
      ]);
      const onAnchor = { link: 'careof0', address: SERVICE, prefixLength: 32 };
      server.address({ kind: 'address', action: 'add', ...onAnchor });
      server.settle();
      assert.match(network.ip('server', '-4', '-o', 'addr'), /careof0 +inet 192.0.2.80\/32/);
      echo = network.program('server', ECHO);
      await once(echo.stdout!, 'data');
      const client = network.program('client', CLIENT);
      const [said] = (await once(client.stdout!, 'data')) as [Buffer];
      assert.equal(said.toString().trim(), 'same');
      for (const host of [agent, server]) {
        for (const id of ['out', host === agent ? 'forth' : 'back']) {
          const { octets } = host.use(id);
          assert.ok(octets > OCTETS / 100, `${id}: ${octets} octets`);
        }
      }
      // A packet as long as the client's link takes is too long with a header more.
      const long = network.program(
        'client',
        `const { spawnSync } = require('node:child_process');
        const words = ['-c1', '-W1', '-M', 'do', '-s', '1472', '192.0.2.80'];
        console.log(spawnSync('ping', words, { encoding: 'utf8' }).stdout);`,
      );
      const [told] = (await once(long.stdout!, 'data')) as [Buffer];
      assert.match(told.toString(), /(mtu ?= ?1460|message too long)/i);
      for (const host of network.hosts.values()) host.close({ leave: false });
      network.hosts.clear();
      assert.deepEqual(
        NODES.map((one) => network.traces(one)),
        before,
        'all is as it was',
      );
    } finally {
      echo?.kill();
      network.close();
    }
  });
}
