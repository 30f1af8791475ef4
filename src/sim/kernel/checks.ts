/** Checks of services that a control side asks for, as a program of the node would make them. */
import type { Output } from '../../core/role.ts';
import { type CheckResult, httpRequest, httpResult } from '../../core/service-check.ts';
import { formatAddress } from '../../wire/address.ts';
import type { Kernel } from './kernel.ts';
import type { CloseReason } from './tcp/handlers.ts';

const RESULT: Readonly<Record<CloseReason, CheckResult>> = {
  closed: 'wrong-answer',
  refused: 'refused',
  reset: 'refused',
  aborted: 'silent',
  unreachable: 'unreachable',
  'time-out': 'silent',
};

/** Makes one; `told` is called once. */
export function checkService(
  { tcp, simulation }: Kernel,
  { source, sourcePort, destination, check, within }: Extract<Output, { kind: 'check' }>,
  told: (result: CheckResult) => void,
): void {
  const { path, port } = check;
  if (tcp.isTaken({ address: source, port: sourcePort }, { address: destination, port })) {
    told('not-made');
    return;
  }
  const begun: number[] = [];
  let over = false;
  const end = (result: CheckResult) => {
    if (over) return;
    over = true;
    told(result);
    // Not in the middle of what it is doing.
    simulation.at(simulation.now, () => connection.abort());
  };
  const connection = tcp.connect(destination, port, {
    source,
    sourcePort,
    onConnect: (one) => {
      if (path === undefined) end('well');
      else one.write(httpRequest(path, `[${formatAddress(destination)}]:${port}`));
    },
    onData: (octets) => {
      begun.push(...octets);
      const result = httpResult(Uint8Array.from(begun));
      if (result !== undefined) end(result);
    },
    onClose: (reason) => end(RESULT[reason]),
  });
  simulation.in(within, () => end('silent'));
}
