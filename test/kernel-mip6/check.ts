/**
 * `npm run check:kernel-mip6`: careof's data plane beside that of a kernel with Mobile IPv6's headers, in
 * an emulated machine, since few kernels that run have them. Needs the guest harness `linux-mip6` in the
 * folder CAREOF_PEERS, else `../shared/peers`, and qemu.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = process.env.CAREOF_PEERS ?? join(root, '../shared/peers');
const harness = join(peers, 'linux-mip6/run-vm.sh');
/** Emulation is 10 to 50 times slower than hardware. */
const TIME_OUT_S = 900;

const missing = [
  ...(existsSync(harness) ? [] : [`the guest harness ${harness}: set CAREOF_PEERS`]),
  ...(existsSync('/usr/bin/qemu-system-x86_64')
    ? []
    : ['qemu: apt-get install qemu-system-x86 busybox-static cpio kmod']),
];
if (missing.length > 0) {
  console.error(`cannot run without ${missing.join('; without ')}`);
  process.exitCode = 2;
} else {
  const built = spawnSync('npx', ['tsc', '-p', 'tsconfig.bench.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = built.status === 0 ? run(process.argv[2] ?? 'tun') : 1;
}

function run(plane: string): number {
  const out = mkdtempSync(join(tmpdir(), 'careof-kernel-mip6-'));
  const script = join(root, 'test/kernel-mip6/guest.sh');
  const flags = ['-t', String(TIME_OUT_S), '-o', out, '-x', `careof=${root}`];
  const { status } = spawnSync(harness, [...flags, script, plane], { stdio: 'inherit' });
  console.log(`captures and results are in ${out}`);
  return status ?? 1;
}
