import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../core/time.ts';
import { address } from '../wire/address.ts';
import { type LayerInput, serialisePacket } from '../wire/packet.ts';
import { carried, FlowPaths } from './flow-paths.ts';

const PEER = address('2001:db8:f::3');
const HOME = address('2001:db8:1::100');
const CARE_OF = address('2001:db8:2::5');
const AGENT = address('2001:db8:1::1');

const UDP: LayerInput = {
  ...{ layer: 'udp', sourcePort: 7, destinationPort: 5001 },
  payload: new Uint8Array(16),
};
const ipv6 = (source: typeof PEER, destination: typeof PEER): LayerInput => ({
  ...{ layer: 'ipv6', source, destination },
});

test('a datagram is known by its identities, however it is wrapped', () => {
  const wrapped: readonly (readonly [string, LayerInput[]])[] = [
    ['direct', [ipv6(PEER, HOME), UDP]],
    ['tunnelled', [ipv6(AGENT, CARE_OF), ipv6(PEER, HOME), UDP]],
    [
      'route-optimised',
      [ipv6(PEER, CARE_OF), { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME }, UDP],
    ],
  ];
  for (const [path, layers] of wrapped) {
    assert.deepEqual(carried(serialisePacket(layers)), {
      ...{ path, source: PEER, destination: HOME, protocol: 17 },
      ...{ sourcePort: 7, destinationPort: 5001 },
    });
  }
  const option = { option: 'home-address', homeAddress: HOME } as const;
  const outgoing = carried(
    serialisePacket([
      ipv6(CARE_OF, PEER),
      { layer: 'destination-options', options: [option] },
      UDP,
    ]),
  );
  assert.deepEqual([outgoing?.path, outgoing?.source], ['route-optimised', HOME]);
});

test('a datagram of IPv4 is known so too, plain or in a tunnel of either version', () => {
  const [client, server] = [address('192.0.2.10'), address('198.51.100.7')];
  const inside: LayerInput[] = [{ layer: 'ipv4', source: client, destination: server }, UDP];
  const outer: LayerInput = { layer: 'ipv4', source: server, destination: client };
  for (const [path, layers] of [
    ['direct', inside],
    ['tunnelled', [ipv6(AGENT, CARE_OF), ...inside]],
    ['tunnelled', [outer, ...inside]],
  ] as const) {
    const { source, destination, ...found } = carried(serialisePacket([...layers]))!;
    assert.deepEqual([found.path, source, destination], [path, client, server]);
  }
});

test('what is no TCP or UDP, or no whole packet, is no data', () => {
  const message = serialisePacket([ipv6(PEER, HOME), { layer: 'home-test-init' }]);
  assert.equal(carried(message), undefined);
  const whole = serialisePacket([ipv6(AGENT, CARE_OF), ipv6(PEER, HOME), UDP]);
  for (let end = 0; end < 84; end++) assert.equal(carried(whole.subarray(0, end)), undefined);
});

const at = (time: number) => time as Instant;

test('the path at a moment is what either end sees that is more than plain', () => {
  const paths = new FlowPaths();
  paths.sender.add('direct', at(10));
  paths.receiver.add('direct', at(11));
  paths.sender.add('direct', at(20));
  paths.receiver.add('tunnelled', at(21));
  paths.sender.add('route-optimised', at(30));
  paths.receiver.add('tunnelled', at(31));
  paths.sender.add('route-optimised', at(40));
  paths.receiver.add('route-optimised', at(41));
  const seen = [0, 10, 15, 25, 35, 50].map((moment) => paths.at(moment));
  const optimised = 'route-optimised';
  assert.deepEqual(seen, ['direct', 'direct', 'tunnelled', 'mixed', optimised, undefined]);
  assert.deepEqual(
    paths.telling.map(({ path, packets }) => [path, packets]),
    [
      ['direct', 1],
      ['tunnelled', 2],
      ['route-optimised', 1],
    ],
  );
});
