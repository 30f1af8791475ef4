/** The key that a host's addresses are made of where its file names none: made once, and kept. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readKeyFile } from './host-file.ts';

/** The longest whose signature fits in a mobility option. */
const BITS = 2032;

/** Gives it in PEM. Throws with the reason where it cannot be read, or not be made. */
export function hostKey(path: string): Uint8Array {
  try {
    return readKeyFile(path, false);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: BITS });
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Half a key would be no key for ever: it gets its name when it is whole.
  const unfinished = `${path}.${process.pid}`;
  try {
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(unfinished, path);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw cause;
  }
  return new Uint8Array(Buffer.from(text));
}
