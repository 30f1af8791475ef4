import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCryptography as crypto } from '../../../lab/crypto.ts';
import { type Address, address } from '../../../wire/address.ts';
import type { Instant } from '../../time.ts';
import { seconds } from '../../time.ts';
import type { Member } from '../member.ts';
import { nearPrefixesIn, nearPrefixesOptions } from '../near-prefixes.ts';
import { EASE_IN, Selection } from './selection.ts';

const NOW = seconds(1000) as number as Instant;
const member = (registrant: string, more: Partial<Member> = {}): Member => ({
  registrant,
  address: address(`2001:db8:e::${registrant}`),
  ...more,
});
const clients = Array.from({ length: 3000 }, (_, i) => address(`2001:db8:c::${i.toString(16)}`));

/** How many of the clients each server gets, one after the other. */
function shares(policy: 'least-load' | 'rendezvous', members: readonly Member[], some = clients) {
  const selection = new Selection(policy, crypto);
  const given = new Map(members.map(({ registrant }) => [registrant, 0]));
  const chosen = new Map<Address, string>();
  for (const client of some) {
    const picked = selection.pick({ client, members, given }, NOW)!.registrant;
    given.set(picked, given.get(picked)! + 1);
    chosen.set(client, picked);
  }
  return { given, chosen };
}

test('the least loaded server is the one with the smallest share of what it can bear', () => {
  const members = [member('1', { capacity: 100 }), member('2', { capacity: 300 })];
  const { given } = shares('least-load', members);
  assert.deepEqual([...given.values()], [750, 2250]);
});

test('what a server says of its sessions counts, and one that bears none gets none', () => {
  const selection = new Selection('least-load', crypto);
  const busy = member('1', { sessions: 50 });
  const pick = (members: readonly Member[]) =>
    selection.pick({ client: clients[0]!, members, given: new Map() }, NOW)?.registrant;
  assert.equal(pick([busy, member('2', { sessions: 40 })]), '2');
  assert.equal(pick([busy, member('2', { capacity: 0 })]), '1');
  assert.equal(pick([member('2', { capacity: 0 })]), undefined);
});

test('a server that has just come is not given all clients of its first seconds', () => {
  const given = (since: number) => {
    const selection = new Selection('least-load', crypto);
    const old = ['1', '2', '3'].map((name) => member(name));
    const members = [...old, member('4', { since: since as Instant })];
    const counts = new Map<string, number>(old.map((one) => [one.registrant, 99]));
    counts.set('4', 0);
    for (const client of clients.slice(0, 40)) {
      const { registrant } = selection.pick({ client, members, given: counts }, NOW)!;
      counts.set(registrant, counts.get(registrant)! + 1);
    }
    return counts.get('4')!;
  };
  assert.equal(given(NOW), 0);
  const half = given(NOW - EASE_IN / 2);
  assert.ok(half >= 18 && half <= 22, `${half}`);
  assert.equal(given(NOW - EASE_IN), 40);
});

test('the nearest server is the one that names the longest prefix of the client', () => {
  const near = (text: string, length: number) => ({ near: [{ address: address(text), length }] });
  const members = [
    member('1', near('2001:db8::', 32)),
    member('2', near('2001:db8:c::', 48)),
    member('3', near('2001:db8:d::', 48)),
  ];
  const selection = new Selection('nearest', crypto);
  const pick = (text: string) =>
    selection.pick({ client: address(text), members, given: new Map() }, NOW)!.registrant;
  assert.equal(pick('2001:db8:c::1'), '2');
  assert.equal(pick('2001:db8:d::1'), '3');
  assert.equal(pick('2001:db8:e::1'), '1');
  assert.equal(pick('fd00::1'), '1');
});

test('by rendezvous hashing a server that leaves moves its own clients and no others', () => {
  const members = ['1', '2', '3', '4', '5'].map((name) => member(name));
  const { given, chosen } = shares('rendezvous', members);
  for (const some of given.values()) assert.ok(Math.abs(some - 600) < 90, `${some}`);
  const fewer = shares('rendezvous', members.slice(1)).chosen;
  for (const [client, picked] of chosen) {
    if (picked !== '1') assert.equal(fewer.get(client), picked);
  }
  const heavy = shares('rendezvous', [member('1', { capacity: 3 }), member('2')]).given;
  assert.ok(Math.abs(heavy.get('1')! - 2250) < 120, `${heavy.get('1')}`);
});

test('prefixes that are told are read as they were, and no more than fit', () => {
  const prefixes = Array.from({ length: 20 }, (_, i) => ({
    address: address(`2001:db8:${i}::`),
    length: 48,
  }));
  const [option] = nearPrefixesOptions(prefixes);
  assert.ok(option?.option === 'vendor-specific');
  const { data, ...rest } = option;
  assert.deepEqual(nearPrefixesIn([{ ...option, data } as never]), prefixes.slice(0, 14));
  const wrong = Uint8Array.from(data!);
  wrong[0] = 129;
  assert.equal(nearPrefixesIn([{ ...rest, data: wrong } as never]).length, 13);
  assert.deepEqual(nearPrefixesIn([{ ...rest, data: data!.subarray(1) } as never]), []);
  assert.deepEqual(nearPrefixesOptions([]), []);
});
