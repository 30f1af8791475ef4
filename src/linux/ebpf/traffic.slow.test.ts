/** Real traffic of kernel sockets through the kernel data plane, over three hosts. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exited, until } from '../../../test/linux/home-and-away.ts';
import { obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import {
  HOST,
  type HostName,
  routeOptimised,
  ThreeHosts,
  tunnelled,
} from '../../../test/linux/three-hosts.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { bootTime } from '../sys/boot-clock.ts';
import { inNamespace } from '../sys/namespace.ts';
import type { Way } from './attachment.ts';

const limits = { skip: obstacleToKernelProgram(), timeout: 120_000 };
const MODES = { tunnelled, routeOptimised } as const;
type Mode = keyof typeof MODES;

const OWN: Readonly<Record<HostName, readonly Address[]>> = {
  cn: [HOST.peer],
  ha: [HOST.agent],
  mn: [HOST.careOf, HOST.otherCareOf, HOST.home],
};

function started(prefix: string, way: Way = 'tcx'): ThreeHosts {
  const hosts = new ThreeHosts(prefix);
  hosts.plain();
  for (const host of ['cn', 'ha', 'mn'] as const) {
    hosts.accelerate(host, { way }).setOwn(new Set(OWN[host]));
  }
  return hosts;
}

/** Receives on a TCP port and a UDP port; says at the end of the stream what came. */
const RECEIVER = `
const { createHash } = require('node:crypto');
let datagrams = 0;
// All datagrams fit, if this process stands still meanwhile.
require('node:dgram').createSocket({ type: 'udp6', recvBufferSize: 1 << 20 }).on('message', () => { datagrams += 1; }).bind(7002, '::');
require('node:net').createServer((socket) => {
  const hash = createHash('sha256');
  socket.on('data', (data) => hash.update(data));
  socket.on('end', () => setTimeout(() => {
    console.log(JSON.stringify({ digest: hash.digest('hex'), datagrams }));
    process.exit();
  }, 50));
}).listen(7001, '::', () => console.log('ready'));
`;
/** Sends 100 datagrams, then octets by TCP from an address of its own, until its input ends too; says what they were. */
const SENDER = `
const { createHash, randomBytes } = require('node:crypto');
const [to, from, octets] = [process.argv[1], process.argv[2], Number(process.argv[3])];
const udp = require('node:dgram').createSocket('udp6');
udp.bind(0, from, async () => {
  for (let i = 0; i < 100; i++) {
    await new Promise((done) => udp.send(Buffer.alloc(1000, i), 7002, to, done));
    if (i % 10 === 9) await new Promise((done) => setTimeout(done, 1));
  }
  udp.close();
  const hash = createHash('sha256');
  const socket = require('node:net').connect({ host: to, port: 7001, localAddress: from });
  let left = octets;
  let goesOn = true;
  process.stdin.resume().on('end', () => { goesOn = false; });
  const more = () => {
    while (left > 0 || goesOn) {
      const data = randomBytes(left > 0 ? Math.min(left, 65536) : 65536);
      hash.update(data);
      left -= data.length;
      if (!socket.write(data)) return socket.once('drain', more);
    }
    socket.end();
  };
  socket.on('connect', more);
  socket.on('close', () => console.log(hash.digest('hex')));
});
`;

