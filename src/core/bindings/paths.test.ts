import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import type { ForwardingEntry } from '../forwarding/entry.ts';
import type { Output } from '../role.ts';
import type { Instant } from '../time.ts';
import { Paths } from './paths.ts';

const HOME = address('2001:db8:1::100');
const own = {
  careOf: address('2001:db8:2::a'),
  homeAgent: address('2001:db8:1::1'),
};
const PEER = address('2001:db8:3::100');
const binding = { careOf: address('2001:db8:4::b'), expiresAt: 9e6 as Instant };

/** The entries for packets from home to the peer as outputs leave them, the first choice first. */
function entriesAfter(...outputs: readonly Output[]): ForwardingEntry[] {
  const entries = new Map<string, ForwardingEntry>();
  for (const output of outputs) {
    if (output.kind === 'forward') entries.set(output.entry.id, output.entry);
    if (output.kind === 'unforward') entries.delete(output.id);
  }
  return [...entries.values()]
    .filter(({ match }) => match.src !== undefined && match.dst !== undefined)
    .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
}
/** What entries do, by the first word of each action. */
const done = (entries: readonly ForwardingEntry[]) =>
  entries.map((entry) => entry.do.map((action) => Object.values(action)[0]));

test('a bound peer that does not know us is reached by the tunnel, and the control side hears of it', () => {
  const paths = new Paths();
  const away = paths.setOwn(HOME, { ...own, notify: true });
  const outputs = [...away, ...paths.setPeerBinding(PEER, binding)];
  assert.deepEqual(done(entriesAfter(...outputs)), [['tunnelled-to-peer', 'routing-2', 'ipv6']]);
});

test('before our binding at a bound peer runs out, the tunnel takes over', () => {
  const paths = new Paths();
  const until = (binding.expiresAt - 1e6) as Instant;
  const outputs = [
    ...paths.setOwn(HOME, { ...own, notify: false }),
    ...paths.setPeerBinding(PEER, binding),
    ...paths.setRegistered(HOME, PEER, own.careOf, until),
  ];
  const entries = entriesAfter(...outputs);
  assert.deepEqual(done(entries), [
    ['home-address', 'routing-2'],
    ['routing-2', 'ipv6'],
  ]);
  assert.deepEqual(
    entries.map((entry) => entry.expiresAt),
    [until - 100_000, binding.expiresAt],
  );
  outputs.push(...paths.unsetRegistered(HOME, PEER));
  assert.deepEqual(done(entriesAfter(...outputs)), [['routing-2', 'ipv6']]);
  outputs.push(...paths.setPeerBinding(PEER, undefined));
  assert.deepEqual(done(entriesAfter(...outputs)), []);
});

test('at home again nothing special is done to packets from there', () => {
  const paths = new Paths();
  const outputs = [
    ...paths.setOwn(HOME, { ...own, notify: true }),
    ...paths.setPeerBinding(PEER, binding),
    ...paths.setRegistered(HOME, PEER, own.careOf, binding.expiresAt),
    ...paths.setOwn(HOME, undefined),
  ];
  assert.deepEqual(done(entriesAfter(...outputs)), []);
});

test('what carries packets to a bound peer while the node is away counts too', () => {
  const paths = new Paths();
  assert.deepEqual(paths.toPeerIds(PEER), ['path/to/2001:db8:3::100']);
  paths.setOwn(HOME, { ...own, notify: true });
  const away = 'path/from/2001:db8:1::100/to/2001:db8:3::100';
  assert.deepEqual(paths.toPeerIds(PEER), ['path/to/2001:db8:3::100', away, `${away}/by-agent`]);
});
