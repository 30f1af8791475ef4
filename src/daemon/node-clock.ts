/**
 * Where a node's instants come from: the kernel's boot clock, which goes on in suspend and is never
 * set. Its origin is kept in a file, so that instants go on over restarts of the process; a reboot
 * begins a new count, since all that outlives it is kept by the wall clock.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Instant } from '../core/time.ts';
import type { NodeClock } from '../linux/node-options.ts';

/** The clocks of this machine. */
export interface MachineClocks {
  /** Nanoseconds of CLOCK_BOOTTIME. */
  bootTime(): bigint;
  /** Microseconds since 1970-01-01. */
  wallTime(): number;
  /** Another one after each boot. */
  readonly bootId: string;
}

export interface DaemonClock extends NodeClock {
  /** How far the wall clock was set since this clock was made, in microseconds. */
  wallClockStep(): number;
}

/** The clock whose origin stands in the file, or begins now. */
export function openClock(path: string, machine: MachineClocks): DaemonClock {
  const before = storedOrigin(path, machine);
  const origin = before ?? machine.bootTime();
  if (before === undefined) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const text = `${JSON.stringify({ boot: machine.bootId, origin_ns: String(origin) })}\n`;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  const now = () => Number((machine.bootTime() - origin) / 1000n) as Instant;
  const epochNow = () => machine.wallTime() - now();
  const epoch = epochNow();
  return { now, epoch, bootTimeOfStart: origin, wallClockStep: () => epochNow() - epoch };
}

/** Undefined where there is none of this boot: what is damaged counts as not there. */
function storedOrigin(path: string, machine: MachineClocks): bigint | undefined {
  try {
    const { boot, origin_ns } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    if (boot !== machine.bootId || !/^\d{1,20}$/.test(String(origin_ns))) return undefined;
    const origin = BigInt(String(origin_ns));
    return origin <= machine.bootTime() ? origin : undefined;
  } catch {
    return undefined;
  }
}

/** What the kernel calls this boot; some containers have no such file, and then each start is one. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `unknown ${process.pid} ${Date.now()}`;
  }
}
