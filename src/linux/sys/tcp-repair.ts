/**
 * A TCP connection of the kernel as a value: taken out of it on one host, and put into it on another that
 * has the same address, without a word to the other end.
 *
 *     standing --hold--> held --close--> gone, silently
 *                        held --letGo--> standing
 *     nothing --make--> standing
 *
 * While a connection is held its packets must be kept from the kernel: it would still acknowledge what
 * comes. Needs CAP_NET_ADMIN. Source: <linux/tcp.h> (TCP_REPAIR), tcp(7); net/ipv4/tcp.c for the order.
 */
import { type Address, addressOctets, readAddress } from '../../wire/address.ts';
import { bindSocket, close, connectSocket, ioctl, recv } from './libc.ts';
import { readOption, setOption, setSendBuffer, writeOption } from './socket-options.ts';
import { check, SysError } from './sys-error.ts';
import { endsOf, openTcp, sendSome, socketAddress, type TcpEnd } from './tcp-socket.ts';

const SOL_SOCKET = 1;
const SO_BUF_LOCK = 72;
const SOL_TCP = 6;
// <linux/tcp.h>
const TCP_MAXSEG = 2;
const TCP_INFO = 11;
const TCP_REPAIR = 19;
const TCP_REPAIR_QUEUE = 20;
const TCP_QUEUE_SEQ = 21;
const TCP_REPAIR_OPTIONS = 22;
const TCP_TIMESTAMP = 24;
const TCP_REPAIR_WINDOW = 29;
const QUEUE = { none: 0, received: 1, sent: 2 } as const;
// struct tcp_info: state, then five more octets before the scales, four bits each.
const INFO = { size: 8, state: 0, options: 5, scales: 6 };
const ESTABLISHED = 1;
const INFO_OPTION = { timestamps: 1, selective: 2, scaled: 4 };
/** Kinds of TCP options, as struct tcp_repair_opt names them. */
const OPTION = { segment: 2, window: 3, selective: 4, timestamps: 8 };
/** struct tcp_repair_window: five numbers of 32 bits. */
const WINDOW_SIZE = 20;
// <linux/sockios.h>
const SIOCINQ = 0x541b;
const SIOCOUTQ = 0x5411;
const SIOCOUTQNSD = 0x894b;
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;

/** What the kernel knows of a connection that stands. Sequence numbers are those of the wire. */
export interface HeldConnection {
  readonly local: TcpEnd;
  readonly remote: TcpEnd;
  /** The number behind the last octet of either queue. */
  readonly sendSequence: number;
  readonly receiveSequence: number;
  /** Octets of a segment at most, as the two ends have agreed. */
  readonly segment: number;
  /** Shifts of the two windows; undefined: not agreed. */
  readonly scales: { readonly send: number; readonly receive: number } | undefined;
  readonly selective: boolean;
  /** The clock of our timestamps as it stands; undefined: none are sent. */
  readonly timestamp: number | undefined;
  /** struct tcp_repair_window. */
  readonly window: Uint8Array;
  /** Not acknowledged yet; the last `unsent` octets were never sent. */
  readonly sending: Uint8Array;
  readonly unsent: number;
  /** What came and was not read. */
  readonly received: Uint8Array;
}

/**
 * Holds a connection, and reads what it is. Undefined: it does not stand (one end is closed, say), and
 * goes on. Throws SysError: EPERM.
 */
export function holdTcp(fd: number): HeldConnection | undefined {
  setOption(fd, SOL_TCP, TCP_REPAIR, 1, 'TCP_REPAIR');
  try {
    const info = readOption(fd, SOL_TCP, TCP_INFO, Buffer.alloc(INFO.size), 'TCP_INFO');
    if (info[INFO.state] === ESTABLISHED) return read(fd, info);
  } catch (error) {
    letGoTcp(fd);
    throw error;
  }
  letGoTcp(fd);
  return undefined;
}

/** It goes on where it was. */
export const letGoTcp = (fd: number): void => setOption(fd, SOL_TCP, TCP_REPAIR, 0, 'TCP_REPAIR');

