import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rsaKeyPair } from '../lab/crypto.ts';
import { hostKey } from './host-key.ts';

test('a host`s key is made once, for its owner alone, and an open one is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'careof-key-'));
  try {
    const path = join(folder, 'state', 'host-key.pem');
    const made = hostKey(path);
    assert.notEqual(rsaKeyPair(made), undefined);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(hostKey(path), made);
    assert.deepEqual(readdirSync(join(folder, 'state')), ['host-key.pem']);
    chmodSync(path, 0o644);
    assert.throws(() => hostKey(path), /others can read it \(mode 644\): chmod 600/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
