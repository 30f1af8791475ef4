/**
 * `npm run build:bpf`: prints `bpf/generated/layout.h` and compiles `bpf/careof.bpf.c` into
 * `dist/bpf/careof.o`. With `--optional` a machine without a compiler is told so, and that is all.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layoutHeader } from './layout.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SOURCE = join(ROOT, 'bpf/careof.bpf.c');
const HEADER = join(ROOT, 'bpf/generated/layout.h');
const OBJECT = join(ROOT, 'dist/bpf/careof.o');

/** Headers that `SOURCE` takes in, so that one that changed builds anew. */
const PARTS = ['arriving', 'find', 'leaving', 'maps', 'notice', 'parse', 'passage', 'way'].map(
  (name) => join(ROOT, `bpf/${name}.h`),
);

/** Where Debian has <asm/types.h>, which the header for types asks for. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Compiles what is newer than its object file. Gives why it could not, and nothing where it could. */
export function buildKernelProgram(): string | undefined {
  if (!existsSync(SOURCE)) return `not there: ${SOURCE}`;
  const header = layoutHeader();
  const old = existsSync(HEADER) ? readFileSync(HEADER, 'utf8') : '';
  if (header !== old) writeFileSync(HEADER, header);
  if (existsSync(OBJECT)) {
    const built = statSync(OBJECT).mtimeMs;
    if ([SOURCE, HEADER, ...PARTS].every((path) => statSync(path).mtimeMs <= built)) {
      return undefined;
    }
  }
  mkdirSync(dirname(OBJECT), { recursive: true });
  const machine = ARCHITECTURES[process.arch] ?? process.arch;
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-target', 'bpf', '-mcpu=v3'];
  const include = `-I/usr/include/${machine}-linux-gnu`;
  const { status, error, stderr } = spawnSync(
    'clang',
    [...flags, include, '-c', SOURCE, '-o', OBJECT],
    { encoding: 'utf8' },
  );
  if (error !== undefined) return 'clang is not installed: apt-get install clang libbpf-dev';
  return status === 0 ? undefined : `clang failed: ${stderr}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const obstacle = buildKernelProgram();
  if (obstacle === undefined) console.log('dist/bpf/careof.o is built');
  else {
    console.error(`the kernel program is not built: ${obstacle}`);
    process.exitCode = process.argv.includes('--optional') ? 0 : 1;
  }
}
