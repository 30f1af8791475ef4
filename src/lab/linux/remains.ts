/**
 * What a run puts on the machine, named so that it is found again: namespaces `careof-PID-NODE`, the
 * processes in them, and a folder `/run/careof-lab/PID`. A run takes its own away when it ends, and
 * before it begins, what is left of runs whose process was killed.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deleteNamespace, listNamespaces, NETNS_FOLDER } from '../../linux/sys/namespace.ts';
import { unmountBelow } from './mounts.ts';
import { giveRoomBack } from './shared-neighbors.ts';

export const LAB_FOLDER = '/run/careof-lab';
const NAMESPACE = /^careof-(\d+)-/;
/** Holds when the process that made the folder was started, since numbers are given again. */
const STARTED = 'started';

/** Names of the kernel end at 64 letters here. */
const MOST_OF_A_NAME = 40;

/** The namespace of a node of this process' run. */
export const namespaceOf = (node: string): string =>
  `careof-${process.pid}-${node.slice(-MOST_OF_A_NAME)}`;

/** The folder of this process' run. */
export const runFolder = (): string => join(LAB_FOLDER, String(process.pid));

/** Makes the folder of this run. */
export function makeRunFolder(): string {
  const folder = runFolder();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, STARTED), startOf(process.pid) ?? '');
  return folder;
}

/** Takes away what this run has left, whatever state it is in. */
export const removeOwn = (): void => removeRun(process.pid);

/** Takes away what is left of runs whose processes are gone; gives their numbers. */
export function sweep(): number[] {
  const runs = new Set<number>();
  for (const name of listNamespaces()) {
    const pid = NAMESPACE.exec(name)?.[1];
    if (pid !== undefined) runs.add(Number(pid));
  }
  if (existsSync(LAB_FOLDER)) {
    for (const name of readdirSync(LAB_FOLDER)) if (/^\d+$/.test(name)) runs.add(Number(name));
  }
  const gone = [...runs].filter((pid) => !isAlive(pid));
  for (const pid of gone) removeRun(pid);
  return gone;
}

function isAlive(pid: number): boolean {
  const started = startOf(pid);
  if (started === undefined) return false;
  const file = join(LAB_FOLDER, String(pid), STARTED);
  return !existsSync(file) || readFileSync(file, 'utf8') === started;
}

/** When a process was started, in the kernel's own ticks; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    // The second field is a name in brackets, which may hold anything. Source: proc(5).
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function removeRun(pid: number): void {
  const names = listNamespaces().filter((name) => NAMESPACE.exec(name)?.[1] === String(pid));
  killInside(names);
  for (const name of names) deleteNamespace(name);
  const folder = join(LAB_FOLDER, String(pid));
  unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
  if (!existsSync(LAB_FOLDER) || readdirSync(LAB_FOLDER).some((name) => /^\d+$/.test(name))) return;
  giveRoomBack(LAB_FOLDER);
  if (readdirSync(LAB_FOLDER).length === 0) rmSync(LAB_FOLDER, { recursive: true });
}

/** Kills every process in these namespaces, this one excepted. */
export function killInside(names: readonly string[]): void {
  const inodes = new Set(names.map((name) => inodeOf(join(NETNS_FOLDER, name))));
  inodes.delete(undefined);
  if (inodes.size === 0) return;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    if (!inodes.has(inodeOf(`/proc/${entry}/ns/net`))) continue;
    try {
      process.kill(Number(entry), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
