import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linked, readObjectFile } from './object-file.ts';

/** An ELF file as clang would write it: one map, one program of three instructions that names it. */
function elf(relocation = { type: 1, symbol: 1 }): Uint8Array {
  const names = '\0maps\0tc\0license\0.symtab\0.strtab\0.reltc\0table\0entry\0other\0';
  const at = (name: string) => names.indexOf(`\0${name}\0`) + 1;
  const parts = {
    maps: words(1, 4, 8, 16, 1),
    tc: Uint8Array.from([0x18, 1, ...zeros(6), ...zeros(8), 0x95, ...zeros(7)]),
    license: Buffer.from('GPL\0'),
    symtab: new Uint8Array(24 * 4),
    strtab: Buffer.from(names),
    reltc: new Uint8Array(16),
  };
  const symbols = new DataView(parts.symtab.buffer);
  const symbol = (i: number, name: string, type: number, section: number, size: number) => {
    symbols.setUint32(24 * i, at(name), true);
    symbols.setUint8(24 * i + 4, type);
    symbols.setUint16(24 * i + 6, section, true);
    symbols.setBigUint64(24 * i + 16, BigInt(size), true);
  };
  symbol(1, 'table', 1, 1, 20);
  symbol(2, 'entry', 2, 2, 24);
  symbol(3, 'other', 0, 0, 0);
  const table = new DataView(parts.reltc.buffer);
  table.setUint32(8, relocation.type, true);
  table.setUint32(12, relocation.symbol, true);
  const order = ['maps', 'tc', 'license', 'symtab', 'strtab', 'reltc'] as const;
  const types = [1, 1, 1, 2, 3, 9];
  const octets = new Uint8Array(64 + 64 * 7 + 400);
  const view = new DataView(octets.buffer);
  octets.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(18, 247, true);
  view.setBigUint64(40, 64n, true);
  view.setUint16(60, 7, true);
  view.setUint16(62, 5, true);
  let here = 64 + 64 * 7;
  order.forEach((name, i) => {
    const header = 64 + 64 * (i + 1);
    const full = name === 'symtab' || name === 'strtab' || name === 'reltc' ? `.${name}` : name;
    view.setUint32(header, at(full), true);
    view.setUint32(header + 4, types[i]!, true);
    view.setBigUint64(header + 24, BigInt(here), true);
    view.setBigUint64(header + 32, BigInt(parts[name].length), true);
    if (name === 'symtab') view.setUint32(header + 40, 5, true);
    if (name === 'reltc') view.setUint32(header + 44, 2, true);
    octets.set(parts[name], here);
    here += parts[name].length;
  });
  return octets;
}

const zeros = (count: number) => new Array<number>(count).fill(0);

function words(...values: number[]): Uint8Array {
  const octets = new Uint8Array(4 * values.length);
  const view = new DataView(octets.buffer);
  values.forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  return octets;
}

test('maps, programs and what they name', () => {
  const file = readObjectFile(elf());
  assert.equal(file.licence, 'GPL');
  assert.deepEqual(file.maps, [
    { name: 'table', type: 1, keySize: 4, valueSize: 8, maxEntries: 16, flags: 1 },
  ]);
  const [program] = file.programs;
  assert.equal(program!.name, 'entry');
  assert.deepEqual(program!.references, [{ at: 0, map: 'table' }]);
  const code = linked(program!, (name) => (name === 'table' ? 77 : -1));
  assert.deepEqual([...code.subarray(0, 8)], [0x18, 0x11, 0, 0, 77, 0, 0, 0]);
  assert.equal(program!.instructions[1], 1, 'the code itself stays as it was');
});

test('a Buffer is copied too', () => {
  const octets = Buffer.from(elf());
  const [program] = readObjectFile(octets).programs;
  octets.fill(0);
  assert.equal(program!.instructions[0], 0x18);
});

test('what the loader could not put in place is refused', () => {
  assert.throws(() => readObjectFile(elf({ type: 1, symbol: 3 })), /refers to other/);
  assert.throws(() => readObjectFile(elf({ type: 10, symbol: 1 })), /refers to table/);
});

test('no such file', () => {
  assert.throws(() => readObjectFile(Buffer.from('#!/bin/sh')), /ends too early|no compiled/);
  assert.throws(() => readObjectFile(new Uint8Array(100)), /no compiled kernel program/);
  assert.throws(() => readObjectFile(elf().subarray(0, 300)), /ends too early/);
});
