/** What programs of the simulator dial with: the kernel's own choice of sources, and its TCP. */
import type { Duration } from '../../core/time.ts';
import {
  Alarm,
  type CloseReason,
  type Kernel,
  orderDestinations,
  type TcpConnection,
} from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import type { DialHost, Pair } from '../dialling.ts';

export type DialFailure = Exclude<CloseReason, 'closed'>;

export function dialHost(kernel: Kernel, port: number): DialHost<TcpConnection, DialFailure> {
  const { simulation } = kernel;
  let then = () => {};
  const alarm = new Alarm(simulation, () => then());
  return {
    pairs(destinations, found) {
      found(orderDestinations(kernel, destinations).flatMap((one) => pairOf(kernel, one)));
    },
    connect({ destination, source }, told) {
      return kernel.tcp.connect(destination, port, {
        source,
        onConnect: (one) => told.connected(one),
        onClose: (reason, one) => {
          if (reason !== 'closed') told.failed(reason, one);
        },
      });
    },
    wake(delay: Duration, call) {
      then = call;
      alarm.set((simulation.now + delay) as typeof simulation.now);
    },
    sleep: () => alarm.set(undefined),
  };
}

function pairOf(kernel: Kernel, destination: Address): Pair[] {
  const source = kernel.output.sourceFor(destination);
  return source === undefined ? [] : [{ destination, source }];
}
