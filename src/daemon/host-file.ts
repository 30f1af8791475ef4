/** The file that tells this host what it is, from the disk, with its secrets kept. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { NodeConfig } from '../core/config.ts';
import { type PlannedNode, planOf } from '../lab/plan.ts';
import type { Diagnostic } from '../lab/scenario/diagnostic.ts';
import { type HostFile, readHostFile } from '../lab/scenario/read-host.ts';
import type { Address } from '../wire/address.ts';
import { fail, ok, type Result } from '../wire/result.ts';

/** What a host is told to be. */
export interface HostPlan extends HostFile {
  readonly planned: PlannedNode;
  readonly config: NodeConfig;
  /** What the nodes of the file are known by. */
  readonly neighbours: ReadonlyMap<string, Address>;
}

export interface HostFileOptions {
  /** The node of the file that this host is (`--node`). */
  readonly node?: string | undefined;
  /** Keys may be where others can read them: for the lab, whose keys are no secrets. */
  readonly readableKeys?: boolean | undefined;
  /** The key that this host's addresses are made of where the file names none. */
  readonly ownKey?: ((node: string) => Uint8Array) | undefined;
}

/** Octets of a file of keys at most: a long RSA key has some thousand. */
const MOST_KEY_OCTETS = 1 << 16;

/** Reads a host's file, and the keys that are this host's business. */
export function loadHostFile(
  file: string,
  options: HostFileOptions = {},
): Result<HostPlan, readonly Diagnostic[]> {
  let text: HostText;
  try {
    text = readHostText(file);
  } catch (cause) {
    const message = `cannot be read: ${(cause as Error).message}`;
    return fail([{ file, line: 1, column: 1, path: '', message }]);
  }
  return hostPlanOf(file, text, options);
}

/** The octets of a host's file, and whether others than its owner can read them. */
export interface HostText {
  readonly octets: Uint8Array;
  readonly open: boolean;
}

/** Throws what Node throws where there is no such file. */
export function readHostText(file: string): HostText {
  const fd = openSync(file, 'r');
  try {
    return { open: (fstatSync(fd).mode & 0o077) !== 0, octets: readFileSync(fd) };
  } finally {
    closeSync(fd);
  }
}

/** The same for a file that was read already; keys that it names are looked for beside it. */
export function hostPlanOf(
  file: string,
  { octets, open }: HostText,
  { node, readableKeys = false, ownKey }: HostFileOptions,
): Result<HostPlan, readonly Diagnostic[]> {
  const read = readHostFile(file, octets, {
    node,
    hostname: hostname().split('.')[0]!,
    readKeyFile: (path) => readKeyFile(resolve(dirname(file), path), readableKeys),
    ...(open && !readableKeys && { literalKeyFault: literalKeyFault(file) }),
    allKeys: readableKeys,
    ownKey,
  });
  if (!read.ok) return read;
  const { nodes } = planOf(read.value.scenario);
  const planned = nodes.find(({ name }) => name === read.value.node)!;
  const neighbours = new Map(nodes.map(({ name, identity }) => [name, identity]));
  // Nodes without a configuration were refused when the file was read.
  return ok({ ...read.value, planned, config: planned.config!, neighbours });
}

const literalKeyFault = (file: string): string =>
  `is a key in a file that others can read: chmod 600 ${file}, or write "file:/etc/careof/NAME.key" and put it there`;

/** Looks and reads through one descriptor, so that nobody exchanges the file in between. */
export function readKeyFile(path: string, readable: boolean): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const { mode, size } = fstatSync(fd);
    if (!readable && (mode & 0o077) !== 0) {
      const rights = (mode & 0o777).toString(8);
      throw new Error(`others can read it (mode ${rights}): chmod 600 ${path}`);
    }
    if (size > MOST_KEY_OCTETS) throw new Error(`${size} octets are no key`);
    return new Uint8Array(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}
