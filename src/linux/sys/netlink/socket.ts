/**
 * A netlink socket whose requests are answered before they return.
 *
 * The kernel executes a request inside of `send` and its answer is there when `send` returns, so no
 * call waits longer than a system call does. Many requests go in one `send`: the kernel
 * acknowledges only the last of them, and tells of every other one that failed.
 *
 * Source: netlink(7), <linux/netlink.h>.
 */
import { bindSocket, close, errno, O_CLOEXEC, recv, send, socket } from '../libc.ts';
import { allocate } from '../memory.ts';
import { setOption, setReceiveBuffer, setReceiveTimeout } from '../socket-options.ts';
import { type Cures, check, errorName, SysError } from '../sys-error.ts';
import {
  type Message,
  MessageWriter,
  NLM_F,
  NLMSG,
  parseAttributes,
  parseMessages,
  text,
} from './message.ts';
import { AF, type Request } from './request.ts';

// <sys/socket.h>, asm-generic/socket.h
const SOCK_RAW = 3;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
// <linux/netlink.h>
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const NLMSGERR_ATTR_MSG = 1;
/** Octets of `struct nlmsgerr` with the header of the request and no more. */
const ERROR_SIZE = 20;

/** Requests in one `send`. Each may fail, and all answers must fit the receive buffer. */
const BATCH = 256;
const RECEIVE_BUFFER = 1 << 20;
const ROOM = 1 << 16;
const ANSWER_SECONDS = 5;
/** A dump of what changes meanwhile is begun again so often. */
const DUMP_ATTEMPTS = 10;

const CURES: Cures = {
  EAGAIN: 'the kernel did not answer within 5 s; try again',
  ENOBUFS: 'the kernel had more to say than fits; try again',
};

/** Families of netlink; <linux/netlink.h> NETLINK_*. */
export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const;

export class NetlinkSocket {
  readonly fd: number;
  readonly #into = allocate(ROOM).octets;
  readonly #writer = new MessageWriter();
  #sequence = 0;
  #open = true;

