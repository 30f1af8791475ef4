import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { managedLinks, retired } from './managed-links.ts';

test('a host with several providers has its links for itself', () => {
  const multihomedHost = { links: ['eth0', 'wlan0'] } as never;
  assert.deepEqual([...managedLinks({ name: 'office', multihomedHost })], ['eth0', 'wlan0']);
});

test('what the kernel made of advertisements is deprecated, and nothing else', () => {
  const one = { ifindex: 2, address: address('2001:db8:1::1'), prefixLength: 64, validSeconds: 60 };
  const made = { ...one, protocol: 2, preferredSeconds: 30 };
  const temporary = { ...one, flags: 0x01, preferredSeconds: 30 };
  const others = [
    { ...one, flags: 0x80 },
    { ...one, protocol: 175, preferredSeconds: 30 },
    { ...made, preferredSeconds: 0 },
  ];
  assert.deepEqual(retired([made, ...others, temporary]), [
    { ...made, preferredSeconds: 0 },
    { ...temporary, preferredSeconds: 0 },
  ]);
});
