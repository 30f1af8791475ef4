/** What a condition of a mobile node item is judged on, and what the conditions share. */
import { type Address, formatAddress } from '../../src/wire/address.ts';
import type { LayerOf } from '../../src/wire/packet.ts';
import { layerIn, type Seen } from './bench.ts';
import { demand } from './conditions.ts';
import { named } from './mobile-node-addresses.ts';
import { innermost, type Memory } from './mobile-node-memory.ts';
import type { Ends } from './mobile-node-plan.ts';

export interface Judging {
  readonly seen: Seen;
  readonly ends: Ends;
  readonly memory: Memory;
  /** Where the steps send from and to, by their numbers. */
  readonly endsOfStep: (n: number) => Ends;
  /** Did the packet have to come before a moment, and has it? */
  readonly inTime: boolean;
  /** What can be judged at the item's end only. */
  readonly later: (what: 'timer' | 'doubled' | 'until maximum' | 'silence', about: string) => void;
}

/** What "this option" is about. */
type Subject = 'home option' | 'routing' | 'authenticator' | 'alternate' | 'nothing';
export interface State {
  subject: Subject;
  /** What is said of an option that need not be there. */
  skip: boolean;
}

/** What is said, and what it demands: throws `Failed` where that is not met. */
export type Saying = readonly [RegExp, (judging: Judging, match: string[], state: State) => void];

export function same(is: unknown, must: unknown, what: string): void {
  const show = (value: unknown) =>
    typeof value === 'string' && value.length === 16
      ? formatAddress(value as Address)
      : String(value);
  demand(is === must, `${what} is ${show(is)}; it must be ${show(must)}`);
}

export function update({ seen }: Judging): LayerOf<'binding-update'> {
  const layer = layerIn(seen, 'binding-update');
  demand(layer !== undefined, 'it is no Binding Update');
  return layer!;
}

export const option = (judging: Judging, name: string) =>
  update(judging).options.find((one) => one.option === name) as
    | Readonly<Record<string, unknown>>
    | undefined;

export const outer = ({ seen }: Judging) => {
  const [first, second] = seen.layers;
  demand(first?.layer === 'ipv6' && second?.layer === 'ipv6', 'it is in no tunnel');
  return first as LayerOf<'ipv6'>;
};

export const inner = ({ seen }: Judging) => innermost(seen);

/** The care-of address of the step. */
export const careOf = ({ ends }: Judging): Address => named(ends.outer?.source ?? ends.source);

export const routing = ({ seen }: Judging) => layerIn(seen, 'routing-type-2');
