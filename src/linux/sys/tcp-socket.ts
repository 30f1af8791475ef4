/**
 * TCP over IPv6 without waiting: what can be done now is done, and the rest is said.
 *
 * Source: tcp(7), ipv6(7); <linux/in6.h>, <linux/tcp.h>.
 */
import { type Address, addressOctets, readAddress } from '../../wire/address.ts';
import {
  accept4,
  bindSocket,
  close,
  connectSocket,
  getpeername,
  getsockname,
  listen,
  O_CLOEXEC,
  O_NONBLOCK,
  recv,
  send,
  shutdown,
  socket,
} from './libc.ts';
import { readOption, setOption, writeOption } from './socket-options.ts';
import { check, errorName, lastError } from './sys-error.ts';

const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOL_TCP = 6;
const TCP_NODELAY = 1;
const TCP_NOTSENT_LOWAT = 25;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const BACKLOG = 128;
// struct sockaddr_in6
const SOCKADDR = { size: 28, family: 0, port: 2, address: 8 };

/** One end of a connection. */
export interface TcpEnd {
  readonly address: Address;
  readonly port: number;
}

/** What a call did: so many octets, or the error's name; EAGAIN: nothing can be done just now. */
export type Done = number | string;

export function socketAddress({ address, port }: TcpEnd): Buffer {
  const octets = Buffer.alloc(SOCKADDR.size);
  octets.writeUInt16LE(AF_INET6, SOCKADDR.family);
  octets.writeUInt16BE(port, SOCKADDR.port);
  octets.set(addressOctets(address), SOCKADDR.address);
  return octets;
}

/** A socket that is nothing yet. Throws SysError. */
export const openTcp = (): number =>
  check(socket(AF_INET6, SOCK_STREAM | O_NONBLOCK | O_CLOEXEC, 0), 'socket AF_INET6 SOCK_STREAM');

/** Listens on a port of all addresses. Throws SysError, such as EADDRINUSE. */
export function listenTcp(end: TcpEnd): number {
  const fd = openTcp();
  try {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
    setOption(fd, SOL_IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
    check(bindSocket(fd, socketAddress(end), SOCKADDR.size), `bind to TCP port ${end.port}`);
    check(listen(fd, BACKLOG), `listen on TCP port ${end.port}`);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * Begins a connection from one of our ends; when the descriptor can be written to, `errorOf` says what became of it.
 * What ends it is RST, and nothing of it stays. Throws SysError: at `bind` (EADDRINUSE, EADDRNOTAVAIL), at `connect`
 * (ENETUNREACH).
 */
export function connectTcp(local: TcpEnd, remote: TcpEnd): number {
  const fd = openTcp();
  try {
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1);
    writeOption(fd, SOL_SOCKET, SO_LINGER, linger, 'SO_LINGER');
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
    check(bindSocket(fd, socketAddress(local), SOCKADDR.size), `bind to TCP port ${local.port}`);
    const begun = connectSocket(fd, socketAddress(remote), SOCKADDR.size);
    if (begun < 0 && lastError() !== 'EINPROGRESS') check(begun, 'connect');
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The error of a socket, which is taken away by asking; undefined: it has none. */
export function errorOf(fd: number): string | undefined {
  const number = readOption(fd, SOL_SOCKET, SO_ERROR, Buffer.alloc(4), 'SO_ERROR').readInt32LE();
  return number === 0 ? undefined : errorName(number);
}

/** The next connection that waits; undefined where none does, or it has gone again. */
export function acceptTcp(fd: number): number | undefined {
  const accepted = accept4(fd, null, null, O_NONBLOCK | O_CLOEXEC);
  return accepted < 0 ? undefined : accepted;
}

export const setNoDelay = (fd: number): void =>
  setOption(fd, SOL_TCP, TCP_NODELAY, 1, 'TCP_NODELAY');

/** What the kernel takes beyond what it has sent already, in octets. */
export const setMostUnsent = (fd: number, octets: number): void =>
  setOption(fd, SOL_TCP, TCP_NOTSENT_LOWAT, octets, 'TCP_NOTSENT_LOWAT');

/** Both ends of a connection. Throws SysError (ENOTCONN). */
export function endsOf(fd: number): { readonly local: TcpEnd; readonly remote: TcpEnd } {
  const octets = Buffer.alloc(SOCKADDR.size);
  const size = Buffer.alloc(4);
  const end = (): TcpEnd => ({
    address: readAddress(octets, SOCKADDR.address),
    port: octets.readUInt16BE(SOCKADDR.port),
  });
  size.writeUInt32LE(SOCKADDR.size);
  check(getsockname(fd, octets, size), 'getsockname');
  const local = end();
  size.writeUInt32LE(SOCKADDR.size);
  check(getpeername(fd, octets, size), 'getpeername');
  return { local, remote: end() };
}

/** Gives octets to the kernel, as many as it takes. */
export function sendSome(fd: number, octets: Uint8Array): Done {
  const sent = send(fd, octets, octets.length, MSG_NOSIGNAL);
  return sent < 0 ? lastError() : sent;
}

/** Takes octets that have come; 0: the other end has closed. */
export function receiveSome(fd: number, into: Uint8Array): Done {
  const received = recv(fd, into, into.length, 0);
  return received < 0 ? lastError() : received;
}

/** Nothing more is sent; the other end is told so behind what is. */
export const endTcp = (fd: number): void => void shutdown(fd, SHUT_WR);

export const closeTcp = (fd: number): void => void close(fd);
