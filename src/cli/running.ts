/** Finds the daemon that a command is for. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_FOLDER } from '../daemon/places.ts';
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
    return await ControlClient.open(socket ?? socketOf(name));
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

function socketOf(name: string | undefined): string {
  if (name !== undefined) return join(RUN_FOLDER, `${name}.sock`);
  const names = socketNames();
  if (names.length === 1) return join(RUN_FOLDER, `${names[0]}.sock`);
  if (names.length === 0) {
    const hint = 'Start it with: careof up -c FILE';
    throw new CareofError('not-running', 'no careof runs on this host', hint);
  }
  const hint = `Say which: --name ${names.join(', --name ')}`;
  throw new CareofError('several', `${names.length} careof run on this host`, hint);
}

function socketNames(): string[] {
  try {
    const names = readdirSync(RUN_FOLDER).filter((file) => file.endsWith('.sock'));
    return names.map((file) => file.slice(0, -5)).sort();
  } catch {
    return [];
  }
}
