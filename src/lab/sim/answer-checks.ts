/** The program of a server that answers who asks whether it is there. */
import type { Kernel } from '../../sim/index.ts';
import { checkAnswer } from '../run/checked-ports.ts';

/** @param status what it answers who asks by HTTP just now. */
export function answerChecks(kernel: Kernel, port: number, status: () => number): void {
  kernel.tcp.listen(port, (connection) => {
    connection.handlers = {
      onData: () => {
        connection.write(new TextEncoder().encode(checkAnswer(status())));
        connection.close();
      },
    };
  });
}
