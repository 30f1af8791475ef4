/** Which scenarios are worth a capture for other eyes, and which would show the same packets a thousand times. */
import type { Scenario } from '../src/lab/scenario/read.ts';

/** Scenarios whose attackers send what is malformed on purpose: tshark finds that, and should. */
export const MALFORMED: ReadonlySet<string> = new Set(['hostile-headers']);

/** A scenario with more events is the same hand-over a thousand times: its packets are those of others. */
const MOST_EVENTS = 500;
/** Octets of a TCP flow, of which more show nothing new. */
export const LONGEST_FLOW = 50e6;
/** The same where there is less time: large downloads take tshark minutes. */
export const BRIEF_FLOW = 5e6;

/** What makes a scenario's packets the same many times over; undefined where nothing does. */
export function repetition({ events, traffic }: Scenario, longest: number): string | undefined {
  if (events.length > MOST_EVENTS) return `${events.length} events`;
  const flow = [...traffic.values()].find((one) => one.protocol === 'tcp' && one.size > longest);
  return flow && `a flow of more than ${longest / 1e6} MB`;
}
