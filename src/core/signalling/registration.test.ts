import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address } from '../../wire/address.ts';
import { DEFAULT_CONSTANTS } from '../constants.ts';
import { type Duration, type Instant, milliseconds, seconds } from '../time.ts';
import { type Acknowledgement, Registration, type RegistrationOutput } from './registration.ts';

const at = (count: number) => seconds(count) as unknown as Instant;
const A = { careOf: address('2001:db8:a::1'), lifetime: seconds(420) };
const B = { careOf: address('2001:db8:b::1'), lifetime: seconds(420) };
const RELEASE = { careOf: address('2001:db8:1::100'), lifetime: 0 as Duration };
const FIRST = milliseconds(1500);
const AGAIN = seconds(1);

const registration = (first = 99, dice = 0.5) =>
  new Registration(first, DEFAULT_CONSTANTS, () => dice);

/** Accepts, unless told otherwise. */
const answer = (sequence: number, change: Partial<Acknowledgement> = {}): Acknowledgement => ({
  status: 0,
  sequence,
  lifetime: seconds(420),
  ...change,
});
const kinds = (outputs: readonly RegistrationOutput[]) => outputs.map((one) => one.kind);

/** Ticks at each deadline; gives [seconds, what came of it, its number]. */
function run(one: Registration, end: number): [number, string, number][] {
  const log: [number, string, number][] = [];
  for (let now = one.deadline(); now !== undefined && now <= at(end); now = one.deadline()) {
    for (const output of one.tick(now)) log.push([now / seconds(1), output.kind, one.sequence]);
  }
  return log;
}

test('a first update is repeated after 1.5 s, then 3, 6 ... at most 32 s apart, each with the next number', () => {
  const one = registration();
  assert.deepEqual(one.update(A, FIRST, at(0)), [
    { kind: 'send', target: A, sequence: 100, repeat: 0 },
  ]);
  assert.deepEqual(run(one, 144), [
    [1.5, 'send', 101],
    [4.5, 'send', 102],
    [10.5, 'send', 103],
    [22.5, 'send', 104],
    [46.5, 'send', 105],
    [78.5, 'send', 106],
    [110.5, 'send', 107],
    [142.5, 'send', 108],
  ]);
});

test('a later update is repeated after 1 s, then 2, 4, 8, 16, 32, 32 s', () => {
  const one = registration(0xfffe);
  one.update(A, AGAIN, at(0));
  assert.deepEqual(
    run(one, 127).map(([time, , sequence]) => [time, sequence]),
    [
      [1, 0],
      [3, 1],
      [7, 2],
      [15, 3],
      [31, 4],
      [63, 5],
      [95, 6],
      [127, 7],
    ],
    'numbers wrap at 2^16',
  );
});

test('nothing happens a microsecond early', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  assert.deepEqual(one.tick((at(1) - 1) as Instant), []);
  assert.deepEqual(kinds(one.tick(at(1))), ['send']);
});

test('without retransmission an update is sent once', () => {
  const one = new Registration(0, DEFAULT_CONSTANTS, () => 0, false);
  one.update(A, AGAIN, at(0));
  assert.equal(one.deadline(), undefined);
  assert.deepEqual(one.tick(at(100)), []);
});

test('the lifetime counts from when the acknowledged update was sent, whichever repeat that was', () => {
  for (const [sequence, sent] of [
    [100, 0],
    [101, 1],
    [102, 3],
  ] as const) {
    const one = registration();
    one.update(A, AGAIN, at(0));
    run(one, 3);
    const outputs = one.acknowledged(answer(sequence, { lifetime: seconds(40) }), at(3.2));
    assert.deepEqual(outputs, [{ kind: 'bound', target: A, began: 0 }]);
    assert.equal(one.expiresAt, at(sent + 40));
    assert.equal(one.bound, A);
  }
});

