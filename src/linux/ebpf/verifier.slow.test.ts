import assert from 'node:assert/strict';
import { closeSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import { createMap, loadProgram, PROGRAM_TYPE } from '../sys/bpf.ts';
import { linked } from './object-file.ts';
import { loadObjectFile } from './object-place.ts';

/** The kernel's own limit is a million; what is near it may be beyond it for another verifier. */
const MOST = 100_000;

test('the verifier is through with each program soon', { skip: obstacleToKernelProgram() }, () => {
  const { maps, programs, licence } = loadObjectFile();
  const made = new Map(maps.map((map) => [map.name, createMap(map)]));
  try {
    for (const code of programs) {
      const instructions = linked(code, (name) => made.get(name)!);
      const type = PROGRAM_TYPE.schedCls;
      const fd = loadProgram({ type, instructions, licence, name: code.name });
      const said = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      closeSync(fd);
      const verified = Number(/^verified_insns:\s*(\d+)/m.exec(said)?.[1] ?? 0);
      assert.ok(verified < MOST, `${code.name}: ${verified} instructions`);
    }
  } finally {
    for (const fd of made.values()) closeSync(fd);
  }
});
