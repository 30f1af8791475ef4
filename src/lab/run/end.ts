/** When a run is over: the last datagram that may still come has come. */
import { after, type Duration, type Instant, START, seconds } from '../../core/time.ts';
import { lengthOf } from '../scenario/attacks.ts';
import type { Scenario } from '../scenario/read.ts';

/** What happens after the last event and the last datagram still counts so long. */
const AFTERMATH = seconds(3);
/** How much network time passes between two looks at whether all is over. */
export const SLICE = seconds(0.1);

export class End {
  /** Nothing ends before. */
  readonly least: Instant;
  /** Nothing goes on after. */
  readonly limit: Instant;
  readonly #flows: number;
  #overAt: number | undefined;

  /** @param patience a TCP flow that has not ended so long after all was written never will. */
  constructor(scenario: Scenario, patience: Duration) {
    const events = scenario.events.map((event) =>
      event.kind === 'attack'
        ? after(event.at as number as Instant, lengthOf(event.attack))
        : event.at,
    );
    const flows = [...scenario.traffic.values()];
    const ends = flows.map((flow) => (flow.protocol === 'udp' ? flow.stop : flow.start));
    const last = Math.max(START, ...events, ...ends);
    this.least = Math.max(last + AFTERMATH, scenario.until ?? START) as Instant;
    const written = flows.map((flow) =>
      flow.protocol === 'tcp' ? flow.start + (flow.over ?? 0) : 0,
    );
    this.limit = (Math.max(this.least, ...written) + patience) as Instant;
    this.#flows = flows.length;
  }

  /** Asked now and then. @param over the applications wait for nothing any more. */
  reached(now: Instant, over: boolean): boolean {
    if (now >= this.limit) return true;
    if (!over) return false;
    this.#overAt ??= now;
    return now >= this.least && (this.#flows === 0 || now >= this.#overAt + AFTERMATH);
  }
}
