/**
 * Rules of the house that types cannot see: which layer may import which, what pure layers must not
 * touch, how long files and functions may be, and that nothing lies about unused.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Each layer with those that it may import. Roles have a rule of their own below. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  core: ['wire'],
  roles: ['wire', 'core'],
  sim: ['wire', 'core', 'roles'],
  linux: ['wire', 'core', 'roles'],
  lab: ['wire', 'core', 'roles', 'sim', 'linux'],
  daemon: ['wire', 'core', 'roles', 'linux', 'lab'],
  cli: ['wire', 'core', 'roles', 'sim', 'linux', 'lab', 'daemon'],
};
const PURE = ['wire', 'core', 'roles', 'sim'];
const MAX_FILE_LINES = 370;
const MAX_TEST_LINES = 600;
const MAX_FUNCTION_LINES = 60;

/** ECMAScript that has a clock or dice in it, and globals that a browser does not share. */
const IMPURE = /\bDate\b|\bMath\.random\b|\bperformance\b|\bprocess\b|\bBuffer\b|\bsetTimeout\b/;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly layer: string | undefined;
}

const sources: readonly Source[] = ['src', 'test', 'bench', 'bin'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), 'utf8');
      const layer = folder === 'src' ? name.split('/')[0] : undefined;
      return { path, text, lines: text.split('\n'), layer };
    }),
);
const isTest = (path: string) => path.endsWith('.test.ts');

/** Every module that a file imports or loads, as a path from the root or a package name. */
function importsOf(source: Source): string[] {
  const found = source.text.matchAll(/(?:^|[\s}])(?:from\s+|import\s+|import\()'([^'\n]+)'/gm);
  return [...found].map(([, name]) =>
    name!.startsWith('.')
      ? relative(root, resolve(join(root, dirname(source.path)), name!))
      : name!,
  );
}

function none(offences: readonly string[], rule: string): void {
  assert.deepEqual(offences, [], `${rule}\n  ${offences.join('\n  ')}`);
}

test('imports go down only', () => {
  const offences: string[] = [];
  for (const source of sources) {
    if (source.layer === undefined || isTest(source.path)) continue;
    const allowed = [source.layer, ...(LAYERS[source.layer] ?? [])];
    for (const name of importsOf(source)) {
      const layer = /^src\/([^/]+)\//.exec(name)?.[1];
      if (layer !== undefined && !allowed.includes(layer)) {
        offences.push(`${source.path} may not import ${name}`);
      }
    }
  }
  none(offences, 'a layer imports only the layers below it (ARCHITECTURE.md)');
});

test('roles meet in core, never in each other', () => {
  const offences: string[] = [];
  for (const source of sources) {
    const own = /^src\/roles\/([^/]+)\//.exec(source.path)?.[1];
    if (own === undefined) continue;
    for (const name of importsOf(source)) {
      const other = /^src\/roles\/([^/]+)\//.exec(name)?.[1];
      if (other !== undefined && other !== own) offences.push(`${source.path} imports ${name}`);
    }
  }
  none(offences, 'what two roles share belongs in src/core');
});

test('pure layers have no clock, no dice, no I/O and no dependency', () => {
  const offences: string[] = [];
  for (const source of sources) {
    if (source.layer === undefined || !PURE.includes(source.layer) || isTest(source.path)) continue;
    for (const name of importsOf(source)) {
      if (!name.startsWith('src/')) offences.push(`${source.path} imports ${name}`);
    }
    source.lines.forEach((line, index) => {
      const code = line.replace(/\/\/.*|^\s*\*.*|\/\*.*\*\//, '').replace(/'[^']*'/g, '');
      if (IMPURE.test(code)) offences.push(`${source.path}:${index + 1}: ${line.trim()}`);
    });
  }
  none(offences, 'time, randomness and I/O are handed in by the driver');
});

test('native calls are made in one folder', () => {
  const offences = sources
    .filter(({ path }) => !path.startsWith('src/linux/sys/'))
    .filter((source) => importsOf(source).includes('koffi'))
    .map(({ path }) => path);
  none(offences, 'only src/linux/sys may load koffi');
});

test('files can be described in one line: none is too long', () => {
  const offences = sources
    .map(({ path, lines }) => ({ path, count: lines.length }))
    .filter(({ path, count }) => count > (isTest(path) ? MAX_TEST_LINES : MAX_FILE_LINES))
    .map(({ path, count }) => `${path} has ${count} lines`);
  none(
    offences,
    `files end at ${MAX_FILE_LINES} lines, tests at ${MAX_TEST_LINES}: split by subject`,
  );
});

test('functions fit on a screen', () => {
  const offences: string[] = [];
  for (const { path, lines } of sources) {
    if (isTest(path)) continue;
    lines.forEach((line, index) => {
      const indent = /^( *)(?:export )?(?:default )?(?:async )?(?:function|get |set |#?\w+\()/.exec(
        line,
      );
      if (indent === null || !line.trimEnd().endsWith('{')) return;
      const end = lines.findIndex((one, at) => at > index && one.startsWith(`${indent[1]}}`));
      if (end - index > MAX_FUNCTION_LINES) {
        offences.push(`${path}:${index + 1}: ${end - index} lines`);
      }
    });
  }
  none(offences, `functions end at ${MAX_FUNCTION_LINES} lines`);
});

test('no file is dead: each is imported, run by a script, or a test', () => {
  const used = new Set(sources.flatMap(importsOf));
  const scripts = ['package.json', '.ci/run', 'bin/careof.js']
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
  const offences = sources
    .map(({ path }) => path)
    .filter((path) => path.startsWith('src/') && !isTest(path) && !used.has(path))
    .filter((path) => !scripts.includes(path.replace('src/', 'dist/').replace('.ts', '.js')))
    .filter((path) => !scripts.includes(path))
    .filter(
      (path) => !sources.some(({ text }) => text.includes(`commandOf('${path.slice(4, -3)}')`)),
    );
  none(offences, 'nobody imports this file');
});

test('nothing is left to be mended later', () => {
  const mark = new RegExp(['FIX', 'ME|TO', 'DO|X', 'XX'].join(''));
  const offences = sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      mark.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
    ),
  );
  none(offences, 'mend it now or write an issue');
});

test('a protocol file says where its rules come from', () => {
  const protocol = /^src\/(roles\/[^/]+|wire\/[^/]+|core\/neighbor-discovery)\/[^/]+\.ts$/;
  const offences = sources
    .filter(({ path }) => protocol.test(path) && !isTest(path))
    .filter(({ text }) => !/RFC \d{3,5}|IANA|\bseed\b/.test(text))
    .map(({ path }) => path);
  none(offences, 'cite the RFC and section, or the seed and figure');
});

test('a folder of names that say nothing does not exist', () => {
  const offences = sources
    .map(({ path }) => path)
    .filter((path) => /(^|\/)(utils?|helpers?|common|misc|types)(\.|\/)/.test(path));
  none(offences, 'name the file by what it is about');
});
