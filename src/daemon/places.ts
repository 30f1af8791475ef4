/** Where a daemon keeps what is its own, by its name. */
import { join } from 'node:path';

/** Sockets and what lives as long as the machine runs. */
export const RUN_FOLDER = '/run/careof';
/** Journals. */
export const STATE_FOLDER = '/var/lib/careof';

/** In a node's folder: the network namespace that it lives in. */
export const NAMESPACE_FILE = 'netns';
/** In a node's folder: the socket of the store that it shares with others of this machine, and may keep for them. */
export const STORE_FILE = 'store';

export interface Places {
  readonly socket: string;
  readonly journal: string;
  readonly clock: string;
  /** The key that its addresses are made of where its file names none. */
  readonly key: string;
  /** For what is the node's alone while it runs: its bpffs, what sysctls were before. */
  readonly nodeFolder: string;
}

/** @param state one folder for everything, in the stead of the usual ones. */
export function placesOf(name: string, state?: string): Places {
  if (state !== undefined) {
    return {
      socket: join(state, 'control.sock'),
      journal: join(state, 'journal', 'journal'),
      clock: join(state, 'journal', 'clock'),
      key: join(state, 'journal', 'host-key.pem'),
      nodeFolder: state,
    };
  }
  return {
    socket: join(RUN_FOLDER, `${name}.sock`),
    journal: join(STATE_FOLDER, name, 'journal'),
    clock: join(STATE_FOLDER, name, 'clock'),
    key: join(STATE_FOLDER, name, 'host-key.pem'),
    nodeFolder: join(RUN_FOLDER, name),
  };
}
