/** By what this host's agent shares with others: members of an etcd cluster, or the store of this machine. */
import { join } from 'node:path';
import { etcdPlace } from '../linux/etcd/etcd-member.ts';
import { MemberStore } from '../linux/store/member-store.ts';
import { socketPlace } from '../linux/store/socket-member.ts';
import { StoreKeeper } from '../linux/store/store-keeper.ts';
import { FileJournal } from './journal.ts';
import type { Log } from './log.ts';
import { RUN_FOLDER } from './places.ts';

const SCHEME = 'unix:';
/** Where the file names none. */
export const USUAL_PATH = join(RUN_FOLDER, 'agents.store');

export class HostStore {
  readonly shared: MemberStore;
  /** The socket, where it is not an etcd cluster. */
  readonly path: string | undefined;
  /** The same, where it may be us who keeps it. */
  readonly keptAt: string | undefined;
  readonly #keeper: StoreKeeper | undefined;

  /**
   * @param said in the host's file.
   * @param other the socket of a store that somebody else keeps, in its stead.
   */
  constructor(said: string | readonly string[] | undefined, other: string | undefined, log: Log) {
    const members = typeof said === 'object' && other === undefined ? said : undefined;
    if (members !== undefined) {
      const places = members.map((url) => etcdPlace(url, Date.now));
      this.shared = new MemberStore(places, Date.now);
      return;
    }
    const own = typeof said === 'string' ? said.slice(SCHEME.length) : USUAL_PATH;
    this.path = other ?? own;
    if (other === undefined) {
      this.keptAt = own;
      this.#keeper = keeperOf(own, log);
    }
    this.shared = new MemberStore([this.#keeper ?? socketPlace(this.path)], Date.now);
  }

  close(): void {
    this.shared.close();
    this.#keeper?.close();
  }
}

function keeperOf(path: string, log: Log): StoreKeeper {
  return new StoreKeeper({
    path,
    openJournal: (file) => new FileJournal({ path: file, onFault: (text) => log.warning(text) }),
    wallClock: Date.now,
    onFault: (fault) => log.error('the store failed by our own mistake', { fault: fault.stack }),
  });
}
