import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ATTACH_TYPE,
  attachedPrograms,
  countCpus,
  createLink,
  createMap,
  detachLink,
  getObject,
  isBpfFileSystem,
  linkInformation,
  loadProgram,
  MAP_FLAG,
  MAP_TYPE,
  mapDelete,
  mapInformation,
  mapLookup,
  mapNextKey,
  mapUpdate,
  mapUpdateBatch,
  mountBpf,
  PROGRAM_TYPE,
  pinObject,
  possibleCpus,
  programInformation,
  testProgram,
  unmountBpf,
  updateLink,
} from './bpf.ts';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import { inNamespace } from './namespace.ts';
import {
  addClsact,
  removeClassifier,
  removeClsact,
  replaceClassifier,
} from './netlink/classifiers.ts';
import { Rtnetlink } from './netlink/rtnetlink.ts';
import { hasCapability, obstacleToNamespaces } from './privileges.ts';
import { SysError } from './sys-error.ts';
import { Tun } from './tun.ts';

const obstacle =
  obstacleToNamespaces() ?? (hasCapability('BPF') ? undefined : 'not root: CAP_BPF is missing');
const limits = { skip: obstacle ?? false, timeout: 20_000 };

const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const word = (value: number) => Uint8Array.of(value, value >> 8, value >> 16, value >> 24);

/** `return RESULT;` */
const returning = (result: number) =>
  Buffer.concat([octets('b700 0000'), word(result), octets('9500 0000 00000000')]);
const classifier = (instructions: Uint8Array, name = 'cf_test') =>
  loadProgram({ type: PROGRAM_TYPE.schedCls, instructions, licence: 'GPL', name });

/** A map of 4 octets to 8. */
const smallMap = (maxEntries: number, type: number = MAP_TYPE.hash) =>
  createMap({ type, keySize: 4, valueSize: 8, maxEntries, name: 'cf-small' });

test('possible CPUs are counted', () => {
  assert.equal(countCpus('0\n'), 1);
  assert.equal(countCpus('0-3\n'), 4);
  assert.equal(countCpus('0-1,4-7\n'), 6);
});

test('a map keeps what it is told until it is full', limits, () => {
  const map = smallMap(2);
  try {
    const value = octets('0102030405060708');
    assert.equal(mapLookup(map, word(1), 8), undefined);
    assert.equal(mapUpdate(map, word(1), value), 'done');
    assert.deepEqual(mapLookup(map, word(1), 8), new Uint8Array(value));
    assert.equal(mapUpdate(map, word(2), value), 'done');
    assert.equal(mapUpdate(map, word(3), value), 'full');
    assert.throws(() => mapUpdate(map, word(1), value, 1), { code: 'EEXIST' });
    const keys: number[] = [];
    for (let key = mapNextKey(map, undefined, 4); key; key = mapNextKey(map, key, 4)) {
      keys.push(key[0]!);
    }
    assert.deepEqual(keys.sort(), [1, 2]);
    assert.equal(mapDelete(map, word(1)), true);
    assert.equal(mapDelete(map, word(1)), false);
    const { type, keySize, valueSize, maxEntries, name } = mapInformation(map);
    assert.deepEqual([type, keySize, valueSize, maxEntries, name], [1, 4, 8, 2, 'cf_small']);
  } finally {
    closeSync(map);
  }
});

test('values are large, many at once, and one for each CPU', limits, () => {
  const large = createMap({ type: MAP_TYPE.array, keySize: 4, valueSize: 40000, maxEntries: 1 });
  const value = Buffer.alloc(40000, 0x5a);
  assert.equal(mapUpdate(large, word(0), value), 'done');
  assert.deepEqual(mapLookup(large, word(0), 40000), new Uint8Array(value));
  const many = createMap({
    type: MAP_TYPE.hash,
    keySize: 4,
    valueSize: 8,
    maxEntries: 5000,
    flags: MAP_FLAG.NO_PREALLOC,
  });
  const keys = Buffer.concat(Array.from({ length: 5000 }, (_, i) => word(i)));
  mapUpdateBatch(many, keys, Buffer.alloc(8 * 5000, 7), 5000);
  assert.deepEqual(mapLookup(many, word(4999), 8), new Uint8Array(8).fill(7));
  const each = smallMap(1, MAP_TYPE.perCpuArray);
  const size = 8 * possibleCpus();
  assert.equal(mapUpdate(each, word(0), Buffer.alloc(size, 3)), 'done');
  assert.deepEqual(mapLookup(each, word(0), size), new Uint8Array(size).fill(3));
  for (const fd of [large, many, each]) closeSync(fd);
});

test('a program is verified and run over a packet', limits, () => {
  const program = classifier(returning(7));
  const data = Buffer.alloc(64, 0x11);
  const run = testProgram(program, { data, repeat: 10 });
  assert.equal(run.result, 7);
  assert.deepEqual(run.data, new Uint8Array(data));
  assert.equal(run.context, undefined);
  const context = new Uint8Array(192);
  context[8] = 9; // __sk_buff.mark
  assert.equal(testProgram(program, { data, context }).context![8], 9);
  assert.throws(() => testProgram(program, { data, room: 10 }), { code: 'ENOSPC' });
  const { name, type, tag } = programInformation(program);
  assert.deepEqual([name, type], ['cf_test', PROGRAM_TYPE.schedCls]);
  assert.match(tag, /^[0-9a-f]{16}$/);
  closeSync(program);
});