function inHost(hosts: ThreeHosts, host: HostName, script: string, ...words: string[]) {
  const command = [
    'netns',
    'exec',
    hosts.name(host),
    process.execPath,
    '-e',
    script,
    '--',
    ...words,
  ];
  return spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function line(child: ChildProcess): Promise<string> {
  const signal = AbortSignal.timeout(30_000);
  const [data] = (await once(child.stdout!, 'data', { signal })) as [Buffer];
  return data.toString().trim();
}

interface Transfer {
  readonly sent: string;
  readonly received: string;
  readonly datagrams: number;
}

/** @param meanwhile what is done in the middle of it: it does not end before. */
async function transfer(
  hosts: ThreeHosts,
  from: HostName,
  octets: number,
  meanwhile?: () => Promise<void>,
): Promise<Transfer> {
  const to = from === 'mn' ? 'cn' : 'mn';
  const ends = { mn: formatAddress(HOST.home), cn: formatAddress(HOST.peer), ha: '' };
  const receiver = inHost(hosts, to, RECEIVER);
  try {
    assert.equal(await line(receiver), 'ready');
    const sender = inHost(hosts, from, SENDER, ends[to], ends[from], `${octets}`);
    await meanwhile?.();
    sender.stdin.end();
    const [sent, told] = await Promise.all([line(sender), line(receiver)]);
    const { digest, datagrams } = JSON.parse(told) as { digest: string; datagrams: number };
    return { sent, received: digest, datagrams };
  } finally {
    receiver.kill();
    // Until then its ports are taken.
    await exited(receiver);
  }
}

/** Octets that have come to the mobile node by a link. */
function cameBy(hosts: ThreeHosts, link: 's0' | 's1'): number {
  const [, octets] = hosts.ip('mn', '-s', '-j', 'link', 'show', link).match(/"bytes":(\d+)/)!;
  return Number(octets);
}

const CHECKSUM_ERRORS = ['TcpInCsumErrors', 'Udp6InCsumErrors'];

/** What went the slow way, of all that the hosts carried. */
function slow(hosts: ThreeHosts): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const accelerator of hosts.accelerators.values()) {
    for (const [name, count] of accelerator.counters()) {
      const expected = /leaving|arriving|notices|slow_local/.test(name);
      if (count > 0 && !expected) counts[name] = (counts[name] ?? 0) + count;
    }
  }
  return counts;
}

for (const way of ['tcx', 'clsact'] as const) {
  test(`TCP and UDP, both ways, with and without offloads, on ${way}`, limits, async () => {
    const hosts = started(`cf-ebpf-${way}`, way);
    try {
      let old: string[] = [];
      for (const mode of Object.keys(MODES) as Mode[]) {
        const entries = MODES[mode](HOST.careOf);
        hosts.enter(entries, old);
        old = Object.values(entries).flatMap((list) => list.map(({ id }) => id));
        hosts.steer(mode);
        for (const offloads of way === 'tcx' ? [true, false] : [true]) {
          hosts.offloads(offloads);
          for (const from of ['cn', 'mn'] as const) {
            const what = `${mode}, offloads ${offloads ? 'on' : 'off'}, from ${from}`;
            const { sent, received, datagrams } = await transfer(hosts, from, 4_000_000);
            assert.equal(received, sent, what);
            assert.equal(datagrams, 100, what);
          }
        }
        for (const host of ['cn', 'ha', 'mn'] as const) {
          for (const name of CHECKSUM_ERRORS) assert.equal(hosts.counter(host, name), 0, name);
        }
      }
      for (const id of ['to-cn', 'from-cn']) {
        const { packets, octets } = hosts.accelerators.get('mn')!.use(id);
        assert.ok(packets > 100 && octets > 4_000_000, `${id} carried ${octets} octets`);
      }
      assert.deepEqual(slow(hosts), {}, 'nothing went the slow way');
    } finally {
      hosts.close();
    }
  });
}

test('a move in the middle of a transfer: one entry replaced at each end', limits, async () => {
  const hosts = started('cf-ebpf-move');
  try {
    hosts.enter(routeOptimised(HOST.careOf));
    hosts.steer('routeOptimised');
    hosts.ip('mn', '-6', 'rule', 'add', 'from', '2001:db8:3::2', 'lookup', '201');
    hosts.ip('mn', '-6', 'route', 'add', 'default', 'via', '2001:db8:3::1', 'table', '201');
    const use = () => hosts.accelerators.get('mn')!.use('from-cn').octets;
    const { sent, received } = await transfer(hosts, 'cn', 200_000_000, async () => {
      await until('the transfer is under way', () => use() > 10_000_000);
      hosts.enter(routeOptimised(HOST.otherCareOf));
      await until('the new link carries it', () => cameBy(hosts, 's1') > 1_000_000);
    });
    assert.equal(received, sent);
    assert.ok(use() > 200_000_000, `the entry counted on: ${use()}`);
  } finally {
    hosts.close();
  }
});

