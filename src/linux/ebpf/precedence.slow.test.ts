/** Random tables and packets: kernel and slow path together do what the TypeScript table does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KernelUnderTest, obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import {
  entry,
  fragment,
  homeAddress,
  inside,
  ipv6,
  mobility,
  options,
  type Part,
  raw,
  routing2,
  udp,
} from '../../core/forwarding/case-packets.ts';
import type { Action, ForwardingEntry, Hook, Match } from '../../core/forwarding/entry.ts';
import { execute } from '../../core/forwarding/execute.ts';
import { ForwardingTable } from '../../core/forwarding/table.ts';
import type { Instant } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { toHex } from '../../wire/hex.ts';
import { bootTime } from '../sys/boot-clock.ts';

const limits = { skip: obstacleToKernelProgram(), timeout: 120_000 };

const HOUR = 3_600_000_000;
const NOW = (2 * HOUR) as Instant;
const addresses = fc
  .constantFrom('2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:8000::1', 'fd00::1')
  .map(address);
const own = [address('2001:db8::1'), address('fd00::1')];
const isOurs = (one: string) => (own as string[]).includes(one);

const prefixes = fc.record(
  { address: addresses, length: fc.constantFrom(0, 7, 32, 33, 64, 126, 127, 128) },
  { requiredKeys: ['address'], noNullPrototype: true },
);
const held = fc.oneof(addresses, fc.constant('any' as const));
// The last one may be that of a tunnel in UDP.
const ports = fc.constantFrom(5000, 53, 4191);
const full: fc.Arbitrary<Match> = fc.record(
  {
    dst: prefixes,
    src: prefixes,
    protocol: fc.constantFrom(17, 41, 58, 135),
    sport: ports,
    dport: ports,
    flowLabel: fc.constantFrom(0, 0x10001),
    home: held,
    routing2: held,
    innerSrc: addresses,
    innerDst: addresses,
    mobility: fc.constant(true as const),
    local: fc.constant(true as const),
    rest: fc.constant(true as const),
  },
  { requiredKeys: [], noNullPrototype: true },
);
// Most fields are left out most of the time, else nothing would ever match.
const sparse = fc
  .tuple(full, fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }), fc.nat(5))
  .map(([match, keep, most]) => {
    const kept = Object.entries(match).filter((_, i) => most === 0 || keep[i]);
    return Object.fromEntries(kept.slice(0, most === 0 ? 13 : 1 + (most % 2))) as Match;
  });
// Of one rank, so that priority and id decide; some twice the same, which share a bucket.
const OFTEN: readonly Match[] = [
  {},
  { protocol: 17 },
  { protocol: 41 },
  { home: 'any' },
  { routing2: 'any' },
  { sport: 5000 },
  { dport: 53 },
  { flowLabel: 0 },
  { protocol: 17, local: true },
  { home: 'any', local: true },
  { protocol: 41, mobility: true },
  { dst: { address: own[0]! } },
  { src: { address: own[1]! } },
];
const matches = fc.oneof(
  { weight: 2, arbitrary: sparse },
  { weight: 3, arbitrary: fc.constantFrom(...OFTEN) },
);

const careOf = address('2001:db8:ffff::99');
const push: Action = { push: 'ipv6', src: careOf, dst: address('2001:db8:ffff::1') };
const LISTS: Readonly<Record<Hook, readonly (readonly Action[])[]>> = {
  arriving: [
    [],
    [{ pop: 'ipv6' }],
    [{ apply: 'home-address' }],
    [{ apply: 'routing-2' }],
    [{ apply: 'routing-2' }, { apply: 'home-address' }],
    [{ drop: 'policy' }],
    [{ divert: 'control', reason: 'mobility' }],
    [{ pop: 'ipv6' }, push],
  ],
  leaving: [
    [],
    [push],
    [{ insert: 'home-address', careOf }],
    [{ insert: 'routing-2', careOf }],
    [{ insert: 'routing-2', careOf }, { insert: 'home-address', careOf }, push],
    [{ drop: 'policy' }],
    [{ divert: 'control', reason: 'esp-wanted' }],
    [push, push],
  ],
};
const entries = fc
  .record(
    {
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
      match: matches,
      // What the kernel declines stands last, and is rare.
      list: fc.oneof({ weight: 9, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(7) }),
      priority: fc.constantFrom(-1, 0, 1),
      expiresAt: fc.constantFrom(HOUR as Instant, (3 * HOUR) as Instant),
      credit: fc.constantFrom(0, 1_000_000),
    },
    { requiredKeys: ['id', 'match', 'list'], noNullPrototype: true },
  )
  .chain((one) => fc.nat(19).map((dice) => (dice === 0 ? one : without(one, 'credit'))));

function without<T extends object, K extends keyof T>(from: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = from;
  return rest;
}

const echo = raw(58, 128, 0, 0, 0, 0, 1, 0, 1);
const unreachable = raw(58, 1, 0, 0, 0, 0, 0, 0, 0);
const LAST = {
  udp: (src: Part) => src,
  echo: () => echo,
  error: () => unreachable,
  nothing: () => undefined,
};
const packets = fc
  .record({
    src: addresses,
    dst: addresses,
    flowLabel: fc.constantFrom(0, 0x10001),
    trafficClass: fc.constantFrom(0, 1, 2, 3),
    inner: addresses,
    home: fc.option(addresses, { freq: 1 }),
    routing: fc.option(addresses, { freq: 1 }),
    segments: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 0, 2),
    sport: ports,
    shape: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('udp', 'tunnel') },
      { weight: 1, arbitrary: fc.constantFrom('mobility', 'later', 'jump', 'broken') },
    ),
    last: fc.constantFrom<keyof typeof LAST>('udp', 'udp', 'udp', 'echo', 'error', 'nothing'),
    behind: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 6),
  })
  .map(({ src, dst, flowLabel, trafficClass, inner, shape, ...more }) => {
    const parts: Part[] = [];
    if (more.routing) parts.push(routing2(more.routing, more.segments));
    if (more.home) parts.push(homeAddress(more.home));
    if (shape === 'later') parts.push(fragment(9, false));
    if (shape === 'jump') parts.push(options(1, 4, 0, 0, 0, 0));
    if (shape === 'broken') parts.push(raw(60, 17, 9));
    else if (shape === 'mobility') parts.push(mobility(src, dst));
    else if (shape === 'tunnel') {
      const within = more.home ? [homeAddress(more.home)] : [];
      parts.push(inside(ipv6({ src: inner, dst }, ...within, udp(inner, dst, more.sport))));
    } else {
      const last = LAST[more.last](udp(src, dst, more.sport));
      if (last) parts.push(last);
    }
    const packet = ipv6({ src, dst, flowLabel, trafficClass }, ...parts);
    return Uint8Array.from([...packet, ...new Uint8Array(more.behind)]);
  });

type Chosen = typeof entries extends fc.Arbitrary<infer T> ? T : never;
type Step = { add: Chosen } | { remove: string } | { run: Uint8Array };
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: entries.map((add) => ({ add })) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'c').map((remove) => ({ remove })) },
  { weight: 6, arbitrary: packets.map((run) => ({ run })) },
);

/** Runs one packet through both and compares; says which way it went. */
function compare(kernel: KernelUnderTest, table: ForwardingTable, hook: Hook, packet: Uint8Array) {
  const ids = [...table.all()].map(({ id }) => id);
  const before = ids.map((id) => [kernel.use(id), table.use(id)] as const);
  const said = kernel.run(hook, packet);
  const outcome = execute(table, hook, packet, NOW);
  if (said.verdict === 'slow') {
    assert.equal(toHex(said.octets), toHex(packet), 'changed, then handed over');
    assert.deepEqual(
      ids.map((id) => kernel.use(id)),
      before.map(([use]) => use),
      'counted twice',
    );
    return 'slow';
  }
  if (outcome.kind === 'drop') assert.equal(said.verdict, 'dropped', outcome.reason);
  else {
    assert.notEqual(outcome.kind, 'divert');
    assert.equal(said.verdict, 'carried');
    const wanted = outcome.kind === 'continue' ? outcome.octets : packet;
    assert.equal(toHex(said.octets), toHex(wanted));
  }
  ids.forEach((id, i) => {
    const [kernelBefore, tableBefore] = before[i]!;
    const grown = {
      packets: tableBefore.packets + kernel.use(id).packets - kernelBefore.packets,
      octets: tableBefore.octets + kernel.use(id).octets - kernelBefore.octets,
    };
    assert.deepEqual(grown, table.use(id), `counters of ${id}`);
  });
  return outcome.kind;
}