test('it is refreshed at 70 to 90 % of the lifetime, and expires at its end', () => {
  for (const [dice, refresh] of [
    [0, 70],
    [0.5, 80],
    [0.99999999, 90],
  ] as const) {
    const one = registration(99, dice);
    one.update(A, AGAIN, at(0));
    one.acknowledged(answer(100, { lifetime: seconds(100) }), at(0.1));
    assert.deepEqual(
      run(one, 1000).map(([time, kind]) => [Math.round(time), kind]),
      [
        [refresh, 'refresh'],
        [100, 'expired'],
      ],
    );
    assert.equal(one.expiresAt, undefined);
    assert.equal(one.target, undefined);
  }
});

test('a refresh interval that the peer advises is kept, but never the lifetime, nor zero', () => {
  for (const [refresh, dice, at] of [
    [40, 0, 36],
    [40, 0.99999999, 40],
    [500, 0.99999999, 90],
    [0, 0.5, 80],
  ] as const) {
    const one = registration(99, dice);
    one.update(A, AGAIN, 0 as Instant);
    const advice = { lifetime: seconds(100), refresh: seconds(refresh) };
    one.acknowledged(answer(100, advice), 0 as Instant);
    assert.equal(Math.round(run(one, 1000)[0]![0]), at);
  }
});

test('a thousand that began in one instant spread their refreshes, and none is too late', () => {
  for (const [refresh, first, last] of [
    [undefined, 2520, 3240],
    [1800, 1620, 1800],
  ] as const) {
    const moments = Array.from({ length: 1000 }, (_, i) => {
      const one = registration(99, ((i * 379) % 1000) / 1000);
      one.update(A, AGAIN, 0 as Instant);
      const advice = refresh === undefined ? {} : { refresh: seconds(refresh) };
      one.acknowledged(answer(100, { lifetime: seconds(3600), ...advice }), 0 as Instant);
      return one.deadline()! / seconds(1);
    });
    assert.ok(Math.min(...moments) >= first && Math.max(...moments) <= last);
    const perTenth = new Map<number, number>();
    for (const moment of moments) {
      const tenth = Math.floor((10 * (moment - first)) / (last - first));
      perTenth.set(tenth, (perTenth.get(tenth) ?? 0) + 1);
    }
    assert.ok(perTenth.size >= 10 && Math.max(...perTenth.values()) <= 101, `${[...perTenth]}`);
  }
});

test('an answer that comes after the lifetime is over asks for a refresh at once', () => {
  const one = registration();
  one.update(A, FIRST, at(0));
  assert.deepEqual(kinds(one.acknowledged(answer(100, { lifetime: seconds(4) }), at(9))), [
    'bound',
  ]);
  assert.deepEqual(kinds(one.tick(at(9))), ['refresh']);
  assert.deepEqual(kinds(one.tick(at(9))), ['expired']);
});

test('stale, duplicate and unasked answers change nothing', () => {
  const one = registration();
  assert.deepEqual(kinds(one.acknowledged(answer(99), at(0))), ['unexpected']);
  one.update(A, AGAIN, at(0));
  for (const sequence of [99, 101, 100 + 0x8000]) {
    assert.deepEqual(kinds(one.acknowledged(answer(sequence), at(0.1))), ['unexpected']);
  }
  one.update(B, AGAIN, at(0.2));
  assert.deepEqual(kinds(one.acknowledged(answer(100), at(0.3))), ['unexpected'], 'for A');
  assert.deepEqual(kinds(one.acknowledged(answer(101), at(0.4))), ['bound']);
  assert.equal(one.bound, B);
  const until = one.expiresAt;
  assert.deepEqual(kinds(one.acknowledged(answer(101), at(0.5))), ['unexpected']);
  assert.deepEqual(kinds(one.acknowledged(answer(101, { status: 129 }), at(0.6))), ['unexpected']);
  assert.equal(one.expiresAt, until);
});

