/** What the items ask for and careof does not do, by the beginnings of their names, with the reason. */
import type { Item } from './items.ts';

const NOT_DONE: readonly (readonly [start: string, reason: string])[] = [];

export const notDone = ({ id }: Item): string | undefined =>
  NOT_DONE.find(([start]) => id.startsWith(start))?.[1];
