/** Multipath TCP on real hosts, which careof is compared with. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCapture } from '../../src/lab/capture/capture-reader.ts';
import { loadScenario, reportOf } from '../../src/lab/index.ts';
import { runOnLinux } from '../../src/lab/linux/run.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';

const noPython = spawnSync('python3', ['--version']).error && 'python3 is not installed';
const skip = obstacleToNamespaces() ?? noPython ?? false;
const folder = mkdtempSync(join(tmpdir(), 'careof-lab-linux-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const TWO_LINKS = `title: A host on two links
links:
  a: { prefix: 2001:db8:a::/64, delay: 5ms, bandwidth: 20Mbit/s }
  b: { prefix: 2001:db8:b::/64, delay: 5ms, bandwidth: 20Mbit/s }
  c: { prefix: 2001:db8:c::/64 }
nodes:
  r: { role: router, on: [a, b, c] }
  one: { role: host, on: [a, b] }
  other: { role: host, on: [c] }
traffic:
  file: { protocol: tcp, from: other, to: one, size: 3MB, start: 500ms, program: socat }
expect:
  file: { survives: true }
`;

/** Packets with payload by a link. */
async function packetsBy(link: string, multipath: boolean): Promise<number> {
  const file = join(folder, 'two-links.yaml');
  writeFileSync(file, TWO_LINKS);
  const loaded = loadScenario(file);
  assert.ok(loaded.ok);
  const captures = join(folder, String(multipath));
  const record = await runOnLinux(loaded.value, { multipath, captures });
  assert.equal(reportOf(record).flows[0]?.digestOk, true);
  const { frames } = readCapture(readFileSync(join(captures, `${link}.pcapng`)));
  return frames.filter(({ packet }) => packet!.length > 1000).length;
}

test('a stream goes by both links of a host, one of plain TCP by its own', { skip }, async () => {
  assert.ok((await packetsBy('b', true)) > 200);
  assert.equal(await packetsBy('b', false), 0);
});
