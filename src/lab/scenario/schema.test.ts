import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readScenario } from './read.ts';
import { hostJsonSchema, jsonSchema, schemaText } from './schema.ts';
import { scenarioTemplate } from './template.ts';

test('schema/scenario.json is what the definition says', () => {
  const file = new URL('../../../schema/scenario.json', import.meta.url);
  assert.equal(
    readFileSync(file, 'utf8'),
    schemaText(),
    'run: node bin/careof.js lab schema > schema/scenario.json',
  );
});

test('schema/host.json is what the definition says', () => {
  const file = new URL('../../../schema/host.json', import.meta.url);
  assert.equal(
    readFileSync(file, 'utf8'),
    schemaText(hostJsonSchema()),
    'run: node bin/careof.js lab schema --host > schema/host.json',
  );
});

test('the JSON Schema knows the sections, the roles, and quantities with their units', () => {
  const schema = JSON.stringify(jsonSchema());
  for (const word of ['"home-agent"', '"carried-by"', 'Mbit/s', '"return-routability"']) {
    assert.ok(schema.includes(word), word);
  }
  assert.match(schema, /"additionalProperties":false/);
});

test('what `careof lab new` writes is right', () => {
  const octets = new TextEncoder().encode(scenarioTemplate());
  const read = readScenario('new.yaml', octets, () => new Uint8Array());
  assert.deepEqual(read.ok ? [] : read.error, []);
});
