import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

function said({ link = '', router = '' }: { link?: string; router?: string }): string[] {
  const text = `title: prefixes
links:
  site: { prefix: 2001:db8:a::/64${link} }
  core: { prefix: 2001:db8:f::/64 }
nodes:
  r: { role: access-router, on: [site, core], advertises: [site]${router} }
  h: { role: host, on: [site] }
`;
  const read = readScenario('x.yaml', new TextEncoder().encode(text), () => new Uint8Array());
  return read.ok ? [] : read.error.map((one) => diagnosticLine(one).replace('x.yaml:', ''));
}

const TWO = ', more-prefixes: [2001:db8:b::/64]';

test('a router of one of two providers', () => {
  const router = ', provides: { site: 2001:db8:b::/64 }, ingress-filter: [site]';
  assert.deepEqual(said({ link: TWO, router }), []);
  assert.deepEqual(said({ link: TWO }), [
    '6:6: nodes.r: does not say which prefix of "site" it advertises: add provides: { site: 2001:db8:a::/64 }',
  ]);
});

test('prefixes that another link has, that a link has not, and links that a router is not on', () => {
  assert.deepEqual(said({ link: ', more-prefixes: [2001:db8:a::/64]' }).slice(0, 1), [
    '3:52: links.site.more-prefixes[0]: 2001:db8:a::/64 is the prefix of "site" already: give each link its own',
  ]);
  assert.deepEqual(said({ router: ', provides: { site: 2001:db8:c::/64 }' }), [
    '6:85: nodes.r.provides.site: 2001:db8:c::/64 is no prefix of "site": it has 2001:db8:a::/64',
  ]);
  assert.deepEqual(said({ router: ', ingress-filter: [cite]' }), [
    '6:84: nodes.r.ingress-filter[0]: "cite" is no link of this node: did you mean "site"?',
  ]);
});
