/** What the forwarding table carries, entry by entry, as `careof flows` shows it. */
import type { Action, ForwardingEntry } from '../core/forwarding/entry.ts';
import { formatAddress } from '../wire/address.ts';
import { secondsTo } from './bindings.ts';
import type { Daemon } from './daemon.ts';

export interface FlowJson {
  readonly entry: string;
  readonly at: 'leaving' | 'arriving';
  /** What packets it is for: an address, a prefix, or `any`. */
  readonly from: string;
  readonly to: string;
  /** What is done to them, in order. */
  readonly actions: readonly string[];
  readonly packets: number;
  readonly octets: number;
  /** `kernel`: without this process. */
  readonly carried_by: 'kernel' | 'plane';
  readonly remaining_s?: number;
}

/** Entries that carry what programs send, most used first; those of the control side itself are left out. */
export function flowsOf({ node, clock }: Daemon): FlowJson[] {
  const now = clock.now();
  const carrying = node.entries().filter(({ entry }) => !entry.do.some(isForControl));
  return carrying
    .map(({ entry, use, carriedBy }) => ({
      entry: entry.id,
      at: entry.at,
      from: endText(entry, 'src'),
      to: endText(entry, 'dst'),
      actions: entry.do.filter((action) => !('notify' in action)).map(actionText),
      packets: use.packets,
      octets: use.octets,
      carried_by: carriedBy,
      ...(entry.expiresAt !== undefined && { remaining_s: secondsTo(entry.expiresAt, now) }),
    }))
    .sort((a, b) => b.packets - a.packets || (a.entry < b.entry ? -1 : 1));
}

const isForControl = (action: Action): boolean => 'divert' in action;

/** What a packet in a tunnel is matched by is what is inside. */
export function endText({ match }: ForwardingEntry, end: 'src' | 'dst'): string {
  const inner = end === 'src' ? match.innerSrc : match.innerDst;
  if (inner !== undefined) return formatAddress(inner);
  const prefix = match[end];
  if (prefix === undefined) return 'any';
  const { address, length } = prefix;
  return length === undefined ? formatAddress(address) : `${formatAddress(address)}/${length}`;
}

/** An action in words. */
export function actionText(action: Action): string {
  if ('push' in action) return `into a tunnel to ${formatAddress(action.dst)}`;
  if ('pop' in action) return 'out of the tunnel';
  if ('insert' in action) {
    const careOf = formatAddress(action.careOf);
    return action.insert === 'home-address'
      ? `from ${careOf} with a Home Address option`
      : `to ${careOf} with a Type 2 Routing header`;
  }
  if ('apply' in action) {
    return action.apply === 'home-address'
      ? 'its Home Address option is taken'
      : 'its Type 2 Routing header is taken';
  }
  if ('drop' in action) return `dropped: ${action.drop}`;
  return 'divert' in action ? `to the control side: ${action.reason}` : `told of: ${action.notify}`;
}
