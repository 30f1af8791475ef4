/**
 * What a node keeps over a restart: a file of lines that is only ever appended to, and written anew
 * when most of it is stale.
 *
 *     {"careof":"journal","version":1}
 *     {"key":"binding/2001:db8:1::100","value":"...","check":"5d3f0a11"}
 *     {"key":"binding/2001:db8:1::100","check":"0c77e2b4"}               forgotten
 *
 * A line is written before `store` returns, so that a killed process loses nothing. The disk is asked
 * to keep it at once, but nobody waits: when the power fails, the last few milliseconds may be lost.
 * A torn last line counts as never written; other damage puts the file aside,
 * and what can be read of it is kept.
 */
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Journal } from '../linux/node-options.ts';

const HEAD = `${JSON.stringify({ careof: 'journal', version: 1 })}\n`;
/** A file below this size is never written anew. */
const LEAST_COMPACTED = 64 * 1024;
/** How many times its live lines a file may hold. */
const MOST_STALE = 4;

export interface FileJournalOptions {
  readonly path: string;
  /** Told of damage, and of a disk that takes nothing; the journal goes on in memory. */
  readonly onFault: (text: string) => void;
}

export class FileJournal implements Journal {
  readonly #options: FileJournalOptions;
  readonly #entries = new Map<string, string>();
  #fd = -1;
  /** Octets of the file, and of those what its live lines take. */
  #size = 0;
  #live = 0;
  /** The file lacks something that is stored: it is written anew at the next chance. */
  #behind = false;
  #syncing: 'no' | 'yes' | 'again' = 'no';

  /** Opens or makes the file. Throws where it cannot be made at all. */
  constructor(options: FileJournalOptions) {
    this.#options = options;
    const { path } = options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { entries, good, damage } = readJournal(octetsOf(path));
    for (const [key, value] of entries) this.#entries.set(key, value);
    if (damage !== undefined) {
      const aside = `${path}.damaged-${Date.now()}`;
      renameSync(path, aside);
      options.onFault(`the journal ${path} is damaged (${damage}): it is put aside as ${aside}`);
    }
    if (damage !== undefined || good === 0) this.#rewrite();
    else {
      this.#fd = openSync(path, 'a', 0o600);
      // What was torn must not stand in the middle of what comes.
      ftruncateSync(this.#fd, good);
      this.#size = good;
      for (const [key, value] of this.#entries) this.#live += lineOf(key, value).length;
    }
  }

  entries(): IterableIterator<[string, string]> {
    return this.#entries.entries();
  }

  store(key: string, value: string | undefined): void {
    const before = this.#entries.get(key);
    if (value === before && !this.#behind) return;
    if (before !== undefined) this.#live -= lineOf(key, before).length;
    if (value === undefined) this.#entries.delete(key);
    else {
      this.#entries.set(key, value);
      this.#live += lineOf(key, value).length;
    }
    this.#append(lineOf(key, value));
  }

  /** Waits for the disk, and closes the file. */
  close(): void {
    if (this.#fd < 0) return;
    try {
      fsyncSync(this.#fd);
    } catch (cause) {
      this.#fault(cause);
    }
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #append(line: Buffer): void {
    try {
      const stale = this.#size > LEAST_COMPACTED && this.#size > MOST_STALE * this.#live;
      if (this.#behind || stale) {
        this.#rewrite();
        return;
      }
      writeAll(this.#fd, line);
      this.#size += line.length;
      this.#sync();
    } catch (cause) {
      this.#fault(cause);
    }
  }

  /** Half a line at the end would be taken for a torn one, but not with others behind it. */
  #fault(cause: unknown): void {
    if (!this.#behind) {
      const { message } = cause as Error;
      this.#options.onFault(
        `the journal ${this.#options.path} cannot be written: ${message}. A restart would lose bindings`,
      );
    }
    this.#behind = true;
    try {
      ftruncateSync(this.#fd, this.#size);
    } catch {
      // The next write is of the whole file.
    }
  }

  /** One request at a time; what is written meanwhile is asked for behind it. */
  #sync(): void {
    if (this.#syncing !== 'no') {
      this.#syncing = 'again';
      return;
    }
    this.#syncing = 'yes';
    const fd = this.#fd;
    fdatasync(fd, () => {
      const again = this.#syncing === 'again' && this.#fd >= 0;
      this.#syncing = 'no';
      if (again) this.#sync();
    });
  }

  /** Writes the file anew beside the old one and puts it in its place in one step. */
  #rewrite(): void {
    const { path } = this.#options;
    const lines = [...this.#entries].map(([key, value]) => lineOf(key, value));
    const octets = Buffer.concat([Buffer.from(HEAD), ...lines]);
    const fd = openSync(`${path}.new`, 'w', 0o600);
    try {
      writeAll(fd, octets);
      fsyncSync(fd);
      renameSync(`${path}.new`, path);
    } catch (cause) {
      closeSync(fd);
      throw cause;
    }
    syncFolder(dirname(path));
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = fd;
    this.#size = octets.length;
    this.#live = octets.length - HEAD.length;
    this.#behind = false;
  }
}

function writeAll(fd: number, octets: Buffer): void {
  for (let at = 0; at < octets.length; ) at += writeSync(fd, octets, at);
}

/** A name in a folder is durable when the folder is. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function octetsOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw cause;
  }
}

const checkOf = (key: string, value: string | undefined): string =>
  crc32(JSON.stringify([key, value ?? null]))
    .toString(16)
    .padStart(8, '0');

function lineOf(key: string, value: string | undefined): Buffer {
  const check = checkOf(key, value);
  return Buffer.from(`${JSON.stringify({ key, value, check })}\n`);
}

export interface ReadJournal {
  readonly entries: ReadonlyMap<string, string>;
  /** Octets up to the end of the last whole line; 0: not even its head is there. */
  readonly good: number;
  /** What is wrong with the file, unless it only ends in the middle of a line. */
  readonly damage?: string;
}

/** What a file of lines holds. */
export function readJournal(octets: Buffer): ReadJournal {
  const entries = new Map<string, string>();
  const head = octets.subarray(0, HEAD.length).toString();
  if (octets.length < HEAD.length) {
    const torn = HEAD.startsWith(head);
    return { entries, good: 0, ...(!torn && { damage: 'its head is not that of a journal' }) };
  }
  const damages: string[] = head === HEAD ? [] : ['its head is not that of a journal'];
  let good = 0;
  for (let line = 1, at = 0; ; line++) {
    const end = octets.indexOf(10, at);
    if (end < 0) break;
    const entry = line === 1 ? undefined : entryIn(octets.toString('utf8', at, end));
    if (entry !== undefined) {
      if (entry.value === undefined) entries.delete(entry.key);
      else entries.set(entry.key, entry.value);
    } else if (line > 1) damages.push(`line ${line} does not agree with its check`);
    at = end + 1;
    good = at;
  }
  return { entries, good, ...(damages[0] !== undefined && { damage: damages[0] }) };
}

function entryIn(line: string): { readonly key: string; readonly value?: string } | undefined {
  try {
    const { key, value, check } = JSON.parse(line) as Record<string, unknown>;
    if (typeof key !== 'string' || check !== checkOf(key, value as string | undefined)) {
      return undefined;
    }
    return typeof value === 'string' ? { key, value } : { key };
  } catch {
    return undefined;
  }
}
