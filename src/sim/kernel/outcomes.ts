/** What a kernel does where the forwarding table ends a packet's way, or has something to tell. */
import type { DropReason } from '../../core/forwarding/entry.ts';
import type { Notice, Outcome } from '../../core/forwarding/execute.ts';
import type { LinkAddress } from '../../core/role.ts';
import type { Kernel } from './kernel.ts';

export function tell(kernel: Kernel, notices: readonly Notice[]): void {
  for (const notice of notices) kernel.control?.({ kind: 'notice', ...notice });
}

/** Hands a packet to the control side. */
export function divert(
  kernel: Kernel,
  { octets, reason, tunnel }: Extract<Outcome, { kind: 'divert' }>,
  link: string,
  from: LinkAddress | undefined,
): void {
  kernel.count('kernel.diverted');
  kernel.control?.({
    kind: 'packet',
    link,
    octets,
    reason,
    ...(tunnel && { tunnel }),
    ...(from && { from }),
  });
}

export function countDrop(
  kernel: Kernel,
  { reason }: Pick<Extract<Outcome, { kind: 'drop' }>, 'reason'>,
): void {
  kernel.count(MEANT.has(reason) ? 'kernel.entry_dropped' : 'kernel.entry_fault');
}

/** Reasons that an entry gives, in contrast to what went wrong with one. */
const MEANT: ReadonlySet<string> = new Set([
  'no-home-agent',
  'policy',
  'tunnel-source-unverified',
] satisfies DropReason[]);
