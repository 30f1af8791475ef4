/**
 * Flows that programs of the system carry: curl gets a file from nginx, or socat writes to socat.
 *
 *     sender    nginx (serve)           socat - TCP6:... (give)      TCP4 over IPv4
 *                 ^                        |
 *     receiver  curl (fetch)            socat TCP6-LISTEN - (take)
 *
 * Where the flow is one of Multipath TCP, a few lines of Python stand for socat, which has no such sockets.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pattern } from '../../../sim/kernel/tcp/send-stream.ts';
import { nginxCommand } from './nginx.ts';
import type { ProgramFlow } from './protocol.ts';
import type { Reporter } from './reporter.ts';
import { sourceAddress } from './source-address.ts';
import { PatternWriter } from './tcp.ts';
import { versionOf } from './version.ts';

const CHUNK = 1 << 16;

/** Sockets of IPPROTO_MPTCP between standard input, or output, and the other end. */
const MULTIPATH = {
  take: `
import socket, sys
one = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
one.bind(('::', int(sys.argv[1])))
one.listen()
peer, _ = one.accept()
while octets := peer.recv(65536):
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()
`,
  give: `
import os, socket, sys
one = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
one.connect((sys.argv[1], int(sys.argv[2])))
while octets := os.read(0, 65536):
    one.sendall(octets)
`,
};

/** Starts what listens; settled when it may be connected to. */
export async function startServer(
  order: ProgramFlow,
  folder: string,
  reporter: () => Reporter | undefined,
): Promise<void> {
  if (order.do === 'serve') serve(order, folder);
  else if (order.do === 'take') {
    const { port, multipath } = order;
    const program = multipath
      ? spawn('python3', ['-c', MULTIPATH.take, String(port)])
      : spawn('socat', ['-u', `TCP${versionOf(order).family}-LISTEN:${port},reuseaddr`, '-']);
    receive(order, program, reporter);
  }
}

/** Begins at instant 0: what connects waits for its time, what serves tells of its file. */
export function startClient(order: ProgramFlow, folder: string, reporter: Reporter): void {
  const { flow, start, size } = order;
  const wait = Math.max(0, (start - reporter.now()) / 1000);
  if (order.do === 'serve') {
    reporter.sent(flow, size);
    reporter.tell({ flow, sentAll: digests.get(folder + flow)! });
  } else if (order.do === 'fetch') setTimeout(() => fetch(order, reporter), wait);
  else if (order.do === 'give') setTimeout(() => give(order, reporter), wait);
}

/** Digests of the files that are served. */
const digests = new Map<string, string>();

function serve({ flow, port, size, ...order }: ProgramFlow, folder: string): void {
  const { any, literal } = versionOf(order);
  const root = join(folder, flow);
  mkdirSync(root, { recursive: true });
  digests.set(folder + flow, writePattern(join(root, 'file'), size));
  const [program, ...args] = nginxCommand(root, `${literal(any)}:${port}`);
  spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Writes a file of the pattern and gives its digest. */
function writePattern(file: string, size: number): string {
  const hash = createHash('sha256');
  const fd = openSync(file, 'w');
  for (let offset = 0; offset < size; offset += CHUNK) {
    const octets = new Uint8Array(Math.min(CHUNK, size - offset));
    pattern(octets, offset);
    hash.update(octets);
    writeSync(fd, octets);
  }
  closeSync(fd);
  return hash.digest('hex');
}

function fetch(order: ProgramFlow, reporter: Reporter): void {
  const { port, size, over, to, from } = order;
  const own = sourceAddress(from);
  const program = spawn('curl', [
    ...['--silent', '--show-error', '--fail', '--globoff'],
    ...(own === undefined ? [] : ['--interface', own]),
    ...(over === undefined ? [] : ['--limit-rate', String(Math.ceil((size * 1e6) / over))]),
    `http://${versionOf(order).literal(to)}:${port}/file`,
  ]);
  receive(order, program, () => reporter);
}

/** Reads a program's standard output as the flow's data. */
function receive(
  { flow }: ProgramFlow,
  program: ChildProcess,
  reporter: () => Reporter | undefined,
): void {
  const hash: Hash = createHash('sha256');
  program.stderr?.pipe(process.stderr);
  program.stdout!.on('data', (octets: Buffer) => {
    reporter()?.received(flow, octets.length);
    hash.update(octets);
  });
  program.on('error', (error) => reporter()?.tell({ flow, failed: error.message }));
  program.on('close', (code) => {
    if (code === 0) reporter()?.tell({ flow, receivedAll: hash.digest('hex') });
    else reporter()?.tell({ flow, failed: EXITS[code ?? 0] ?? `exit ${code}` });
  });
}

/** What curl's exit codes mean. Source: curl(1). */
const EXITS: Readonly<Record<number, string>> = {
  7: 'ECONNREFUSED',
  28: 'ETIMEDOUT',
  45: 'EADDRNOTAVAIL',
  56: 'ECONNRESET',
};

function give(order: ProgramFlow, reporter: Reporter): void {
  const { flow, to, port, from, multipath } = order;
  const own = sourceAddress(from);
  const { family, literal } = versionOf(order);
  const bind = own === undefined ? '' : `,bind=${literal(own)}`;
  const [command, ...args] = multipath
    ? ['python3', '-c', MULTIPATH.give, to, String(port)]
    : ['socat', '-u', '-', `TCP${family}:${literal(to)}:${port}${bind}`];
  const program = spawn(command!, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  program.on('close', (code) => {
    if (code !== 0) reporter.tell({ flow, failed: 'ECONNRESET' });
  });
  program.stdin.on('error', () => {});
  new PatternWriter(order, program.stdin, reporter).write();
}
