import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command } from 'commander';
import { placesOf, RUN_FOLDER, STATE_FOLDER } from '../daemon/places.ts';
import { hostCommands } from './host.ts';
import { upCommand } from './up.ts';

const lines = readFileSync(new URL('../../systemd/careof@.service', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('=') && !line.startsWith('#'));
const valuesOf = (key: string) =>
  lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));

test('the service runs commands that there are, with options that there are', () => {
  const commands = new Map([upCommand(), ...hostCommands()].map((one) => [one.name(), one]));
  const run = [...valuesOf('ExecStart'), ...valuesOf('ExecReload')];
  assert.equal(run.length, 2);
  for (const line of run) {
    const [program, name, ...words] = line.split(' ');
    assert.equal(program, '/usr/bin/careof');
    const command: Command = commands.get(name!) ?? assert.fail(`no command ${name}`);
    for (const word of words.filter((one) => one.startsWith('-'))) {
      const known = command.options.some(({ short, long }) => word === short || word === long);
      assert.ok(known, `${name} has no option ${word}`);
    }
  }
});

test('its folders are those of the daemon', () => {
  assert.deepEqual(valuesOf('RuntimeDirectory'), [RUN_FOLDER.replace('/run/', '')]);
  assert.deepEqual(valuesOf('StateDirectory'), [`${STATE_FOLDER.replace('/var/lib/', '')}/%i`]);
  const { nodeFolder } = placesOf('%i');
  assert.ok(valuesOf('ExecStartPre')[0]!.endsWith(`${nodeFolder}/bpf`));
});