const PROCESS = fileURLToPath(
  new URL('../../../test/linux/accelerator-process.ts', import.meta.url),
);

/** The mobile node's accelerator in a process of its own, which can be killed. */
async function inOwnProcess(
  hosts: ThreeHosts,
  bootTimeOfStart: bigint,
  entries: readonly ForwardingEntry[],
): Promise<ChildProcess> {
  const { anchor, slow, folder } = hosts.surroundings('mn');
  const told = JSON.stringify({
    namespace: hosts.name('mn'),
    surroundings: { anchor, slow, folder, bootTimeOfStart: `${bootTimeOfStart}` },
    links: ['s0', 's1'].map((link) => hosts.ifindex('mn', link)),
    own: OWN.mn,
    entries,
  });
  const child = spawn(process.execPath, ['--import', 'tsx', PROCESS], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(told);
  assert.equal(await line(child), 'ready');
  return child;
}

test('SIGKILL: traffic goes on, expiry holds, the next process takes it up', limits, async () => {
  const hosts = new ThreeHosts('cf-ebpf-kill');
  try {
    hosts.plain();
    const start = bootTime();
    const after = (ms: number) => (Number(bootTime() - start) / 1000 + ms * 1000) as Instant;
    const lasting = (expiresAt: Instant) =>
      tunnelled(HOST.careOf).mn.map((one) => ({ ...one, expiresAt }));
    for (const host of ['cn', 'ha'] as const) {
      const one = hosts.accelerate(host);
      one.setOwn(new Set(OWN[host]));
      for (const entry of tunnelled(HOST.careOf)[host]) one.add(entry);
    }
    hosts.steer('tunnelled');
    const entries = lasting(Math.round(after(3_600_000)) as Instant);
    const child = await inOwnProcess(hosts, start, entries);
    const { sent, received } = await transfer(hosts, 'cn', 100_000_000, async () => {
      await until('the transfer is under way', () => cameBy(hosts, 's0') > 10_000_000);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const then = cameBy(hosts, 's0');
      await until('it goes on', () => cameBy(hosts, 's0') > then + 10_000_000);
    });
    assert.equal(received, sent, 'the transfer did not notice');

    const next = hosts.accelerate('mn', {}, start);
    const before = next.use('from-agent');
    assert.ok(before.octets > 100_000_000, `the counter went on: ${before.octets}`);
    for (const one of entries) next.add(one);
    next.settle();
    const again = await transfer(hosts, 'mn', 1_000_000);
    assert.equal(again.received, again.sent);
    assert.ok(next.use('from-agent').octets > before.octets);

    const over = after(5000);
    for (const one of lasting(Math.round(over) as Instant)) next.add(one);
    next.close({ leave: true });
    hosts.accelerators.delete('mn');
    assert.ok(pings(hosts), 'alive without anybody');
    await sleep((over - after(0)) / 1000 + 100);
    assert.ok(!pings(hosts), 'the lifetime is over, though nobody is there to say so');

    const last = hosts.accelerate('mn', {}, start);
    last.settle();
    assert.deepEqual(last.use('from-agent'), { packets: 0, octets: 0 }, 'it was not added again');
  } finally {
    hosts.close();
  }
});

function pings(hosts: ThreeHosts): boolean {
  const words = ['netns', 'exec', hosts.name('cn'), 'ping', '-6', '-c1', '-W1', '2001:db8:a::5'];
  try {
    execFileSync('ip', words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('close takes everything away', limits, () => {
  const hosts = started('cf-ebpf-close');
  try {
    const programs = () =>
      execFileSync('tc', ['-n', hosts.name('mn'), 'filter', 'show', 'dev', 's0', 'ingress'], {
        encoding: 'utf8',
      });
    const one = hosts.accelerators.get('mn')!;
    inNamespace(hosts.name('mn'), () => one.close({ leave: false }));
    hosts.accelerators.delete('mn');
    assert.equal(programs(), '');
    assert.ok(pings(hosts), 'the host is as it was');
  } finally {
    hosts.close();
  }
});
