import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings, SETTINGS_FILE, Settings } from './settings.ts';

test('what a file says is taken only where it is a setting of the network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'careof-settings-'));
  try {
    const file = join(folder, SETTINGS_FILE);
    assert.deepEqual(readSettings(file), []);
    const lines = [
      'net/ipv6/conf/eth0/accept_ra 1',
      'net/ipv6/conf/eth0.7/forwarding 0',
      'kernel/core_pattern |/bin/sh',
      'net/../kernel/core_pattern x',
      '/etc/passwd x',
      'net/ipv6/conf/eth0/autoconf',
      '',
    ];
    writeFileSync(file, lines.join('\n'));
    assert.deepEqual(readSettings(file), [
      ['net/ipv6/conf/eth0/accept_ra', '1'],
      ['net/ipv6/conf/eth0.7/forwarding', '0'],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a setting that the kernel does not have is refused, and nothing is noted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'careof-settings-'));
  try {
    const settings = new Settings(folder, (run) => run());
    assert.equal(settings.set('net/ipv6/conf/no-such-link/accept_ra', '0'), false);
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
