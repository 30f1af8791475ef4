/** Judges a packet of the mobile node by a check's conditions; an unknown one is never met silently. */
import { type Condition, NotRun } from './items.ts';
import type { Judging, State } from './mobile-node-judging.ts';
import { PACKET_SAYINGS } from './mobile-node-packet-sayings.ts';
import { UPDATE_SAYINGS } from './mobile-node-update-sayings.ts';

const SAYINGS = [...UPDATE_SAYINGS, ...PACKET_SAYINGS];

/** Throws `Failed` where a condition is not met, `NotRun` where it is not known. */
export function meetAll(conditions: readonly Condition[], judging: Judging): void {
  const state: State = { subject: 'nothing', skip: false };
  for (const condition of conditions) {
    const said = sayingOf(condition);
    const found = SAYINGS.find(([pattern]) => pattern.test(said));
    if (found === undefined) throw new NotRun(`the condition: ${said}`);
    if (!state.skip || said.startsWith('If ') || !isOfOption(said)) {
      found[1](judging, found[0].exec(said)!, state);
    }
  }
}

const isOfOption = (said: string): boolean => /^This option |^HoA = HoA$/.test(said);

function sayingOf(condition: Condition): string {
  if (condition.note !== undefined) return String(condition.note);
  if (condition.auth_valid === true) return 'the authenticator is right';
  if (condition.dst !== undefined) return `dst ${String(condition.dst)}`;
  if (condition.field !== undefined) return `field ${condition.field} is ${condition.eq}`;
  return JSON.stringify(condition);
}
