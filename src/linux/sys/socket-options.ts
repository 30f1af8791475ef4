/** Options of sockets that are numbers. Source: socket(7); asm-generic/socket.h. */
import { getsockopt, setsockopt } from './libc.ts';
import { check } from './sys-error.ts';

// asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;

/** Sets an option of the type `int`; `words` name it in an error. Throws SysError. */
export function setOption(
  fd: number,
  level: number,
  name: number,
  value: number,
  words: string,
): void {
  check(setsockopt(fd, level, name, integer(value), 4), `setsockopt ${words}`);
}

/** Reads an option that is a structure, into octets as long as it is. Throws SysError. */
export function readOption(
  fd: number,
  level: number,
  name: number,
  into: Buffer,
  words: string,
): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(into.length);
  check(getsockopt(fd, level, name, into, size), `getsockopt ${words}`);
  return into.subarray(0, size.readUInt32LE());
}

/** Sets an option that is a structure. Throws SysError. */
export const writeOption = (
  fd: number,
  level: number,
  name: number,
  octets: Buffer,
  words: string,
): void => void check(setsockopt(fd, level, name, octets, octets.length), `setsockopt ${words}`);

/** Octets that may wait to be read; beyond the machine's limit where the process may do that. */
export const setReceiveBuffer = (fd: number, size: number): void =>
  setBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, size, 'SO_RCVBUF');

/** Octets that may wait to be sent; beyond the machine's limit where the process may do that. */
export const setSendBuffer = (fd: number, size: number): void =>
  setBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, size, 'SO_SNDBUF');

/** The mark of all packets that the socket sends, for rules; needs CAP_NET_ADMIN. */
export const setMark = (fd: number, mark: number): void =>
  setOption(fd, SOL_SOCKET, SO_MARK, mark, 'SO_MARK');

/** How long a read waits, at most: then EAGAIN. */
export function setReceiveTimeout(fd: number, seconds: number): void {
  const timeval = Buffer.alloc(16);
  timeval.writeBigInt64LE(BigInt(seconds), 0);
  check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeval, 16), 'setsockopt SO_RCVTIMEO');
}

function setBuffer(fd: number, force: number, name: number, size: number, words: string): void {
  if (setsockopt(fd, SOL_SOCKET, force, integer(size), 4) === 0) return;
  setOption(fd, SOL_SOCKET, name, size, words);
}

function integer(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeInt32LE(value);
  return octets;
}
