import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ForwardingCase, forwardingCases } from '../../core/forwarding/cases.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Input } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';
import { upperLayerChecksum } from '../../wire/checksum.ts';
import { parsePacket, serialisePacket } from '../../wire/packet.ts';
import type { LinuxCounter } from '../counters.ts';
import { joined, longestOf } from '../sys/large-packet.ts';
import { finished } from '../sys/offloads.ts';
import { PacketPlane } from './packet-plane.ts';
import type { PlaneSurroundings } from './surroundings.ts';

const home = address('2001:db8:1::100');
const agent = address('2001:db8:1::1');
const careOf = address('2001:db8:2::7');
const peer = address('2001:db8:f::1');
const router = address('2001:db8:9::1');

type Layer = Parameters<typeof serialisePacket>[0][number];

interface Rig {
  readonly plane: PacketPlane;
  readonly sent: Uint8Array[];
  readonly delivered: Uint8Array[];
  readonly control: Input[];
  readonly counted: LinuxCounter[];
  /** Packets that were sent or delivered as one of many segments. */
  large: number;
  /** MTU of all links. */
  mtu: number;
}

/** @param without by default the probes of paths, which would send packets of their own. */
function rig(
  isOwn: (address: Address) => boolean,
  now = 0 as Instant,
  without: ReadonlySet<Mechanism> = new Set(['path-mtu-probing']),
): Rig {
  const made: Omit<Rig, 'plane'> = {
    sent: [],
    delivered: [],
    control: [],
    counted: [],
    large: 0,
    mtu: 1500,
  };
  const host: PlaneSurroundings = {
    now: () => now,
    send: (octets) => {
      if (octets.length > made.mtu) return 'too-big';
      made.sent.push(octets.slice());
      return 'sent';
    },
    sendMany: (packets) => {
      const fit = packets.findIndex(({ length }) => length > made.mtu);
      const sent = packets.slice(0, fit < 0 ? packets.length : fit);
      for (const octets of sent) made.sent.push(octets.slice());
      return sent.length;
    },
    sendLarge: (packet) => {
      if (longestOf(packet) > made.mtu) return false;
      made.large += 1;
      for (const octets of finished(joined(packet), packet.offload)) made.sent.push(octets);
      return true;
    },
    mtuOf: () => made.mtu,
    linkMtuOf: () => made.mtu,
    carried: () => 0,
    wakeAt: () => {},
    secrets: (count) => new Uint8Array(count),
    deliver: (octets) => made.delivered.push(octets.slice()) > 0,
    deliverLarge: (packet) => {
      made.large += 1;
      return made.delivered.push(...finished(joined(packet), packet.offload)) > 0;
    },
    isOwn,
    hears: () => true,
    sourceFor: () => agent,
    control: (input) => made.control.push(input),
    count: (counter) => made.counted.push(counter),
  };
  return Object.assign(made, { plane: new PacketPlane(host, without) });
}

/** What came out of a case, in the words of the case. */
function outcomeOf(one: ForwardingCase): Record<string, unknown> {
  const { hook, ours, entries, packet } = one;
  const isOwn = (to: Address) => ours?.includes(to) ?? hook === 'arriving';
  const made = rig(isOwn, one.now ?? (0 as Instant));
  made.mtu = 65_575;
  const { plane, sent, delivered, control, counted } = made;
  for (const entry of entries) plane.add(entry);
  if (hook === 'leaving') plane.leaving(packet.slice());
  else plane.arriving(packet.slice(), { link: 'l' });
  const [out] = hook === 'leaving' ? sent : delivered;
  const notices = control
    .filter((input) => input.kind === 'notice')
    .map(({ kind: _, ...notice }) => notice);
  const told = notices.length > 0 ? { notices } : {};
  if (out !== undefined) return { octets: out, ...told };
  const diverted = control.find((input) => input.kind === 'packet' && input.reason !== 'icmpv6');
  if (diverted?.kind === 'packet') {
    const { octets, reason, tunnel } = diverted;
    return { octets, reason, ...(tunnel && { tunnel }), ...told };
  }
  const ended = ['plane.entry_dropped', 'plane.entry_fault', 'plane.malformed', 'plane.not_sent'];
  // A part of a tunnelled packet waits here for the others.
  const waits = one.expect.reason === 'fragment' && counted.length === 0;
  assert.ok(waits || counted.some((counter) => ended.includes(counter)), one.name);
  return told;
}

