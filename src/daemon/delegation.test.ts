import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEGIN, delegated, PREFIX } from '../../test/delegations.ts';
import { address } from '../wire/address.ts';
import { delegationProblems } from './delegation.ts';

const DAY = 86_400;
const delegation = delegated({ notAfter: BEGIN + 30 * DAY });
const said = (days: number, service = address('2001:db8:1::80')) =>
  [...delegationProblems({ service, delegation }, BEGIN + days * DAY)].map(
    ({ level, what }) => `${level}: ${what}`,
  );

test('a delegation that is of use is not spoken of, until a week before its end', () => {
  assert.deepEqual(said(22.9), []);
  assert.deepEqual(said(23.5), ['warning: the delegation ends in 6 days']);
  assert.deepEqual(said(29.5), ['warning: the delegation ends within a day']);
  assert.deepEqual([...delegationProblems({ service: PREFIX.address }, BEGIN)], []);
});

test('one that is of no use is an error, and says why', () => {
  const rest = 'who asks for one takes no binding from here';
  assert.deepEqual(said(-1), [`error: the delegation is not in force yet: ${rest}`]);
  assert.deepEqual(said(31), [`error: the delegation is over: ${rest}`]);
  assert.deepEqual(said(1, address('2001:db8:2::80')), [
    `error: the delegation is for 2001:db8:1::/64: ${rest}`,
  ]);
});
