import type { Action, ForwardingEntry } from './entry.ts';
import { outerSize } from './outer-header.ts';
import { UDP_HEADER } from './packet-view.ts';
import { INSERTED } from './rewrite.ts';

/** Octets by which an entry makes a packet longer: what a path MTU loses by it. */
export function overhead(entry: ForwardingEntry): number {
  let octets = 0;
  for (const action of entry.do) octets += overheadOf(action);
  return octets;
}

/** The same of one action. */
export function overheadOf(action: Action): number {
  if ('push' in action) return outerSize(action.dst) + (action.push === 'udp' ? UDP_HEADER : 0);
  return 'insert' in action ? INSERTED : 0;
}
