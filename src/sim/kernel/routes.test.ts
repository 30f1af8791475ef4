import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, address } from '../../wire/address.ts';
import { commonPrefixLength, hasPrefix, type Route, RouteTable } from './routes.ts';

const anywhere = () => true;

function route(prefix: string, more: Partial<Route> = {}): Route {
  const [start, length] = prefix.split('/');
  return {
    prefix: address(start!),
    prefixLength: Number(length),
    link: 'eth0',
    origin: 'role',
    ...more,
  };
}

const to = (table: RouteTable, destination: string, source?: Address, usable = anywhere) =>
  table.lookup(address(destination), source, usable);

test('prefixes are compared to the bit', () => {
  assert.equal(commonPrefixLength(address('2001:db8::'), address('2001:db8::')), 128);
  assert.equal(commonPrefixLength(address('2001:db8::'), address('2001:db9::')), 31);
  assert.equal(commonPrefixLength(address('::'), address('8000::')), 0);
  assert.ok(hasPrefix(address('2001:db8:0:1f::1'), address('2001:db8:0:10::'), 60));
  assert.ok(!hasPrefix(address('2001:db8:0:2f::1'), address('2001:db8:0:10::'), 60));
  assert.ok(hasPrefix(address('::1'), address('ffff::'), 0));
  assert.ok(hasPrefix(address('192.0.2.77'), address('192.0.2.64'), 26));
  assert.ok(!hasPrefix(address('192.0.2.77'), address('::'), 0), 'another version');
  assert.ok(!hasPrefix(address('32.1.13.184'), address('2001:db8::'), 32));
});

test('the longest prefix wins, then the one for the source, then the lowest metric', () => {
  const table = new RouteTable();
  const source = address('2001:db8::5');
  table.add(route('::/0', { link: 'default', metric: 10 }));
  table.add(route('::/0', { link: 'better', metric: 5 }));
  table.add(route('::/0', { link: 'mine', metric: 99, source }));
  table.add(route('2001:db8:1::/48', { link: 'long' }));
  assert.equal(to(table, '2001:db8:1::1', source)?.link, 'long');
  assert.equal(to(table, '2001:db8:2::1', source)?.link, 'mine');
  assert.equal(to(table, '2001:db8:2::1', address('::9'))?.link, 'better');
  assert.equal(to(table, '2001:db8:2::1')?.link, 'mine', 'the source is not chosen yet');
});

test('a route over a link that does not work is passed over', () => {
  const table = new RouteTable();
  table.add(route('::/0', { link: 'a', metric: 1 }));
  table.add(route('::/0', { link: 'b', metric: 2 }));
  const usable = (link: string) => link === 'b';
  assert.equal(table.lookup(address('::1'), undefined, usable)?.link, 'b');
});

test('the same way replaces, and only its own origin removes it', () => {
  const table = new RouteTable();
  table.add(route('::/0', { metric: 1 }));
  table.add(route('::/0', { metric: 7 }));
  assert.deepEqual(
    table.all().map(({ metric }) => metric),
    [7],
  );
  table.add(route('::/0', { origin: 'fixed' }));
  table.remove(route('::/0'));
  assert.deepEqual(
    table.all().map(({ origin }) => origin),
    ['fixed'],
  );
  assert.equal(to(table, '::1')?.origin, 'fixed', 'what was remembered is forgotten');
});

test('redirects replace each other, are bounded, and go with their target', () => {
  const table = new RouteTable();
  const destination = address('2001:db8::1');
  table.add(route('::/0', { via: address('fe80::1') }));
  table.redirect('eth0', destination, address('fe80::2'));
  table.redirect('eth0', destination, address('fe80::3'));
  assert.equal(to(table, '2001:db8::1')?.via, address('fe80::3'));
  assert.equal(table.all().length, 2);
  table.forgetRedirects('eth0', address('fe80::2'));
  assert.equal(table.all().length, 2);
  table.forgetRedirects('eth0', address('fe80::3'));
  assert.equal(to(table, '2001:db8::1')?.via, address('fe80::1'));
  for (let i = 0; i < 300; i++) {
    table.redirect('eth0', address(`2001:db8::1:${i}`), address('fe80::2'));
  }
  assert.equal(table.all().length, 257);
  table.forgetRedirects('eth1');
  assert.equal(table.all().length, 257);
  table.forgetRedirects('eth0');
  assert.equal(table.all().length, 1);
});
