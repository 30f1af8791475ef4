import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, address } from '../../wire/address.ts';
import type { Instant } from '../time.ts';
import {
  fragment,
  homeAddress,
  inside,
  ipv4,
  ipv4Inside,
  ipv6,
  mobility,
  type Part,
  routing2,
  udp,
} from './case-packets.ts';
import type { ForwardingEntry, Match, Prefix } from './entry.ts';
import { execute } from './execute.ts';
import { PacketView } from './packet-view.ts';
import { ForwardingTable } from './table.ts';

const at = (us: number) => us as Instant;
const entry = (id: string, match: Match, more: Partial<ForwardingEntry> = {}): ForwardingEntry => ({
  id,
  owner: 'test',
  at: 'leaving',
  match,
  do: [],
  ...more,
});
const A = address('2001:db8::1');
const B = address('2001:db8::2');
const packet = () => new PacketView(ipv6({ src: A, dst: B }, udp(A, B)));

test('a full table refuses a new entry, and still replaces one that it has', () => {
  const table = new ForwardingTable({ bound: 1 });
  assert.equal(table.add(entry('one', {})), 'added');
  assert.equal(table.add(entry('two', {})), 'full');
  assert.equal(table.add(entry('one', { dst: { address: A } })), 'replaced');
  assert.equal(table.size, 1);
  assert.equal(table.find('leaving', packet(), at(0)), undefined);
});

test('a replaced entry keeps what its id has carried, a removed one does not', () => {
  const table = new ForwardingTable();
  table.add(entry('one', { dst: { address: B } }));
  const row = table.find('leaving', packet(), at(0))!;
  row.packets += 3;
  row.octets += 120;
  table.add(entry('one', { dst: { address: A } }));
  assert.deepEqual(table.use('one'), { packets: 3, octets: 120 });
  assert.equal(table.remove('one')?.id, 'one');
  assert.deepEqual(table.use('one'), { packets: 0, octets: 0 });
  assert.equal(table.remove('one'), undefined);
});

test('an entry with a credit carries that much in all, replaced or not, and no more', () => {
  const table = new ForwardingTable();
  const { length } = packet().octets;
  const few = (octets: number) => entry('few', { dst: { address: B } }, { credit: octets });
  const carry = () => execute(table, 'leaving', packet().octets, at(0)).kind;
  table.add(few(2 * length + 1));
  assert.deepEqual([carry(), carry(), carry()], ['continue', 'continue', 'unmatched']);
  table.add(few(3 * length));
  assert.deepEqual([carry(), carry()], ['continue', 'unmatched']);
  assert.deepEqual(table.use('few'), { packets: 3, octets: 3 * length });
});

test('an entry holds until the microsecond before it expires, swept or not', () => {
  const table = new ForwardingTable();
  table.add(entry('short', { dst: { address: B } }, { expiresAt: at(10) }));
  table.add(entry('long', {}, { expiresAt: at(20) }));
  assert.equal(table.deadline(), 10);
  assert.equal(table.find('leaving', packet(), at(9))?.entry.id, 'short');
  assert.equal(table.find('leaving', packet(), at(10))?.entry.id, 'long');
  assert.deepEqual(
    table.expire(at(10)).map(({ id }) => id),
    ['short'],
  );
  assert.equal(table.deadline(), 20);
  table.add(entry('long', {}, { expiresAt: at(30) }));
  assert.equal(table.deadline(), 30);
  assert.deepEqual(table.expire(at(29)), []);
  table.add(entry('long', {}));
  assert.equal(table.deadline(), undefined);
  assert.equal(table.size, 1);
});

test('a combination of fields costs a probe only while an entry asks for it', () => {
  const table = new ForwardingTable();
  table.add(entry('one', { dst: { address: A } }));
  table.add(entry('two', { dst: { address: B } }));
  table.add(entry('three', { dst: { address: B, length: 64 } }));
  assert.equal(table.combinations('leaving'), 2);
  assert.equal(table.combinations('arriving'), 0);
  table.remove('three');
  table.add(entry('two', { dst: { address: A } }));
  assert.equal(table.combinations('leaving'), 1);
  table.remove('one');
  table.remove('two');
  assert.equal(table.combinations('leaving'), 0);
});

test('entries renewed for ever do not grow the table', () => {
  const table = new ForwardingTable();
  for (let i = 1; i <= 10_000; i++) table.add(entry('one', {}, { expiresAt: at(i) }));
  assert.equal(table.deadline(), 10_000);
  assert.equal(table.expire(at(10_000)).length, 1);
  assert.equal(table.deadline(), undefined);
});

