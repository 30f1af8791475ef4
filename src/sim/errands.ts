/** What a control side has its kernel do and is told the end of: connections, names, checks. */
import type { Input, Output } from '../core/role.ts';
import { checkService } from './kernel/checks.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { SimNodeOptions } from './node-options.ts';

export type Errand = Extract<Output, { kind: 'detach' | 'attach' | 'resolve' | 'check' }>;

/** Does one. `told` may be called at once. */
export function runErrand(
  kernel: Kernel,
  errand: Errand,
  resolve: SimNodeOptions['resolve'],
  told: (input: Input) => void,
): void {
  const { id } = errand;
  switch (errand.kind) {
    case 'detach': {
      const { local, remote, most } = errand;
      told({ kind: 'detached', id, state: kernel.tcp.detach(local, remote, most) });
      return;
    }
    case 'attach': {
      const { local, remote, state } = errand;
      told({ kind: 'attached', id, ok: kernel.tcp.attach(local, remote, state) });
      return;
    }
    case 'resolve':
      if (resolve === undefined) told({ kind: 'resolved', id, addresses: [], names: [] });
      else resolve(kernel, errand.question, (found) => told({ kind: 'resolved', id, ...found }));
      return;
    case 'check':
      checkService(kernel, errand, (result) => told({ kind: 'checked', id, result }));
  }
}
