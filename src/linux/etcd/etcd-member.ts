/**
 * One member of an etcd cluster, by its JSON gateway: reads, writes that compare versions, and watches.
 *
 * Source: etcd 3.4 and later, "gRPC gateway" and the messages of its rpc.proto. Keys and values are base64
 * there, and 64-bit numbers are text.
 */
import type { SharedEntry } from '../../core/shared-store.ts';
import type { Snapshot, StoreMember, StorePlace, Written } from '../store/store-member.ts';

/** All keys of careof in a cluster that others may use too. */
const ROOT = 'careof/';
/** Entries that are read at once. */
const PAGE = 2000;
/** A member without a majority does not answer. */
const PATIENCE_MS = 3000;
/** Octets of a line that a watch may tell. */
const MAX_LINE = 1 << 24;

/** What is forgotten at nearly the same time has one lease, in milliseconds. */
const LEASE_STEP = 15_000;

/** What an entry is written under, so that it is forgotten in time. */
type LeaseId = string;

interface EntryWithLease {
  readonly entry: SharedEntry;
  readonly lease: LeaseId;
}

interface KeyValue {
  readonly key?: string;
  readonly value?: string;
}

interface TxnResponse {
  readonly succeeded?: boolean;
  readonly responses?: readonly {
    readonly response_txn?: TxnResponse;
    readonly response_range?: { readonly kvs?: readonly KeyValue[] };
  }[];
}

interface WatchResponse {
  readonly result?: {
    readonly canceled?: boolean;
    readonly events?: readonly { readonly type?: string; readonly kv?: KeyValue }[];
  };
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text = ''): string => Buffer.from(text, 'base64').toString();

/**
 * @param url such as `http://127.0.0.1:2379`.
 * @param wallClock milliseconds since 1970.
 */
export const etcdPlace = (url: string, wallClock: () => number): StorePlace => ({
  name: url,
  open: (signal) => new EtcdMember(url, signal, wallClock),
});

class EtcdMember implements StoreMember {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #wallClock: () => number;
  /** By the steps in which they end. */
  readonly #leases = new Map<number, LeaseId>();

  constructor(url: string, signal: AbortSignal, wallClock: () => number) {
    this.#url = url.replace(/\/$/, '');
    this.#signal = signal;
    this.#wallClock = wallClock;
  }

  /** It belongs to a majority, where it does. */
  async answers(): Promise<void> {
    await this.#call('kv/range', { key: encode(`${ROOT}alive`) });
  }

