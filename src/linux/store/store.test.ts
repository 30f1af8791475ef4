/** The store of one machine: what is shared by its socket, and who keeps it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type SharedEntry, type SharedNews, versionText } from '../../core/shared-store.ts';
import { entryIn } from './entry-text.ts';
import { MemberStore } from './member-store.ts';
import { socketPlace } from './socket-member.ts';
import { removeLeftStore, StoreKeeper } from './store-keeper.ts';
import type { StorePlace } from './store-member.ts';
import { StoreServer } from './store-server.ts';

const PREFIX = 'service/a/';

const entry = (name: string, version: number, value?: string, until?: number): SharedEntry => ({
  key: PREFIX + name,
  version: versionText(BigInt(version)),
  until: until ?? (Date.now() + 60_000) * 1000,
  ...(value !== undefined && { value }),
});

async function until(holds: () => boolean): Promise<void> {
  const give = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > give) assert.fail(`it does not come about: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'careof-store-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const onFault = (fault: Error) => assert.fail(fault);

/** A journal in memory, that outlives who writes it. */
function journal() {
  const kept = new Map<string, string>();
  const store = (key: string, value: string | undefined) => {
    if (value === undefined) kept.delete(key);
    else kept.set(key, value);
  };
  return { kept, store, entries: () => kept.entries(), close: () => {} };
}

/** One who shares and follows, with what it was told, newest last. */
function sharing(t: TestContext, place: StorePlace) {
  const store = new MemberStore([place], Date.now);
  t.after(() => store.close());
  const news: SharedNews[] = [];
  store.follow(PREFIX, (one) => news.push(one));
  const values = () => news.flatMap(({ entries }) => entries.map(({ value }) => value));
  return { store, news, values, reached: () => store.status().member !== undefined };
}

test('what one shares all are told, older words change nothing, and whoever is cut off is told all anew', async (t) => {
  const path = join(folderFor(t), 'store.sock');
  const other = `${path}.2`;
  const server = new StoreServer({ wallClock: Date.now, onFault });
  const sockets = [await server.open(path), await server.open(other)];
  t.after(() => {
    for (const socket of sockets) socket.close('the test is over');
  });
  const [one, two] = [sharing(t, socketPlace(path)), sharing(t, socketPlace(other))];
  await until(() => one.news.length === 1 && two.news.length === 1);
  assert.deepEqual(one.news, [{ prefix: PREFIX, entries: [], whole: true }]);

  one.store.share(entry('x', 2, 'second'));
  one.store.share({ ...entry('y', 1, 'of nobody here'), key: 'service/b/y' });
  await until(() => one.values().length > 0 && two.values().length > 0);
  two.store.share(entry('x', 1, 'first'));
  await until(() => two.values().length > 1);
  assert.deepEqual(
    two.values(),
    ['second', 'second'],
    'who wrote something older is told what stands',
  );
  assert.deepEqual(one.values(), ['second']);

  sockets.pop()!.close('isolated');
  await until(() => !two.reached());
  assert.match(two.store.status().fault!, /isolated|nobody answers/);
  two.store.share(entry('lost', 1, 'lost'));
  one.store.share(entry('x', 3));
  one.store.share(entry('z', 1, 'meanwhile'));
  await until(() => one.values().at(-1) === 'meanwhile');
  sockets.push(await server.open(other));
  await until(two.reached);
  const last = two.news.at(-1)!;
  assert.equal(last.whole, true);
  assert.deepEqual(
    last.entries.map(({ value }) => value),
    [undefined, 'meanwhile'],
  );
});