test('every forwarding case comes out of the plane octet for octet', () => {
  const cases = forwardingCases();
  assert.ok(cases.length > 50);
  for (const one of cases) {
    const { kind, octets, reason, tunnel, notices } = one.expect;
    const told = notices === undefined ? {} : { notices };
    // The anchor device and the packet sockets give packets of IPv6 and IPv4 only.
    const foreign = ![4, 6].includes(one.packet[0]! >> 4);
    const expected =
      kind === 'unmatched'
        ? foreign
          ? told
          : { octets: one.packet }
        : kind === 'continue'
          ? { octets, ...told }
          : kind === 'divert'
            ? { octets, reason, ...(tunnel && { tunnel }), ...told }
            : told;
    assert.deepEqual(outcomeOf(one), expected, one.name);
  }
});

const entry = (
  at: ForwardingEntry['at'],
  match: ForwardingEntry['match'],
  action: ForwardingEntry['do'][number],
): ForwardingEntry => ({ id: 'e', owner: 'test', at, match, do: [action] });
const toHome = entry(
  'leaving',
  { dst: { address: home } },
  { push: 'ipv6', src: agent, dst: careOf },
);
const datagram = (source: Address, destination: Address, size: number): Uint8Array =>
  serialisePacket([
    { layer: 'ipv6', source, destination },
    { layer: 'udp', sourcePort: 1, destinationPort: 2, payload: new Uint8Array(size - 48) },
  ]);

/** Source, destination and last layers of a packet. */
function shown(octets: Uint8Array): string {
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  const [outer, ...rest] = parsed.value;
  assert.equal(outer?.layer, 'ipv6');
  const ends = outer.layer === 'ipv6' ? [outer.source, outer.destination] : [];
  const error = rest.find((layer) => layer.layer === 'packet-too-big');
  const mtu = error?.layer === 'packet-too-big' ? ` mtu ${error.mtu}` : '';
  return `${ends.map(formatAddress).join(' > ')} ${rest[0]?.layer}${mtu}`;
}

test('who sends more than a tunnel takes is told what it takes', () => {
  const one = rig((to) => to === agent);
  one.plane.add(toHome);
  one.plane.leaving(datagram(peer, home, 1460));
  assert.deepEqual(one.sent.map(shown), ['2001:db8:1::1 > 2001:db8:2::7 ipv6']);
  one.plane.leaving(datagram(peer, home, 1461));
  assert.equal(shown(one.sent[1]!), '2001:db8:1::1 > 2001:db8:f::1 packet-too-big mtu 1460');
});

test('what a path has said is kept to, and who sent the packet inside is told', () => {
  const one = rig((to) => to === agent);
  one.plane.add(toHome);
  one.plane.leaving(datagram(peer, home, 1440));
  const tunnelled = one.sent.pop()!;
  const said = serialisePacket([
    { layer: 'ipv6', source: router, destination: agent },
    { layer: 'packet-too-big', mtu: 1400, invoking: tunnelled.subarray(0, 200) },
  ]);
  one.plane.overheard(said, { link: 'l' });
  assert.deepEqual(one.sent.map(shown), ['2001:db8:1::1 > 2001:db8:f::1 packet-too-big mtu 1360']);
  assert.equal(one.control.length, 1);
  one.plane.leaving(datagram(peer, home, 1360));
  assert.equal(one.sent[1]?.length, 1400);
  one.plane.leaving(datagram(peer, home, 1361));
  assert.equal(shown(one.sent[2]!), '2001:db8:1::1 > 2001:db8:f::1 packet-too-big mtu 1360');
});

test('a program of this host hears of its own packet, without the header that was added', () => {
  const one = rig((to) => to === home || to === careOf);
  const direct = entry('leaving', { src: { address: home } }, { insert: 'home-address', careOf });
  one.plane.add(direct);
  const made = datagram(home, peer, 1400);
  one.plane.leaving(made);
  const said = serialisePacket([
    { layer: 'ipv6', source: router, destination: careOf },
    { layer: 'packet-too-big', mtu: 1400, invoking: one.sent[0]!.subarray(0, 300) },
  ]);
  one.plane.overheard(said, { link: 'l' });
  const [told] = one.delivered;
  assert.equal(shown(told!), '2001:db8:1::1 > 2001:db8:1::100 packet-too-big mtu 1376');
  const parsed = parsePacket(told!);
  const error = parsed.ok ? parsed.value[1] : undefined;
  assert.ok(error?.layer === 'packet-too-big');
  assert.deepEqual(error.invoking, made.subarray(0, 276));
});

