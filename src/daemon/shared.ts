/** What anycast agents of one address know together, and whether this one reaches what they share it by. */
import { createHash } from 'node:crypto';
import { formatAddress } from '../wire/address.ts';
import type { Daemon } from './daemon.ts';
import type { Problem } from './problems.ts';
import { USUAL_PATH } from './store.ts';

/** The same at all agents that reach each other. */
export interface SharedJson {
  readonly service: string;
  /** In the order of their numbers. */
  readonly servers: readonly {
    readonly spi: string;
    readonly addresses: readonly string[];
    /** The agent that it has joined. */
    readonly by: string;
    readonly version: string;
  }[];
  readonly clients: number;
  /** SHA-256 of all clients with their servers: equal where they are. */
  readonly clients_digest: string;
}

export function sharedOf({ role, host }: Daemon): SharedJson | undefined {
  const view = role?.inspect?.().shared;
  if (view === undefined || host.config.anycastAgent?.shared !== true) return undefined;
  const hash = createHash('sha256');
  const { clients } = view;
  for (const [client, server] of clients) hash.update(`${formatAddress(client)} ${server}\n`);
  return {
    service: formatAddress(view.service),
    servers: view.members.map(({ registrant: spi, addresses, by, version }) => ({
      ...{ spi, addresses: addresses.map(formatAddress), by: formatAddress(by), version },
    })),
    clients: clients.length,
    clients_digest: hash.digest('hex'),
  };
}

export function* sharedProblems({ host, store }: Daemon): Generator<Problem> {
  if (store === undefined) return;
  const { member, fault, refused } = store.shared.status();
  if (host.settings.store === undefined && store.path === USUAL_PATH) {
    const what = `only agents on this machine are told (${USUAL_PATH}): the file names no store`;
    const mend = `store: unix:${USUAL_PATH}, or the members of an etcd cluster for several hosts`;
    yield { level: 'warning', what, mend };
  }
  if (refused > 0) {
    const what = `the store had no room for ${refused} entries: the other agents do not know of these`;
    yield { level: 'error', what, mend: 'less max-clients at each agent' };
  }
  if (member !== undefined) return;
  const why = fault === undefined ? '' : ` (${fault})`;
  const goesOn = 'this agent goes on by what it knows';
  if (store.path === undefined) {
    const what = `no member of the etcd cluster answers${why}: ${goesOn}`;
    const endpoints = (host.settings.store as readonly string[]).join(',');
    yield { level: 'error', what, mend: `etcdctl --endpoints=${endpoints} endpoint health` };
  } else {
    const what = `the store at ${store.path} does not answer${why}: ${goesOn}`;
    yield { level: 'error', what, mend: `fuser ${store.path}.lock says who keeps it` };
  }
}
