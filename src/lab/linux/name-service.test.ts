import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { resolverText, zoneText } from './name-service.ts';

test('a zone has each address of a name, and the name of each address', () => {
  const names = new Map([['www.example', ['2001:db8::1', '2001:db8:b::1'].map(address)]]);
  const lines = zoneText(names, address('2001:db8:f::53')).split('\n');
  const nibbles = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.8.b.d.0.1.0.0.2';
  assert.deepEqual(lines.slice(4), [
    'ns. AAAA 2001:db8:f::53',
    'www.example. AAAA 2001:db8::1',
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR www.example.',
    'www.example. AAAA 2001:db8:b::1',
    `${nibbles}.ip6.arpa. PTR www.example.`,
    '',
  ]);
});

test('no more servers are asked than the system looks at', () => {
  const four = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'].map(address);
  assert.deepEqual(resolverText(four).split('\n'), [
    'nameserver 2001:db8::1',
    'nameserver 2001:db8::2',
    'nameserver 2001:db8::3',
    'options timeout:1 attempts:3',
    '',
  ]);
});