test('an error about what others sent is believed by nobody', () => {
  const one = rig((to) => to === agent);
  const said = serialisePacket([
    { layer: 'ipv6', source: router, destination: agent },
    { layer: 'packet-too-big', mtu: 1300, invoking: datagram(peer, home, 1400) },
  ]);
  one.plane.overheard(said, { link: 'l' });
  assert.equal(one.plane.pathMtus.size, 0);
  const wrong = said.slice();
  wrong[45]! ^= 1;
  one.plane.overheard(wrong, { link: 'l' });
  assert.ok(one.counted.includes('host.checksum'));
});

test('over a link of 1280 octets the tunnel goes in fragments, and comes out whole', () => {
  const one = rig((to) => to === agent);
  one.mtu = 1280;
  one.plane.add(toHome);
  one.plane.leaving(datagram(peer, home, 1280));
  assert.equal(one.sent.length, 2);
  assert.ok(one.sent.every((part) => part.length <= 1280));
  const other = rig((to) => to === careOf || to === home);
  const out = entry('arriving', { dst: { address: careOf }, protocol: 41 }, { pop: 'ipv6' });
  other.plane.add(out);
  for (const part of one.sent) other.plane.arriving(part, { link: 'l' });
  assert.deepEqual(other.delivered, [datagram(peer, home, 1280)]);
  // What is larger than 1280 itself can be made smaller by who sends it.
  one.plane.leaving(datagram(peer, home, 1281));
  assert.match(shown(one.sent[2]!), /packet-too-big mtu 1280/);
});

test('a tunnel is cut to 1280 octets until a probe of the link`s size is answered', () => {
  const one = rig((to) => to === agent, 0 as Instant, new Set());
  one.plane.add(toHome);
  one.plane.leaving(datagram(peer, home, 1400));
  assert.deepEqual(
    one.sent.map(({ length }) => length),
    [1280, 216],
  );
  one.plane.tick();
  const probe = parsePacket(one.sent[2]!);
  assert.equal(one.sent[2]!.length, 1500);
  assert.ok(probe.ok && probe.value[1]?.layer === 'echo-request');
  const { identifier, sequence, data } = probe.value[1];
  const answer = serialisePacket([
    { layer: 'ipv6', source: careOf, destination: agent },
    { layer: 'echo-reply', identifier, sequence, data },
  ]);
  one.plane.overheard(answer, { link: 'l' });
  one.plane.leaving(datagram(peer, home, 1400));
  assert.equal(one.sent[3]!.length, 1440);
});

test('a tunnel inside UDP is put together before its ports are looked at', () => {
  const one = rig((to) => to === agent);
  one.mtu = 1280;
  const ends = { src: agent, dst: careOf, sport: 4191, dport: 4191 };
  one.plane.add(entry('leaving', { dst: { address: home } }, { push: 'udp', ...ends }));
  one.plane.leaving(datagram(peer, home, 1280));
  assert.deepEqual(
    one.sent.map(({ length }) => length),
    [1280, 104],
  );
  const other = rig((to) => to === careOf || to === home);
  const inside = { protocol: 17, sport: 4191, dport: 4191, innerDst: home };
  other.plane.add(entry('arriving', { dst: { address: careOf }, ...inside }, { pop: 'udp' }));
  for (const part of one.sent) {
    assert.ok(other.plane.interception.takes(part), 'the host`s stack would keep a part of it');
    other.plane.arriving(part, { link: 'l' });
  }
  assert.deepEqual(other.delivered, [datagram(peer, home, 1280)]);
});

