import assert from 'node:assert/strict';
import test from 'node:test';
import { layersFromJson, layersToJson } from '../describe.ts';
import { fromHex, toHex } from '../hex.ts';
import type { LayerInput } from '../layer.ts';
import { parsePacket } from '../parse-packet.ts';
import { serialisePacket } from '../serialise-packet.ts';
import { summarise } from '../summary.ts';
import { checksumOk } from '../walk.ts';

const ENDS = 'c0000201c6336407';
const LINE = 'IPv4 192.0.2.1 -> 198.51.100.7';
const IPV6_ENDS = '20010db800000000000000000000000120010db8000000000000000000000002';
const IPV6_LINE = 'IPv6 2001:db8::1 -> 2001:db8::2';

/** Made by scapy 2.5.0; each with its line for people. */
const PACKETS: readonly (readonly [string, string])[] = [
  [
    `46000023000100004001f998${ENDS}940400000800338d00070009616263`,
    `${LINE} | ICMP Echo Request id 7 seq 9`,
  ],
  [
    `450000200001000040018ea0${ENDS}0304931d0000057831323334`,
    `${LINE} | ICMP Destination Unreachable code 4 mtu 1400`,
  ],
  [
    `450000200001000040018ea0${ENDS}0501d399c00002fe31323334`,
    `${LINE} | ICMP Redirect code 1 to 192.0.2.254`,
  ],
  [
    `450000280001000040018e98${ENDS}0d00f2f900000000000000010000000200000003`,
    `${LINE} | ICMP type 13 code 0`,
  ],
  [
    `4500005500010000402f8e3d${ENDS}b00086dd57a000000000004d0000000560000000000911 40${IPV6_ENDS}03e807d0000920af78`,
    `${LINE} | GRE checksum key 77 seq 5 | ${IPV6_LINE} | UDP 1000 -> 2000 len 1`,
  ],
  [
    `6000000000302f40${IPV6_ENDS}20000800deadbeef450000280001000040068e93${ENDS}00010002000000000000000050022000a3a30000`,
    `${IPV6_LINE} | GRE key 3735928559 | ${LINE} | TCP 1 -> 2 SYN seq 0 ack 0 len 0`,
  ],
  [
    `60000000001e0440${IPV6_ENDS}4500001e0001000040118e92${ENDS}00010002000a9a217979`,
    `${IPV6_LINE} | ${LINE} | UDP 1 -> 2 len 2`,
  ],
  [
    `450000440001000040298e54${ENDS}6000000000083a40${IPV6_ENDS}8000244500010002`,
    `${LINE} | ${IPV6_LINE} | Echo Request id 1 seq 2`,
  ],
  [
    `450000300001000040048e8d${ENDS}4500001c00010000401166ce0a0000010a0000020005000600080000`,
    `${LINE} | IPv4 10.0.0.1 -> 10.0.0.2 | UDP 5 -> 6 len 0`,
  ],
  [
    `450000240003200040116e8a${ENDS}0005000600100a0b7a7a7a7a7a7a7a7a`,
    `${LINE} | Payload protocol 17 len 16`,
  ],
].map(([hex, line]) => [hex!.replaceAll(' ', ''), line!]);

/** Fields that serialising computes. */
const COMPUTED = 'internetHeaderLen totalLength protocol headerChecksum checksum payloadLength'
  .concat(' nextHeader protocolType length dataOffset checksumPresent keyPresent sequencePresent')
  .split(' ');

test("scapy's packets of IPv4 and GRE are read, and written octet by octet", () => {
  for (const [hex, line] of PACKETS) {
    const octets = fromHex(hex)!;
    const parsed = parsePacket(octets);
    assert.ok(parsed.ok, `${line}: ${parsed.ok ? '' : parsed.error.message}`);
    assert.equal(summarise(parsed.value), line);
    assert.equal(toHex(serialisePacket(parsed.value)), hex, line);
    const json = layersFromJson(JSON.parse(JSON.stringify(layersToJson(parsed.value))));
    assert.equal(json.ok && toHex(serialisePacket(json.value)), hex, line);
    assert.ok(line.includes('Payload') || checksumOk(octets), line);
  }
});

