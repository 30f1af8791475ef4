/** A store that is reached by a socket of this machine (`store-server.ts`). */
import type { SharedEntry } from '../../core/shared-store.ts';
import { ControlClient } from '../control/control-client.ts';
import { entriesIn } from './entry-text.ts';
import type { Snapshot, StoreMember, StorePlace, Written } from './store-member.ts';

const PATIENCE_MS = 3000;

/** @param path of a socket that somebody else keeps. */
export const socketPlace = (path: string): StorePlace => ({
  name: path,
  open: (signal) => openSocketMember(path, signal),
});

/** Throws where nobody answers there. */
export async function openSocketMember(path: string, signal: AbortSignal): Promise<StoreMember> {
  const client = await ControlClient.open(path, PATIENCE_MS).catch(() => {
    throw new Error(`nobody answers on ${path}`);
  });
  signal.addEventListener('abort', () => client.close(), { once: true });
  if (signal.aborted) client.close();
  return new SocketMember(client);
}

class SocketMember implements StoreMember {
  readonly #client: ControlClient;

  constructor(client: ControlClient) {
    this.#client = client;
  }

  async answers(): Promise<void> {
    await this.#ask('alive', {});
  }

  async read(prefix: string): Promise<Snapshot> {
    const entries = new Map<string, SharedEntry>();
    // What changes while it is read may come before the page where it stood.
    const note = (some: readonly SharedEntry[]) => {
      for (const one of some) {
        const before = entries.get(one.key);
        if (before === undefined || before.version < one.version) entries.set(one.key, one);
      }
    };
    let tell = note;
    let end!: (reason: Error) => void;
    const ended = new Promise<never>((_, reject) => {
      end = reject;
    });
    ended.catch(() => {});
    const from = await this.#client.watch(
      'follow',
      { prefix },
      {
        onEvent: (event) => tell(entriesIn(event.entries)),
        onEnd: (reason) => end(new Error(reason)),
      },
    );
    for (;;) {
      const page = await this.#ask('read', { from });
      note(entriesIn(page.entries));
      if (page.last === true) break;
    }
    const watch = (given: typeof tell) => {
      tell = given;
      return ended;
    };
    return {
      // What has changed since then is in it too, until somebody watches.
      get entries() {
        return [...entries.values()];
      },
      watch,
    };
  }

  async write(entries: readonly SharedEntry[]): Promise<Written> {
    const { newer, refused } = await this.#ask('share', { entries });
    return { newer: entriesIn(newer), refused: Number(refused) };
  }

  async #ask(what: string, more: object): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#client.request(what, more, PATIENCE_MS);
    return (answer ?? {}) as Readonly<Record<string, unknown>>;
  }
}
