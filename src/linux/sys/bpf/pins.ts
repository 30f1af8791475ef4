/**
 * Names for objects, so that they outlive this process, and the file system where they are.
 *
 * Source: bpf(2), `union bpf_attr` of <linux/bpf.h>; <linux/magic.h>.
 */
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { errno, mount, umount2 } from '../libc.ts';
import { allocate } from '../memory.ts';
import { check, errorName, lastError } from '../sys-error.ts';
import { COMMAND, call, checked, point, prepare } from './call.ts';

const BPF_FS_MAGIC = 0xcafe4a11;
const MNT_DETACH = 2;

/** Is the folder one of a bpffs? */
export const isBpfFileSystem = (folder: string): boolean =>
  existsSync(folder) && statfsSync(folder).type === BPF_FS_MAGIC;

/**
 * Mounts a bpffs of its own at the folder, unless there is one. `ip netns exec` hides the one at
 * /sys/fs/bpf, and only root may look into ours.
 */
export function mountBpf(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (isBpfFileSystem(folder)) return;
  check(mount('bpf', folder, 'bpf', 0, 'mode=0700'), `mount -t bpf bpf ${folder}`, {
    ENODEV: 'this kernel is built without CONFIG_BPF_SYSCALL',
  });
}

/** Takes the file system away, and with it all pins that nobody else holds; false where none was. */
export function unmountBpf(folder: string): boolean {
  if (!isBpfFileSystem(folder)) return false;
  const result = umount2(folder, MNT_DETACH);
  // A folder inside of a bpffs is no mount of its own.
  if (result < 0 && lastError() === 'EINVAL') return false;
  check(result, `umount ${folder}`);
  return true;
}

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
