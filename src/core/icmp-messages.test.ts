import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../wire/address.ts';
import { type Ipv4Fields, ipv4, type Part, raw } from './forwarding/case-packets.ts';
import { mayCauseError } from './icmp-messages.ts';

const ends = { src: address('198.51.100.7'), dst: address('192.0.2.80') };
const unreachable = { kind: 'unreachable', code: 0 } as const;
const may = (fields: Partial<Ipv4Fields>, part: Part) =>
  mayCauseError(ipv4({ ...ends, ...fields }, part), unreachable);

test('nobody is told of errors, of later fragments, or of what may be either', () => {
  const [data, ping, error] = [raw(17, 1, 2, 3, 4), raw(1, 8, 0, 0, 0), raw(1, 3, 0, 0, 0)];
  assert.ok(may({}, data) && may({}, ping));
  assert.ok(may({ fragment: { offset: 0, more: true } }, data));
  assert.ok(!may({}, error));
  assert.ok(!may({ fragment: { offset: 1, more: false } }, data));
  const unreadable = [7, 9, 4, 0];
  assert.ok(!may({ options: unreadable }, error));
  assert.ok(!may({ options: unreadable, fragment: { offset: 1, more: false } }, data));
});

test('nor who sends to many, or from where nobody can be', () => {
  for (const to of ['224.0.0.1', '255.255.255.255']) {
    assert.ok(!may({ dst: address(to) }, raw(17)), to);
  }
  for (const from of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', '240.0.0.1']) {
    assert.ok(!may({ src: address(from) }, raw(17)), from);
  }
});
