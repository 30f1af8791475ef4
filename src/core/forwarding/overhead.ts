import type { ForwardingEntry } from './entry.ts';
import { INSERTED } from './rewrite.ts';

/** Octets by which an entry makes a packet longer: what a path MTU loses by it. */
export function overhead(entry: ForwardingEntry): number {
  let octets = 0;
  for (const action of entry.do) {
    if ('push' in action) octets += 40;
    if ('insert' in action) octets += INSERTED;
  }
  return octets;
}
