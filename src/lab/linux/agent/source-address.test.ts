import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homeAmong, ownAddresses } from './source-address.ts';

test('addresses are read as the kernel lists them', () => {
  const text = `20010db8000100000000000000000100 07 80 00 80  careof0
fe80000000000000b0f2f3fffe010203 02 40 20 20    wlan0
`;
  assert.deepEqual(ownAddresses(text), [
    { address: '2001:db8:1::100', device: 'careof0', deprecated: false },
    { address: 'fe80::b0f2:f3ff:fe01:203', device: 'wlan0', deprecated: true },
  ]);
  assert.deepEqual(ownAddresses(''), []);
});

test('a home address is used until it is deprecated, at home and away', () => {
  const [old, later, careOf] = ['2001:db8:1::100', '2001:db8:9::100', '2001:db8:2::7'] as const;
  const on = (device: string, address: string, deprecated = false) => ({
    ...{ address, device, deprecated },
  });
  const away = [on('careof0', old), on('wlan0', careOf), on('careof0', later)];
  assert.equal(homeAmong(away, old), old);
  assert.equal(homeAmong([on('careof0', old, true), ...away.slice(1)], old), later);
  assert.equal(homeAmong([on('wlan0', old, true), on('wlan0', later)], old), later);
  assert.equal(homeAmong([on('wlan0', careOf), on('careof0', later)], old), later);
  assert.equal(homeAmong([on('wlan0', careOf)], old), old, 'before there is one');
});
