/**
 * Settings of the kernel that a node changes while it runs (sysctl), and puts back at its end.
 *
 * What they were stands in a file, so that it can be put back after the process was killed too: one
 * line for each, `path value`. What an earlier life of the node has noted there counts as what was.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/proc/sys';
/** The file in the node's state folder. */
export const SETTINGS_FILE = 'sysctl';

/** Runs a function in the network namespace that a node lives in. */
export type Inside = <T>(run: () => T) => T;

export class Settings {
  readonly #file: string;
  readonly #inside: Inside;
  /** Path below /proc/sys -> its value before. */
  readonly #before = new Map<string, string>();

  /** @param inside the settings of networks belong to a namespace. */
  constructor(stateFolder: string, inside: Inside) {
    mkdirSync(stateFolder, { recursive: true });
    this.#file = join(stateFolder, SETTINGS_FILE);
    this.#inside = inside;
    for (const [path, value] of readSettings(this.#file)) this.#before.set(path, value);
  }

  /** Changes one; false where the kernel does not have it, or does not take the value. */
  set(path: string, value: string): boolean {
    return this.#inside(() => {
      const before = read(path);
      if (before === undefined) return false;
      if (before === value) return true;
      if (!this.#before.has(path)) {
        this.#before.set(path, before);
        this.#save();
      }
      return write(path, value);
    });
  }

  /** Puts all back as it was. What is gone (with its interface) needs nothing. */
  restore(): void {
    this.#inside(() => {
      for (const [path, value] of [...this.#before].reverse()) write(path, value);
    });
    this.#before.clear();
    rmSync(this.#file, { force: true });
  }

  #save(): void {
    const lines = [...this.#before].map(([path, value]) => `${path} ${value}\n`);
    writeFileSync(`${this.#file}.new`, lines.join(''));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** What a node has noted in such a file. */
export function readSettings(file: string): [path: string, value: string][] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const at = line.indexOf(' ');
    const path = line.slice(0, at);
    // Whatever the file says, nothing but settings of networks is written.
    return at > 0 && /^net(\/[\w.@:-]+)+$/.test(path) && !path.includes('..')
      ? [[path, line.slice(at + 1)]]
      : [];
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function write(path: string, value: string): boolean {
  try {
    writeFileSync(join(ROOT, path), value);
    return true;
  } catch {
    return false;
  }
}
