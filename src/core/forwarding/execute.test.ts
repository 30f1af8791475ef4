import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address } from '../../wire/address.ts';
import { upperLayerChecksum } from '../../wire/checksum.ts';
import { toHex } from '../../wire/hex.ts';
import { type LayerInput, serialisePacket } from '../../wire/packet.ts';
import { type Instant, START, seconds } from '../time.ts';
import { entry, inside, ipv6, PARTY, raw, udp } from './case-packets.ts';
import { asExpected, type Expected, forwardingCases } from './cases.ts';
import { execute, leavingEntry } from './execute.ts';
import { setLength } from './outer-header.ts';
import { overhead } from './overhead.ts';
import { PacketView } from './packet-view.ts';
import { ForwardingTable } from './table.ts';

const { home, homeAgent, careOf, peer, peerCareOf } = PARTY;
const readable = ({ octets, ...rest }: Expected) => ({
  ...rest,
  ...(octets && { octets: toHex(octets) }),
});

test('every case, octet for octet', () => {
  const cases = forwardingCases();
  assert.ok(cases.length > 90, `${cases.length} cases`);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'names are unique');
  for (const { name, entries, hook, now, packet, ours, expect } of cases) {
    const table = new ForwardingTable(ours && { isOurs: (one) => ours.includes(one) });
    for (const one of entries) table.add(one);
    const before = toHex(packet);
    const outcome = asExpected(execute(table, hook, packet, now ?? START));
    assert.deepEqual(readable(outcome), readable(expect), name);
    assert.equal(toHex(packet), before, `${name}: the packet given was written to`);
  }
});

/** The checksum over the identities: 0 where it is right. */
function checksum(octets: Uint8Array): number {
  const view = new PacketView(octets);
  const source = view.home ?? view.src;
  const destination = view.routing2 ?? view.dst;
  return upperLayerChecksum(source, destination, 17, octets, view.walk!.upperAt, octets.length);
}

test('the upper-layer checksum stays right on the way out and back', () => {
  const sender = new ForwardingTable();
  const match = { src: { address: home }, dst: { address: peer } };
  sender.add(
    entry('out', 'leaving', match, [
      { insert: 'home-address', careOf },
      { insert: 'routing-2', careOf: peerCareOf },
    ]),
  );
  const receiver = new ForwardingTable();
  receiver.add(
    entry('in', 'arriving', { routing2: peer, home, src: { address: careOf } }, [
      { apply: 'routing-2' },
      { apply: 'home-address' },
    ]),
  );
  const packet = ipv6({ src: home, dst: peer }, udp(home, peer));
  assert.equal(checksum(packet), 0);
  const out = execute(sender, 'leaving', packet, START);
  assert.ok(out.kind === 'continue');
  assert.equal(checksum(out.octets), 0);
  assert.equal(out.octets.length, packet.length + overhead(out.entry));
  const back = execute(receiver, 'arriving', out.octets, START);
  assert.ok(back.kind === 'continue');
  assert.deepEqual(back.octets, packet);
});

test('an entry counts packets and octets as they came to it, dropped ones too', () => {
  const table = new ForwardingTable();
  table.add(entry('pop', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }]));
  table.add(entry('no', 'arriving', { protocol: 17 }, [{ drop: 'policy' }]));
  const packet = ipv6({ src: home, dst: peer }, udp(home, peer));
  execute(table, 'arriving', ipv6({ src: careOf, dst: homeAgent }, inside(packet)), START);
  execute(table, 'arriving', packet, START);
  assert.deepEqual(table.use('pop'), { packets: 1, octets: 92 });
  assert.deepEqual(table.use('no'), { packets: 2, octets: 104 });
});

