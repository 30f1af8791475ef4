import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeState } from '../../core/node-state.ts';
import { type Instant, seconds } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { Sessions } from './sessions.ts';

const OWN = address('2001:db8:a::1');
const NOW = 1 as Instant;

test('a full table says which session has made room: its paths and all else go too', () => {
  const state = { paths: { follow: () => [] } } as unknown as NodeState;
  const probe = { interval: seconds(1), threshold: 3, idle: seconds(5) };
  const sessions = new Sessions(1, probe as never, state);
  const never = () => false;
  const first = sessions.begin(OWN, address('2001:db8:f::1'), never, NOW);
  assert.equal(first.gone, undefined);
  const second = sessions.begin(OWN, address('2001:db8:f::2'), never, NOW);
  assert.equal(second.gone, first.session);
  second.session!.touch(true, NOW);
  const refused = sessions.begin(OWN, address('2001:db8:f::3'), never, NOW);
  assert.deepEqual([refused.session, refused.gone, sessions.size], [undefined, undefined, 1]);
});
