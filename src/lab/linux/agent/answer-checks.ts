/** The program of a server that answers who asks whether it is there. */
import { createServer } from 'node:net';
import { checkAnswer } from '../../run/checked-ports.ts';

/** @param status what it answers who asks by HTTP just now. */
export function answerChecks(port: number, status: () => number): Promise<void> {
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(checkAnswer(status())));
    // Who has asked tears the connection down.
    socket.on('error', () => {});
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port, host: '::', ipv6Only: true }, resolve);
  });
}