test('an entry gives one notice a second, a replaced one too', () => {
  const table = new ForwardingTable();
  const telling = entry('tell', 'leaving', {}, [{ notify: 'tunnelled-to-peer' }]);
  table.add(telling);
  const packet = ipv6({ src: home, dst: peer }, udp(home, peer));
  const noticed = (now: number) => {
    const outcome = execute(table, 'leaving', packet, now as Instant);
    return outcome.kind === 'continue' && outcome.notices.length;
  };
  assert.equal(noticed(5), 1);
  assert.equal(noticed(6), 0);
  table.add(telling);
  assert.equal(noticed(5 + seconds(1) - 1), 0);
  assert.equal(noticed(5 + seconds(1)), 1);
});

test('an error is nothing to be told of: anybody can send one', () => {
  const table = new ForwardingTable();
  table.add(entry('tell', 'leaving', {}, [{ notify: 'tunnelled-to-peer' }]));
  const noticed = (layer: LayerInput, now: number) => {
    const octets = serialisePacket([{ layer: 'ipv6', source: home, destination: peer }, layer]);
    const outcome = execute(table, 'leaving', octets, seconds(now) as unknown as Instant);
    return outcome.kind === 'continue' && outcome.notices.length;
  };
  const invoking = ipv6({ src: peer, dst: home }, udp(peer, home));
  assert.equal(noticed({ layer: 'parameter-problem', code: 0, pointer: 40, invoking }, 1), 0);
  assert.equal(noticed({ layer: 'echo-request', identifier: 1, sequence: 1 }, 3), 1);
});

test('what leaves by an entry: its link and next hop, and what it costs', () => {
  const table = new ForwardingTable();
  const out = { link: 'wlan0', nextHop: address('fe80::1') };
  const actions = [{ push: 'ipv6', src: careOf, dst: homeAgent }] as const;
  table.add(entry('tunnel', 'leaving', { src: { address: home } }, actions, { out }));
  const packet = ipv6({ src: home, dst: peer }, udp(home, peer));
  const outcome = execute(table, 'leaving', packet, START);
  assert.deepEqual(outcome.kind === 'continue' && outcome.out, out);
  const found = leavingEntry(table, packet, START);
  assert.equal(found?.id, 'tunnel');
  assert.equal(found && overhead(found), 40);
  assert.deepEqual(table.use('tunnel').packets, 1);
  assert.equal(leavingEntry(table, packet.slice(0, 20), START), undefined);
});

test('no octets, cut anywhere or with any bit flipped, make it throw', () => {
  for (const { entries, hook, packet } of forwardingCases()) {
    if (packet.length > 1000) continue;
    const table = new ForwardingTable();
    for (const one of entries) table.add(one);
    for (let end = 0; end <= packet.length; end++) {
      execute(table, hook, packet.subarray(0, end), START);
      // The same, as if that had been its length all the time.
      if (end >= 40) {
        const cut = packet.slice(0, end);
        setLength(cut);
        execute(table, hook, cut, START);
      }
    }
    for (let bit = 0; bit < 8 * packet.length; bit++) {
      const octets = packet.slice();
      octets[bit >> 3]! ^= 0x80 >> (bit & 7);
      execute(table, hook, octets, START);
    }
  }
});

test('any octets for a payload: dropped with a reason, or well-formed behind it', () => {
  const table = new ForwardingTable();
  table.add(entry('pop', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }]));
  table.add(entry('home', 'arriving', { home: 'any' }, [{ apply: 'home-address' }]));
  table.add(entry('routing', 'arriving', { routing2: 'any' }, [{ apply: 'routing-2' }]));
  const protocols = fc.constantFrom(0, 17, 41, 43, 44, 51, 60, 135);
  const octets = fc.array(fc.oneof(fc.nat(3), fc.nat(255)), { maxLength: 120 });
  fc.assert(
    fc.property(protocols, octets, (protocol, payload) => {
      const packet = ipv6({ src: home, dst: peer }, raw(protocol, ...payload));
      const outcome = execute(table, 'arriving', packet, START);
      if (outcome.kind !== 'continue') return;
      const length = (outcome.octets[4]! << 8) | outcome.octets[5]!;
      assert.equal(length + 40, outcome.octets.length);
    }),
    { numRuns: 2000 },
  );
});