test('an entry that mixes versions, or asks for too many bits, is our own mistake', () => {
  const table = new ForwardingTable();
  const four = address('192.0.2.1');
  const refused = (match: Match, more: Partial<ForwardingEntry> = {}) =>
    assert.throws(() => table.add(entry('x', match, more)), RangeError);
  refused({ dst: { address: four }, src: { address: A } });
  refused({ innerSrc: four, innerDst: A });
  refused({ home: four });
  refused({ routing2: four });
  refused({ dst: { address: four }, home: A });
  refused({ dst: { address: four }, routing2: 'any' });
  refused({ src: { address: A, length: 129 } });
  refused({ src: { address: four, length: 33 } });
  refused({}, { do: [{ push: 'ipv6', src: four, dst: four }] });
  refused({}, { do: [{ push: 'ipv4', src: four, dst: A }] });
  refused({}, { do: [{ push: 'udp', src: A, dst: four, sport: 1, dport: 2 }] });
  assert.equal(table.size, 0);
});

test('Mobility Header messages meet only entries that ask for them, unless told otherwise', () => {
  const message = new PacketView(ipv6({ src: A, dst: B }, mobility(A, B)));
  for (const [match, found] of [
    [{ dst: { address: B } }, false],
    [{ dst: { address: B }, protocol: 135 }, true],
    [{ dst: { address: B }, mobility: true }, true],
  ] as const) {
    const table = new ForwardingTable();
    table.add(entry('one', match));
    assert.equal(table.find('leaving', message, at(0)) !== undefined, found);
    const without = new ForwardingTable({ mobilityExemption: false });
    without.add(entry('one', match));
    assert.ok(without.find('leaving', message, at(0)));
  }
});

/** The table as one would explain it: try every entry, sort what fits, take the first. */
class SlowTable {
  readonly entries = new Map<string, ForwardingEntry>();

  find(packet: PacketView, now: number): string | undefined {
    const fitting = [...this.entries.values()].filter((one) => fits(one, packet, now));
    fitting.sort((a, b) => {
      const first = order(a);
      const second = order(b);
      const differs = first.findIndex((value, i) => value !== second[i]);
      return differs < 0 ? (a.id < b.id ? -1 : 1) : second[differs]! - first[differs]!;
    });
    return fitting[0]?.id;
  }
}

/** Some of the addresses that occur. */
const isOurs = (one: Address) => one.startsWith('\x20\x01') || one.startsWith('\xc0');

function order({ match, priority }: ForwardingEntry): number[] {
  const { dst, src, innerSrc, innerDst, home, routing2 } = match;
  const whole = [innerSrc, innerDst, home === 'any' ? undefined : home];
  const inside = [...whole, routing2 === 'any' ? undefined : routing2];
  const asked = 128 * inside.filter((one) => one !== undefined).length;
  const numbers = [match.protocol, match.sport, match.dport, match.flowLabel];
  const fields = numbers.filter((one) => one !== undefined).length;
  const present = [home, routing2].filter((one) => one === 'any').length;
  return [bits(dst) + bits(src) + asked, bits(dst), fields + present, priority ?? 0];
}

const bits = (prefix: Prefix | undefined) =>
  prefix ? (prefix.length ?? 8 * prefix.address.length) : 0;

function fits({ match, expiresAt }: ForwardingEntry, packet: PacketView, now: number): boolean {
  if (expiresAt !== undefined && now >= expiresAt) return false;
  const version = match.src?.address.length ?? match.dst?.address.length ?? 16;
  if (packet.src.length !== version) return false;
  if (packet.protocol === 135 && match.protocol !== 135 && !match.mobility) return false;
  if (match.local && !isOurs(packet.dst)) return false;
  const same = (wanted: unknown, found: unknown) => wanted === undefined || wanted === found;
  const held = (wanted: Address | 'any' | undefined, found: Address | undefined) =>
    wanted === 'any' ? found !== undefined : same(wanted, found);
  return (
    inPrefix(match.dst, packet.dst) &&
    inPrefix(match.src, packet.src) &&
    same(match.protocol, packet.protocol) &&
    same(match.sport, packet.sport) &&
    same(match.dport, packet.dport) &&
    same(match.flowLabel, packet.flowLabel) &&
    held(match.home, packet.home) &&
    held(match.routing2, packet.routing2) &&
    same(match.innerSrc, packet.innerSrc) &&
    same(match.innerDst, packet.innerDst)
  );
}

function inPrefix(prefix: Prefix | undefined, address: Address): boolean {
  const binary = (text: string) =>
    Array.from(text, (one) => one.charCodeAt(0).toString(2).padStart(8, '0')).join('');
  return (
    prefix === undefined ||
    binary(address).startsWith(binary(prefix.address).slice(0, bits(prefix)))
  );
}

const addresses = fc
  .constantFrom('2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:8000::1', 'fd00::1')
  .map(address);
const ipv4Addresses = fc
  .constantFrom('192.0.2.1', '192.0.2.2', '192.0.3.1', '198.51.100.1')
  .map(address);
