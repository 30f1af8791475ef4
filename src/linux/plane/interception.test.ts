import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4, ipv4Inside, udp } from '../../core/forwarding/case-packets.ts';
import type { ForwardingEntry, Match } from '../../core/forwarding/entry.ts';
import { PacketView } from '../../core/forwarding/packet-view.ts';
import { insertHomeAddress, insertRouting2, pushIp } from '../../core/forwarding/rewrite.ts';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { headerKinds, Interception } from './interception.ts';

const home = address('2001:db8:1::100');
const careOf = address('2001:db8:2::7');
const peer = address('2001:db8:f::1');
const entry = (id: string, match: Match): ForwardingEntry => ({
  id,
  owner: 'test',
  at: 'arriving',
  match,
  do: [{ drop: 'policy' }],
});
const datagram = serialisePacket([
  { layer: 'ipv6', source: peer, destination: careOf },
  { layer: 'udp', sourcePort: 547, destinationPort: 546, payload: new Uint8Array(32) },
]);
const view = new PacketView(datagram);
const octets = (rewritten: Uint8Array | string): Uint8Array => {
  assert.ok(typeof rewritten !== 'string', String(rewritten));
  return rewritten;
};
const withOption = octets(insertHomeAddress(view, home));
const withRouting = octets(insertRouting2(view, careOf));
const tunnelled = octets(pushIp(view, { src: peer, dst: careOf }));

test('each kind of entry takes its kind of packet and no other', () => {
  const to = { dst: { address: careOf } };
  const kinds: [Match, Uint8Array][] = [
    [{ ...to, home: 'any' }, withOption],
    [{ ...to, routing2: 'any' }, withRouting],
    [{ ...to, protocol: 41 }, tunnelled],
    [{ ...to, protocol: 17, dport: 546 }, datagram],
    [{ src: { address: home }, protocol: 17 }, withOption],
  ];
  const packets = [withOption, withRouting, tunnelled, datagram];
  const taken = kinds.map(([match]) => {
    const interception = new Interception();
    interception.add(entry('e', match));
    return packets.map((packet) => (interception.takes(packet) ? 1 : 0)).join('');
  });
  assert.deepEqual(taken, ['1000', '0100', '0010', '1101', '1000']);
  const none = new Interception();
  none.add(entry('e', { dst: { address: home }, home: 'any' }));
  assert.deepEqual(
    packets.filter((packet) => none.takes(packet)),
    [],
  );
});

test('Neighbor Discovery for its own addresses is left to the host', () => {
  const advertisement = (hopLimit: number) =>
    serialisePacket([
      { layer: 'ipv6', source: peer, destination: careOf, hopLimit },
      { layer: 'neighbor-advertisement', targetAddress: peer, solicited: true, options: [] },
    ]);
  const interception = new Interception();
  interception.add(entry('e', { dst: { address: careOf } }));
  assert.ok(interception.takes(advertisement(255)), 'for others it is as all packets are');
  interception.setOwn(new Set([careOf]));
  assert.ok(!interception.takes(advertisement(255)));
  assert.ok(interception.takes(advertisement(254)), 'not from the link');
  assert.ok(interception.takes(datagram));
  assert.ok(interception.changes().add.some(({ set }) => set === 'own'));
  interception.setOwn(new Set());
  assert.deepEqual(interception.changes().remove, [{ set: 'own', address: careOf }]);
});

test('an entry for any address of the host follows the addresses', () => {
  const interception = new Interception();
  interception.add(entry('e', { src: { address: peer }, home, local: true }));
  assert.deepEqual(interception.changes(), { add: [], remove: [] });
  interception.setOwn(new Set([careOf]));
  const wanted = { set: 'to_options', address: careOf } as const;
  const own = { set: 'own', address: careOf } as const;
  assert.deepEqual(interception.changes(), { add: [own, wanted], remove: [] });
  assert.equal(interception.takes(withOption), true);
  interception.setOwn(new Set());
  assert.deepEqual(interception.changes(), { add: [], remove: [own, wanted] });
});

