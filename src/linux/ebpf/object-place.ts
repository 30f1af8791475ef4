/** Where the compiled kernel program is: in the package, or where `npm run build:bpf` puts it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EbpfError } from './ebpf-error.ts';
import { type ObjectFile, readObjectFile } from './object-file.ts';

/** From `dist/linux/ebpf/`, from `src/linux/ebpf/`, and from the bench's own build. */
const PLACES = ['../../bpf', '../../../dist/bpf', '../../../../dist/bpf'].map((folder) =>
  fileURLToPath(new URL(`${folder}/careof.o`, import.meta.url)),
);

/** The path; undefined where it was never built. */
export const findObjectFile = (): string | undefined => PLACES.find((path) => existsSync(path));

/** Throws EbpfError where there is none, or where it is damaged. */
export function loadObjectFile(): ObjectFile {
  const path = findObjectFile();
  if (path === undefined) {
    throw new EbpfError(
      'the kernel program is not built',
      'npm run build:bpf (with clang, libbpf-dev and linux-libc-dev), or --data-plane tun',
    );
  }
  return readObjectFile(readFileSync(path));
}
