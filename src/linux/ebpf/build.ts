/**
 * `npm run build:bpf`: prints `bpf/generated/layout.h` and compiles `bpf/careof.bpf.c` into
 * `dist/bpf/careof.o`. With `--optional` a machine without a compiler is told so, and that is all.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layoutHeader } from './layout.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SOURCE = join(ROOT, 'bpf/careof.bpf.c');
const HEADER = join(ROOT, 'bpf/generated/layout.h');
const OBJECT = join(ROOT, 'dist/bpf/careof.o');
/** What the object was made of: times of files say little of copies and of other checkouts. */
const MADE_OF = join(ROOT, 'dist/bpf/careof.sha256');

/** Headers that `SOURCE` takes in, so that one that changed builds anew. */
const PARTS = ['arriving', 'find', 'leaving', 'maps', 'notice', 'parse', 'passage', 'way'].map(
  (name) => join(ROOT, `bpf/${name}.h`),
);

/** Where Debian has <asm/types.h>, which the header for types asks for. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Compiles sources that are not those of the object file. Gives why it could not, and nothing where it could. */
export function buildKernelProgram(): string | undefined {
  if (!existsSync(SOURCE)) return `not there: ${SOURCE}`;
  const header = layoutHeader();
  const old = existsSync(HEADER) ? readFileSync(HEADER, 'utf8') : '';
  if (header !== old) writeFileSync(HEADER, header);
  const hash = createHash('sha256');
  for (const path of [SOURCE, HEADER, ...PARTS]) hash.update(readFileSync(path));
  const sources = hash.digest('hex');
  const madeOf = existsSync(MADE_OF) ? readFileSync(MADE_OF, 'utf8') : '';
  if (existsSync(OBJECT) && madeOf === sources) return undefined;
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
  if (status !== 0) return `clang failed: ${stderr}`;
  writeFileSync(MADE_OF, sources);
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const obstacle = buildKernelProgram();
  if (obstacle === undefined) console.log('dist/bpf/careof.o is built');
  else {
    console.error(`the kernel program is not built: ${obstacle}`);
    process.exitCode = process.argv.includes('--optional') ? 0 : 1;
  }
}
