/**
 * IPv4 of kernels' own sockets through tunnels of all kinds, on both data planes: a client that knows nothing of
 * careof, an agent, and a server that has the address on its anchor device.
 *
 *      client ---- agent ==== server
 *      198.51.100.7           192.0.2.80
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exited } from '../../../test/linux/home-and-away.ts';
import { obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import { cleanFolder, cleanKernel } from '../../daemon/clean.ts';
import { nodeCryptography } from '../../lab/crypto.ts';
import { createNode } from '../../roles/create.ts';
import { address } from '../../wire/address.ts';
import type { DataPlaneChoice } from '../node-options.ts';
import { bootTime } from '../sys/boot-clock.ts';
import { createNamespace, deleteNamespace, inNamespace } from '../sys/namespace.ts';
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
    this.ip('agent', 'addr', 'add', '203.0.113.1/24', 'dev', 'a1');
    this.ip('server', 'addr', 'add', '203.0.113.33/24', 'dev', 's0');
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

  /** What `careof doctor --clean` does when a node was killed. */
  clean(one: Name): void {
    const folder = join(this.folder, one);
    const done = inNamespace(this.name(one), () => [...cleanKernel(), ...cleanFolder(folder)]);
    const said = done.join(', ');
    assert.match(said, /[0-9]+ rules, routes and addresses, the device careof0/);
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
/** What is between agent and server; the MTU that a client sees. */
const TUNNELS = {
  ipv6: { agent: AGENT, server: SERVER, protocol: 4, mtu: 1460 },
  ipv4: { agent: address('203.0.113.1'), server: address('203.0.113.33'), protocol: 4, mtu: 1480 },
  udp: { agent: address('203.0.113.1'), server: address('203.0.113.33'), protocol: 17, mtu: 1472 },
} as const;
type Kind = keyof typeof TUNNELS;

/** The entries of one end: what it puts in, and what it takes out. */
function entriesOf(kind: Kind, here: 'agent' | 'server'): ForwardingEntry[] {
  const { protocol, ...ends } = TUNNELS[kind];
  const [src, dst] = here === 'agent' ? [ends.agent, ends.server] : [ends.server, ends.agent];
  const ports = { sport: 4191, dport: 4191 };
  const match = here === 'agent' ? { dst: { address: SERVICE } } : { src: { address: SERVICE } };
  const inner = here === 'agent' ? { innerSrc: SERVICE } : { innerDst: SERVICE };
  const outer = { src: { address: dst }, dst: { address: src }, protocol };
  return [
    entry('in', {
      at: 'leaving',
      match,
      do: [kind === 'udp' ? { push: kind, src, dst, ...ports } : { push: kind, src, dst }],
    }),
    entry('out', {
      at: 'arriving',
      match: { ...outer, ...inner, ...(kind === 'udp' && { dport: 4191 }) },
      do: [{ pop: kind }],
    }),
  ];
}

/** Everything that a client sends comes back. */
async function echoes(network: Network): Promise<void> {
  const echo = network.program('server', ECHO);
  try {
    await once(echo.stdout!, 'data');
    const client = network.program('client', CLIENT);
    const [said] = (await once(client.stdout!, 'data')) as [Buffer];
    assert.equal(said.toString().trim(), 'same');
  } finally {
    echo.kill();
    await exited(echo);
  }
}

/** A packet as long as the client's link takes is too long with a header more. */
const PING = `const { spawnSync } = require('node:child_process');
const words = ['-c1', '-W1', '-M', 'do', '-s', '1472', '192.0.2.80'];
console.log(spawnSync('ping', words, { encoding: 'utf8' }).stdout);
console.log(spawnSync('ip', ['route', 'get', '192.0.2.80'], { encoding: 'utf8' }).stdout);`;

/** The same as the client's kernel lets it be cut. */
const CUT = PING.replace("'do'", "'dont'");

async function said(network: Network, script: string): Promise<string> {
  const child = network.program('client', script);
  let text = '';
  child.stdout!.on('data', (data) => {
    text += data;
  });
  await once(child, 'close');
  return text;
}

for (const [dataPlane, obstacle] of [
  ['tun', obstacleToNamespaces()],
  ['ebpf', obstacleToKernelProgram()],
] as const) {
  for (const kind of Object.keys(TUNNELS) as Kind[]) {
    const limits = { skip: obstacle ?? false, timeout: 60_000 };
    test(`TCP over IPv4 through a tunnel, both ways: ${kind}, ${dataPlane}`, limits, async () => {
      const network = new Network(`cf-four-${dataPlane}`);
      try {
        const before = NODES.map((one) => network.traces(one));
        const agent = network.open('agent', dataPlane, entriesOf(kind, 'agent'));
        const server = network.open('server', dataPlane, entriesOf(kind, 'server'));
        const onAnchor = { link: 'careof0', address: SERVICE, prefixLength: 32 };
        server.address({ kind: 'address', action: 'add', ...onAnchor });
        server.settle();
        assert.match(network.ip('server', '-4', '-o', 'addr'), /careof0 +inet 192.0.2.80\/32/);
        await echoes(network);
        const beside = network.ip('agent', '-4', 'route', 'show', '192.0.2.80');
        assert.equal(beside, '', 'what made sockets look anew is gone again');
        for (const host of [agent, server]) {
          for (const id of ['in', 'out']) {
            const { octets } = host.use(id);
            assert.ok(octets > OCTETS, `${id}: ${octets} octets`);
          }
        }
        const { mtu } = TUNNELS[kind];
        assert.match(await said(network, PING), new RegExp(`mtu ${mtu}`));
        assert.match(await said(network, CUT), / 0% packet loss/, 'in parts');
        // Killed, and swept away by others; then ended in peace.
        server.close({ leave: true });
        network.hosts.delete('server');
        assert.match(network.traces('server'), /from 192.0.2.80 lookup 9901/);
        network.clean('server');
        agent.close({ leave: false });
        network.hosts.clear();
        const after = NODES.map((one) => network.traces(one));
        assert.deepEqual(after, before, 'all is as it was');
      } finally {
        network.close();
      }
    });
  }
}
