/**
 * What several nodes know together, and what keeps it for them: a store that each of them reaches by its
 * host. A role says what it shares and is told what others have shared; it forwards from what it has been told,
 * and waits for nobody.
 *
 * etcd fits it: an entry is a key with a lease; `share` is a transaction that compares; `follow` is a range
 * read, and a watch from its revision on. So does a map in one process.
 */

/** One fact under one key. */
export interface SharedEntry {
  readonly key: string;
  /** Of two entries of a key the one with the greater version stands: see `versionText`. */
  readonly version: string;
  /** Absent: what stood there is taken back, and nothing older may stand there again. */
  readonly value?: string;
  /** It may be forgotten then: wall-clock time, microseconds since 1970. */
  readonly until: number;
}

/** What followers are told. */
export interface SharedNews {
  readonly prefix: string;
  readonly entries: readonly SharedEntry[];
  /** These are all entries under the prefix: at the beginning, and after each time without access. */
  readonly whole: boolean;
}

export interface SharedStore {
  /**
   * Writes an entry where nothing of the same version or a newer one stands; else whoever wrote is told what
   * stands there, as news. What cannot be written since there is no access is lost: what is told as
   * `whole` after that shows its writer what is missing.
   */
  share(entry: SharedEntry): void;
  /**
   * Tells of all entries under a prefix, and then of each change in the order in which they were made, until
   * the given function is called. Whatever may have been missed is followed by a `whole`.
   */
  follow(prefix: string, tell: (news: SharedNews) => void): () => void;
}

const DIGITS = 16;

/** A version that can be compared as text: 64 bits in 16 hexadecimal digits. */
export const versionText = (version: bigint): string => version.toString(16).padStart(DIGITS, '0');

/** The version that a text is; undefined where it is none. */
export function versionOf(text: string): bigint | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}
