/** What an agent saw, told to the lab every few milliseconds. */
import { writeSync } from 'node:fs';
import { bootTimeMicroseconds } from '../../../linux/sys/boot-clock.ts';
import type { AgentReport, FlowReport, Stamped } from './protocol.ts';

const TOGETHER_MS = 10;

export class Reporter {
  /** CLOCK_BOOTTIME of instant 0, microseconds. */
  readonly origin: number;
  readonly #waiting = new Map<string, Pending>();
  #timer: NodeJS.Timeout | undefined;

  constructor(origin: number) {
    this.origin = origin;
  }

  now(): number {
    return bootTimeMicroseconds() - this.origin;
  }

  sent(flow: string, what: number): void {
    this.#pending(flow).sent.push([what, this.now()]);
  }

  received(flow: string, what: number): void {
    this.#pending(flow).received.push([what, this.now()]);
  }

  /** A datagram came from this address. */
  from(flow: string, address: string): void {
    const { sources } = this.#pending(flow);
    sources[address] = (sources[address] ?? 0) + 1;
  }

  /** Something that happens once; what was seen before is told first. */
  tell(report: FlowReport): void {
    this.#flush();
    write(report);
  }

  #pending(flow: string): Pending {
    let pending = this.#waiting.get(flow);
    if (pending === undefined) {
      pending = { sent: [], received: [], sources: {} };
      this.#waiting.set(flow, pending);
    }
    this.#timer ??= setTimeout(() => this.#flush(), TOGETHER_MS);
    return pending;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [flow, { sent, received, sources }] of this.#waiting) {
      write({
        flow,
        ...(sent.length > 0 && { sent }),
        ...(received.length > 0 && { received }),
        ...(Object.keys(sources).length > 0 && { sources }),
      });
    }
    this.#waiting.clear();
  }
}

interface Pending {
  readonly sent: Stamped[];
  readonly received: Stamped[];
  readonly sources: Record<string, number>;
}

export function write(report: AgentReport): void {
  const line = Buffer.from(`${JSON.stringify(report)}\n`);
  for (let at = 0; at < line.length; ) {
    try {
      at += writeSync(1, line, at);
    } catch (cause) {
      // The pipe is full: the lab reads on in a moment. Gone: so is the lab.
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') process.exit(1);
    }
  }
}