test('many entries are told in pages, with what changes meanwhile, and forgotten in time', async (t) => {
  const path = join(folderFor(t), 'store.sock');
  let now = Date.now();
  const server = new StoreServer({ wallClock: () => now, onFault });
  const socket = await server.open(path);
  t.after(() => socket.close('the test is over'));
  const one = sharing(t, socketPlace(path));
  await until(one.reached);
  const end = (now + 1000) * 1000;
  for (let n = 0; n < 5000; n++)
    one.store.share(entry(`${n}`, 1, `${n}`, n < 10 ? end : end + 1e9));
  await until(() => one.values().length >= 1000);
  const two = sharing(t, socketPlace(path));
  await until(() => new Set(two.values()).size === 5000);
  assert.equal(two.news[0]!.whole, true);
  now += 1000;
  const three = sharing(t, socketPlace(path));
  await until(three.reached);
  assert.equal(three.values().length, 4990);
});

test('a store that is full refuses what is new, and says so', async (t) => {
  const path = join(folderFor(t), 'store.sock');
  const server = new StoreServer({ wallClock: Date.now, onFault, maxEntries: 1 });
  const socket = await server.open(path);
  t.after(() => socket.close('the test is over'));
  const one = sharing(t, socketPlace(path));
  await until(one.reached);
  one.store.share(entry('x', 1, 'first'));
  one.store.share(entry('y', 1, 'no room'));
  one.store.share(entry('x', 2, 'newer'));
  await until(() => one.values().includes('newer') && one.store.status().refused === 1);
  assert.ok(one.reached());
});

test('whoever comes first keeps the store, the next one when it ends, with what it held', async (t) => {
  const path = join(folderFor(t), 'deep', 'store.sock');
  const disk = journal();
  const keeper = () => {
    const one = new StoreKeeper({ path, openJournal: () => disk, wallClock: Date.now, onFault });
    t.after(() => one.close());
    return one;
  };
  const [first, second] = [keeper(), keeper()];
  const one = sharing(t, first);
  await until(one.reached);
  const two = sharing(t, second);
  await until(two.reached);
  one.store.share(entry('gone', 7));
  two.store.share(entry('x', 1, 'kept'));
  await until(() => one.values().length > 1 && two.values().length > 1);
  one.store.close();
  first.close();
  await until(() => two.news.filter(({ whole }) => whole).length === 2);
  const three = sharing(t, keeper());
  await until(three.reached);
  two.store.share(entry('gone', 6, 'old'));
  two.store.share(entry('x', 2, 'newer'));
  await until(() => three.values().includes('newer'));
  assert.ok(!three.values().includes('old'), 'what was taken back is remembered');
  assert.equal(entryIn(disk.kept.get(`${PREFIX}x`)!)?.value, 'newer');
});

test('what a killed keeper has left is taken away, unless somebody keeps the store, and the journal never', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'store.sock');
  assert.deepEqual(removeLeftStore(path), []);
  assert.deepEqual(readdirSync(folder), [], 'to look makes no file');
  for (const left of [path, `${path}.lock`, `${path}.journal`]) writeFileSync(left, '');
  assert.deepEqual(removeLeftStore(path), [path, `${path}.lock`]);
  assert.deepEqual(readdirSync(folder), ['store.sock.journal']);
  const options = { path, openJournal: journal, wallClock: Date.now, onFault };
  const keeper = new StoreKeeper(options);
  t.after(() => keeper.close());
  const one = sharing(t, keeper);
  await until(one.reached);
  assert.deepEqual(removeLeftStore(path), [], 'it is kept');
  assert.ok(existsSync(path) && existsSync(`${path}.lock`));
  one.store.close();
  keeper.close();
  assert.deepEqual(readdirSync(folder), ['store.sock.journal'], 'who ends leaves nothing');
});

test('what cannot be read is no entry', () => {
  const good = entry('x', 1, 'y');
  assert.deepEqual(entryIn(JSON.stringify(good)), good);
  for (const wrong of [{ key: 7 }, { key: '' }, { version: '1' }, { until: null }, { value: 1 }]) {
    assert.equal(entryIn(JSON.stringify({ ...good, ...wrong })), undefined, JSON.stringify(wrong));
  }
  assert.equal(entryIn('torn'), undefined);
});