  /** Opens a socket in the namespace of this thread, where it stays. Throws SysError. */
  constructor(protocol: number) {
    const fd = check(socket(AF.NETLINK, SOCK_RAW | O_CLOEXEC, protocol), 'socket AF_NETLINK');
    this.fd = fd;
    try {
      setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1, 'NETLINK_EXT_ACK');
      setOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1, 'NETLINK_CAP_ACK');
      setOption(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1, 'NETLINK_GET_STRICT_CHK');
      setReceiveBuffer(fd, RECEIVE_BUFFER);
      setReceiveTimeout(fd, ANSWER_SECONDS);
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF.NETLINK, 0);
      check(bindSocket(fd, address, 12), 'bind AF_NETLINK');
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Executes one request. Throws SysError. */
  run(request: Request): void {
    const [error] = this.runAll([request]);
    if (error !== undefined) throw error;
  }

  /** Executes requests in their order; gives for each the error, or nothing where it succeeded. */
  runAll(requests: readonly Request[]): (SysError | undefined)[] {
    const errors: (SysError | undefined)[] = new Array(requests.length).fill(undefined);
    for (let from = 0; from < requests.length; from += BATCH) {
      this.#runBatch(requests.slice(from, from + BATCH), (index, error) => {
        errors[from + index] = error;
      });
    }
    return errors;
  }

  #runBatch(requests: readonly Request[], failed: (index: number, error: SysError) => void): void {
    this.#writer.clear();
    const first = this.#sequence + 1;
    const last = first + requests.length - 1;
    requests.forEach(({ type, flags, write }, index) => {
      const ack = index === requests.length - 1 ? NLM_F.ACK : 0;
      const writeBody = () => write(this.#writer);
      this.#writer.message(type, flags | NLM_F.REQUEST | ack, first + index, writeBody);
    });
    this.#sequence = last;
    this.#send(requests[0]!);
    for (let done = false; !done; ) {
      for (const message of this.#receive(requests[0]!)) {
        if (message.type !== NLMSG.ERROR) continue;
        const index = message.sequence - first;
        const request = requests[index];
        if (request === undefined) continue;
        const error = errorOf(message, request);
        if (error !== undefined) failed(index, error);
        done ||= message.sequence === last;
      }
    }
  }

  /**
   * Executes requests as one transaction, between the two that begin and end it: all or none. Gives
   * the first error.
   */
  runTogether(begin: Request, requests: readonly Request[], end: Request): SysError | undefined {
    if (requests.length === 0) return undefined;
    this.#writer.clear();
    const all = [begin, ...requests, end];
    const first = this.#sequence + 1;
    all.forEach(({ type, flags, write }, index) => {
      const ack = index === requests.length ? NLM_F.ACK : 0;
      const writeBody = () => write(this.#writer);
      this.#writer.message(type, flags | NLM_F.REQUEST | ack, first + index, writeBody);
    });
    this.#sequence += all.length;
    this.#send(requests[0]!);
    for (;;) {
      for (const message of this.#receive(requests[0]!)) {
        const index = message.sequence - first;
        const request = index === 0 ? requests[0] : all[index];
        if (message.type !== NLMSG.ERROR || request === undefined) continue;
        const error = errorOf(message, request);
        // What is left to be said of this transaction is passed over by its sequence numbers.
        if (error !== undefined) return error;
        if (index === requests.length) return undefined;
      }
    }
  }

  /** Asks for one thing; `read` makes of the answer what outlives the buffer. Throws SysError. */
  ask<T>(request: Request, read: (message: Message) => T): T {
    this.#writer.clear();
    const sequence = ++this.#sequence;
    this.#writer.message(request.type, request.flags | NLM_F.REQUEST, sequence, () =>
      request.write(this.#writer),
    );
    this.#send(request);
    for (;;) {
      for (const message of this.#receive(request)) {
        if (message.sequence !== sequence) continue;
        if (message.type !== NLMSG.ERROR) return read(message);
        throw errorOf(message, request) ?? new SysError(request.describe(), 61);
      }
    }
  }

  /** Asks for all that there are; begun again where the kernel says that they changed meanwhile. */
  dump<T>(request: Request, read: (message: Message) => T | undefined): T[] {
    for (let attempt = 1; ; attempt++) {
      const { found, interrupted } = this.#dumpOnce(request, read);
      if (!interrupted || attempt === DUMP_ATTEMPTS) return found;
    }
  }

  #dumpOnce<T>(request: Request, read: (message: Message) => T | undefined) {
    this.#writer.clear();
    const sequence = ++this.#sequence;
    const flags = request.flags | NLM_F.REQUEST | NLM_F.DUMP;
    this.#writer.message(request.type, flags, sequence, () => request.write(this.#writer));
    this.#send(request);
    const found: T[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(request)) {
        if (message.sequence !== sequence) continue;
        interrupted ||= (message.flags & NLM_F.DUMP_INTR) !== 0;
        if (message.type === NLMSG.DONE || message.type === NLMSG.ERROR) {
          const error = errorOf(message, request);
          // A table without a route does not exist.
          if (error !== undefined && error.code !== 'ENOENT') throw error;
          return { found, interrupted };
        }
        const one = read(message);
        if (one !== undefined) found.push(one);
      }
    }
  }

  /** Takes part in a multicast group of the family; RTNLGRP_* of <linux/rtnetlink.h>. */
  join(group: number): void {
    setOption(this.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, 'NETLINK_ADD_MEMBERSHIP');
  }

  /**
   * Reads one datagram of notifications: its messages, none where nothing waits, or `overrun` where
   * the kernel had to drop some, after which all that matters must be listed again.
   */
  notifications(): readonly Message[] | 'overrun' {
    const length = recv(this.fd, this.#into, ROOM, MSG_DONTWAIT | MSG_TRUNC);
    if (length >= 0) return length > ROOM ? 'overrun' : this.#parse(length);
    const name = errorName(errno());
    if (name === 'EAGAIN') return [];
    if (name === 'ENOBUFS') return 'overrun';
    throw new SysError('recv AF_NETLINK', errno());
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.fd);
  }

  #send(request: Request): void {
    const octets = this.#writer.octets();
    check(send(this.fd, octets, octets.length, 0), request.describe(), CURES);
  }

  #receive(request: Request): Message[] {
    const length = recv(this.fd, this.#into, ROOM, MSG_TRUNC);
    check(length, request.describe(), CURES);
    if (length > ROOM) throw new SysError(request.describe(), 90);
    return this.#parse(length);
  }

  #parse = (length: number): Message[] => parseMessages(this.#into.subarray(0, length));
}

/**
 * The error in a message of type ERROR (`struct nlmsgerr`: the error, the request's header) or DONE
 * (the error), with what the kernel says to it; nothing where it says success.
 */
export function errorOf(message: Message, request: Request): SysError | undefined {
  const { body, flags, type } = message;
  if (body.length < 4) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const number = -view.getInt32(0, true);
  if (number <= 0) return undefined;
  let at = 4;
  if (type === NLMSG.ERROR) {
    if (body.length < ERROR_SIZE) return new SysError(request.describe(), number);
    const repeated = view.getUint32(4, true);
    at = (flags & NLM_F.CAPPED) !== 0 ? ERROR_SIZE : 4 + ((repeated + 3) & ~3);
  }
  const told = (flags & NLM_F.ACK_TLVS) !== 0 && at <= body.length;
  const detail = told ? text(parseAttributes(body, at), NLMSGERR_ATTR_MSG) : undefined;
  return new SysError(request.describe(), number, {}, detail);
}
