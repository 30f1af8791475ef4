/** Finds the daemon that a command is for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkNamespace } from '../daemon/network-namespace.ts';
import { NAMESPACE_FILE, RUN_FOLDER } from '../daemon/places.ts';
import { ControlClient } from '../linux/control/control-client.ts';
import { CareofError } from './careof-error.ts';
import { operatorError } from './operator-error.ts';

export interface Which {
  /** The daemon's name, where several run. */
  readonly name?: string;
  /** Its socket, wherever it is. */
  readonly socket?: string;
}

/** A connection to the only daemon that runs, or to the one that is named. */
export async function connected({ name, socket }: Which): Promise<ControlClient> {
  try {
    return await ControlClient.open(socket ?? (await socketOf(name)));
  } catch (cause) {
    throw operatorError(cause);
  }
}

/** Asks one question of it, and hangs up. */
export async function asked(which: Which, what: string, more: object = {}): Promise<unknown> {
  const client = await connected(which);
  try {
    return await client.request(what, more);
  } catch (cause) {
    throw operatorError(cause);
  } finally {
    client.close();
  }
}

async function socketOf(name: string | undefined): Promise<string> {
  if (name !== undefined) return join(RUN_FOLDER, `${name}.sock`);
  const names = await runningNames();
  if (names.length === 1) return join(RUN_FOLDER, `${names[0]}.sock`);
  if (names.length === 0) {
    const hint = 'Start it with: careof up -c FILE';
    throw new CareofError('not-running', 'no careof runs on this host', hint);
  }
  const hint = `Say which: --name ${names.join(', --name ')}`;
  throw new CareofError('several', `${names.length} careof run on this host`, hint);
}

/** Daemons that answer; of several, those of this network namespace where there are some. */
async function runningNames(): Promise<string[]> {
  const names = socketNames();
  if (names.length < 2) return names;
  const answers = await Promise.all(names.map(isAnswered));
  const alive = names.filter((_, index) => answers[index]);
  const here = alive.filter((name) => livesHere(name));
  return here.length > 0 ? here : alive;
}

function socketNames(): string[] {
  try {
    const names = readdirSync(RUN_FOLDER).filter((file) => file.endsWith('.sock'));
    return names.map((file) => file.slice(0, -5)).sort();
  } catch {
    return [];
  }
}

/** A daemon that was killed leaves its socket behind. */
async function isAnswered(name: string): Promise<boolean> {
  try {
    (await ControlClient.open(join(RUN_FOLDER, `${name}.sock`))).close();
    return true;
  } catch (cause) {
    return (cause as { id?: string }).id !== 'not-running';
  }
}

function livesHere(name: string): boolean {
  try {
    const noted = readFileSync(join(RUN_FOLDER, name, NAMESPACE_FILE), 'utf8').trim();
    return noted === networkNamespace();
  } catch {
    return false;
  }
}