test('lengths, protocols and checksums are computed where they are absent', () => {
  for (const [hex, line] of PACKETS) {
    const parsed = parsePacket(fromHex(hex)!);
    assert.ok(parsed.ok);
    const bare = parsed.value.map((layer) => {
      // An ICMP message of no declared type, and a UDP checksum left out, are given as they are.
      const kept = line.includes('10.0.0.1') && layer.layer === 'udp' ? 'checksum' : '';
      const fields = Object.entries(layer).filter(
        ([key]) => key === kept || key === 'layer' || !COMPUTED.includes(key),
      );
      if (layer.layer === 'gre' && layer.checksumPresent) fields.push(['checksumPresent', true]);
      if (layer.layer === 'payload') fields.push(['protocol', layer.protocol]);
      return Object.fromEntries(fields) as LayerInput;
    });
    assert.equal(toHex(serialisePacket(bare)), hex, line);
  }
});

test('a checksum over TCP or UDP is judged, and none where UDP says so', () => {
  const [, , , , , , , , none] = PACKETS.map(([hex]) => fromHex(hex)!);
  assert.ok(checksumOk(none!, 20));
  none![20 + 27] = 1;
  assert.equal(checksumOk(none!, 20), false);
});

/** What becomes of a packet when octets are put in at an offset. */
function refused(packet: number, at: number, hex: string): readonly [string, number, string] {
  const octets = fromHex(PACKETS[packet]![0])!;
  octets.set(fromHex(hex)!, at);
  const parsed = parsePacket(octets);
  assert.ok(!parsed.ok, `${packet} with ${hex} at ${at}`);
  const { reason, offset, field } = parsed.error;
  return [reason, offset, field];
}

test('what cannot be is refused where it stands', () => {
  assert.deepEqual(refused(0, 0, '44'), ['bad-length', 20, 'options']);
  assert.deepEqual(refused(0, 2, '0017'), ['bad-length', 2, 'totalLength']);
  assert.deepEqual(refused(0, 2, '0024'), ['truncated', 2, 'totalLength']);
  assert.deepEqual(refused(0, 8, '3f'), ['bad-checksum', 10, 'headerChecksum']);
  assert.deepEqual(refused(0, 34, '62'), ['bad-checksum', 26, 'checksum']);
  assert.deepEqual(refused(4, 84, '79'), ['bad-checksum', 24, 'checksum']);
  assert.deepEqual(refused(5, 40, '60'), ['bad-value', 40, 'routingPresent']);
  assert.deepEqual(refused(6, 40, '55'), ['bad-value', 40, 'version']);
  assert.deepEqual(refused(7, 20, '45'), ['bad-value', 20, 'version']);
});

test('GRE of another version, and its other content, are kept', () => {
  const layers = (input: readonly LayerInput[]) => {
    const octets = serialisePacket(input);
    const parsed = parsePacket(octets);
    assert.ok(parsed.ok);
    assert.deepEqual(serialisePacket(parsed.value), octets);
    return parsed.value.map(({ layer }) => layer);
  };
  const octets = Uint8Array.of(0x30, 0x01, 0x88, 0x0b);
  assert.deepEqual(layers([{ layer: 'ipv4' }, { layer: 'payload', protocol: 47, octets }]), [
    'ipv4',
    'payload',
  ]);
  const ethernet: LayerInput[] = [
    { layer: 'ipv6' },
    { layer: 'gre', sequence: 1 },
    { layer: 'payload', protocol: 0x6558, octets },
  ];
  assert.deepEqual(layers(ethernet), ['ipv6', 'gre', 'payload']);
});

test('tunnels of any kind inside each other are counted alike', () => {
  const tunnels = (count: number): LayerInput[] =>
    Array.from({ length: count }, (_, i) => [
      { layer: i % 2 === 0 ? 'ipv4' : 'ipv6' } as const,
      ...(i % 3 === 0 ? [{ layer: 'gre' } as const] : []),
    ]).flat();
  const last: LayerInput[] = [{ layer: 'ipv4' }, { layer: 'udp' }];
  assert.ok(parsePacket(serialisePacket([...tunnels(4), ...last])).ok);
  const deep = parsePacket(serialisePacket([...tunnels(5), ...last]));
  assert.deepEqual(!deep.ok && deep.error.reason, 'too-deep');
});
