/**
 * The call bpf(2) itself: attributes in memory with an address, and names of its commands.
 *
 * Objects are descriptors; they live as long as one is open, or as long as they are pinned. All
 * calls copy keys and values through memory of their own, so arguments may be any octets.
 *
 * Source: bpf(2), `union bpf_attr` of <linux/bpf.h>; its names stand beside the offsets.
 */
import { syscall3 } from '../libc.ts';
import { allocate, type Memory, point as pointFrom } from '../memory.ts';
import { type Cures, check } from '../sys-error.ts';

// enum bpf_cmd
export const COMMAND = {
  MAP_CREATE: 0,
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  MAP_DELETE_ELEM: 3,
  MAP_GET_NEXT_KEY: 4,
  PROG_LOAD: 5,
  OBJ_PIN: 6,
  OBJ_GET: 7,
  PROG_TEST_RUN: 10,
  OBJ_GET_INFO_BY_FD: 15,
  PROG_QUERY: 16,
  MAP_UPDATE_BATCH: 26,
  LINK_CREATE: 28,
  LINK_UPDATE: 29,
  LINK_DETACH: 34,
} as const;
/** __NR_bpf of <asm/unistd.h>. */
const CALL_NUMBER: Readonly<Record<string, number>> = { x64: 321, ia32: 357, arm: 386, ppc64: 361 };
const GENERIC_CALL_NUMBER = 280;
const NAME_SIZE = 16;

export const CURES: Cures = {
  EPERM: 'run as root, or with the capabilities CAP_BPF and CAP_NET_ADMIN',
  ENOSYS: 'this kernel is built without CONFIG_BPF_SYSCALL',
};

/** Room for one call: the attributes, then a key, then a value. */
export const KEY_AT = 256;
export const VALUE_AT = 1024;
let scratch: Memory = { octets: Buffer.alloc(0), address: 0n };

/** Memory with the attributes zeroed and room for a value of this size. */
export function prepare(valueSize = 0): Memory {
  if (scratch.octets.length < VALUE_AT + valueSize) {
    scratch = allocate(VALUE_AT + Math.max(2 * valueSize, 1 << 14));
  }
  scratch.octets.fill(0, 0, KEY_AT);
  return scratch;
}

/** Has the attribute at this offset point to memory. */
export const point = (at: number, memory: Memory, offset = 0): void =>
  pointFrom(scratch.octets, at, memory, offset);

/** Makes the call with the attributes in `scratch`. */
export function call(command: number, size: number): number {
  const number = CALL_NUMBER[process.arch] ?? GENERIC_CALL_NUMBER;
  return syscall3(number, command, scratch.address, size);
}

export const checked = (result: number, words: string): number => check(result, words, CURES);

export function writeName(octets: Buffer, at: number, name: string): void {
  octets.write(name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, NAME_SIZE - 1), at, 'latin1');
}

/** The first octets of `struct bpf_map_info`, `bpf_prog_info` or `bpf_link_info`. */
export function information(fd: number, size: number): Buffer {
  const info = allocate(size);
  const { octets } = prepare();
  octets.writeUInt32LE(fd, 0); // info.bpf_fd
  octets.writeUInt32LE(size, 4); // info.info_len
  point(8, info); // info.info
  checked(call(COMMAND.OBJ_GET_INFO_BY_FD, 16), 'bpf OBJ_GET_INFO_BY_FD');
  return info.octets;
}

export const nameAt = (info: Buffer, at: number): string =>
  info.toString('latin1', at, at + NAME_SIZE).replace(/\0.*$/s, '');
