import type { Action, ForwardingEntry } from './entry.ts';
import { IPV6_HEADER } from './packet-view.ts';
import { INSERTED } from './rewrite.ts';
import { UDP_TUNNEL_OVERHEAD } from './udp-tunnel.ts';

/** Octets by which an entry makes a packet longer: what a path MTU loses by it. */
export function overhead(entry: ForwardingEntry): number {
  let octets = 0;
  for (const action of entry.do) octets += overheadOf(action);
  return octets;
}

/** The same of one action. */
export function overheadOf(action: Action): number {
  if ('push' in action) return action.push === 'udp' ? UDP_TUNNEL_OVERHEAD : IPV6_HEADER;
  return 'insert' in action ? INSERTED : 0;
}