test('what comes out of a tunnel is copied to the control side with that tunnel', () => {
  const one = rig((to) => to === careOf || to === home);
  one.plane.add(entry('arriving', { dst: { address: careOf }, protocol: 41 }, { pop: 'ipv6' }));
  const echo = serialisePacket([
    { layer: 'ipv6', source: agent, destination: careOf },
    { layer: 'ipv6', source: peer, destination: home },
    { layer: 'echo-request', identifier: 1, sequence: 2, data: new Uint8Array(8) },
  ]);
  one.plane.arriving(echo, { link: 'l' });
  const [input] = one.control;
  assert.ok(input?.kind === 'packet');
  assert.deepEqual(input.tunnel, { src: agent, dst: careOf });
  assert.equal(one.delivered.length, 1);
});

/** A packet of TCP as the kernel has it before it is cut, and what is left to be done. */
function unfinished(headers: readonly Layer[], source: Address, destination: Address) {
  const payload = Uint8Array.from({ length: 5000 }, (_, index) => index);
  const large = serialisePacket([
    ...headers,
    { layer: 'tcp', sourcePort: 1, destinationPort: 2, sequence: 9, acknowledgement: 8, payload },
  ] as Parameters<typeof serialisePacket>[0]);
  const start = large.length - 5020;
  const nothing = new Uint8Array(5020);
  const pseudo = ~upperLayerChecksum(source, destination, 6, nothing, 0, nothing.length);
  large[start + 16] = pseudo >> 8;
  large[start + 17] = pseudo;
  const many = { needsChecksum: true, type: 4, segment: 1400 };
  return { large, offload: { ...many, checksumStart: start, checksumField: start + 16 } };
}

test('a packet of many segments goes as its segments would have gone one by one', () => {
  const { large, offload } = unfinished(
    [{ layer: 'ipv6', source: peer, destination: home }],
    peer,
    home,
  );
  for (const mtu of [1500, 1490]) {
    const [together, alone] = [rig((to) => to === agent), rig((to) => to === agent)];
    for (const one of [together, alone]) {
      one.mtu = mtu;
      one.plane.add(toHome);
    }
    together.plane.leaving(large, offload);
    for (const one of finished(large, offload)) alone.plane.leaving(one);
    assert.equal(together.sent.length, 4);
    assert.equal(together.large, mtu === 1500 ? 1 : 0);
    assert.deepEqual(together.sent, alone.sent);
    assert.equal(together.plane.use('e').octets, large.length, 'all of it is counted');
  }
});

test('where a path has not answered yet, only what an entry has made longer goes in fragments', () => {
  const layers = [{ layer: 'ipv6', source: peer, destination: home }] as const;
  const { large, offload } = unfinished(layers, peer, home);
  const told = entry('leaving', { src: { address: peer } }, { notify: 'session-to-peer' });
  const probed = entry(
    'leaving',
    { dst: { address: home } },
    { insert: 'routing-2', careOf: home },
  );
  const one = rig((to) => to === agent, 0 as Instant, new Set());
  one.plane.add({ ...told, priority: 1 });
  one.plane.add({ ...probed, id: 'probed', match: { dst: { address: home }, sport: 7 } });
  one.plane.leaving(large, offload);
  assert.equal(one.large, 1);
  assert.equal(one.sent.length, 4);
  assert.equal(one.counted.includes('plane.fragmented'), false);
});

test('one that arrives comes out as its segments would have, also by way of another entry', () => {
  const layers = [
    { layer: 'ipv6', source: agent, destination: careOf },
    { layer: 'ipv6', source: peer, destination: home },
  ] as const;
  for (const [pop, then] of [
    ['ipv6', undefined],
    ['ipv6', { divert: 'policy' }],
    ['udp', undefined],
  ] as const) {
    const { large, offload } = unfinished(layers, peer, home);
    const [together, alone] = [rig(() => true), rig(() => true)];
    for (const one of [together, alone]) {
      one.plane.add(entry('arriving', { dst: { address: careOf } }, { pop }));
      const second = then && entry('arriving', { dst: { address: home } }, then as never);
      if (second !== undefined) one.plane.add({ ...second, id: 'second' });
    }
    together.plane.arriving(large, { link: 'l' }, offload);
    for (const one of finished(large, offload)) alone.plane.arriving(one, { link: 'l' });
    assert.deepEqual(together.delivered, alone.delivered);
    assert.deepEqual(together.control, alone.control);
    assert.equal(together.large, pop === 'ipv6' && then === undefined ? 1 : 0);
    const out = pop === 'udp' ? 0 : 4;
    assert.equal(together.delivered.length + together.control.length, out);
  }
});