for (const hook of ['arriving', 'leaving'] as const) {
  test(`${hook}: any table, any packet`, limits, () => {
    const kernel = new KernelUnderTest(`cf-ebpf-${hook}`);
    const ways = { slow: 0, continue: 0, drop: 0, unmatched: 0, divert: 0 };
    try {
      fc.assert(
        fc.property(fc.array(steps, { maxLength: 40, size: 'max' }), (list) => {
          const table = new ForwardingTable({ isOurs });
          const bootTimeOfStart = bootTime() - BigInt(NOW) * 1000n;
          kernel.reset({ own, bootTimeOfStart });
          for (const step of list) {
            if ('run' in step) ways[compare(kernel, table, hook, step.run)] += 1;
            else if ('remove' in step) {
              table.remove(step.remove);
              kernel.remove(step.remove);
            } else {
              const { id, match, list: which, ...more } = step.add;
              const one: ForwardingEntry = entry(id, hook, match, LISTS[hook][which]!, more);
              table.add(one);
              kernel.add(one);
            }
          }
        }),
        { numRuns: Number(process.env.CAREOF_RUNS ?? 400) },
      );
    } finally {
      kernel.close();
    }
    console.log(`${hook}: ${JSON.stringify(ways)}`);
    assert.ok(ways.continue > 60, `the kernel carried only ${ways.continue}`);
    assert.ok(ways.drop > 30 && ways.unmatched > 50);
  });
}
