import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SharedNews, versionText } from '../core/shared-store.ts';
import { type Instant, milliseconds, seconds } from '../core/time.ts';
import { SharedMap } from './shared-map.ts';
import { Simulation } from './simulation.ts';

const FOREVER = 1e15;

function map(options: { readonly anyVersion?: boolean } = {}) {
  const simulation = new Simulation(1);
  const shared = new SharedMap({ simulation, delay: milliseconds(4), epoch: 0, ...options });
  const told: Record<string, (SharedNews & { readonly at: number })[]> = {};
  const follower = (node: string) => {
    const access = shared.accessOf(node);
    const mine: (SharedNews & { readonly at: number })[] = [];
    told[node] = mine;
    access.follow('s/', (news) => mine.push({ ...news, at: simulation.now }));
    return access;
  };
  const run = (until: number) => simulation.run(seconds(until) as number as Instant);
  return { shared, follower, told, run };
}

const entry = (version: number, value: string, until = FOREVER) => ({
  ...{ key: 's/a', version: versionText(BigInt(version)), value, until },
});
const values = (news: readonly SharedNews[] = []) =>
  news.map(({ entries, whole }) => [whole, ...entries.map(({ value }) => value)]);

test('what one node shares others are told in order, whoever comes later all at once', () => {
  const { follower, told, run } = map();
  const [one] = [follower('one'), follower('two')];
  run(1);
  one.share(entry(1, 'first'));
  one.share(entry(2, 'second'));
  one.share({ ...entry(1, 'elsewhere'), key: 'other/a' });
  run(2);
  follower('three');
  run(3);
  assert.deepEqual(values(told['two']), [[true], [false, 'first'], [false, 'second']]);
  assert.deepEqual(values(told['one']), values(told['two']), 'its own comes back too');
  assert.equal(told['two']?.[1]?.at, 1_008_000, 'after two delays');
  assert.deepEqual(values(told['three']), [[true, 'second']]);
});

test('nothing stands in for a newer version, and who tried is told what stands there', () => {
  const { follower, told, run } = map();
  const [one, two] = [follower('one'), follower('two')];
  run(1);
  one.share(entry(5, 'newer'));
  run(2);
  two.share(entry(4, 'older'));
  two.share(entry(5, 'as new'));
  run(3);
  assert.deepEqual(values(told['one']).slice(1), [[false, 'newer']]);
  assert.deepEqual(values(told['two']).slice(1), [
    [false, 'newer'],
    [false, 'newer'],
    [false, 'newer'],
  ]);
});

test('who is isolated writes and hears nothing, and is told all when it is back', () => {
  const { shared, follower, told, run } = map();
  const [one, two] = [follower('one'), follower('two')];
  run(1);
  two.share(entry(1, 'on its way'));
  shared.isolate('two');
  two.share(entry(2, 'lost'));
  one.share(entry(3, 'meanwhile'));
  one.share({ ...entry(1, 'gone', 1_500_000), key: 's/b' });
  run(2);
  assert.deepEqual(values(told['two']), [[true]]);
  shared.reconnect('two');
  run(3);
  assert.deepEqual(values(told['two']), [[true], [true, 'meanwhile']], 'what is over is forgotten');
});
