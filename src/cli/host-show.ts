/** Shows what a daemon answers: as tables for people, as JSON for programs. */
import type { StatusJson } from '../daemon/status.ts';
import type { WhyJson } from '../daemon/why.ts';
import { EXIT } from './careof-error.ts';
import type { HostOptions, Shown } from './host.ts';
import { statusLines } from './host-status.ts';
import { agentLines, bindingLines, counterLines, flowLines, neighborLines } from './host-tables.ts';
import { asked } from './running.ts';
import { paintFor } from './terminal.ts';

type Lines = (answer: never, paint: ReturnType<typeof paintFor>) => string[];

/** What to ask for each table, and its lines. */
const SHOWN: Readonly<Record<Shown, { readonly ask: string; readonly lines: Lines }>> = {
  status: { ask: 'status', lines: statusLines },
  bindings: { ask: 'bindings', lines: bindingLines },
  flows: { ask: 'flows', lines: flowLines },
  neighbors: { ask: 'links', lines: neighborLines },
  agents: { ask: 'agents', lines: agentLines },
  counters: { ask: 'counters', lines: counterLines },
};

/** Shows a table; gives the exit code. */
export async function show(what: Shown, options: HostOptions): Promise<number> {
  const { ask, lines } = SHOWN[what];
  const answer = await asked(options, ask);
  if (options.json === true) console.log(JSON.stringify(answer));
  // What was asked for is what the lines are made of.
  else console.log(lines(answer as never, paintFor(process.stdout)).join('\n'));
  if (what !== 'status') return EXIT.ok;
  const { problems } = answer as StatusJson;
  return problems.some(({ level }) => level === 'error') ? EXIT.failed : EXIT.ok;
}

export async function why(address: string, options: HostOptions): Promise<number> {
  const answer = (await asked(options, 'why', { to: address })) as WhyJson;
  if (options.json === true) console.log(JSON.stringify(answer));
  else console.log(answer.sentences.join('\n'));
  return EXIT.ok;
}

/** Gives the operator's word. */
export async function command(word: object, options: HostOptions): Promise<number> {
  await asked(options, 'command', { command: word });
  return EXIT.ok;
}

export async function down(options: HostOptions & { leave?: boolean }): Promise<number> {
  const { pid } = (await asked(options, 'down', { leave: options.leave === true })) as {
    pid: number;
  };
  // It has answered; what is left to it is to give the host back.
  for (let waited = 0; waited < 10_000 && isAlive(pid); waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!isAlive(pid)) return EXIT.ok;
  console.error(`careof: process ${pid} was asked to end, and has not ended within 10 s`);
  return EXIT.failed;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
