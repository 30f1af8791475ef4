import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, milliseconds } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { type LayerInput, serialisePacket } from '../../wire/packet.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, watch } from '../small-network.ts';

const CARE_OF = address('2001:db8:1::a');
const HOST = address('2001:db8:1::b');
const HOME = address('2001:db8:9::1');

/** What a host that knows nothing of mobility answers to a packet of these layers. */
function answerTo(layers: readonly LayerInput[]) {
  const simulation = new Simulation(1);
  const link = new Link(simulation, 'lan', { delay: milliseconds(1) });
  const seen = watch(link);
  const a = nodeOn(simulation, 'a', { eth0: { link, addresses: ['2001:db8:1::a'] } });
  const b = nodeOn(simulation, 'b', { eth0: { link, addresses: ['2001:db8:1::b'] } });
  let got = 0;
  b.kernel.udp.open({ port: 9, onDatagram: () => got++ });
  const packet = serialisePacket([
    { layer: 'ipv6', source: CARE_OF, destination: HOST },
    ...layers,
  ]);
  a.kernel.output.transmit(packet.slice());
  simulation.run(milliseconds(100) as number as Instant);
  const problem = layerIn(having(seen, 'parameter-problem')[0], 'parameter-problem');
  return {
    got,
    problem: problem && [problem.code, problem.pointer],
    quoted: problem?.invoking,
    packet,
    counters: b.counters(),
  };
}

const UDP: LayerInput = { layer: 'udp', sourcePort: 5, destinationPort: 9 };
const withOption = (type: number): LayerInput[] => [
  {
    layer: 'destination-options',
    options: [
      { option: 'padn', data: new Uint8Array(2) },
      { option: 'unknown', type, data: new Uint8Array(4) },
    ],
  },
  UDP,
];

test('a Home Address option is refused with a pointer to it', () => {
  const { got, problem, quoted, packet } = answerTo([
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    UDP,
  ]);
  assert.equal(got, 0);
  assert.deepEqual(problem, [2, 46]);
  assert.equal(packet[46], 0xc9);
  assert.deepEqual(quoted, packet);
});

test('a Type 2 Routing header is refused with a pointer to its type', () => {
  const { got, problem, packet } = answerTo([{ layer: 'routing-type-2', homeAddress: HOME }, UDP]);
  assert.equal(got, 0);
  assert.deepEqual(problem, [0, 42]);
  assert.equal(packet[42], 2);
});

test('the first header that is refused is answered for', () => {
  const { problem } = answerTo([
    { layer: 'routing-type-2', homeAddress: HOME },
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    UDP,
  ]);
  assert.deepEqual(problem, [0, 42]);
});

test('a Mobility Header is refused with a pointer to the Next Header field', () => {
  const { problem } = answerTo([{ layer: 'home-test-init', homeInitCookie: new Uint8Array(8) }]);
  assert.deepEqual(problem, [1, 6]);
});

test('an unknown protocol behind an extension header is pointed to there', () => {
  const options: LayerInput = { layer: 'destination-options', options: [] };
  const content = { layer: 'payload', protocol: 200, octets: new Uint8Array(8) } as const;
  assert.deepEqual(answerTo([options, content]).problem, [1, 40]);
  assert.deepEqual(answerTo([content]).problem, [1, 6]);
});

test('an unknown option is skipped, dropped in silence or answered, as its type says', () => {
  // Action bits 00, 01, 10 and 11. Source: RFC 8200 section 4.2.
  assert.deepEqual(answerTo(withOption(0x1e)).got, 1);
  const silent = answerTo(withOption(0x5e));
  assert.deepEqual([silent.got, silent.problem], [0, undefined]);
  assert.equal(silent.counters['kernel.unknown_option'], 1);
  for (const type of [0x9e, 0xde]) {
    const { got, problem, packet } = answerTo(withOption(type));
    assert.deepEqual([got, problem], [0, [2, 46]]);
    assert.equal(packet[46], type);
  }
});

test('a Type 2 Routing header without segments left is skipped', () => {
  const { got } = answerTo([{ layer: 'routing-type-2', segmentsLeft: 0, homeAddress: HOME }, UDP]);
  assert.equal(got, 1);
});

test('a wrong checksum is dropped and counted', () => {
  const { got, counters } = answerTo([{ ...UDP, checksum: 0x1234 } as LayerInput]);
  assert.equal(got, 0);
  assert.equal(counters['kernel.checksum'], 1);
});

test('fragments are dropped and counted, a packet in one fragment is taken', () => {
  const fragment = { layer: 'fragment', identification: 1 } as const;
  assert.equal(answerTo([{ ...fragment, more: true }, UDP]).counters['kernel.fragment'], 1);
  assert.equal(answerTo([fragment, UDP]).got, 1);
});