test('only the last eight numbers are waited for', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  run(one, 95); // 100 ... 107
  assert.deepEqual(kinds(one.acknowledged(answer(99), at(96))), ['unexpected']);
  run(one, 127); // 108
  assert.deepEqual(kinds(one.acknowledged(answer(100), at(128))), ['unexpected']);
  assert.deepEqual(kinds(one.acknowledged(answer(101), at(128))), ['bound']);
});

test('a refusal ends it, and what the peer held before still runs out', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  one.acknowledged(answer(100, { lifetime: seconds(40) }), at(0));
  one.update(B, AGAIN, at(10));
  assert.deepEqual(one.acknowledged(answer(101, { status: 130 }), at(10.1)), [
    { kind: 'refused', target: B, status: 130 },
  ]);
  assert.equal(one.waiting, false);
  assert.deepEqual(
    run(one, 1000).map(([time, kind]) => [time, kind]),
    [[40, 'expired']],
  );
});

test('a binding taken back is gone, whatever lifetime the answer has', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  one.acknowledged(answer(100), at(0));
  one.update(RELEASE, AGAIN, at(5));
  assert.deepEqual(one.acknowledged(answer(101, { lifetime: seconds(4) }), at(6)), [
    { kind: 'released', target: RELEASE, began: at(5) },
  ]);
  assert.deepEqual([one.expiresAt, one.deadline(), one.target], [undefined, undefined, undefined]);
});

test('"accepted" for no time is a refusal, not a binding taken back', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  const outputs = one.acknowledged(answer(100, { lifetime: 0 as Duration }), at(0));
  assert.deepEqual(outputs, [{ kind: 'refused', target: A, status: 0 }]);
  assert.equal(one.expiresAt, undefined);
});

test('status 135: it goes on from the number that the peer gives', () => {
  const one = registration();
  one.update(A, FIRST, at(0));
  assert.deepEqual(one.acknowledged(answer(7000, { status: 135 }), at(0.1)), [
    { kind: 'send', target: A, sequence: 7001, repeat: 1 },
  ]);
  assert.equal(one.deadline(), at(1.6), 'the wait begins anew');
  assert.deepEqual(kinds(one.acknowledged(answer(7001), at(0.2))), ['bound']);
});

test('status 135 to each of several repeats is obeyed once', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  run(one, 7); // a slow path: 100, 101, 102, 103 are on their way
  const late = answer(7000, { status: 135 });
  assert.deepEqual(kinds(one.acknowledged(late, at(7.1))), ['send']);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(kinds(one.acknowledged(late, at(7.2))), ['unexpected']);
  }
  assert.equal(one.sequence, 7001);
  assert.deepEqual(kinds(one.acknowledged(answer(7001), at(7.3))), ['bound']);
});

test('a peer that answers 135 for ever is obeyed three times and then counts as refusing', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  const seen: string[] = [];
  for (let i = 0; i < 5; i++) {
    const ahead = (one.sequence + 10) & 0xffff;
    seen.push(...kinds(one.acknowledged(answer(ahead, { status: 135 }), at(i))));
  }
  assert.deepEqual(seen, ['send', 'send', 'send', 'refused', 'unexpected']);
  one.update(A, AGAIN, at(6));
  const ahead = answer((one.sequence + 10) & 0xffff, { status: 135 });
  assert.deepEqual(kinds(one.acknowledged(ahead, at(6.1))), ['send'], 'a new update may again');
});

test('forgetting sends nothing and waits for nothing', () => {
  const one = registration();
  one.update(A, AGAIN, at(0));
  one.acknowledged(answer(100), at(0));
  one.forget();
  assert.deepEqual([one.deadline(), one.expiresAt, one.bound], [undefined, undefined, undefined]);
  assert.equal(one.update(A, AGAIN, at(1)).length, 1);
  assert.equal(one.sequence, 101, 'numbers go on');
});

