import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type SharedEntry, type SharedNews, versionText } from '../../core/shared-store.ts';
import { MemberStore } from '../store/member-store.ts';
import { etcdPlace } from './etcd-member.ts';

const PORT = 23790;
const URL = `http://127.0.0.1:${PORT}`;
const GONE = 'http://127.0.0.1:1';

/** One member on loopback, as long as the test lasts. */
class Etcd {
  readonly #folder = mkdtempSync(join(tmpdir(), 'careof-etcd-'));
  #process: ChildProcess | undefined;

  async start(): Promise<void> {
    const peer = `http://127.0.0.1:${PORT + 1}`;
    const args = [
      ...['--name', 'one', '--data-dir', this.#folder, '--log-level', 'error'],
      ...['--listen-client-urls', URL, '--advertise-client-urls', URL],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `one=${peer}`],
    ];
    this.#process = spawn('etcd', args, { stdio: 'ignore' });
    await until(async () => (await fetch(`${URL}/health`).catch(() => undefined))?.ok === true);
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  close(): void {
    this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const give = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > give) assert.fail(`it does not come about: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const entry = (key: string, version: bigint, value?: string): SharedEntry => ({
  key,
  version: versionText(version),
  until: (Date.now() + 60_000) * 1000,
  ...(value !== undefined && { value }),
});

/** What a follower was told, newest last, and the stores that are to be closed. */
function following(t: TestContext, members: readonly string[] = [URL]) {
  const places = members.map((url) => etcdPlace(url, Date.now));
  const store = new MemberStore(places, Date.now);
  t.after(() => store.close());
  const news: SharedNews[] = [];
  store.follow('service/a/', (one) => news.push(one));
  const told = () => news.flatMap(({ entries }) => entries);
  return { store, news, told };
}

test('what one node shares all are told, and nothing older stands again', async (t) => {
  if (spawnSync('etcd', ['--version']).status !== 0) {
    t.skip('no etcd: apt-get install etcd-server');
    return;
  }
  const etcd = new Etcd();
  t.after(() => etcd.close());
  await etcd.start();
  const one = following(t, [GONE, URL]);
  const two = following(t);
  await until(() => one.news.length > 0 && two.news.length > 0);
  assert.deepEqual(one.news[0], { prefix: 'service/a/', entries: [], whole: true });
  assert.equal(one.store.status().member, URL, 'the next one, where one does not answer');

  const first = entry('service/a/x', 2n, 'a = "b" c');
  one.store.share(first);
  one.store.share(entry('service/b/x', 1n, 'of nobody here'));
  await until(() => two.told().length > 0 && one.told().length > 0);
  assert.deepEqual([two.told(), one.told()], [[first], [first]]);

  two.store.share(entry('service/a/x', 1n, 'older'));
  await until(() => two.told().length > 1);
  assert.deepEqual(two.told()[1], first, 'who wrote something older is told what stands');
  const gone = entry('service/a/x', 3n);
  two.store.share(gone);
  await until(() => one.told().at(-1)?.version === gone.version);
  assert.deepEqual(one.told(), [first, gone]);

  const many = Array.from({ length: 2500 }, (_, n) => entry(`service/a/${n}`, 1n, `${n}`));
  const began = Date.now();
  for (const each of many) one.store.share(each);
  await until(() => two.told().length >= 2500 + 3);
  t.diagnostic(`2500 entries were with the other node after ${Date.now() - began} ms`);

  const late = following(t);
  await until(() => late.news.length > 0);
  assert.equal(late.news[0]!.entries.length, 2501, 'all of them, in several pages');

  etcd.kill();
  await until(() => two.store.status().member === undefined);
  assert.match(two.store.status().fault ?? '', /ECONNREFUSED|terminated|fetch failed/);
  two.store.share(entry('service/a/lost', 1n, 'lost'));
  const before = two.news.length;
  await etcd.start();
  await until(() => two.news.length > before);
  const again = two.news[before]!;
  assert.deepEqual([again.whole, again.entries.length], [true, 2501]);
});
