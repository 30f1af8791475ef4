/**
 * Names for objects, so that they outlive this process, and the file system where they are.
 *
 * Source: bpf(2), `union bpf_attr` of <linux/bpf.h>; <linux/magic.h>.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { errno, mount, umount2 } from '../libc.ts';
import { allocate } from '../memory.ts';
import { check, errorName, lastError } from '../sys-error.ts';
import { COMMAND, call, checked, point, prepare } from './call.ts';

const BPF_FS_MAGIC = 0xcafe4a11;
const MNT_DETACH = 2;

/** Is the folder one of a bpffs? */
export const isBpfFileSystem = (folder: string): boolean =>
  existsSync(folder) && statfsSync(folder).type === BPF_FS_MAGIC;

/** Where the bpffs of a folder is: there, or outside of our mount namespace; undefined: nowhere. */
export function bpfPlace(folder: string): string | undefined {
  if (isBpfFileSystem(folder)) return folder;
  const path = outside(folder)?.path;
  return path !== undefined && isBpfFileSystem(path) ? held(folder, path) : undefined;
}

/**
 * Mounts a bpffs of its own at the folder, unless there is one, and says where it is. `ip netns exec`
 * hides the one at /sys/fs/bpf, and only root may look into ours. It also makes a mount namespace that
 * ends with the process, and what is pinned there with it: the mount is made outside then.
 */
export function mountBpf(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = bpfPlace(folder);
  if (known !== undefined) return known;
  const there = outside(folder);
  if (there !== undefined) {
    inside(there.pid, 'mount', '-t', 'bpf', '-o', 'mode=0700', 'bpf', resolve(folder));
    if (isBpfFileSystem(there.path)) return held(folder, there.path);
  }
  check(mount('bpf', folder, 'bpf', 0, 'mode=0700'), `mount -t bpf bpf ${folder}`, {
    ENODEV: 'this kernel is built without CONFIG_BPF_SYSCALL',
  });
  return folder;
}

/**
 * Takes the file system away, and with it all pins that nobody else holds; false where none was. A mount
 * namespace that was made later than the mount has a copy of it: the one outside goes with that.
 */
export function unmountBpf(folder: string): boolean {
  release(folder);
  const there = outside(folder);
  const isHere = isBpfFileSystem(folder);
  const isThere = there !== undefined && isBpfFileSystem(there.path);
  const goesThere = isThere && (!isHere || statSync(folder).dev === statSync(there.path).dev);
  const isGoneHere = isHere && unmountHere(folder);
  const isGoneThere = goesThere && inside(there.pid, 'umount', '--lazy', resolve(folder));
  return isGoneHere || isGoneThere;
}

function unmountHere(folder: string): boolean {
  const result = umount2(folder, MNT_DETACH);
  // A folder inside of a bpffs is no mount of its own.
  if (result < 0 && lastError() === 'EINVAL') return false;
  check(result, `umount ${folder}`);
  return true;
}

/** Runs a program among the mounts of another process. */
const inside = (pid: number, ...command: readonly string[]): boolean =>
  spawnSync('nsenter', ['--target', `${pid}`, '--mount', '--', ...command]).status === 0;

/** Descriptors of file systems outside, by folder: held until they are unmounted, or we end. */
const holding = new Map<string, number>();

/** A path to it that stays when the process by which it was found ends. */
function held(folder: string, path: string): string {
  const fd = holding.get(resolve(folder)) ?? openSync(path, 'r');
  holding.set(resolve(folder), fd);
  return `/proc/self/fd/${fd}`;
}

function release(folder: string): void {
  const fd = holding.get(resolve(folder));
  if (fd === undefined) return;
  holding.delete(resolve(folder));
  closeSync(fd);
}

/** The same folder by the mounts of the process that started us; undefined where ours are the same. */
function outside(folder: string): { readonly pid: number; readonly path: string } | undefined {
  try {
    const own = readlinkSync('/proc/self/ns/mnt');
    for (let pid = process.ppid; pid > 0; pid = parentOf(pid)) {
      if (readlinkSync(`/proc/${pid}/ns/mnt`) === own) continue;
      const path = join(`/proc/${pid}/root`, resolve(folder));
      const [here, there] = [statSync(folder), statSync(path)];
      const same = here.dev === there.dev && here.ino === there.ino;
      return same || isBpfFileSystem(path) ? { pid, path } : undefined;
    }
  } catch {
    // It is not ours to look into.
  }
  return undefined;
}

const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** Attributes with the path in them. */
function withPath(path: string): Buffer {
  const text = allocate(Buffer.byteLength(path) + 1);
  text.octets.write(path);
  const { octets } = prepare();
  point(0, text); // pathname
  return octets;
}

/** Gives an object a name in a bpffs, so that it outlives this process. Names have no dots. */
export function pinObject(fd: number, path: string): void {
  const octets = withPath(path);
  octets.writeUInt32LE(fd, 8); // bpf_fd
  checked(call(COMMAND.OBJ_PIN, 16), `bpf OBJ_PIN ${path}`);
}

/** Opens a pinned object; undefined where there is none of that name. */
export function getObject(path: string): number | undefined {
  withPath(path);
  const fd = call(COMMAND.OBJ_GET, 16);
  if (fd < 0 && errorName(errno()) === 'ENOENT') return undefined;
  checked(fd, `bpf OBJ_GET ${path}`);
  return fd;
}
