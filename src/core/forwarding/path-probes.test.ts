import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, address } from '../../wire/address.ts';
import { type Layer, parsePacket, serialisePacket } from '../../wire/packet.ts';
import { type Instant, START, seconds } from '../time.ts';
import type { ForwardingEntry } from './entry.ts';
import type { PathSizes } from './path-mtus.ts';
import { PathProbes } from './path-probes.ts';

const AGENT = address('2001:db8:1::1');
const HOME = address('2001:db8:1::100');
const CARE_OF = address('2001:db8:2::7');
const ELSEWHERE = address('2001:db8:3::7');
const UNKNOWN: PathSizes = { told: undefined, whole: 1280 };
const WHOLE: PathSizes = { told: undefined, whole: undefined };

const tunnel = (
  id: string,
  dst: Address,
  more: Partial<ForwardingEntry> = {},
): ForwardingEntry => ({
  id,
  owner: 'test',
  at: 'leaving',
  match: { dst: { address: HOME } },
  do: [{ push: 'ipv6', src: AGENT, dst }],
  ...more,
});

function probing({ link = 1500 }: { link?: number } = {}) {
  const state = { now: START as Instant, wakeAt: undefined as Instant | undefined, link };
  const sent: { to: Address; octets: Uint8Array }[] = [];
  const found = new Map<Address, PathSizes | undefined>();
  let packets = 0;
  const probes = new PathProbes(
    {
      now: () => state.now,
      linkMtu: () => state.link,
      sourceFor: () => AGENT,
      send: (octets, { destination }) => sent.push({ to: destination, octets }),
      carried: () => ++packets,
      found: (destination, sizes) => found.set(destination, sizes),
      passed: () => {},
      wakeAt: (at) => {
        state.wakeAt = at;
      },
      secrets: (count) => new Uint8Array(count).fill(sent.length + 7),
    },
    new Set(),
  );
  const tick = (second = state.now / 1e6) => {
    state.now = seconds(second) as number as Instant;
    probes.tick();
    return sent.splice(0);
  };
  return { probes, found, tick, state };
}

/** What the other end answers to a probe. */
function reply(octets: Uint8Array, change: (data: Uint8Array) => void = () => {}, from = CARE_OF) {
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  const request = parsed.value.find(
    (one): one is Extract<Layer, { layer: 'echo-request' }> => one.layer === 'echo-request',
  )!;
  const data = request.data.slice();
  change(data);
  const { identifier, sequence } = request;
  return serialisePacket([
    { layer: 'ipv6', source: from, destination: AGENT },
    { layer: 'echo-reply', identifier, sequence, data },
  ]);
}

test('a new tunnel carries 1280 octets until its path has answered a probe of the link`s size', () => {
  const { probes, found, tick } = probing();
  probes.follow(tunnel('a', CARE_OF));
  const [probe, ...more] = tick();
  assert.equal(more.length, 0);
  assert.equal(probe!.octets.length, 1500);
  assert.deepEqual(found.get(CARE_OF), UNKNOWN);
  probes.answered(reply(probe!.octets));
  assert.deepEqual(found.get(CARE_OF), WHOLE);
});

test('answers are believed with our own secret in them, whole, and from the other end', () => {
  const { probes, found, tick } = probing();
  probes.follow(tunnel('a', CARE_OF));
  const { octets } = tick()[0]!;
  probes.answered(reply(octets, (data) => (data[3]! ^= 1)));
  probes.answered(reply(octets, () => {}, ELSEWHERE));
  const short = reply(octets).slice(0, 1300);
  short[4] = (1300 - 40) >> 8;
  short[5] = (1300 - 40) & 0xff;
  probes.answered(short);
  assert.deepEqual(found.get(CARE_OF), UNKNOWN);
  probes.answered(reply(octets));
  assert.deepEqual(found.get(CARE_OF), WHOLE);
});

test('another care-of address is another path, and nothing is known of the last one any more', () => {
  const { probes, found, tick } = probing();
  probes.follow(tunnel('a', CARE_OF));
  probes.answered(reply(tick()[0]!.octets));
  probes.follow(tunnel('a', CARE_OF, { expiresAt: seconds(9) as number as Instant }));
  assert.deepEqual(tick(), [], 'a registration that is renewed proves nothing anew');
  probes.follow(tunnel('a', ELSEWHERE));
  assert.equal(found.get(CARE_OF), undefined);
  assert.deepEqual(found.get(ELSEWHERE), UNKNOWN);
  assert.equal(tick()[0]!.to, ELSEWHERE);
  probes.unfollow('a');
  assert.equal(probes.size, 0);
  assert.equal(found.get(ELSEWHERE), undefined);
});

