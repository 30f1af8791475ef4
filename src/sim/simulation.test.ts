import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, milliseconds, seconds } from '../core/time.ts';
import { Alarm, Simulation } from './simulation.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;

test('what is planned happens in order of time, and of planning at the same time', () => {
  const simulation = new Simulation(1);
  const happened: string[] = [];
  const note = (name: string) => () => happened.push(`${name} ${simulation.now}`);
  simulation.at(at(2), note('late'));
  simulation.at(at(1), note('first'));
  simulation.at(at(1), note('second'));
  simulation.in(milliseconds(1), note('third'));
  const cancelled = simulation.at(at(1), note('never'));
  cancelled.cancel();
  simulation.run(at(1));
  assert.deepEqual(happened, ['first 1000', 'second 1000', 'third 1000']);
  assert.equal(simulation.now, at(1));
  simulation.run(at(5));
  assert.equal(happened.at(-1), 'late 2000');
  assert.equal(simulation.now, at(5), 'time goes on though nothing happens');
});

test('many plans come out sorted', () => {
  const simulation = new Simulation(7);
  const random = simulation.random('test');
  const times: number[] = [];
  for (let i = 0; i < 2000; i++) {
    simulation.at(at(Math.floor(random() * 500)), () => times.push(simulation.now));
  }
  simulation.run(at(1000));
  assert.equal(times.length, 2000);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('what is planned for the past happens now, behind what is due', () => {
  const simulation = new Simulation(1);
  const happened: string[] = [];
  simulation.at(at(3), () => {
    simulation.at(at(1), () => happened.push(`past ${simulation.now}`));
  });
  simulation.at(at(3), () => happened.push(`due ${simulation.now}`));
  simulation.run(at(9));
  assert.deepEqual(happened, ['due 3000', 'past 3000']);
});

test('something that plans itself at the same moment for ever is found out', () => {
  const simulation = new Simulation(1);
  const again = () => {
    simulation.at(simulation.now, again);
  };
  again();
  assert.throws(() => simulation.run(at(1)), /time stands still/);
});

test('an alarm that is put off rings once, at the last moment that it was set to', () => {
  const simulation = new Simulation(1);
  const rings: number[] = [];
  const alarm = new Alarm(simulation, () => rings.push(simulation.now));
  alarm.set(at(10));
  alarm.set(at(20));
  alarm.set(at(5));
  alarm.set(at(15));
  assert.equal(alarm.due, at(15));
  simulation.run(at(100));
  assert.deepEqual(rings, [15_000]);
  alarm.set(at(200));
  alarm.set(undefined);
  simulation.run(at(300));
  assert.deepEqual(rings, [15_000], 'it was taken back');
});

test('dice belong to a name and a seed, and are even', () => {
  const draw = (seed: number, name: string) => {
    const random = new Simulation(seed).random(name);
    return Array.from({ length: 4000 }, random);
  };
  assert.deepEqual(draw(1, 'mn'), draw(1, 'mn'));
  assert.notDeepEqual(draw(1, 'mn').slice(0, 3), draw(2, 'mn').slice(0, 3));
  for (const [a, b] of [
    ['mn', 'cn'],
    ['cn-1', 'cn-2'],
    ['a', 'b'],
  ] as const) {
    const first = draw(1, a);
    const second = draw(1, b);
    const mean = first.reduce((sum, one) => sum + one, 0) / first.length;
    assert.ok(Math.abs(mean - 0.5) < 0.02, `mean of ${a} is ${mean}`);
    const product = first.reduce((sum, one, i) => sum + (one - 0.5) * (second[i]! - 0.5), 0);
    const correlation = (12 * product) / first.length;
    assert.ok(Math.abs(correlation) < 0.06, `${a} and ${b} correlate by ${correlation}`);
  }
});

test('secrets are others than the dice, and each call gives new ones', () => {
  const simulation = new Simulation(3);
  const secrets = simulation.secrets('mn');
  const first = secrets(20);
  assert.equal(first.length, 20);
  assert.notDeepEqual(secrets(20), first);
  assert.deepEqual(simulation.secrets('mn')(20), first);
  assert.notDeepEqual(simulation.secrets('cn')(20), first);
  simulation.run(seconds(1) as number as Instant);
});
