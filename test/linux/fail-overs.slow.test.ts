/**
 * Three providers fail in a row on real hosts: curl's download from nginx, socat's echo and streams of
 * datagrams each millisecond go on, and ss(8) shows the connections as they were.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = existsSync(join(root, 'dist/bpf/careof.o'));
const SCENARIO = `title: Three providers fail in a row
links:
  a:    { prefix: 2001:db8:a::/64, delay: 5ms, bandwidth: 60Mbit/s }
  b:    { prefix: 2001:db8:b::/64, delay: 5ms, bandwidth: 60Mbit/s }
  c:    { prefix: 2001:db8:c::/64, delay: 5ms, bandwidth: 60Mbit/s }
  core: { prefix: 2001:db8:f::/64, delay: 10ms, bandwidth: 200Mbit/s }
nodes:
  ra: { role: access-router, on: [a, core], ingress-filter: [a] }
  rb: { role: access-router, on: [b, core], ingress-filter: [b] }
  rc: { role: access-router, on: [c, core], ingress-filter: [c] }
  mh: { role: multihomed-host, interfaces: { eth0: a, eth1: b, eth2: c } }
  cn: { role: correspondent-node, on: [core] }
traffic:
  file: { protocol: tcp, from: cn, to: mh, size: 100MB, over: 17s, start: 3s, program: curl }
  down: { protocol: udp, from: cn, to: mh, rate: 1000/s, payload: 64B, start: 3s, stop: 24s }
  up:   { protocol: udp, from: mh, to: cn, rate: 1000/s, payload: 64B, start: 3s, stop: 24s }
events:
  - { at: 7s, link-down: mh.eth0 }
  - { at: 10s, link-up: mh.eth0 }
  - { at: 12s, link-down: mh.eth1 }
  - { at: 15s, link-up: mh.eth1 }
  - { at: 17s, link-down: mh.eth2 }
expect:
  file: { survives: true }
  down: { survives: true, lost: "< 1000", carried-by: [ { at: 6s, path: direct }, { at: 11s, path: route-optimised }, { at: 16s, path: route-optimised } ] }
  up:   { survives: true, lost: "< 1000", carried-by: [ { at: 6s, path: direct }, { at: 11s, path: route-optimised }, { at: 16s, path: route-optimised } ] }
  mh:   { counters: { multihome.moved: "> 2" } }
  packets:
    - { on: b, at: "9s..12s", to: mh, headers: [ipv6, routing-2, tcp] }
    - { on: c, at: "14s..17s", to: mh, headers: [ipv6, routing-2, tcp] }
    - { on: c, at: "..11s", to: mh, headers: [ipv6, routing-2, tcp], none: true }
`;
/** The first address of the host, and its peer's. */
const [OWN, PEER, ECHO_PORT] = ['2001:db8:a::200', '2001:db8:f::4', 7777];

const inside = (namespace: string, ...command: string[]) =>
  spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['pipe', 'pipe', 'inherit'] });

/** Connections of the host from its first address, as ss(8) has them: local end, then the other. */
function connections(namespace: string): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'exec', namespace, 'ss', '-Htn'], {
    encoding: 'utf8',
  });
  return (stdout ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([state]) => state === 'ESTAB')
    .map(([, , , local, peer]) => `${local} ${peer}`)
    .sort();
}

/** Writes to an echo every few milliseconds for so long, and gives digests of what went and what came. */
async function echo(client: ChildProcess, milliseconds: number): Promise<[string, string]> {
  const [sent, came] = [createHash('sha256'), createHash('sha256')];
  client.stdout!.on('data', (octets) => came.update(octets));
  const closed = new Promise((resolve) => client.once('close', resolve));
  const end = Date.now() + milliseconds;
  for (let number = 0; Date.now() < end; number++) {
    const line = `${number} ${'careof '.repeat(20)}\n`;
    sent.update(line);
    client.stdin!.write(line);
    await wait(10);
  }
  client.stdin!.end();
  await closed;
  return [sent.digest('hex'), came.digest('hex')];
}

/** The kernel's program where it is built; both of them where CAREOF_LONG=1 gives the time. */
const planes = process.env.CAREOF_LONG === '1' ? ['ebpf', 'tun'] : [built ? 'ebpf' : 'tun'];
for (const plane of planes) {
  const obstacle = obstacleToNamespaces() ?? (plane === 'ebpf' && !built && 'npm run build:bpf');
  test(`three fail-overs, and every connection is as it was (${plane})`, {
    skip: obstacle || false,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cf-fail-overs-'));
    const file = join(folder, 'three-fail-overs.yaml');
    writeFileSync(file, SCENARIO);
    const args = ['bin/careof.js', 'lab', 'run', file, '--backend', 'linux', '--json'];
    const run = spawn(process.execPath, [...args, '--data-plane', plane], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let report = '';
    run.stdout.on('data', (text) => {
      report += text;
    });
    try {
      const ended = new Promise<number | null>((resolve) => run.once('exit', resolve));
      const isOver = () => run.exitCode !== null || run.signalCode !== null;
      const [mh, cn] = ['mh', 'cn'].map((node) => `careof-${run.pid}-${node}`) as [string, string];
      while (!isOver() && connections(mh).length === 0) await wait(100);
      const server = inside(cn, 'socat', `TCP6-LISTEN:${ECHO_PORT},reuseaddr`, 'EXEC:cat');
      await wait(300);
      const client = inside(mh, 'socat', '-t', '10', '-', `TCP6:[${PEER}]:${ECHO_PORT}`);
      const echoed = echo(client, 15_000);
      while (!isOver() && connections(mh).length < 2) await wait(100);
      const first = connections(mh);
      let last = first;
      while (!isOver()) {
        const seen = connections(mh);
        if (seen.length > 0) last = seen;
        for (const one of seen) assert.ok(first.includes(one), `${one} is another connection`);
        await wait(300);
      }
      t.diagnostic(`${plane}: first ${first.join(', ')}; last ${last.join(', ')}`);
      assert.equal(first.length, 2, 'the download and the echo');
      for (const one of first) assert.ok(one.startsWith(`[${OWN}]:`), one);
      assert.equal(await ended, 0, report);
      const [sent, came] = await echoed;
      assert.equal(came, sent, 'what was echoed');
      server.kill();
    } finally {
      run.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
