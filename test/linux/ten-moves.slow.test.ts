/** Ten moves on real hosts: one connection a program from the first to the last, each move in the captures. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readCapture } from '../../src/lab/capture/capture-reader.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { formatAddress } from '../../src/wire/address.ts';
import { parsePacket } from '../../src/wire/packet.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const HOME = '2001:db8:1::100';
const LINKS = ['one', 'two', 'home'] as const;
/** First it makes sure that nothing of an earlier life is held while it is at home. */
const MOVES = ['home', 'one', 'two', 'one', 'two', 'home', 'two', 'one', 'two', 'one', 'home'];
const built = existsSync(join(root, 'dist/bpf/careof.o'));

/** Connections of the host from its home address, as ss(8) has them: local end, then the other. */
function connections(namespace: string): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'exec', namespace, 'ss', '-Htn'], {
    encoding: 'utf8',
  });
  return (stdout ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([state, , , local]) => state === 'ESTAB' && local?.startsWith(`[${HOME}]`))
    .map(([, , , local, peer]) => `${local} ${peer}`)
    .sort();
}

interface Registered {
  /** The mobile node's time, of its proof. */
  readonly at: bigint;
  readonly link: string;
  readonly careOf: string;
}

/** The home registrations that a link's capture shows. */
function registrationsOn(link: string, folder: string): Registered[] {
  const { frames } = readCapture(readFileSync(join(folder, 'ten-moves', `${link}.pcapng`)));
  return frames.flatMap(({ packet }) => {
    const parsed = packet && parsePacket(packet);
    if (parsed?.ok !== true || parsed.value[0]?.layer !== 'ipv6') return [];
    const update = parsed.value.find((layer) => layer.layer === 'binding-update');
    if (update?.layer !== 'binding-update' || !update.homeRegistration) return [];
    const at = update.options.find((one) => one.option === 'replay-protection')!.timestamp;
    return [{ at, link, careOf: formatAddress(parsed.value[0].source) }];
  });
}

for (const plane of ['ebpf', 'tun']) {
  const obstacle = obstacleToNamespaces() ?? (plane === 'ebpf' && !built && 'npm run build:bpf');
  test(`ten moves, and ss shows the same connections (${plane})`, {
    skip: obstacle || false,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cf-moves-'));
    try {
      const args = ['bin/careof.js', 'lab', 'run', 'ten-moves', '--backend', 'linux'];
      const run = spawn(
        process.execPath,
        [...args, '--data-plane', plane, '--json', '--pcap', folder],
        { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let report = '';
      run.stdout.setEncoding('utf8').on('data', (text) => {
        report += text;
      });
      const ended = new Promise<number | null>((resolve) => run.once('close', resolve));
      let [first, last]: string[][] = [[], []];
      while (run.exitCode === null && run.signalCode === null) {
        const seen = connections(`careof-${run.pid}-mn`);
        if (seen.length === 2 && first!.length === 0) first = seen;
        if (seen.length > 0) last = seen;
        await wait(300);
      }
      assert.equal(await ended, 0, report);
      t.diagnostic(`${plane}: first ${first!.join(', ')}; last ${last!.join(', ')}`);
      assert.equal(first!.length, 2, 'the download and the stream');
      for (const one of last!) assert.ok(first!.includes(one), `${one} is another connection`);
      const all = LINKS.flatMap((link) => registrationsOn(link, folder)).sort((a, b) =>
        a.at < b.at ? -1 : 1,
      );
      const moves = all.filter((one, i) => one.careOf !== all[i - 1]?.careOf);
      assert.deepEqual(
        moves.map(({ link }) => link),
        MOVES,
      );
      t.diagnostic(`${plane}: ${moves.map(({ careOf }) => careOf).join(', ')}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