test('an element stays as long as one entry wants it, and what comes back at once never went', () => {
  const interception = new Interception();
  const match = { dst: { address: careOf }, protocol: 41 };
  interception.add(entry('a', match));
  interception.add(entry('b', match));
  assert.equal(interception.changes().add.length, 1);
  interception.remove(entry('a', match));
  assert.deepEqual(interception.changes(), { add: [], remove: [] });
  interception.remove(entry('b', match));
  interception.add(entry('c', match));
  assert.deepEqual(interception.changes(), { add: [], remove: [] });
});

test('headers are read as far as they are there', () => {
  const none = { options: false, routing: false, fragment: false };
  const whole = headerKinds(withOption);
  assert.deepEqual(whole, { ...none, protocol: 17, options: true, port: 546 });
  const later = Uint8Array.of(...withOption.subarray(0, 40), 17, 0, 0, 9, 0, 0, 0, 1, 1, 2, 3, 4);
  later[6] = 44;
  const kinds = { ...none, protocol: 17, fragment: true, port: undefined };
  assert.deepEqual(headerKinds(later), kinds);
  assert.equal(headerKinds(withOption.subarray(0, 44)).protocol, undefined);
  for (let size = 40; size < withOption.length; size++) headerKinds(withOption.subarray(0, size));
});

const client = address('198.51.100.7');
const service = address('192.0.2.80');
const query = ipv4({ src: client, dst: service }, udp(client, service));
const part = (offset: number) =>
  ipv4({ src: client, dst: service, fragment: { offset, more: true } }, udp(client, service));

test('IPv4: each kind of entry takes its kind of packet, and none of IPv6', () => {
  const to = { dst: { address: service } };
  const inside = ipv4({ src: client, dst: service }, ipv4Inside(query));
  const packets = [query, part(0), part(9), inside, datagram];
  const kinds: Match[] = [
    to,
    { ...to, protocol: 17 },
    { ...to, protocol: 4 },
    { ...to, protocol: 17, dport: 53 },
    { ...to, protocol: 17, dport: 54 },
    { src: { address: client }, protocol: 4 },
    { dst: { address: client } },
  ];
  const taken = kinds.map((match) => {
    const interception = new Interception();
    interception.add(entry('e', match));
    assert.ok(interception.wantsIpv4);
    return packets.map((packet) => (interception.takes(packet) ? 1 : 0)).join('');
  });
  // Parts of UDP may be a tunnel's, whatever port the first one names.
  assert.deepEqual(taken, ['11110', '11100', '00010', '11100', '01100', '00010', '00000']);
});

test('IPv4: entries for any address of the host follow those of their own version', () => {
  const interception = new Interception();
  interception.add(entry('six', { protocol: 41, local: true }));
  interception.add(entry('four', { src: { address: client, length: 24 }, protocol: 4 }));
  interception.setOwn(new Set([careOf, service]));
  assert.deepEqual(interception.changes().add, [
    { set: 'own', address: careOf },
    { set: 'to_protocol', address: careOf, number: 41 },
    { set: 'to_protocol', address: service, number: 4 },
  ]);
  assert.deepEqual([...interception.wish({ ipv4: true }).protocols], [4]);
  assert.deepEqual([...interception.wish({ ipv4: false }).protocols], [41]);
});

test('IPv4 is listened to as long as an entry is for it, or leads over it', () => {
  const interception = new Interception();
  assert.equal(interception.wantsIpv4, false);
  interception.add(entry('e', { dst: { address: service } }));
  interception.add(entry('e', { dst: { address: careOf } }));
  assert.equal(interception.wantsIpv4, false, 'replaced');
  const over = { src: client, dst: service };
  const leaving = { ...entry('over', {}), at: 'leaving', do: [{ push: 'ipv4', ...over }] } as const;
  interception.add(leaving);
  assert.equal(interception.wantsIpv4, true);
  interception.remove(leaving);
  assert.equal(interception.wantsIpv4, false);
});

test('IPv4: a header is read as far as it is there', () => {
  const none = { options: false, routing: false };
  assert.deepEqual(headerKinds(query), { ...none, protocol: 17, fragment: false, port: 53 });
  const later = { ...none, protocol: 17, fragment: true, port: undefined };
  assert.deepEqual(headerKinds(part(9)), later);
  const wrong = ipv4({ src: client, dst: service, headerLength: 3 }, udp(client, service));
  assert.equal(headerKinds(wrong).protocol, undefined);
  for (let size = 20; size < query.length; size++) headerKinds(query.subarray(0, size));
});
