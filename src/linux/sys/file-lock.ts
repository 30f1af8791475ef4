/** A lock that one process at a time holds, and loses when it ends, however it ends: flock(2). */
import { closeSync, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import { flock } from './libc.ts';
import { check, lastError } from './sys-error.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

export class FileLock {
  readonly #path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Undefined: another one holds it. Makes the file where it is not there; throws where it cannot. */
  static take(path: string): FileLock | undefined {
    for (;;) {
      const fd = openSync(path, 'a', 0o600);
      const result = flock(fd, LOCK_EX | LOCK_NB);
      // Whoever held it last may have taken the file away: another one could hold what is there now.
      if (result === 0 && isStill(path, fd)) return new FileLock(path, fd);
      const isHeld = result !== 0 && lastError() === 'EAGAIN';
      closeSync(fd);
      if (isHeld) return undefined;
      check(result, `flock ${path}`);
    }
  }

  release(): void {
    closeSync(this.#fd);
  }

  /** Releases it, and takes its file away. */
  remove(): void {
    rmSync(this.#path, { force: true });
    this.release();
  }
}

/** Is the file that is open the one of that name? */
function isStill(path: string, fd: number): boolean {
  const open = fstatSync(fd);
  const named = statSync(path, { throwIfNoEntry: false });
  return named?.ino === open.ino && named.dev === open.dev;
}
