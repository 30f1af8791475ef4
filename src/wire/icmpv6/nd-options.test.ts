import assert from 'node:assert/strict';
import test from 'node:test';
import { formatAddress } from '../address.ts';
import { fromHex, toHex } from '../hex.ts';
import { routerAdvertisement } from './neighbor-discovery.ts';

// A Router Advertisement of radvd 2.19 (captures.json, radvd_a-1): home agent, two prefixes of
// three left out.
const OCTETS = fromHex(
  '860030b03d6807080000303900001a85' +
    '030440e000001c2000000e100000000020010db8007700010000000000000005' +
    '0501000000000578010102808a72af5d0701000000000fa008010000ffff0e10',
)!;

test('the advertisement of a home agent, as radvd sends it', () => {
  const parsed = routerAdvertisement.parse(OCTETS);
  assert.ok(parsed.ok);
  const { value } = parsed;
  assert.deepEqual(
    [value.managed, value.otherConfiguration, value.homeAgent, value.preference],
    [false, true, true, 1],
  );
  assert.deepEqual(
    [value.routerLifetime, value.reachableTime, value.retransTimer],
    [1800, 12345, 6789],
  );
  const [prefix, mtu, link, interval, agent] = value.options;
  assert.ok(prefix?.option === 'prefix-information');
  assert.deepEqual([prefix.onLink, prefix.autonomous, prefix.routerAddress], [true, true, true]);
  assert.equal(formatAddress(prefix.prefix), '2001:db8:77:1::5');
  assert.equal(mtu?.option === 'mtu' && mtu.mtu, 1400);
  assert.ok(link?.option === 'source-link-layer-address');
  assert.equal(toHex(link.linkLayerAddress), '02808a72af5d');
  assert.ok(interval?.option === 'advertisement-interval');
  assert.equal(interval.advertisementInterval, 4000, 'milliseconds');
  assert.ok(agent?.option === 'home-agent-information');
  assert.deepEqual([agent.homeAgentPreference, agent.homeAgentLifetime], [0xffff, 3600]);
  assert.deepEqual(routerAdvertisement.serialise(value), OCTETS);
});

test('an option is filled up to 8 octets', () => {
  const octets = routerAdvertisement.serialise({
    layer: 'router-advertisement',
    options: [
      { option: 'source-link-layer-address', linkLayerAddress: new Uint8Array(8).fill(1) },
      { option: 'unknown', type: 99 },
    ],
  });
  assert.equal(toHex(octets.subarray(16)), '010201010101010101010000000000006301000000000000');
});

test('an option of the wrong length is refused where its length stands', () => {
  for (const [type, length] of [
    [3, 3],
    [5, 2],
    [7, 2],
    [8, 4],
    [99, 0],
    [99, 5],
  ] as const) {
    const octets = new Uint8Array(48);
    octets.set([134, 0, 0, 0]);
    octets.set([type, length], 16);
    const parsed = routerAdvertisement.parse(octets);
    assert.ok(!parsed.ok, `${type} with ${length}`);
    assert.deepEqual([parsed.error.reason, parsed.error.offset], ['bad-length', 17]);
  }
  const cut = routerAdvertisement.parse(new Uint8Array(17));
  assert.deepEqual(!cut.ok && [cut.error.reason, cut.error.offset], ['truncated', 16]);
});
