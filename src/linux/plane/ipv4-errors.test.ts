/** What becomes of IPv4 packets that are too long, and who hears of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4, raw } from '../../core/forwarding/case-packets.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';
import { parsePacket, serialisePacket } from '../../wire/packet.ts';
import { PacketPlane } from './packet-plane.ts';
import type { PlaneSurroundings } from './surroundings.ts';

const client = address('198.51.100.7');
const service = address('192.0.2.80');
const dummy = address('192.0.0.8');
const router = address('203.0.113.254');
const six = { src: address('fd00::1'), dst: address('fd00::2') };
const four = { src: address('203.0.113.1'), dst: address('203.0.113.33') };

function planeOf(own: readonly Address[], mtu = 1500) {
  const sent: Uint8Array[] = [];
  const delivered: Uint8Array[] = [];
  const told: unknown[] = [];
  const host: PlaneSurroundings = {
    now: () => 0 as Instant,
    send: (octets) => {
      if (octets.length > mtu) return 'too-big';
      sent.push(octets.slice());
      return 'sent';
    },
    sendMany: () => 0,
    sendLarge: () => false,
    mtuOf: () => mtu,
    linkMtuOf: () => mtu,
    deliver: (octets) => delivered.push(octets.slice()) > 0,
    deliverLarge: () => false,
    isOwn: (one) => own.includes(one),
    hears: () => true,
    sourceFor: () => dummy,
    carried: () => 0,
    wakeAt: () => {},
    secrets: (count) => new Uint8Array(count),
    control: (input) => told.push(input),
    count: () => {},
  };
  return { plane: new PacketPlane(host, new Set(['path-mtu-probing'])), sent, delivered, told };
}

const entry = (at: ForwardingEntry['at'], more: Pick<ForwardingEntry, 'match' | 'do'>) => ({
  ...{ id: at, owner: 'test', at },
  ...more,
});
const intoSix = entry('leaving', {
  match: { dst: { address: service } },
  do: [{ push: 'ipv6', ...six }],
});
const intoFour = entry('leaving', {
  match: { dst: { address: service } },
  do: [{ push: 'ipv4', ...four }],
});

const query = (octets: number, mayBeCut = false) =>
  ipv4({ src: client, dst: service, mayBeCut }, raw(17, ...new Array<number>(octets - 20).fill(7)));

/** An error as a line: who is told by whom, and what. */
function shown(octets: Uint8Array): string {
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  const [header, error] = parsed.value;
  assert.ok(header?.layer === 'ipv4' && error?.layer === 'icmpv4-destination-unreachable');
  const { code, nextHopMtu } = error;
  const ends = [header.source, header.destination].map(formatAddress);
  return `${ends.join(' > ')} code ${code} mtu ${nextHopMtu}`;
}

test('who lets nobody cut a packet is told what a tunnel takes', () => {
  const { plane, sent } = planeOf([six.src]);
  plane.add(intoSix);
  plane.leaving(query(1460));
  assert.equal(sent[0]?.length, 1500);
  plane.leaving(query(1461));
  assert.equal(shown(sent[1]!), '192.0.0.8 > 198.51.100.7 code 4 mtu 1460');
});

test('who lets it be cut has the packet around it cut, and it comes out whole', () => {
  for (const [into, pop, ends] of [
    [intoSix, 'ipv6', six],
    [intoFour, 'ipv4', four],
  ] as const) {
    const here = planeOf([ends.src]);
    here.plane.add(into);
    here.plane.leaving(query(1490, true));
    assert.equal(here.sent.length, 2);
    const there = planeOf([ends.dst, service]);
    there.plane.add(
      entry('arriving', { match: { src: { address: ends.src }, protocol: 4 }, do: [{ pop }] }),
    );
    for (const part of here.sent.reverse()) there.plane.arriving(part, { link: 'l' });
    assert.deepEqual(there.delivered, [query(1490, true)]);
  }
});

test('what is not ours goes in parts where everybody may cut it, else not at all', () => {
  const { plane, sent } = planeOf([], 600);
  plane.leaving(query(1000, true));
  assert.deepEqual(
    sent.map(({ length }) => length),
    [596, 424],
  );
  plane.leaving(query(1000));
  assert.equal(shown(sent[2]!), '192.0.0.8 > 198.51.100.7 code 4 mtu 600');
});

/** What a router says about a packet, in the words of IPv4. */
const narrow = (to: Address, about: Uint8Array, nextHopMtu: number) =>
  serialisePacket([
    { layer: 'ipv4', source: router, destination: to },
    { layer: 'icmpv4-destination-unreachable', code: 4, nextHopMtu, invoking: about.slice(0, 548) },
  ]);

test('what a router says of a tunnel over IPv4 is kept to, and who sent the packet inside is told', () => {
  const { plane, sent, told } = planeOf([four.src]);
  plane.add(intoFour);
  plane.leaving(query(1400));
  plane.overheard(narrow(four.src, sent.pop()!, 1300), { link: 'l' });
  assert.deepEqual(sent.map(shown), ['192.0.0.8 > 198.51.100.7 code 4 mtu 1280']);
  plane.leaving(query(1280));
  assert.equal(sent[1]?.length, 1300);
  plane.leaving(query(1281));
  assert.equal(shown(sent[2]!), '192.0.0.8 > 198.51.100.7 code 4 mtu 1280');
  assert.deepEqual(told, [], 'the control side needs none of it');
});

test('an old router names no size: the next one of a list is taken', () => {
  const { plane, sent } = planeOf([four.src]);
  plane.add(intoFour);
  plane.leaving(query(1400));
  plane.overheard(narrow(four.src, sent.pop()!, 0), { link: 'l' });
  assert.deepEqual(sent.map(shown), ['192.0.0.8 > 198.51.100.7 code 4 mtu 986']);
});

test('what is said of packets that others, or programs, have sent is learned by nobody here', () => {
  const { plane, sent } = planeOf([four.src]);
  plane.overheard(narrow(four.src, ipv4({ ...four }, raw(17, 1, 2, 3, 4)), 900), { link: 'l' });
  plane.overheard(narrow(four.src, query(1400), 900), { link: 'l' });
  assert.equal(plane.pathMtus.size, 0);
  const forged = narrow(four.src, query(100), 900);
  forged[22]! ^= 1;
  plane.overheard(forged, { link: 'l' });
  assert.deepEqual([plane.pathMtus.size, sent.length], [0, 0]);
});
