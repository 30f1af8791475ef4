import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileJournal, readJournal } from './journal.ts';

function inFolder(work: (path: string, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'careof-journal-'));
  try {
    work(join(folder, 'state', 'journal'), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function opened(path: string): { journal: FileJournal; faults: string[] } {
  const faults: string[] = [];
  return { journal: new FileJournal({ path, onFault: (text) => faults.push(text) }), faults };
}

const list = (journal: FileJournal) => [...journal.entries()].map((entry) => entry.join('='));

test('what is stored is there in the next life, in the order of its first storing', () => {
  inFolder((path) => {
    const { journal } = opened(path);
    journal.store('a', '1');
    journal.store('b', '2');
    journal.store('c', 'with "quotes", a line\nend and é');
    journal.store('a', '3');
    journal.store('b', undefined);
    // Nobody closed the first one: it was killed.
    const again = opened(path);
    assert.deepEqual(list(again.journal), ['a=3', 'c=with "quotes", a line\nend and é']);
    assert.deepEqual(again.faults, []);
    journal.close();
    again.journal.close();
  });
});

test('only its owner can read it', () => {
  inFolder((path, folder) => {
    opened(path).journal.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'state')).mode & 0o777, 0o700);
  });
});

test('cut at any octet it gives what was whole by then, and takes more', () => {
  inFolder((path) => {
    const { journal } = opened(path);
    const states: string[][] = [[]];
    const sizes: number[] = [statSync(path).size];
    const steps = [
      ['a', '1'],
      ['b', '2'],
      ['a', undefined],
      ['c', 'x'.repeat(40)],
    ] as const;
    for (const [key, value] of steps) {
      journal.store(key, value);
      states.push(list(journal));
      sizes.push(statSync(path).size);
    }
    journal.close();
    const whole = readFileSync(path);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const { journal: cut, faults } = opened(path);
      const last = sizes.findLastIndex((size) => size <= length);
      assert.deepEqual(list(cut), states[Math.max(0, last)], `cut at ${length}`);
      assert.deepEqual(faults, [], `cut at ${length}`);
      cut.store('later', 'yes');
      cut.close();
      const { journal: more } = opened(path);
      assert.deepEqual(list(more), [...states[Math.max(0, last)]!, 'later=yes']);
      more.close();
    }
  });
});

test('a flipped bit in the middle puts the file aside and keeps the other lines', () => {
  inFolder((path, folder) => {
    const { journal } = opened(path);
    for (const key of ['a', 'b', 'c']) journal.store(key, `value of ${key}`);
    journal.close();
    const octets = readFileSync(path);
    octets[octets.indexOf('value of b') + 3]! ^= 1;
    writeFileSync(path, octets);
    const { journal: mended, faults } = opened(path);
    assert.deepEqual(list(mended), ['a=value of a', 'c=value of c']);
    assert.match(faults[0]!, /damaged \(line 3 does not agree with its check\): it is put aside/);
    mended.close();
    assert.equal(readdirSync(join(folder, 'state')).length, 2);
    // The next start finds a sound file.
    assert.deepEqual(opened(path).faults, []);
  });
});

test('every flipped bit is either harmless or noticed', () => {
  const octets = Buffer.from(
    `{"careof":"journal","version":1}\n{"key":"a","value":"1","check":"${checkIn('a', '1')}"}\n{"key":"z","value":"2","check":"${checkIn('z', '2')}"}\n`,
  );
  assert.equal(readJournal(octets).damage, undefined);
  for (let bit = 0; bit < octets.length * 8; bit++) {
    const flipped = Buffer.from(octets);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const { entries, damage, good } = readJournal(flipped);
    const same = entries.get('a') === '1' && entries.get('z') === '2' && entries.size === 2;
    assert.ok(same || damage !== undefined || good < octets.length, `bit ${bit}`);
  }
});

function checkIn(key: string, value: string): string {
  let check = '';
  inFolder((path) => {
    const { journal } = opened(path);
    journal.store(key, value);
    journal.close();
    check = /"check":"(.{8})"/.exec(readFileSync(path, 'utf8'))![1]!;
  });
  return check;
}

test('a file of another kind is put aside', () => {
  inFolder((path) => {
    opened(path).journal.close();
    writeFileSync(path, 'something else altogether, which somebody put here\n');
    const { journal, faults } = opened(path);
    assert.equal(faults.length, 1);
    assert.deepEqual(list(journal), []);
    journal.close();
  });
});

test('what is stored ten thousand times takes no more than its bound', () => {
  inFolder((path) => {
    const { journal } = opened(path);
    for (let round = 0; round < 10_000; round++)
      journal.store(`key-${round % 10}`, `value ${round}`);
    assert.ok(statSync(path).size < 70_000, `${statSync(path).size}`);
    journal.close();
    const { journal: again } = opened(path);
    assert.equal(list(again).length, 10);
    again.close();
  });
});

test('a process that is killed loses nothing that was stored', () => {
  inFolder((path) => {
    const code = `import { FileJournal } from ${JSON.stringify(new URL('./journal.ts', import.meta.url).href)};
      const journal = new FileJournal({ path: ${JSON.stringify(path)}, onFault: console.error });
      for (let i = 0; i < 500; i++) journal.store('key-' + i, 'x'.repeat(300));
      process.kill(process.pid, 'SIGKILL');`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', code];
    const { signal } = spawnSync(process.execPath, args, { timeout: 20_000 });
    assert.equal(signal, 'SIGKILL');
    assert.equal(list(opened(path).journal).length, 500);
  });
});
