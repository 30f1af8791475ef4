/** Entries as others have written them: on a socket, or in a file. */
import { type SharedEntry, versionOf } from '../../core/shared-store.ts';
import { objectIn } from '../control/lines.ts';

/** Characters of a key, and of a value. */
const MAX_KEY = 256;
const MAX_VALUE = 1 << 14;

/** What a line holds; undefined where it is no entry. */
export function entryIn(line: string): SharedEntry | undefined {
  return entriesIn([objectIn(line)])[0];
}

/** Those that can be read. */
export function entriesIn(list: unknown): SharedEntry[] {
  return Array.isArray(list) ? list.flatMap(entryOf) : [];
}

function entryOf(one: unknown): SharedEntry[] {
  const { key, version, value, until } = (one ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY) return [];
  if (typeof version !== 'string' || versionOf(version) === undefined) return [];
  if (typeof until !== 'number' || !Number.isFinite(until)) return [];
  if (value === undefined) return [{ key, version, until }];
  if (typeof value !== 'string' || value.length > MAX_VALUE) return [];
  return [{ key, version, value, until }];
}
