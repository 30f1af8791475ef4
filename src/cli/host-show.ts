/** Shows what a daemon answers: as tables for people, as JSON for programs. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readHostText } from '../daemon/host-file.ts';
import type { StatusJson } from '../daemon/status.ts';
import type { WhyJson } from '../daemon/why.ts';
import { EXIT } from './careof-error.ts';
import type { HostOptions, Shown } from './host.ts';
import { statusLines } from './host-status.ts';
import { agentLines, bindingLines, counterLines, flowLines, neighborLines } from './host-tables.ts';
import { operatorError } from './operator-error.ts';
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

/** Gives it a changed file; 1 where that cannot be taken over without a restart. */
export async function syncconf(
  file: string,
  options: HostOptions & { dryRun?: boolean },
): Promise<number> {
  const path = resolve(file);
  let more: object;
  try {
    const { octets, open } = readHostText(path);
    more = { file: path, text: Buffer.from(octets).toString(), open };
  } catch (cause) {
    throw operatorError(cause);
  }
  const answer = await asked(options, 'syncconf', { ...more, dry_run: options.dryRun === true });
  const { diagnostics = [], changes = [], refused = [] } = answer as Record<string, string[]>;
  for (const line of diagnostics) console.error(line);
  if (diagnostics.length > 0) return EXIT.unfit;
  if (refused.length > 0) {
    console.error(`careof: nothing was changed, since these want a restart: ${refused.join(', ')}`);
    console.error(
      '        careof down --leave, then careof up: bindings stay, forwarding goes on.',
    );
    return EXIT.failed;
  }
  console.log(changes.length === 0 ? 'nothing is to be changed' : changes.join('\n'));
  return EXIT.ok;
}

export async function down(options: HostOptions & { leave?: boolean }): Promise<number> {
  const leave = options.leave === true;
  const { pid, note } = (await asked(options, 'down', { leave })) as { pid: number; note: string };
  // It has answered; what is left to it is to give the host back.
  for (let waited = 0; waited < 10_000 && isAlive(pid); waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!isAlive(pid)) return leave || !existsSync(note) ? EXIT.ok : notGivenBack(pid);
  console.error(`careof: process ${pid} was asked to end, and has not ended within 10 s`);
  return EXIT.failed;
}

/** It notes in which namespace it lives until it has given all back. */
function notGivenBack(pid: number): number {
  console.error(
    `careof: process ${pid} has ended, and the host is not as before: its log says why`,
  );
  console.error('        careof doctor --clean removes what is left.');
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