test('a program that the kernel does not take ends in the reasons', limits, () => {
  // r0 = *(u32 *)(r1 + 4000): beyond the context.
  const bad = octets('6110 a00f 00000000 9500 0000 00000000');
  assert.throws(
    () => classifier(bad, 'cf_bad'),
    (error) => {
      assert.ok(error instanceof SysError);
      assert.match(error.message, /PROG_LOAD cf_bad.*EACCES.*invalid bpf_context access off=4000/s);
      return true;
    },
  );
});

test('objects that are pinned outlive their descriptors', limits, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cf-sys-bpf-'));
  try {
    mountBpf(folder);
    mountBpf(folder);
    assert.ok(isBpfFileSystem(folder));
    const map = smallMap(1);
    pinObject(map, join(folder, 'map'));
    assert.throws(() => pinObject(map, join(folder, 'map')), { code: 'EEXIST' });
    mapUpdate(map, word(1), octets('0102030405060708'));
    closeSync(map);
    const again = getObject(join(folder, 'map'))!;
    assert.equal(mapLookup(again, word(1), 8)![0], 1);
    closeSync(again);
    assert.equal(getObject(join(folder, 'other')), undefined);
  } finally {
    assert.equal(unmountBpf(folder), true);
    assert.equal(unmountBpf(folder), false);
    rmSync(folder, { recursive: true });
  }
});

test('it is unmounted outside of a later mount namespace too', limits, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cf-sys-bpf-'));
  try {
    mountBpf(folder);
    const module = new URL('./bpf.ts', import.meta.url).href;
    const script = `
      import { isBpfFileSystem, unmountBpf } from '${module}';
      console.log(isBpfFileSystem('${folder}'), unmountBpf('${folder}'), isBpfFileSystem('${folder}'));`;
    const program = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
    const said = execFileSync('unshare', ['--mount', ...program], { encoding: 'utf8' });
    assert.equal(said, 'true true false\n');
    assert.equal(isBpfFileSystem(folder), false);
  } finally {
    unmountBpf(folder);
    rmSync(folder, { recursive: true });
  }
});

/** A TUN with an address in a namespace, and whether a datagram that is sent reaches it. */
function withTun(name: string, run: (tun: Tun, sent: () => boolean) => void): void {
  inScratchNamespace(name, () => {
    const tun = inNamespace(name, () => Tun.open({ name: 'tun0', mode: 'tun' }));
    try {
      execFileSync('ip', ['-n', name, 'link', 'set', 'tun0', 'up']);
      execFileSync('ip', ['-n', name, 'addr', 'add', 'fd00::1/64', 'dev', 'tun0', 'nodad']);
      const into = Buffer.alloc(2000);
      run(tun, () => {
        execFileSync('ip', ['netns', 'exec', name, 'bash', '-c', 'echo > /dev/udp/fd00::2/9']);
        let seen = false;
        for (let length = tun.read(into); length > 0; length = tun.read(into)) {
          seen ||= into[6] === 17;
        }
        return seen;
      });
    } finally {
      tun.close();
    }
  });
}

test('a program is attached, exchanged and taken off', limits, () => {
  withTun('cf-sys-tcx', ({ ifindex }, sent) => {
    const inside = <T>(run: () => T): T => inNamespace('cf-sys-tcx', run);
    const drop = classifier(returning(2)); // TC_ACT_SHOT
    const pass = classifier(returning(0)); // TC_ACT_OK
    const link = inside(() =>
      createLink({ program: drop, ifindex, attachType: ATTACH_TYPE.tcxEgress }),
    );
    assert.equal(sent(), false, 'dropped at egress');
    updateLink(link, pass);
    assert.equal(sent(), true, 'passed');
    const attached = () => inside(() => attachedPrograms(ifindex, ATTACH_TYPE.tcxEgress));
    assert.deepEqual(attached(), [programInformation(pass).id]);
    const info = linkInformation(link);
    assert.deepEqual([info.ifindex, info.attachType], [ifindex, ATTACH_TYPE.tcxEgress]);
    detachLink(link);
    assert.deepEqual(attached(), []);
    const nowhere = { program: pass, ifindex: 4711, attachType: ATTACH_TYPE.tcxIngress };
    assert.throws(() => inside(() => createLink(nowhere)), { code: 'ENODEV' });
    for (const fd of [link, drop, pass]) closeSync(fd);
  });
});

test('without tcx, traffic control does the same', limits, () => {
  withTun('cf-sys-tc', ({ ifindex }, sent) => {
    const client = inNamespace('cf-sys-tc', () => new Rtnetlink());
    const drop = classifier(returning(2));
    const pass = classifier(returning(0));
    const where = { ifindex, direction: 'egress', priority: 7, name: 'cf_test' } as const;
    client.run(addClsact(ifindex));
    assert.throws(() => client.run(addClsact(ifindex)), { code: 'EEXIST' });
    client.run(replaceClassifier(where, drop));
    closeSync(drop);
    assert.equal(sent(), false, 'dropped at egress, although its descriptor is closed');
    const tc = ['-n', 'cf-sys-tc', 'filter', 'show', 'dev', 'tun0', 'egress'];
    assert.match(
      execFileSync('tc', tc, { encoding: 'utf8' }),
      /pref 7 bpf.*cf_test direct-action/s,
    );
    client.run(replaceClassifier(where, pass));
    assert.equal(sent(), true, 'passed');
    client.run(removeClassifier(where));
    assert.equal(execFileSync('tc', tc, { encoding: 'utf8' }), '');
    client.run(removeClsact(ifindex));
    assert.throws(() => client.run(removeClsact(ifindex)), { code: /^(ENOENT|EINVAL)$/ });
    closeSync(pass);
    client.close();
  });
});
