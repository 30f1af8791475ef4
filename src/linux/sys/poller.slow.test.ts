import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BootTimer, bootTime, bootTimeMicroseconds } from './boot-clock.ts';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import { inNamespace } from './namespace.ts';
import { Poller } from './poller.ts';
import { obstacleToNamespaces } from './privileges.ts';
import { Tun } from './tun.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 20_000 };
const folder = fileURLToPath(new URL('.', import.meta.url));

/** Runs lines of TypeScript with these modules in a process of its own. */
function inProcess(script: string) {
  const imports = `
    import { BootTimer, bootTime } from '${folder}boot-clock.ts';
    import { Poller } from '${folder}poller.ts';
    const soon = () => bootTime() + 5_000_000n;`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', imports + script];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 10_000 });
}

test('the boot clock goes on as /proc/uptime does', limits, () => {
  const uptime = Number(execFileSync('cut', ['-d ', '-f1', '/proc/uptime'], { encoding: 'utf8' }));
  assert.ok(Math.abs(bootTimeMicroseconds() / 1e6 - uptime) < 1);
  const before = bootTime();
  const between = BigInt(bootTimeMicroseconds());
  assert.ok(before / 1000n <= between && between <= bootTime() / 1000n);
});

test('a timer rings at its instant, once, and not when it was cleared', limits, async () => {
  const poller = new Poller();
  const rings: bigint[] = [];
  const timer = new BootTimer(poller, () => rings.push(bootTime()));
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const rung = async (times: number) => {
    while (rings.length < times) await wait(1);
  };
  try {
    const at = bootTime() + 20_000_000n;
    timer.set(at);
    await rung(1);
    assert.ok(rings[0]! >= at, 'never too soon');
    timer.set(bootTime() + 20_000_000n);
    timer.clear();
    await wait(40);
    assert.equal(rings.length, 1);
    for (const [before, passed] of [1n, 0n, -5n].entries()) {
      timer.set(passed);
      await rung(before + 2);
    }
    await wait(20);
    assert.equal(rings.length, 4, 'an instant that has passed rings, and once');
  } finally {
    timer.close();
    poller.close();
  }
});

test('what is watched keeps the process alive until it is closed', limits, () => {
  const run = inProcess(`
    const poller = new Poller();
    const timer = new BootTimer(poller, () => { console.log('rang'); timer.close(); });
    timer.set(soon());`);
  assert.deepEqual([run.stdout, run.status], ['rang\n', 0], run.stderr);
});

test('process.exit ends a process that watches', limits, () => {
  const run = inProcess(`
    new BootTimer(new Poller(), () => {}).set(bootTime() + 1_000_000_000_000n);
    setTimeout(() => process.exit(3), 20);`);
  assert.equal(run.status, 3, run.stderr);
});

test('what a callback throws is an uncaught exception, and promises go on', limits, () => {
  const thrown = inProcess(`
    process.on('uncaughtException', ({ message }) => { console.log('caught', message); process.exit(0); });
    new BootTimer(new Poller(), () => { throw new Error('inside'); }).set(soon());`);
  assert.equal(thrown.stdout, 'caught inside\n', thrown.stderr);
  // The loop is idle when it rings, so that nothing else makes the promise go on.
  const promised = inProcess(`
    setTimeout(() => process.exit(1), 4000);
    new BootTimer(new Poller(), () => {
      Promise.resolve().then(() => { console.log('next'); process.exit(0); });
    }).set(bootTime() + 500_000_000n);`);
  assert.deepEqual([promised.stdout, promised.status], ['next\n', 0], promised.stderr);
});

test('an error on a descriptor is told, again and again while it lasts', limits, async () => {
  await inScratchNamespace('cf-sys-error', async (name) => {
    const tun = inNamespace(name, () => Tun.open({ name: 'tun0', mode: 'tun' }));
    const poller = new Poller();
    let errors = 0;
    const twice = new Promise<void>((resolve) => {
      poller.watch(tun.fd, ({ error }) => {
        if (error && ++errors === 2) resolve();
      });
    });
    execFileSync('ip', ['-n', name, 'link', 'del', 'tun0']);
    await twice;
    poller.close();
    tun.close();
  });
});

test('what cannot be polled is refused', limits, () => {
  const poller = new Poller();
  const file = openSync('/etc/passwd', 'r');
  const refused = (fd: number, code: string) =>
    assert.throws(() => poller.watch(fd, () => {}), { code });
  refused(file, 'EPERM');
  refused(0x7fffff, 'EBADF');
  closeSync(file);
  const timer = new BootTimer(poller, () => {});
  timer.close();
  poller.close();
});
