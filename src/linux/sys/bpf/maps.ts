/**
 * Maps: what programs and this process know together.
 *
 * Source: bpf(2), `union bpf_attr` of <linux/bpf.h>; its names stand beside the offsets.
 */
import { readFileSync } from 'node:fs';
import { errno } from '../libc.ts';
import { allocate, type Memory } from '../memory.ts';
import { errorName } from '../sys-error.ts';
import {
  COMMAND,
  call,
  checked,
  information,
  KEY_AT,
  nameAt,
  point,
  prepare,
  VALUE_AT,
  writeName,
} from './call.ts';

/** enum bpf_map_type */
export const MAP_TYPE = {
  hash: 1,
  array: 2,
  perCpuHash: 5,
  perCpuArray: 6,
  lruHash: 9,
  ringBuffer: 27,
} as const;
/** Flags of a map; <linux/bpf.h> BPF_F_*. */
export const MAP_FLAG = { NO_PREALLOC: 1 } as const;
/** Flags of an update; <linux/bpf.h>. */
export const UPDATE_FLAG = { ANY: 0, NOEXIST: 1, EXIST: 2 } as const;

export interface MapDeclaration {
  /** One of `MAP_TYPE`. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
  readonly name?: string;
}

/** Makes a map; gives its descriptor. */
export function createMap(map: MapDeclaration): number {
  const { octets } = prepare();
  octets.writeUInt32LE(map.type, 0); // map_type
  octets.writeUInt32LE(map.keySize, 4); // key_size
  octets.writeUInt32LE(map.valueSize, 8); // value_size
  octets.writeUInt32LE(map.maxEntries, 12); // max_entries
  octets.writeUInt32LE(map.flags ?? 0, 16); // map_flags
  writeName(octets, 28, map.name ?? ''); // map_name
  return checked(call(COMMAND.MAP_CREATE, 72), `bpf MAP_CREATE ${map.name ?? ''}`);
}

/** Attributes of a call about one element: map_fd 0, key 8, value or next_key 16, flags 24. */
function element(fd: number, key: Uint8Array | undefined, valueSize: number): Memory {
  const memory = prepare(valueSize);
  const { octets, address } = memory;
  octets.writeUInt32LE(fd, 0);
  if (key !== undefined) {
    if (key.length > VALUE_AT - KEY_AT) throw new RangeError('a key has at most 768 octets');
    octets.set(key, KEY_AT);
    octets.writeBigUInt64LE(address + BigInt(KEY_AT), 8); // key
  }
  octets.writeBigUInt64LE(address + BigInt(VALUE_AT), 16);
  return memory;
}

/**
 * The value of a key; undefined where the map does not have it. `valueSize` of a per-CPU map is the
 * number of possible CPUs times the size of a value rounded up to 8.
 */
export function mapLookup(fd: number, key: Uint8Array, valueSize: number): Uint8Array | undefined {
  const { octets } = element(fd, key, valueSize);
  const result = call(COMMAND.MAP_LOOKUP_ELEM, 32);
  if (result < 0 && errorName(errno()) === 'ENOENT') return undefined;
  checked(result, 'bpf MAP_LOOKUP_ELEM');
  return new Uint8Array(octets.subarray(VALUE_AT, VALUE_AT + valueSize));
}

/** Sets the value of a key in one step; `full` where the map or the kernel's memory is. */
export function mapUpdate(
  fd: number,
  key: Uint8Array,
  value: Uint8Array,
  flags: number = UPDATE_FLAG.ANY,
): 'done' | 'full' {
  const { octets } = element(fd, key, value.length);
  octets.set(value, VALUE_AT);
  octets.writeUInt32LE(flags, 24);
  const result = call(COMMAND.MAP_UPDATE_ELEM, 32);
  if (result < 0 && ['E2BIG', 'ENOMEM'].includes(errorName(errno()))) return 'full';
  checked(result, 'bpf MAP_UPDATE_ELEM');
  return 'done';
}

/** Sets many values: keys one behind the other, and values likewise. Throws where not all were set. */
export function mapUpdateBatch(
  fd: number,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
): void {
  const copies = allocate(keys.length + values.length + 8);
  const valuesAt = (keys.length + 7) & ~7;
  copies.octets.set(keys);
  copies.octets.set(values, valuesAt);
  const { octets } = prepare();
  point(16, copies); // batch.keys
  point(24, copies, valuesAt); // batch.values
  octets.writeUInt32LE(count, 32); // batch.count
  octets.writeUInt32LE(fd, 36); // batch.map_fd
  checked(call(COMMAND.MAP_UPDATE_BATCH, 56), `bpf MAP_UPDATE_BATCH of ${count}`);
}

/** Removes a key; false where the map does not have it. */
export function mapDelete(fd: number, key: Uint8Array): boolean {
  const { octets } = element(fd, key, 0);
  octets.writeBigUInt64LE(0n, 16); // what a command does not use must be zero
  const result = call(COMMAND.MAP_DELETE_ELEM, 32);
  if (result < 0 && errorName(errno()) === 'ENOENT') return false;
  checked(result, 'bpf MAP_DELETE_ELEM');
  return true;
}

/** The key behind this one, or the first; undefined at the end. After a key that is gone: the first. */
export function mapNextKey(
  fd: number,
  key: Uint8Array | undefined,
  keySize: number,
): Uint8Array | undefined {
  const { octets } = element(fd, key, keySize);
  const result = call(COMMAND.MAP_GET_NEXT_KEY, 32);
  if (result < 0 && errorName(errno()) === 'ENOENT') return undefined;
  checked(result, 'bpf MAP_GET_NEXT_KEY');
  return new Uint8Array(octets.subarray(VALUE_AT, VALUE_AT + keySize));
}

/** What a map is, so that one that is found pinned can be told from one of another version. */
export function mapInformation(fd: number): Required<MapDeclaration> & { readonly id: number } {
  const info = information(fd, 40);
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
    flags: info.readUInt32LE(20),
    name: nameAt(info, 24),
  };
}

/** How many values a per-CPU map has for each key, from the text of /sys/devices/system/cpu/possible. */
export function countCpus(ranges: string): number {
  const ends = ranges
    .trim()
    .split(',')
    .map((range) => range.split('-').map(Number));
  return ends.reduce((count, [from = 0, to = from]) => count + to - from + 1, 0);
}

export const possibleCpus = (): number =>
  countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