function read(fd: number, info: Buffer): HeldConnection {
  const options = info[INFO.options]!;
  const scales = info[INFO.scales]!;
  const queue = (which: number, size: number) => {
    setOption(fd, SOL_TCP, TCP_REPAIR_QUEUE, which, 'TCP_REPAIR_QUEUE');
    const sequence = numberOption(fd, TCP_QUEUE_SEQ, 'TCP_QUEUE_SEQ') >>> 0;
    return { sequence, octets: peek(fd, size) };
  };
  const received = queue(QUEUE.received, numberIoctl(fd, SIOCINQ, 'SIOCINQ'));
  const sending = queue(QUEUE.sent, numberIoctl(fd, SIOCOUTQ, 'SIOCOUTQ'));
  setOption(fd, SOL_TCP, TCP_REPAIR_QUEUE, QUEUE.none, 'TCP_REPAIR_QUEUE');
  const scaled = (options & INFO_OPTION.scaled) !== 0;
  const stamped = (options & INFO_OPTION.timestamps) !== 0;
  const window = Buffer.alloc(WINDOW_SIZE);
  return {
    ...endsOf(fd),
    sendSequence: sending.sequence,
    receiveSequence: received.sequence,
    segment: numberOption(fd, TCP_MAXSEG, 'TCP_MAXSEG'),
    scales: scaled ? { send: scales & 15, receive: scales >> 4 } : undefined,
    selective: (options & INFO_OPTION.selective) !== 0,
    timestamp: stamped ? numberOption(fd, TCP_TIMESTAMP, 'TCP_TIMESTAMP') >>> 0 : undefined,
    window: readOption(fd, SOL_TCP, TCP_REPAIR_WINDOW, window, 'TCP_REPAIR_WINDOW'),
    sending: sending.octets,
    unsent: numberIoctl(fd, SIOCOUTQNSD, 'SIOCOUTQNSD'),
    received: received.octets,
  };
}

function peek(fd: number, size: number): Uint8Array {
  const octets = Buffer.from(new ArrayBuffer(Math.max(size, 1)), 0, size);
  if (size === 0) return octets;
  const got = check(recv(fd, octets, size, MSG_PEEK | MSG_DONTWAIT), 'recv MSG_PEEK');
  return octets.subarray(0, got);
}

/**
 * Makes a connection as it was elsewhere, and lets it go on; its descriptor. What was never sent waits
 * to be sent. Throws SysError: EADDRNOTAVAIL (the address is not here), EADDRINUSE (it stands already),
 * EINVAL (numbers that cannot be).
 */
