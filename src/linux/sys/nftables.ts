/**
 * nftables in one namespace: rulesets as text by the program `nft`, which is a process of some 20 ms,
 * and elements of sets by netlink, which is a system call.
 */
import { spawnSync } from 'node:child_process';
import {
  addElements,
  beginTransaction,
  endTransaction,
  listElements,
  type NftablesSet,
  type NftablesTable,
  parseElements,
  removeElements,
  removeTable,
} from './netlink/set-elements.ts';
import { NETLINK, NetlinkSocket } from './netlink/socket.ts';
import { SysError } from './sys-error.ts';

/** Keys in one transaction, so that it fits the socket's send buffer. */
const CHUNK = 2000;
/** Keys in one message, whose list has at most 64 KiB. */
const LIST_LENGTH = 500;
const PROGRAM_TIMEOUT = 10_000;

/**
 * Executes a ruleset's text in the namespace of this thread, all or nothing. To put a table in the
 * place of an older one: `table inet careof {}; delete table inet careof; table inet careof { ... }`.
 * Throws SysError, with the line that `nft` complains of.
 */
export function applyRuleset(text: string): void {
  nft(['-f', '-'], text);
}

/** A table as `nft --json` lists it; undefined where there is none. */
export function listTable({ family, table }: NftablesTable): unknown {
  try {
    return JSON.parse(nft(['--json', 'list', 'table', family, table], ''));
  } catch (error) {
    if (error instanceof SysError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function nft(args: readonly string[], input: string): string {
  const words = `nft ${args.join(' ')}`;
  const run = spawnSync('nft', args, {
    input,
    encoding: 'utf8',
    timeout: PROGRAM_TIMEOUT,
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' },
  });
  const failure = run.error as NodeJS.ErrnoException | undefined;
  if (failure !== undefined) {
    throw new SysError(words, -(failure.errno ?? -5), {
      ENOENT: 'install it: apt install nftables',
    });
  }
  if (run.status === 0) return run.stdout;
  const said = run.stderr.trim();
  if (/Operation not permitted/.test(said)) throw new SysError(words, 1, {}, said);
  throw new SysError(words, /No such file/.test(said) ? 2 : 22, {}, said);
}

/** Sets and tables by netlink, in the namespace where it was opened. */
export class Nftables {
  readonly #socket = new NetlinkSocket(NETLINK.NETFILTER);

  /** Adds elements by their whole keys; those that are there stay. In several steps where very many. */
  addElements(set: NftablesSet, keys: readonly Uint8Array[]): void {
    for (const chunk of chunks(keys, CHUNK)) {
      const error = this.#together(
        chunks(chunk, LIST_LENGTH).map((some) => addElements(set, some)),
      );
      if (error !== undefined) throw error;
    }
  }

  /** Removes elements; those that are not there are passed over. */
  removeElements(set: NftablesSet, keys: readonly Uint8Array[]): void {
    for (const chunk of chunks(keys, CHUNK)) {
      const lists = chunks(chunk, LIST_LENGTH);
      const error = this.#together(lists.map((some) => removeElements(set, some)));
      if (error === undefined) continue;
      if (error.code !== 'ENOENT') throw error;
      // One that is absent undoes the whole transaction.
      for (const key of chunk) {
        const alone = this.#together([removeElements(set, [key])]);
        if (alone !== undefined && alone.code !== 'ENOENT') throw alone;
      }
    }
  }

  /** The keys of all elements; none where there is no such set. */
  elements = (set: NftablesSet): Uint8Array[] =>
    this.#socket.dump(listElements(set), parseElements).flat();

  /** Removes a table with all that is in it; false where there was none. */
  removeTable(table: NftablesTable): boolean {
    const error = this.#together([removeTable(table)]);
    if (error !== undefined && error.code !== 'ENOENT') throw error;
    return error === undefined;
  }

  close = (): void => this.#socket.close();

  #together = (requests: Parameters<NetlinkSocket['runTogether']>[1]): SysError | undefined =>
    this.#socket.runTogether(beginTransaction, requests, endTransaction);
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}
