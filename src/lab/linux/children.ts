/** Processes that the lab starts in a host's namespace. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { inNamespace } from '../../linux/sys/namespace.ts';

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Lines of complaint that are kept of a child that ends. */
const MOST_COMPLAINTS = 20;

const SOURCE = import.meta.url.endsWith('.ts');

/**
 * The command that runs a module of careof as a process: a build as it is, the source through the
 * loader. @param path from `src`, without its ending.
 */
export function commandOf(path: string): readonly string[] {
  const file = fileURLToPath(new URL(`../../${path}.${SOURCE ? 'ts' : 'js'}`, import.meta.url));
  return [process.execPath, ...(SOURCE ? ['--import', import.meta.resolve('tsx')] : []), file];
}

/** A process of the run has ended that must not, or would not begin; the message has its last words. */
export class ChildFailure extends Error {}

/** What a child has said on its standard error, the newest lines. */
export interface Started {
  readonly child: Child;
  readonly complaints: string[];
}

/**
 * The command that runs another one with this file as its /etc/resolv.conf: in a mount namespace of its
 * own, which goes with it.
 */
const resolvingBy = (file: string, command: readonly string[]): readonly string[] => [
  ...['unshare', '--mount', '--propagation', 'slave', '--', 'sh', '-c'],
  'mount --bind "$0" /etc/resolv.conf && exec "$@"',
  ...[file, ...command],
];

/**
 * Starts a process inside. It does not belong to the terminal's group: Ctrl-C is the lab's to hear,
 * which ends its children in order.
 * @param resolver whom it asks names, as resolv.conf(5); the machine's own file if absent.
 */
export function startInside(
  namespace: string,
  command: readonly string[],
  resolver?: string,
): Started {
  const [program, ...args] = resolver === undefined ? command : resolvingBy(resolver, command);
  const child = inNamespace(namespace, () =>
    spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true }),
  );
  const complaints: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints.push(...text.trimEnd().split('\n'));
    complaints.splice(0, complaints.length - MOST_COMPLAINTS);
  });
  // A child that is gone takes no more orders.
  child.stdin.on('error', () => {});
  return { child, complaints };
}

/** Ends a child without a word, as when the power fails. */
export function kill({ child }: Started): void {
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
  child.stdout.destroy();
  child.stderr.destroy();
}

/** What the network runs with, and its hosts, each of which would have a machine of its own. */
const PRIORITY = { network: -15, host: -10 };

/** From now on this process, the network, goes before others of the machine. Gives what takes that back. */
export function hurry(): () => void {
  const group = `/proc/${process.pid}/autogroup`;
  hurryOn(process.pid, PRIORITY.network);
  return () => attempt(() => writeFileSync(group, '0'));
}

/** From now on a child goes before others of the machine. */
export function hurryChild({ child }: { readonly child: Pick<Child, 'pid'> }): void {
  if (child.pid !== undefined) hurryOn(child.pid, PRIORITY.host);
}

/** Where the kernel shares time out among sessions first, a process's own priority is one inside of its session. */
function hurryOn(pid: number, priority: number): void {
  attempt(() => setPriority(pid, priority));
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, `${priority}`));
}

/** An ordinary user's processes take their turn as all others do. */
function attempt(what: () => void): void {
  try {
    what();
  } catch {
    // Slower, no more.
  }
}
