/**
 * The vectors that others made (see the README beside them): read from where they are, never
 * copied into the project.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../src/wire/index.ts';

/** Their folder. */
export const VECTORS =
  process.env.CAREOF_VECTORS ?? fileURLToPath(new URL('../../../shared/vectors', import.meta.url));

/** Why the tests that need the vectors are skipped, or false where the vectors are there. */
export const noVectors: string | false = existsSync(join(VECTORS, 'README.md'))
  ? false
  : `no vectors in ${VECTORS}; set CAREOF_VECTORS to their folder`;

/** One vector; which members it has depends on its file. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields?: unknown;
  readonly layer?: string;
  readonly class?: string;
  readonly must?: 'reject' | 'tolerate' | 'no_crash';
  readonly reaction?: string;
  readonly expect?: 'accept' | 'reject';
  readonly issues?: readonly { readonly level: string; readonly code: string }[];
}

/** The vectors of a file with one JSON object a line. */
export function lines(path: string): Vector[] {
  if (noVectors !== false) return [];
  const text = readFileSync(join(VECTORS, path), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as Vector);
}

/** The vectors of a file that is one JSON object. */
export function list(path: string): Vector[] {
  if (noVectors !== false) return [];
  const file = JSON.parse(readFileSync(join(VECTORS, path), 'utf8')) as { vectors: Vector[] };
  return file.vectors;
}

/** A vector's octets. */
export function octetsOf({ hex, name }: Vector): Uint8Array {
  const octets = fromHex(hex);
  if (octets === undefined) throw new Error(`${name} is not hex`);
  return octets;
}
