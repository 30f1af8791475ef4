import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeConfig } from '../core/config.ts';
import type { Instant } from '../core/time.ts';
import { address } from '../wire/address.ts';
import { Ledger } from './ledger.ts';

const AGENT = address('2001:db8:1::1');
const PEER = address('2001:db8:f::1');

test('a home agent that was found is the one that is asked; peers are none', () => {
  const ledger = new Ledger({ name: 'mn' } as NodeConfig);
  const sent = { kind: 'signal.sent', message: 'Binding Update', octets: 1 } as const;
  const from = address('2001:db8:2::1');
  assert.equal(ledger.agent, undefined);
  ledger.add(
    { ...sent, from, to: AGENT, detail: 'home seq 1 lifetime 4 s' } as never,
    1 as Instant,
  );
  ledger.add({ ...sent, from, to: PEER, detail: 'seq 1 lifetime 4 s' } as never, 2 as Instant);
  assert.equal(ledger.agent, AGENT);
  assert.equal(ledger.silences.size, 2);
});