test('headers of route optimisation lead by paths too; what is not proved gets no probe', () => {
  const { probes, tick } = probing();
  probes.follow(tunnel('credit', ELSEWHERE, { credit: 5000 }));
  probes.follow(tunnel('plain', ELSEWHERE, { do: [{ drop: 'policy' }] }));
  const behind = { push: 'udp', src: AGENT, dst: ELSEWHERE, sport: 4191, dport: 1024 } as const;
  probes.follow(tunnel('translated', ELSEWHERE, { do: [behind] }));
  assert.deepEqual(tick(), []);
  probes.follow(tunnel('ro', HOME, { do: [{ insert: 'routing-2', careOf: CARE_OF }] }));
  assert.deepEqual(
    tick().map(({ to }) => to),
    [CARE_OF],
  );
});

test('a tunnel inside UDP is not cut before its path was found to be narrow', () => {
  const { probes, found, tick } = probing();
  const push = { push: 'udp', src: AGENT, dst: CARE_OF, sport: 4191, dport: 4191 } as const;
  probes.follow(tunnel('a', CARE_OF, { do: [push] }));
  tick();
  assert.deepEqual(found.get(CARE_OF), WHOLE);
  const sent = tick(1);
  const least = sent.find(({ octets }) => octets.length === 1280)!;
  probes.answered(reply(least.octets));
  assert.deepEqual(found.get(CARE_OF), WHOLE);
});

test('a tunnel that goes into UDP is another path than it was before', () => {
  const { probes, found } = probing();
  probes.follow(tunnel('a', CARE_OF));
  assert.deepEqual(found.get(CARE_OF), UNKNOWN);
  const push = { push: 'udp', src: AGENT, dst: CARE_OF, sport: 4191, dport: 4191 } as const;
  probes.follow(tunnel('a', CARE_OF, { do: [push] }));
  assert.deepEqual(found.get(CARE_OF), WHOLE);
});

test('a link that carries more than before is searched anew', () => {
  const { probes, found, tick, state } = probing();
  probes.follow(tunnel('a', CARE_OF));
  probes.answered(reply(tick()[0]!.octets));
  state.link = 9000;
  const [probe, ...more] = tick(state.wakeAt! / 1e6);
  assert.equal(more.length, 0);
  assert.equal(probe!.octets.length, 9000);
  probes.answered(reply(probe!.octets));
  assert.deepEqual(found.get(CARE_OF), WHOLE);
});

test('a network that answers no echo is not waited for the next time', () => {
  const { probes, found, tick, state } = probing();
  probes.follow(tunnel('a', CARE_OF));
  while (state.now < seconds(5)) {
    tick(state.wakeAt! / 1e6);
  }
  const next = address('2001:db8:2::8');
  probes.follow(tunnel('a', next));
  assert.equal(tick().length, 1);
  assert.deepEqual(found.get(next), WHOLE);
});

test('of 1024 paths all are probed, of more none', () => {
  const { probes, tick, state } = probing();
  for (let i = 0; i < 1100; i++) {
    probes.follow(tunnel(`${i}`, address(`2001:db8:${(i + 16).toString(16)}::1`)));
  }
  assert.equal(probes.size, 1024);
  const first = tick();
  assert.ok(first.length > 250 && first.length <= 256, 'and no more than so many at once');
  const begun = new Set(first.map(({ to }) => to));
  while (begun.size < 1024 && state.now < seconds(9)) {
    for (const { to, octets } of tick(state.wakeAt! / 1e6)) {
      assert.ok(octets.length === 1500 || begun.has(to), 'one that was held back is not lost');
      probes.answered(reply(octets, () => {}, to));
      begun.add(to);
    }
  }
  assert.equal(begun.size, 1024);
});

test('a narrow path is told of by the largest size that was answered', () => {
  const { probes, found, tick, state } = probing();
  probes.follow(tunnel('a', CARE_OF));
  while (state.now < seconds(8)) {
    for (const { octets } of tick(state.wakeAt! / 1e6)) {
      if (octets.length <= 1400) probes.answered(reply(octets));
    }
  }
  const { told } = found.get(CARE_OF)!;
  assert.ok(told! > 1395 && told! <= 1400);
  probes.tooBig(CARE_OF, 1300);
  assert.equal(found.get(CARE_OF)!.told, 1300);
});
