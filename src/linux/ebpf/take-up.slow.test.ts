/** A newer program, or one of another layout, takes over from the one that is at work. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import { HOST, ThreeHosts, tunnelled } from '../../../test/linux/three-hosts.ts';
import type { Accelerator } from '../plane/accelerator.ts';
import { inNamespace } from '../sys/namespace.ts';
import type { ObjectFile } from './object-file.ts';
import { loadObjectFile } from './object-place.ts';

const limits = { skip: obstacleToKernelProgram(), timeout: 60_000 };

/** Entries at work on all hosts, and nobody at the mobile node any more. */
function leftAlone(prefix: string): ThreeHosts {
  const hosts = new ThreeHosts(prefix);
  hosts.plain();
  for (const host of ['cn', 'ha', 'mn'] as const) hosts.accelerate(host);
  hosts.enter(tunnelled(HOST.careOf));
  hosts.steer('tunnelled');
  assert.ok(pings(hosts));
  hosts.accelerators.get('mn')!.close({ leave: true });
  return hosts;
}

function pings(hosts: ThreeHosts): boolean {
  const words = ['netns', 'exec', hosts.name('cn'), 'ping', '-6', '-c1', '-W1', '2001:db8:a::5'];
  try {
    execFileSync('ip', words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const addAll = (to: Accelerator) => {
  for (const one of tunnelled(HOST.careOf).mn) to.add(one);
};
const settle = (hosts: ThreeHosts, one: Accelerator) =>
  inNamespace(hosts.name('mn'), () => one.settle());
const layouts = (hosts: ThreeHosts) =>
  readdirSync(hosts.folders.mn).filter((name) => name.startsWith('layout_'));

test('a newer program works with the maps that are there', limits, () => {
  const hosts = leftAlone('cf-ebpf-newer');
  try {
    const old = loadObjectFile();
    const [last] = old.programs.slice(-1);
    const changed = { ...last!, instructions: last!.instructions.with(0, 0xb7) };
    const newer: ObjectFile = { ...old, programs: [...old.programs.slice(0, -1), changed] };
    const [layout] = layouts(hosts);
    const programs = () =>
      readdirSync(`${hosts.folders.mn}/${layout}`).filter((name) => name.startsWith('program_'));
    const before = programs();
    const next = hosts.accelerate('mn', { object: newer });
    assert.ok(next.use('from-agent').packets >= 1, 'the counters are there');
    assert.ok(pings(hosts), 'before a single entry was added again');
    addAll(next);
    settle(hosts, next);
    assert.ok(pings(hosts));
    const after = programs();
    assert.equal(after.length, before.length);
    assert.ok(
      after.every((name) => !before.includes(name)),
      'the old ones are gone',
    );
  } finally {
    hosts.close();
  }
});

test('another layout: the old program goes on until the new one knows all entries', limits, () => {
  const hosts = leftAlone('cf-ebpf-layout');
  try {
    const old = loadObjectFile();
    const maps = old.maps.map((one) => (one.name === 'told' ? { ...one, maxEntries: 1000 } : one));
    const next = hosts.accelerate('mn', { object: { ...old, maps } });
    assert.equal(layouts(hosts).length, 2);
    assert.equal(next.use('from-agent').packets, 0);
    assert.ok(pings(hosts), 'by the old one');
    addAll(next);
    assert.equal(next.use('from-agent').packets, 0);
    settle(hosts, next);
    assert.ok(pings(hosts), 'by the new one');
    assert.ok(next.use('from-agent').packets >= 1);
    assert.equal(layouts(hosts).length, 1);
  } finally {
    hosts.close();
  }
});

test('an entry that nobody adds again is gone when all has settled', limits, () => {
  const hosts = leftAlone('cf-ebpf-gone');
  try {
    const next = hosts.accelerate('mn');
    assert.ok(pings(hosts));
    settle(hosts, next);
    assert.ok(!pings(hosts));
  } finally {
    hosts.close();
  }
});
