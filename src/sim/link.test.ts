import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkAddress } from '../core/role.ts';
import { type Instant, microseconds, milliseconds, seconds } from '../core/time.ts';
import { type Frame, Link, type LinkOptions, type Station } from './link.ts';
import { Simulation } from './simulation.ts';
import { countLosses } from './small-network.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const mac = (last: number) => `\x02\0\0\0\0${String.fromCharCode(last)}` as LinkAddress;
const GROUP = '\x33\x33\0\0\0\x01' as LinkAddress;

interface Heard {
  readonly at: number;
  readonly mark: number;
}

class Ear implements Station {
  readonly node: string;
  readonly linkAddress: LinkAddress;
  readonly heard: Heard[] = [];
  readonly #simulation: Simulation;

  constructor(simulation: Simulation, node: string, last: number) {
    this.#simulation = simulation;
    this.node = node;
    this.linkAddress = mac(last);
  }

  receive({ octets }: Frame): void {
    const mark = octets[0]! * 65_536 + octets[1]! * 256 + octets[2]!;
    this.heard.push({ at: this.#simulation.now, mark });
  }
}

function setUp(options: Partial<LinkOptions> & { mtu?: number } = {}, seed = 1) {
  const simulation = new Simulation(seed);
  const link = new Link(simulation, 'lan', options);
  const ears = ['a', 'b', 'c'].map((name, i) => new Ear(simulation, name, i + 1));
  for (const ear of ears) link.attach(ear);
  const [a, b, c] = ears as [Ear, Ear, Ear];
  const send = (from: Ear, to: LinkAddress, mark: number, size = 100) => {
    const octets = new Uint8Array(size);
    octets.set([mark >> 16, mark >> 8, mark]);
    link.send(from, { from: from.linkAddress, to, octets });
  };
  return { simulation, link, a, b, c, send, losses: countLosses(link) };
}

test('a frame arrives at the addressed station after exactly the delay', () => {
  const { simulation, a, b, c, send } = setUp({ delay: microseconds(1234) });
  simulation.at(at(1), () => send(a, b.linkAddress, 7));
  simulation.run(at(100));
  assert.deepEqual(b.heard, [{ at: 2234, mark: 7 }]);
  assert.deepEqual(c.heard, []);
});

test('a group hears its frames, the sender and those who left do not', () => {
  const { simulation, link, a, b, c, send } = setUp();
  for (const ear of [a, b, c]) link.listen(ear, GROUP);
  send(a, GROUP, 1);
  simulation.run(at(1));
  link.ignore(c, GROUP);
  send(a, GROUP, 2);
  simulation.run(at(2));
  link.detach(b);
  send(a, GROUP, 3);
  simulation.run(at(3));
  const marks = (ear: Ear) => ear.heard.map(({ mark }) => mark);
  assert.deepEqual([marks(a), marks(b), marks(c)], [[], [1, 2], [1]]);
});

test('receivers of a group have octets of their own', () => {
  const { simulation, link, a, b, c } = setUp();
  const got: Uint8Array[] = [];
  for (const ear of [b, c]) {
    link.listen(ear, GROUP);
    ear.receive = ({ octets }) => {
      octets[0]! += 1;
      got.push(octets);
    };
  }
  link.send(a, { from: a.linkAddress, to: GROUP, octets: Uint8Array.of(1, 2) });
  simulation.run(at(1));
  assert.deepEqual(got, [Uint8Array.of(2, 2), Uint8Array.of(2, 2)]);
});

test('bandwidth spaces frames to the microsecond, for each sender by itself', () => {
  // 125 octets at 1 Mbit/s take 1 ms.
  const { simulation, a, b, c, send } = setUp({ delay: milliseconds(5), bandwidth: 1e6 });
  for (const mark of [1, 2, 3]) send(a, b.linkAddress, mark, 125);
  send(c, b.linkAddress, 9, 125);
  simulation.run(at(100));
  assert.deepEqual(b.heard, [
    { at: 6000, mark: 1 },
    { at: 6000, mark: 9 },
    { at: 7000, mark: 2 },
    { at: 8000, mark: 3 },
  ]);
});

test('rates that make no whole microseconds do not drift', () => {
  // 100 octets at 3 Mbit/s take 266.67 us.
  const { simulation, a, b, send } = setUp({ bandwidth: 3e6, queue: 1e6 });
  for (let i = 0; i < 3000; i++) send(a, b.linkAddress, i);
  simulation.run(at(5000));
  assert.equal(b.heard.at(-1)?.at, 800_000);
});

test('a full queue loses what comes, and takes frames again when it has room', () => {
  const options = { bandwidth: 1e6, queue: 250 };
  const { simulation, a, b, send, losses } = setUp(options);
  for (const mark of [1, 2, 3]) send(a, b.linkAddress, mark, 125);
  simulation.at(at(1), () => send(a, b.linkAddress, 4, 125));
  simulation.run(at(100));
  assert.deepEqual(
    b.heard.map(({ mark }) => mark),
    [1, 2, 4],
  );
  assert.deepEqual(losses, { queue: 1 });
});

test('loss, duplication and reordering happen as often as they should', () => {
  const count = 20_000;
  const { simulation, a, b, send, losses } = setUp({
    delay: milliseconds(1),
    loss: 0.1,
    duplicate: 0.05,
    reorder: { probability: 0.2, delay: milliseconds(3) },
  });
  for (let i = 0; i < count; i++) {
    simulation.at((i * 100) as Instant, () => send(a, b.linkAddress, i));
  }
  simulation.run(seconds(10) as number as Instant);
  const near = (actual: number, wanted: number) =>
    assert.ok(Math.abs(actual / wanted - 1) < 0.1, `${actual} is not near ${wanted}`);
  near(losses.loss!, 0.1 * count);
  const marks = b.heard.map(({ mark }) => mark);
  near(marks.length - new Set(marks).size, 0.05 * 0.9 * count);
  let highest = -1;
  let overtaken = 0;
  for (const mark of new Set(marks)) {
    if (mark < highest) overtaken++;
    highest = Math.max(highest, mark);
  }
  near(overtaken, 0.2 * 0.9 * count);
});

test('jitter spreads the delay and keeps the order of one sender', () => {
  const { simulation, a, b, send } = setUp({ delay: milliseconds(10), jitter: milliseconds(5) });
  for (let i = 0; i < 2000; i++) {
    simulation.at((i * 1000) as Instant, () => send(a, b.linkAddress, i));
  }
  simulation.run(seconds(10) as number as Instant);
  const marks = b.heard.map(({ mark }) => mark);
  assert.deepEqual(
    marks,
    marks.map((_, i) => i),
  );
  const delays = b.heard.map((one) => one.at - one.mark * 1000);
  assert.ok(Math.min(...delays) >= 10_000 && Math.max(...delays) <= 15_000);
  assert.ok(Math.max(...delays) - Math.min(...delays) > 4000);
});

test('a cut is one-way where it names two nodes, and healing takes it back', () => {
  const { simulation, link, a, b, c, send, losses } = setUp();
  const round = (mark: number) => {
    send(a, b.linkAddress, mark);
    send(b, a.linkAddress, mark);
    send(c, b.linkAddress, mark);
    simulation.run((simulation.now + 1000) as Instant);
  };
  link.cut('a', 'b');
  round(1);
  link.cut();
  round(2);
  link.heal('a', 'b');
  round(3);
  link.heal();
  round(4);
  link.cut('b');
  round(5);
  link.heal('b');
  link.cut(undefined, 'b');
  round(6);
  const marks = (ear: Ear) => ear.heard.map(({ mark }) => mark);
  assert.deepEqual(marks(a), [1, 4, 6]);
  assert.deepEqual(marks(b), [1, 4, 4, 5, 5]);
  assert.deepEqual(losses, { cut: 10 });
});

test('options change while it runs, for all or for one sender', () => {
  const { simulation, link, a, b, send } = setUp({ delay: milliseconds(1) });
  send(a, b.linkAddress, 1);
  link.change({ delay: milliseconds(4) }, 'a');
  send(a, b.linkAddress, 2);
  send(b, a.linkAddress, 2);
  link.change({ delay: milliseconds(2) });
  send(b, a.linkAddress, 3);
  simulation.run(at(100));
  assert.deepEqual(
    b.heard.map((one) => one.at),
    [1000, 4000],
  );
  assert.deepEqual(
    a.heard.map((one) => one.at),
    [1000, 2000],
  );
  assert.equal(link.optionsOf('a').delay, milliseconds(4));
});

test('frames to nobody and frames over the MTU are lost, and observers hear why', () => {
  const { simulation, link, a, b, send, losses } = setUp({ mtu: 1280, delay: milliseconds(1) });
  send(a, mac(77), 1);
  send(a, b.linkAddress, 2, 1281);
  send(a, b.linkAddress, 3, 1280);
  simulation.at(at(0.5), () => link.detach(b));
  simulation.run(at(10));
  assert.deepEqual(losses, { nobody: 2, mtu: 1 });
  assert.deepEqual(b.heard, []);
});

test('an observer sees frames in order until it is taken off', () => {
  const { simulation, link, a, b, send } = setUp({ delay: milliseconds(1) });
  const seen: string[] = [];
  const stop = link.observe({
    sent: (_frame, when, sender) => seen.push(`${when} sent by ${sender}`),
    delivered: (_frame, when, receiver, sender) => seen.push(`${when} ${sender} to ${receiver}`),
  });
  send(a, b.linkAddress, 1);
  simulation.run(at(2));
  stop();
  send(a, b.linkAddress, 2);
  simulation.run(at(4));
  assert.deepEqual(seen, ['0 sent by a', '1000 a to b']);
});

test('one sender more does not change the luck of the others', () => {
  const luck = (withThird: boolean) => {
    const { simulation, a, b, c, send } = setUp({ loss: 0.5 });
    for (let i = 0; i < 200; i++) {
      simulation.at((i * 10) as Instant, () => send(a, b.linkAddress, i));
      if (withThird) simulation.at((i * 10) as Instant, () => send(c, a.linkAddress, i));
    }
    simulation.run(at(100));
    return b.heard.map(({ mark }) => mark);
  };
  assert.deepEqual(luck(true), luck(false));
});

test('what waits for a slow link leaves as fast as the link has become', () => {
  const { simulation, link, a, b, send, losses } = setUp({ bandwidth: 8000, queue: 2000 });
  simulation.at(at(0), () => {
    send(a, b.linkAddress, 1, 1000);
    link.change({ bandwidth: 8_000_000 });
    send(a, b.linkAddress, 2, 1000);
  });
  simulation.at(at(1100), () => send(a, b.linkAddress, 3, 1000));
  simulation.run(at(5000));
  // The first was on its way already, and none overtakes another.
  assert.deepEqual(b.heard, [
    { at: 1_000_000, mark: 1 },
    { at: 1_000_000, mark: 2 },
    { at: 1_101_000, mark: 3 },
  ]);
  assert.deepEqual({ ...losses }, {});
});

test('a node that was restarted does not hear what its last life sent', () => {
  const { simulation, link, a, c, send } = setUp({ delay: milliseconds(5) });
  for (const ear of [a, c]) link.listen(ear, GROUP);
  const reborn = new Ear(simulation, 'a', 1);
  simulation.at(at(1), () => send(a, GROUP, 7));
  simulation.at(at(3), () => {
    link.detach(a);
    link.attach(reborn);
    link.listen(reborn, GROUP);
  });
  simulation.run(at(100));
  assert.deepEqual([reborn.heard, c.heard.length], [[], 1]);
});
