/** The agent of a host, as the lab sees it. */
import { createInterface } from 'node:readline';
import type { AgentFlow, AgentOrder, AgentReport, FlowReport } from './agent/protocol.ts';
import {
  ChildFailure,
  commandOf,
  hurryChild,
  kill,
  type Started,
  startInside,
} from './children.ts';

/** Where an agent runs. */
export interface AgentPlace {
  readonly node: string;
  readonly namespace: string;
  /** For what its programs need on disk. */
  readonly folder: string;
  /** Whom it asks names, as resolv.conf(5). */
  readonly resolver: string | undefined;
}

export class AgentProcess {
  /** Settled when all its sockets listen; rejected where it ends before. */
  readonly ready: Promise<void>;
  readonly #started: Started;

  constructor(
    { node, namespace, folder, resolver }: AgentPlace,
    flows: readonly AgentFlow[],
    onReport: (report: FlowReport) => void,
    onFailure: (cause: Error) => void,
  ) {
    this.#started = startInside(namespace, commandOf('lab/linux/agent/agent'), resolver);
    const { child, complaints } = this.#started;
    this.ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const report = JSON.parse(line) as AgentReport;
        if ('ready' in report) resolve();
        else onReport(report);
      });
      child.on('exit', (code, signal) => {
        const why = complaints.join('\n') || `it ended with ${signal ?? code}`;
        const failure = new ChildFailure(`the applications of ${node} ended: ${why}`);
        reject(failure);
        onFailure(failure);
      });
    });
    this.ready.catch(() => {});
    this.#order({ flows, folder });
  }

  /** @param origin instant 0, microseconds of CLOCK_BOOTTIME. */
  begin(origin: number): void {
    hurryChild(this.#started);
    this.#order({ origin });
  }

  /** Checks by HTTP are answered so from now on. */
  setAnswer(status: number): void {
    this.#order({ status });
  }

  kill(): void {
    kill(this.#started);
  }

  #order(order: AgentOrder): void {
    this.#started.child.stdin.write(`${JSON.stringify(order)}\n`);
  }
}