const ipv4Prefixes = fc.record(
  { address: ipv4Addresses, length: fc.constantFrom(0, 5, 8, 23, 24, 31, 32) },
  { requiredKeys: ['address'], noNullPrototype: true },
);
const prefixes = fc.record(
  { address: addresses, length: fc.constantFrom(0, 7, 8, 32, 33, 64, 126, 127, 128) },
  { requiredKeys: ['address'], noNullPrototype: true },
);
const held = fc.oneof(addresses, fc.constant('any' as const));
const ports = fc.constantFrom(5000, 53);
/** Of one version; `inner` are the addresses inside. */
const matchesOf = (one: fc.Arbitrary<Prefix>, inner: fc.Arbitrary<Address>) => ({
  dst: one,
  src: one,
  innerSrc: inner,
  innerDst: inner,
  protocol: fc.constantFrom(17, 41, 4, 135),

  sport: ports,
  dport: ports,
  flowLabel: fc.constantFrom(0, 0x10001),
  mobility: fc.constant(true as const),
  local: fc.constant(true as const),
});
const anyMatch = { requiredKeys: [] as never[], noNullPrototype: true as const };
const six = (inner: fc.Arbitrary<Address>) =>
  fc.record({ ...matchesOf(prefixes, inner), home: held, routing2: held }, anyMatch);
const matches: fc.Arbitrary<Match> = fc.oneof(
  { weight: 4, arbitrary: six(addresses) },
  { weight: 1, arbitrary: six(ipv4Addresses) },
  { weight: 2, arbitrary: fc.record(matchesOf(ipv4Prefixes, ipv4Addresses), anyMatch) },
  { weight: 1, arbitrary: fc.record(matchesOf(ipv4Prefixes, addresses), anyMatch) },
);
// Most fields are left out most of the time, else nothing would ever match.
const sparse = fc
  .tuple(matches, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), fc.boolean())
  .map(([match, keep, all]) => {
    const kept = Object.entries(match).filter((_, i) => all || keep[i]);
    return Object.fromEntries(kept.slice(0, all ? 12 : 3)) as Match;
  });
// Several entries with the very same match are one list in the table.
const same = fc.constantFrom<Match>({}, { protocol: 17 }, { home: 'any' });
const entries = fc.record(
  {
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'),
    match: fc.oneof(sparse, same),
    priority: fc.constantFrom(-1, 0, 1),
    expiresAt: fc.constantFrom(at(5), at(15)),
  },
  { requiredKeys: ['id', 'match'], noNullPrototype: true },
);
const packets = fc
  .record({
    src: addresses,
    dst: addresses,
    flowLabel: fc.constantFrom(0, 0x10001),
    inner: addresses,
    home: fc.option(addresses),
    routing: fc.option(addresses),
    sport: ports,
    shape: fc.constantFrom('udp', 'tunnel', 'tunnel of IPv4', 'mobility', 'later fragment'),
    ipv4Ends: fc.option(fc.tuple(ipv4Addresses, ipv4Addresses), { freq: 1 }),
    ipv4Inner: ipv4Addresses,
  })
  .map(({ src, dst, flowLabel, inner, home, routing, sport, shape, ipv4Ends, ipv4Inner }) => {
    const parts: Part[] = [];
    const six = inside(ipv6({ src: inner, dst }, udp(inner, dst)));
    const four = ipv4Inside(ipv4({ src: ipv4Inner, dst: ipv4Inner }, udp(ipv4Inner, ipv4Inner)));
    if (ipv4Ends !== null) {
      const [from, to] = ipv4Ends;
      const part =
        shape === 'tunnel' ? six : shape === 'tunnel of IPv4' ? four : udp(from, to, sport);
      const later = shape === 'later fragment' && { fragment: { offset: 9, more: false } };
      return new PacketView(ipv4({ src: from, dst: to, ...later }, part));
    }
    if (routing) parts.push(routing2(routing));
    if (home) parts.push(homeAddress(home));
    if (shape === 'later fragment') parts.push(fragment(9, false));
    if (shape === 'mobility') parts.push(mobility(src, dst));
    else if (shape === 'tunnel') parts.push(six);
    else if (shape === 'tunnel of IPv4') parts.push(four);
    else parts.push(udp(src, dst, sport));
    return new PacketView(ipv6({ src, dst, flowLabel }, ...parts));
  });
type Step = { add: ForwardingEntry } | { remove: string } | { find: PacketView };
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: entries.map(({ id, match, ...more }) => ({ add: entry(id, match, more) })),
  },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'c').map((id) => ({ remove: id })) },
  { weight: 4, arbitrary: packets.map((one) => ({ find: one })) },
);

test('it finds what a slow, obvious table finds', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60, size: 'max' }), (list) => {
      const table = new ForwardingTable({ isOurs });
      const slow = new SlowTable();
      for (const [i, step] of list.entries()) {
        if ('add' in step) {
          table.add(step.add);
          slow.entries.set(step.add.id, step.add);
        } else if ('remove' in step) {
          table.remove(step.remove);
          slow.entries.delete(step.remove);
        } else {
          const now = i % 2 === 0 ? 4 : 5;
          const id = table.find('leaving', step.find, at(now))?.entry.id;
          assert.equal(id, slow.find(step.find, now));
          if (id !== undefined) found += 1;
        }
        assert.equal(table.size, slow.entries.size);
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(found > 500, `only ${found} look-ups found anything`);
});