test('every input in every state: nothing throws, numbers only grow, nothing is waited for in the past', () => {
  const step = fc.oneof(
    fc.constantFrom('update', 'refresh', 'release', 'tick', 'forget').map((kind) => ({ kind })),
    fc
      .record(
        {
          status: fc.constantFrom(0, 1, 128, 135, 136, 144, 255),
          behind: fc.integer({ min: -2, max: 10 }),
          lifetime: fc.constantFrom(0, 4, 420),
        },
        { noNullPrototype: true },
      )
      .map((answer) => ({ kind: 'answer', ...answer })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.integer({ min: 0, max: 90 }))), (steps) => {
      const one = registration(0xfff0);
      let now = 0;
      for (const [input, wait] of steps) {
        now += wait;
        tickUntil(one, at(now));
        const before = one.sequence;
        const outputs = feed(one, input, at(now));
        const sends = outputs.filter((output) => output.kind === 'send');
        assert.ok(sends.length <= 1, 'one update at most');
        if (sends.length === 1 && input.kind !== 'answer') {
          assert.equal(one.sequence, (before + 1) & 0xffff);
        }
        assert.ok(sends.length === 0 || one.deadline()! > at(now), 'a deadline in the past');
        assert.ok(one.bound === undefined || one.deadline() !== undefined, 'stuck');
      }
    }),
  );

  /** As a driver does: nothing else happens before what is due. */
  function tickUntil(one: Registration, now: Instant): void {
    for (let ticks = 0; ; ticks++) {
      const due = one.deadline();
      if (due === undefined || due > now) return;
      assert.ok(ticks < 100, 'it ticks without end');
      one.tick(due);
    }
  }

  function feed(
    one: Registration,
    input: { kind: string; status?: number; behind?: number; lifetime?: number },
    now: Instant,
  ): RegistrationOutput[] {
    if (input.kind === 'update') return one.update(A, FIRST, now);
    if (input.kind === 'refresh') return one.update(one.bound ?? B, AGAIN, now);
    if (input.kind === 'release') return one.update(RELEASE, AGAIN, now);
    if (input.kind === 'tick') return one.tick(now);
    if (input.kind !== 'answer') {
      one.forget();
      return [];
    }
    const sequence = (one.sequence - input.behind!) & 0xffff;
    const lifetime = seconds(input.lifetime!);
    return one.acknowledged({ status: input.status!, sequence, lifetime }, now);
  }
});

test('never more than three updates within a second: the next is held back, then repeated as ever', () => {
  for (const retransmits of [true, false]) {
    const one = new Registration(99, DEFAULT_CONSTANTS, () => 0.5, retransmits);
    for (const moment of [0, 0.1, 0.2]) {
      assert.deepEqual(kinds(one.update(A, AGAIN, at(moment))), ['send']);
    }
    assert.deepEqual(one.update(B, FIRST, at(0.3)), []);
    assert.deepEqual([one.waiting, one.target], [true, B]);
    const log = run(one, 6).map(([time, kind, sequence]) => [time, kind, sequence - 99]);
    const repeats = [
      [2.5, 'send', 5],
      [5.5, 'send', 6],
    ];
    assert.deepEqual(log, [[1, 'send', 4], ...(retransmits ? repeats : [])]);
    assert.deepEqual(one.acknowledged(answer(103), at(6))[0]?.kind, 'bound');
  }
});

test('what runs out while an update waits is told of once, and the update goes on', () => {
  const bound = () => {
    const one = registration();
    one.update(A, AGAIN, at(0));
    one.acknowledged(answer(100, { lifetime: seconds(40) }), at(0));
    return one;
  };
  const renewed = bound();
  renewed.update(B, AGAIN, at(37));
  assert.deepEqual(
    run(renewed, 46).map(([time, kind]) => [time, kind]),
    [
      [38, 'send'],
      [40, 'expired'],
      [40, 'send'],
      [44, 'send'],
    ],
  );
  assert.deepEqual([renewed.expiresAt, renewed.target], [undefined, B]);

  const released = bound();
  released.update(RELEASE, AGAIN, at(39.5));
  assert.deepEqual(
    run(released, 41).map(([, kind]) => kind),
    ['send'],
    'what is taken back is not missed',
  );
});
