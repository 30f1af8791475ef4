import assert from 'node:assert/strict';
import test from 'node:test';
import { formatAddress } from '../address.ts';
import { fromHex, toHex } from '../hex.ts';
import { decodePart, encodePart } from '../parts.ts';
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

test('options for hosts: nonce, route, name servers, search list', () => {
  const hex =
    '0e01a1a2a3a4a5a6' +
    '180230180000070820010db800070000' +
    '1903000000000258' +
    '20010db8000000000000000000000053' +
    '1f02000000000258' +
    '036e657400000000';
  const decoded = decodePart('nd-option', fromHex(hex)!);
  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.options, [
    { option: 'nonce', nonce: 'a1a2a3a4a5a6' },
    {
      option: 'route-information',
      ...{ prefixLength: 48, reserved: 0, preference: 3, reserved2: 0, routeLifetime: 1800 },
      prefix: '20010db800070000',
    },
    { option: 'recursive-dns-server', reserved: 0, lifetime: 600, servers: ['2001:db8::53'] },
    { option: 'dns-search-list', reserved: 0, lifetime: 600, domainNames: '036e657400000000' },
  ]);
  const encoded = encodePart('nd-option', JSON.parse(JSON.stringify(decoded.value)));
  assert.equal(encoded.ok && toHex(encoded.value), hex);
});

test('an option that is not taken apart has its assigned name, which means nothing back', () => {
  for (const [part, hex, name] of [
    ['nd-option', '2501000000000000', 'Captive Portal'],
    ['option', '1602aabb', 'Home Network Prefix'],
  ] as const) {
    const decoded = decodePart(part, fromHex(hex)!);
    const [one] = decoded.ok ? (decoded.value.options as { name: string }[]) : [];
    assert.equal(one?.name, name);
    const encoded = encodePart(part, { options: [{ ...one, name: 'anything' }] });
    assert.equal(encoded.ok && toHex(encoded.value), hex);
  }
});
