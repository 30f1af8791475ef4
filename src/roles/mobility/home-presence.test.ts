import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../test/by-hand.ts';
import { constantsWith } from '../../core/constants.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import type { LinkAddress, Output } from '../../core/role.ts';
import { address } from '../../wire/address.ts';
import { HomePresence } from './home-presence.ts';

const home = address('2001:db8:1::100');
const place = {
  link: 'eth0',
  prefix: { prefix: address('2001:db8:1::'), length: 64 },
  address: home,
  router: address('fe80::1'),
  atHome: true,
} as unknown as Place;

function presence(): HomePresence {
  const links = new Map([['eth0', '\x02\0\0\0\0\x07' as LinkAddress]]);
  return new HomePresence({ home, homePrefixLength: 64 }, links, constantsWith({}));
}

const claims = (outputs: readonly Output[]) =>
  outputs.filter(({ kind }) => kind === 'transmit').length;

test('the address is claimed three times, the last time some seconds later', () => {
  const one = presence();
  one.start();
  assert.equal(claims(one.arrive(place)), 0, 'the home agent may stand in still');
  assert.equal(claims(one.claim(at(5))), 1);
  for (const due of [6, 13]) {
    assert.equal(one.deadline(), at(due));
    assert.equal(claims(one.tick(false, at(due - 0.1))), 0);
    assert.equal(claims(one.tick(false, at(due))), 1);
  }
  assert.equal(one.deadline(), undefined);
});

test('what was to be claimed is claimed no more when the node has left', () => {
  const one = presence();
  one.arrive(place);
  one.claim(at(5));
  one.leave(place);
  assert.equal(one.deadline(), undefined);
  one.arrive(place);
  assert.equal(claims(one.tick(false, at(13))), 0, 'back again, and not released yet');
});
