/**
 * The applications of one host: a process that the lab starts in the host's namespace and that dies
 * with the lab, whose end of its standard input tells it so.
 */
import { createInterface } from 'node:readline';
import { Poller } from '../../../linux/sys/poller.ts';
import { WELL } from '../../run/checked-ports.ts';
import { answerChecks } from './answer-checks.ts';
import { receiveMovable } from './movable.ts';
import { startClient, startServer } from './programs.ts';
import type { AgentFlow, AgentOrder } from './protocol.ts';
import { Reporter, write } from './reporter.ts';
import { receiveStream, sendStream } from './tcp.ts';
import { receiveDatagrams, sendDatagrams } from './udp.ts';

/** What it answers checks with just now. */
let status = WELL;

async function listen(
  order: AgentFlow,
  folder: string,
  reporter: () => Reporter | undefined,
): Promise<void> {
  const { flow, port, protocol } = order;
  if (order.do === 'send') return;
  if (order.do === 'answer') await answerChecks(port, () => status);
  else if (order.do !== 'receive') await startServer(order, folder, reporter);
  else if (protocol === 'udp') await receiveDatagrams(order, reporter);
  else if (order.movable === true) await receiveMovable(flow, port, folder, reporter);
  else await receiveStream(order, reporter);
}

function send(order: AgentFlow, folder: string, reporter: Reporter, poller: Poller): void {
  if (order.do === 'receive' || order.do === 'answer') return;
  if (order.do !== 'send') startClient(order, folder, reporter);
  else if (order.protocol === 'tcp') sendStream(order, reporter);
  else sendDatagrams(order, reporter, poller);
}

async function run(): Promise<void> {
  const poller = new Poller();
  let reporter: Reporter | undefined;
  let flows: readonly AgentFlow[] = [];
  let folder = '';
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as AgentOrder;
    if ('flows' in order) {
      ({ flows, folder } = order);
      await Promise.all(flows.map((one) => listen(one, folder, () => reporter)));
      write({ ready: true });
    } else if ('status' in order) ({ status } = order);
    else {
      reporter = new Reporter(order.origin);
      for (const one of flows) send(one, folder, reporter, poller);
    }
  }
  process.exit(0);
}

await run();
