import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { after, START, seconds } from '../time.ts';
import { PathMtus } from './path-mtus.ts';

const TO = address('2001:db8:f::1');

test('who does not ask again believes a suspicion for seconds, what was found for minutes', () => {
  const paths = new PathMtus();
  paths.probed(TO, { told: undefined, whole: 1280 });
  const suspected = paths.now(TO, START);
  assert.equal(suspected.mtu, 1280);
  assert.equal(suspected.until, after(START, seconds(5)));
  paths.probed(TO, { told: 1400, whole: undefined });
  const found = paths.now(TO, START);
  assert.equal(found.mtu, 1400);
  assert.equal(found.until, after(START, seconds(600)));
});
