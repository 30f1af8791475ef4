import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast } from './kernel-release.ts';

test('releases are compared by their numbers', () => {
  for (const [release, is] of [
    ['6.18.44-fc', true],
    ['6.17.0', true],
    ['6.17-rc3', true],
    ['6.9.9', false],
    ['7.0.0', true],
    ['5.19.17', false],
    ['', false],
    ['none', false],
  ] as const) {
    assert.equal(isAtLeast(release, 6, 17), is, release);
  }
});
