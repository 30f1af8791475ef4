/**
 * Programs: verified, and run over a packet for tests.
 *
 * Source: bpf(2), `union bpf_attr` of <linux/bpf.h>; its names stand beside the offsets.
 */
import { errno } from '../libc.ts';
import { allocate, type Memory } from '../memory.ts';
import { SysError } from '../sys-error.ts';
import {
  COMMAND,
  CURES,
  call,
  checked,
  information,
  nameAt,
  point,
  prepare,
  writeName,
} from './call.ts';

/** enum bpf_prog_type */
export const PROGRAM_TYPE = { schedCls: 3, schedAct: 4, xdp: 6 } as const;
const LOG_SIZE = 1 << 20;
const EAGAIN = 11;
/** Times that a program is loaded again after a signal. */
const ATTEMPTS = 20;
/** What is told of a verifier's log. */
const LOG_TAIL = 2000;

export interface Program {
  /** One of `PROGRAM_TYPE`. */
  readonly type: number;
  /** 8 octets each, with descriptors of maps in their places. */
  readonly instructions: Uint8Array;
  /** Some functions are there only for `GPL` and what is compatible with it. */
  readonly licence: string;
  readonly name: string;
  readonly expectedAttachType?: number;
}

/** Has the kernel verify a program; gives its descriptor. The SysError ends in the verifier's last lines. */
export function loadProgram(program: Program): number {
  const words = `bpf PROG_LOAD ${program.name}`;
  let fd = tryLoading(program);
  // A signal that waits ends the verifier's work (verifier.c of Linux, do_check).
  for (let left = ATTEMPTS; fd < 0 && errno() === EAGAIN && left > 0; left--) {
    fd = tryLoading(program);
  }
  if (fd >= 0) return fd;
  const first = errno();
  // Writing a log costs much, so it is asked for only once there is something to be told.
  const log = allocate(LOG_SIZE);
  const second = tryLoading(program, log);
  if (second >= 0) return second;
  const end = log.octets.indexOf(0);
  const told = log.octets.toString('latin1', 0, end < 0 ? LOG_SIZE : end).trimEnd();
  throw new SysError(words, first, CURES, told.slice(-LOG_TAIL));
}

function tryLoading(program: Program, log?: Memory): number {
  const instructions = allocate(program.instructions.length);
  instructions.octets.set(program.instructions);
  const licence = allocate(program.licence.length + 1);
  licence.octets.write(program.licence, 'latin1');
  const { octets } = prepare();
  octets.writeUInt32LE(program.type, 0); // prog_type
  octets.writeUInt32LE(program.instructions.length / 8, 4); // insn_cnt
  point(8, instructions); // insns
  point(16, licence); // license
  if (log !== undefined) {
    octets.writeUInt32LE(1, 24); // log_level
    octets.writeUInt32LE(log.octets.length, 28); // log_size
    point(32, log); // log_buf
  }
  writeName(octets, 48, program.name); // prog_name
  octets.writeUInt32LE(program.expectedAttachType ?? 0, 68); // expected_attach_type
  return call(COMMAND.PROG_LOAD, 128);
}

export interface TestInput {
  /** The packet, from its link header on. */
  readonly data: Uint8Array;
  /** `struct __sk_buff` for what classifies packets. */
  readonly context?: Uint8Array;
  readonly repeat?: number;
  /** Octets of the packet that is given back, at most; where it has more, ENOSPC. */
  readonly room?: number;
}

export interface TestOutput {
  /** What the program returned. */
  readonly result: number;
  readonly data: Uint8Array;
  /** The context as the program left it, where one was given. */
  readonly context: Uint8Array | undefined;
  /** For one run, on the average. */
  readonly nanoseconds: number;
}

/** Runs a program over a packet, without a network. */
export function testProgram(fd: number, input: TestInput): TestOutput {
  const { data, context, repeat = 1, room = data.length + 256 } = input;
  const packet = allocate(data.length);
  packet.octets.set(data);
  const out = allocate(room);
  const given = allocate(context?.length ?? 0);
  const left = allocate(context?.length ?? 0);
  const { octets } = prepare();
  octets.writeUInt32LE(fd, 0); // test.prog_fd
  octets.writeUInt32LE(data.length, 8); // test.data_size_in
  octets.writeUInt32LE(room, 12); // test.data_size_out
  point(16, packet); // test.data_in
  point(24, out); // test.data_out
  octets.writeUInt32LE(repeat, 32); // test.repeat
  if (context !== undefined) {
    given.octets.set(context);
    octets.writeUInt32LE(context.length, 40); // test.ctx_size_in
    octets.writeUInt32LE(context.length, 44); // test.ctx_size_out
    point(48, given); // test.ctx_in
    point(56, left); // test.ctx_out
  }
  checked(call(COMMAND.PROG_TEST_RUN, 80), 'bpf PROG_TEST_RUN');
  return {
    result: octets.readUInt32LE(4), // test.retval
    data: new Uint8Array(out.octets.subarray(0, octets.readUInt32LE(12))),
    context: context === undefined ? undefined : new Uint8Array(left.octets),
    nanoseconds: octets.readUInt32LE(36), // test.duration
  };
}

/** What a program is; `tag` is a digest of its instructions, in hexadecimal digits. */
export function programInformation(fd: number) {
  const info = information(fd, 80);
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    tag: info.toString('hex', 8, 16),
    name: nameAt(info, 64),
  };
}
