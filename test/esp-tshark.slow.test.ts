/** Another implementation of ESP reads what ours made: tshark, with the keys of the scenario. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Authentication, EspAssociation } from '../src/core/config.ts';
import { ESP_ALGORITHMS } from '../src/core/security/esp-algorithms.ts';
import { findScenarios, loadScenario, runOnSimulator, SCENARIOS } from '../src/lab/index.ts';
import { planOf } from '../src/lab/plan.ts';
import { toHex } from '../src/wire/hex.ts';

const skip = spawnSync('tshark', ['--version']).status === 0 ? false : 'no tshark';

/** tshark's names of our algorithms: of encryption, and of the hash. */
const NAMES = {
  'aes-cbc': ['AES-CBC [RFC3602]', 'HMAC-SHA-256-128 [RFC4868]'],
  'aes-gcm': ['AES-GCM with 16 octet ICV [RFC4106]', 'NULL'],
  null: ['NULL', 'HMAC-SHA-256-128 [RFC4868]'],
} as const;

function* associationsOf(authentication: Authentication): Generator<EspAssociation> {
  if (authentication.method !== 'esp') return;
  for (const pair of [authentication.transport, authentication.tunnel]) {
    if (pair !== undefined) yield* [pair.toAgent, pair.toNode];
  }
}

/** The option that gives tshark one association. */
function known({ spi, algorithm, key }: EspAssociation): string[] {
  const { cipher, encryptionKey } = ESP_ALGORITHMS[algorithm];
  const [encryption, hash] = NAMES[cipher];
  const split = cipher === 'aes-gcm' ? key.length : encryptionKey;
  const text = (octets: Uint8Array) => (octets.length === 0 ? '' : `0x${toHex(octets)}`);
  const keys = `"${encryption}","${text(key.subarray(0, split))}","${hash}","${text(key.subarray(split))}"`;
  return ['-o', `uat:esp_sa:"IPv6","*","*","0x${spi.toString(16).padStart(8, '0')}",${keys}`];
}

/** Protocol and Mobility Header type of each ESP packet, and whether its check value is right. */
function readBack(capture: string, associations: Iterable<EspAssociation>): string[] {
  const options = [...associations].flatMap(known);
  const fields = ['esp.protocol', 'mip6.mhtype', 'esp.icv_good'].flatMap((name) => ['-e', name]);
  const { stdout } = spawnSync(
    'tshark',
    [
      ...['-r', capture, '-Y', 'esp', '-T', 'fields', ...fields],
      ...['-o', 'esp.enable_encryption_decode:TRUE', '-o', 'esp.enable_authentication_check:TRUE'],
      ...options,
    ],
    { encoding: 'utf8' },
  );
  return stdout.trim().split('\n');
}

for (const file of findScenarios([SCENARIOS]).filter((name) => /\/esp-[^/]*$/.test(name))) {
  test(`tshark reads the ESP packets of ${file.replace(/.*\//, '')}`, { skip }, () => {
    const loaded = loadScenario(file);
    assert.ok(loaded.ok);
    const node = planOf(loaded.value).nodes.find(({ name }) => name === 'mn');
    const associations = [...associationsOf(node!.config!.mobileNode!.authentication)];
    const captures = mkdtempSync(join(tmpdir(), 'careof-esp-'));
    try {
      runOnSimulator(loaded.value, { captures });
      const lines = readBack(join(captures, 'visited.pcapng'), associations);
      assert.ok(lines.length >= 2, `${lines.length} ESP packets on the visited link`);
      for (const line of lines) {
        // Binding Update and Acknowledgement in transport mode, Home Test Init and Home Test in a tunnel.
        assert.match(line, /^(0x87\t[56]|0x29\t[13]|0x3a\t)\t1$/);
      }
    } finally {
      rmSync(captures, { recursive: true });
    }
  });
}