export function makeTcp(held: HeldConnection): number {
  const fd = openTcp();
  try {
    setOption(fd, SOL_TCP, TCP_REPAIR, 1, 'TCP_REPAIR');
    place(fd, QUEUE.sent, held.sendSequence - held.sending.length);
    place(fd, QUEUE.received, held.receiveSequence - held.received.length);
    const [local, remote] = [socketAddress(held.local), socketAddress(held.remote)];
    check(bindSocket(fd, local, local.length), 'bind of a moved connection');
    check(connectSocket(fd, remote, remote.length), 'connect of a moved connection');
    agree(fd, held);
    fill(fd, held);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function place(fd: number, queue: number, sequence: number): void {
  setOption(fd, SOL_TCP, TCP_REPAIR_QUEUE, queue, 'TCP_REPAIR_QUEUE');
  setOption(fd, SOL_TCP, TCP_QUEUE_SEQ, sequence | 0, 'TCP_QUEUE_SEQ');
}

/** What the two ends said of themselves when they met. */
function agree(fd: number, { segment, scales, selective, timestamp }: HeldConnection): void {
  const options = [
    [OPTION.segment, segment],
    ...(scales === undefined ? [] : [[OPTION.window, scales.send | (scales.receive << 16)]]),
    ...(selective ? [[OPTION.selective, 0]] : []),
    ...(timestamp === undefined ? [] : [[OPTION.timestamps, 0]]),
  ];
  const octets = Buffer.alloc(8 * options.length);
  for (const [index, [code, value]] of options.entries()) {
    octets.writeUInt32LE(code!, 8 * index);
    octets.writeUInt32LE(value!, 8 * index + 4);
  }
  writeOption(fd, SOL_TCP, TCP_REPAIR_OPTIONS, octets, 'TCP_REPAIR_OPTIONS');
  if (timestamp === undefined) return;
  setOption(fd, SOL_TCP, TCP_TIMESTAMP, timestamp | 0, 'TCP_TIMESTAMP');
}

function fill(fd: number, { sending, unsent, received, window }: HeldConnection): void {
  // Twice what it holds, since the kernel counts its own records too.
  if (sending.length > 0) setSendBuffer(fd, 4 * sending.length);
  const sent = sending.length - unsent;
  give(fd, QUEUE.sent, sending.subarray(0, sent));
  give(fd, QUEUE.received, received);
  setOption(fd, SOL_TCP, TCP_REPAIR_QUEUE, QUEUE.none, 'TCP_REPAIR_QUEUE');
  writeOption(fd, SOL_TCP, TCP_REPAIR_WINDOW, Buffer.from(window), 'TCP_REPAIR_WINDOW');
  // The kernel asks the other end for its window by this, and learns what was acknowledged meanwhile.
  letGoTcp(fd);
  give(fd, QUEUE.none, sending.subarray(sent));
  // Buffers grow by themselves again.
  if (sending.length > 0) setOption(fd, SOL_SOCKET, SO_BUF_LOCK, 0, 'SO_BUF_LOCK');
}

function give(fd: number, queue: number, octets: Uint8Array): void {
  if (octets.length === 0) return;
  if (queue !== QUEUE.none) setOption(fd, SOL_TCP, TCP_REPAIR_QUEUE, queue, 'TCP_REPAIR_QUEUE');
  for (let at = 0; at < octets.length; ) {
    const given = sendSome(fd, octets.subarray(at));
    if (typeof given === 'string')
      throw new SysError('send of a moved connection', ERRNO[given] ?? 105);
    at += given;
  }
}

/** EAGAIN means that the buffer is full. */
const ERRNO: Readonly<Record<string, number>> = { EPERM: 1, EPIPE: 32, ECONNRESET: 104 };

function numberOption(fd: number, name: number, words: string): number {
  return readOption(fd, SOL_TCP, name, Buffer.alloc(4), words).readInt32LE();
}

function numberIoctl(fd: number, request: number, words: string): number {
  const octets = Buffer.alloc(4);
  check(ioctl(fd, request, octets), `ioctl ${words}`);
  return octets.readInt32LE();
}

// How a held connection travels.
const FIXED = { size: 84, scaled: 1, selective: 2, stamped: 4 };

/** As octets, for another host. */
export function serialiseHeld(held: HeldConnection): Uint8Array {
  const { local, remote, scales, timestamp, sending, received } = held;
  const octets = new Uint8Array(FIXED.size + sending.length + received.length);
  const view = new DataView(octets.buffer);
  octets.set(addressOctets(local.address), 0);
  octets.set(addressOctets(remote.address), 16);
  view.setUint16(32, local.port);
  view.setUint16(34, remote.port);
  view.setUint32(36, held.sendSequence);
  view.setUint32(40, held.receiveSequence);
  view.setUint16(44, held.segment);
  view.setUint8(46, ((scales?.send ?? 0) << 4) | (scales?.receive ?? 0));
  const flags =
    (scales === undefined ? 0 : FIXED.scaled) |
    (held.selective ? FIXED.selective : 0) |
    (timestamp === undefined ? 0 : FIXED.stamped);
  view.setUint8(47, flags);
  view.setUint32(48, timestamp ?? 0);
  octets.set(held.window, 52);
  view.setUint32(72, sending.length);
  view.setUint32(76, held.unsent);
  view.setUint32(80, received.length);
  octets.set(sending, FIXED.size);
  octets.set(received, FIXED.size + sending.length);
  return octets;
}

/** What the octets stand for; undefined where they are none of ours. */
export function parseHeld(octets: Uint8Array): HeldConnection | undefined {
  if (octets.length < FIXED.size) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const [flags, scales] = [view.getUint8(47), view.getUint8(46)];
  const [sending, unsent, received] = [view.getUint32(72), view.getUint32(76), view.getUint32(80)];
  if (octets.length !== FIXED.size + sending + received || unsent > sending) return undefined;
  const end = (at: number, portAt: number): { address: Address; port: number } => ({
    address: readAddress(octets, at),
    port: view.getUint16(portAt),
  });
  return {
    ...{ local: end(0, 32), remote: end(16, 34) },
    sendSequence: view.getUint32(36),
    receiveSequence: view.getUint32(40),
    segment: view.getUint16(44),
    scales: flags & FIXED.scaled ? { send: scales >> 4, receive: scales & 15 } : undefined,
    selective: (flags & FIXED.selective) !== 0,
    timestamp: flags & FIXED.stamped ? view.getUint32(48) : undefined,
    window: octets.slice(52, 72),
    sending: octets.slice(FIXED.size, FIXED.size + sending),
    unsent,
    received: octets.slice(FIXED.size + sending),
  };
}