  async read(prefix: string): Promise<Snapshot> {
    const end = encode(endOf(ROOT + prefix));
    const entries: SharedEntry[] = [];
    let revision: string | undefined;
    for (let from = ROOT + prefix; ; ) {
      const { header, kvs, more } = (await this.#call('kv/range', {
        ...{ key: encode(from), range_end: end, limit: `${PAGE}` },
        ...(revision !== undefined && { revision }),
      })) as { header: { revision: string }; kvs?: readonly KeyValue[]; more?: boolean };
      revision ??= header.revision;
      entries.push(...(kvs ?? []).flatMap(entryIn));
      const last = kvs?.at(-1)?.key;
      if (more !== true || last === undefined) {
        const after = BigInt(revision);
        return { entries, watch: (tell) => this.#watch(prefix, after, tell) };
      }
      from = `${decode(last)}\0`;
    }
  }

  async write(entries: readonly SharedEntry[]): Promise<Written> {
    if (entries.length === 0) return { newer: [], refused: 0 };
    const leased: EntryWithLease[] = [];
    for (const entry of entries) leased.push({ entry, lease: await this.#lease(entry.until) });
    const success = leased.map((one) => ({ request_txn: unlessAsNew(one) }));
    const { responses = [] } = (await this.#call('kv/txn', { success })) as TxnResponse;
    const newer = responses.flatMap(({ response_txn: first }) => {
      const second = first?.responses?.[0]?.response_txn;
      return second?.responses?.[0]?.response_range?.kvs?.flatMap(entryIn) ?? [];
    });
    return { newer, refused: 0 };
  }

  /** Ends at that time, in microseconds since 1970, or a little later. */
  async #lease(until: number): Promise<LeaseId> {
    const now = this.#wallClock();
    for (const step of this.#leases.keys()) {
      if (step * LEASE_STEP <= now) this.#leases.delete(step);
    }
    const end = Math.ceil(until / 1000 / LEASE_STEP);
    const known = this.#leases.get(end);
    if (known !== undefined) return known;
    const seconds = Math.max(1, Math.ceil((end * LEASE_STEP - now) / 1000));
    const { ID } = (await this.#call('lease/grant', { TTL: `${seconds}` })) as { ID: string };
    this.#leases.set(end, ID);
    return ID;
  }

  /** Tells of each change after a revision, without end. Throws where it cannot go on. */
  async #watch(
    prefix: string,
    after: bigint,
    tell: (entries: readonly SharedEntry[]) => void,
  ): Promise<never> {
    const key = encode(ROOT + prefix);
    const range = { key, range_end: encode(endOf(ROOT + prefix)) };
    const create_request = { ...range, start_revision: `${after + 1n}` };
    const response = await this.#post('watch', { create_request }, this.#signal);
    let rest = '';
    const text = new TextDecoder();
    for await (const octets of response.body!) {
      rest += text.decode(octets as Uint8Array, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop()!;
      if (rest.length > MAX_LINE) throw new Error(`${this.#url} tells of more than can be taken`);
      for (const line of lines) {
        const { result } = JSON.parse(line) as WatchResponse;
        // What was compacted away meanwhile is read anew.
        if (result === undefined || result.canceled === true) throw new Error('the watch ended');
        const put = (result.events ?? []).filter(({ type }) => type !== 'DELETE');
        const entries = put.flatMap(({ kv }) => (kv === undefined ? [] : entryIn(kv)));
        if (entries.length > 0) tell(entries);
      }
    }
    throw new Error(`${this.#url} ended the watch`);
  }

  async #call(path: string, body: object): Promise<unknown> {
    // Not AbortSignal.any, which in Node.js 20 keeps what it made for as long as its sources live.
    const call = new AbortController();
    const end = () => call.abort(this.#signal.reason);
    const late = () => call.abort(new Error(`${this.#url} does not answer`));
    const timer = setTimeout(late, PATIENCE_MS);
    this.#signal.addEventListener('abort', end, { once: true });
    try {
      this.#signal.throwIfAborted();
      return await (await this.#post(path, body, call.signal)).json();
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', end);
    }
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<Response> {
    const url = `${this.#url}/v3/${path}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal });
    if (response.ok) return response;
    throw new Error(`${url} answers ${response.status}: ${(await response.text()).slice(0, 200)}`);
  }
}

/** A version is the beginning of what is stored, so that etcd itself can compare it. */
function unlessAsNew({ entry, lease }: EntryWithLease): object {
  const { key: name, version, value, until } = entry;
  const key = encode(ROOT + name);
  const stored = `${version} ${until} ${value === undefined ? '-' : `=${value}`}`;
  const put = [{ request_put: { key, value: encode(stored), lease } }];
  const older = { key, target: 'VALUE', result: 'LESS', value: encode(version) };
  return {
    // A comparison with the value of a key that is not there holds never.
    compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
    success: put,
    failure: [
      { request_txn: { compare: [older], success: put, failure: [{ request_range: { key } }] } },
    ],
  };
}

/** None where others have written what cannot be read. */
function entryIn({ key, value }: KeyValue): SharedEntry[] {
  const [, version, until, mark, text] =
    /^([0-9a-f]{16}) (\d{1,16}) ([-=])(.*)$/s.exec(decode(value)) ?? [];
  const name = decode(key);
  if (version === undefined || !name.startsWith(ROOT)) return [];
  const entry = { key: name.slice(ROOT.length), version, until: Number(until) };
  return [mark === '-' ? entry : { ...entry, value: text! }];
}

/** The first key behind all that begin with a prefix, whose last octet is ASCII. */
const endOf = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
