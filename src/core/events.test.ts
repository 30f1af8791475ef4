import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../wire/address.ts';
import { type CareofEvent, eventOfJson, eventToJson } from './events.ts';
import type { Instant } from './time.ts';

const address = (text: string) => parseAddress(text)!;

const EVENTS: readonly CareofEvent[] = [
  {
    kind: 'binding.accepted',
    scope: 'home',
    home: address('2001:db8:1::100'),
    careof: address('2001:db8:2::7'),
    lifetime_s: 420,
  },
  {
    kind: 'handover.phase',
    phase: 'home_registration',
    began: 4_000_000 as Instant,
    ended: 4_030_000 as Instant,
  },
  { kind: 'home.left', home: address('2001:db8:1::100'), link: 'home' },
  { kind: 'node.started' },
];

test('an event comes back from its JSON', () => {
  for (const event of EVENTS) {
    const text = JSON.stringify(eventToJson(event));
    assert.deepEqual(eventOfJson(JSON.parse(text)), event);
  }
});
