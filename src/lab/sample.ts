/** Networks for tests: small ones that are written down in the test that needs them. */
import assert from 'node:assert/strict';
import { diagnosticLine } from './scenario/diagnostic.ts';
import { readScenario, type Scenario } from './scenario/read.ts';

/** The scenario of a text that must be right. */
export function scenarioOf(text: string, file = 'sample.yaml'): Scenario {
  const read = readScenario(file, new TextEncoder().encode(text), () => Uint8Array.of(1));
  assert.ok(read.ok, read.ok ? '' : read.error.map(diagnosticLine).join('\n'));
  return read.value;
}

/** Two hosts and a router between them, with what is to happen and to be expected. */
export const twoHosts = (rest: string, link = 'delay: 5ms'): string => `title: two hosts
links:
  left:  { prefix: 2001:db8:1::/64, ${link} }
  right: { prefix: 2001:db8:2::/64, delay: 5ms }
nodes:
  a: { role: host, on: [left] }
  r: { role: router, on: [left, right] }
  b: { role: host, on: [right] }
${rest}`;
