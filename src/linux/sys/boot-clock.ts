/** The kernel's clock since it was started, which goes on in suspend, and a timer on it. */
import {
  clockGettime,
  close,
  O_CLOEXEC,
  O_NONBLOCK,
  read,
  timerfdCreate,
  timerfdSettime,
} from './libc.ts';
import { allocate } from './memory.ts';
import type { Poller, Watch } from './poller.ts';
import { check } from './sys-error.ts';

// <linux/time.h>, <linux/timerfd.h>
const CLOCK_BOOTTIME = 7;
const TFD_TIMER_ABSTIME = 1;

// struct timespec: seconds and nanoseconds, 8 octets each.
const timespec = allocate(16).octets;
const seconds = new BigInt64Array(timespec.buffer);

/** Nanoseconds of CLOCK_BOOTTIME, the same as `bpf_ktime_get_boot_ns` gives. */
export function bootTime(): bigint {
  check(clockGettime(CLOCK_BOOTTIME, timespec), 'clock_gettime CLOCK_BOOTTIME');
  return seconds[0]! * 1_000_000_000n + seconds[1]!;
}

/** Microseconds of CLOCK_BOOTTIME, as a number: exact for 285 years. */
export function bootTimeMicroseconds(): number {
  check(clockGettime(CLOCK_BOOTTIME, timespec), 'clock_gettime CLOCK_BOOTTIME');
  return Number(seconds[0]!) * 1e6 + Math.floor(Number(seconds[1]!) / 1e3);
}

/**
 * Calls back at an instant of CLOCK_BOOTTIME. Finer than `setTimeout` (some ten microseconds), and
 * rings at once after a suspend that lasted beyond the instant, where `setTimeout` would sleep on.
 */
export class BootTimer {
  readonly #fd: number;
  readonly #watch: Watch;
  // struct itimerspec: interval, then value, as two timespecs.
  readonly #value = allocate(32).octets;

  constructor(poller: Poller, ring: () => void) {
    this.#fd = check(timerfdCreate(CLOCK_BOOTTIME, O_NONBLOCK | O_CLOEXEC), 'timerfd_create');
    const expirations = allocate(8).octets;
    this.#watch = poller.watch(this.#fd, () => {
      if (read(this.#fd, expirations, 8) === 8) ring();
    });
  }

  /**
   * Rings at this instant in nanoseconds, at once where it has passed; undefined: does not ring. An
   * earlier order is void.
   */
  set(at: bigint | undefined): void {
    if (at === undefined) {
      this.clear();
      return;
    }
    const instant = at > 0n ? at : 1n;
    this.#value.writeBigInt64LE(instant / 1_000_000_000n, 16);
    this.#value.writeBigInt64LE(instant % 1_000_000_000n, 24);
    this.#arm();
  }

  /** Does not ring. */
  clear(): void {
    this.#value.fill(0);
    this.#arm();
  }

  close(): void {
    this.#watch.close();
    close(this.#fd);
  }

  #arm(): void {
    check(timerfdSettime(this.#fd, TFD_TIMER_ABSTIME, this.#value, null), 'timerfd_settime');
  }
}
