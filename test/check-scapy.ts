/**
 * Packets under scapy's eyes, in both directions: `npm run check:scapy -- --seed N --count M`.
 *
 * Scapy makes packets of everything that it knows of Mobile IPv6, and our decoder must find the
 * same fields and write the same octets; then scapy, and the collection's reference decoder, read
 * packets of ours. Exits with 1 on any difference, and with 2 where scapy or the tools are missing.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serialisePacket, toHex } from '../src/wire/index.ts';
import { noVectors, VECTORS, type Vector } from './vectors/corpus.ts';
import { packetLines } from './vectors/generate.ts';
import { accepted } from './vectors/judge.ts';
import { fromNeutral } from './vectors/neutral.ts';

/** Debian's python, whose packages python3-scapy belongs to. */
const PYTHON = '/usr/bin/python3';
/** Differences that are printed in full; all are counted. */
const SHOWN = 5;
const LARGEST_OUTPUT = 2 ** 30;

/** What cannot be run, or undefined. */
function missing(): string | undefined {
  if (noVectors !== false) return noVectors;
  const { status, stderr } = spawnSync(PYTHON, ['-c', 'import scapy.layers.inet6'], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  const reason = (stderr ?? '').trim().split('\n').at(-1) || `no ${PYTHON}`;
  return `scapy cannot be used (sudo apt install python3-scapy): ${reason}`;
}

function tool(name: string, args: readonly string[], input = '') {
  return spawnSync(PYTHON, [join(VECTORS, 'tools', name), ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: LARGEST_OUTPUT,
  });
}

/** Scapy makes, we read and write; the number of differences. */
function readTheirs(seed: number, count: number): number {
  const { status, stdout, stderr } = tool('scapy_gen.py', [
    ...['--seed', `${seed}`, '--count', `${count}`],
  ]);
  if (status !== 0) throw new Error(`scapy_gen.py ended with ${status}: ${stderr}`);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, count, 'scapy made another number of packets');
  let differences = 0;
  for (const line of lines) {
    const vector = JSON.parse(line) as Vector;
    try {
      accepted(vector);
      assert.equal(toHex(serialisePacket(fromNeutral(vector.fields))), vector.hex, vector.name);
    } catch (error) {
      differences += 1;
      if (differences <= SHOWN) console.log(`${vector.name}: ${(error as Error).message}`);
    }
  }
  return differences;
}

/** We make, scapy and the reference decoder read; the number of differences. */
function showOurs(seed: number, count: number): number {
  const ours = [...packetLines(seed, count)].join('\n');
  const { stdout, stderr } = tool('scapy_diff.py', ['-'], ours);
  const lines = stdout.trim().split('\n');
  const last = lines.at(-1) ?? '';
  if (!last.startsWith('{"summary"')) throw new Error(`scapy_diff.py said ${last} ${stderr}`);
  const { summary } = JSON.parse(last) as { summary: { lines: number; ok: number } };
  assert.equal(summary.lines, count, 'scapy read another number of packets');
  for (const line of lines.slice(0, -1).slice(0, SHOWN)) console.log(line);
  return count - summary.ok;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
  },
});
const [seed, count] = [Number(values.seed), Number(values.count)];
const reason = missing();
if (
  reason !== undefined ||
  !Number.isSafeInteger(seed) ||
  !(Number.isSafeInteger(count) && count > 0)
) {
  console.log(reason ?? '--seed and --count are whole numbers, and the count is above 0');
  process.exitCode = 2;
} else {
  const theirs = readTheirs(seed, count);
  console.log(`seed ${seed}: ${count} packets of scapy read and written, ${theirs} differences`);
  const ours = showOurs(seed, count);
  console.log(`seed ${seed}: ${count} packets of ours read by scapy, ${ours} differences`);
  if (theirs + ours > 0) process.exitCode = 1;
}
