import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../wire/address.ts';
import { reportOf } from '../report/report.ts';
import { scenarioOf } from '../sample.ts';
import { runOnSimulator } from './run.ts';

const CLIENTS = 300;
const SERVERS = ['s1', 's2', 's3'];

const server = (name: string, index: number) =>
  `  ${name}: { role: content-slave, on: [site], master: m, auth: { rfc4285: { spi: ${257 + index}, key: "hex:0${index}112233445566778899aabbccddeeff" } } }`;
const request = (index: number) =>
  `  web-${index}: { protocol: tcp, from: c-${index}, to: m, size: 2kB, start: ${2000 + 10 * index}ms }`;

const text = (policy: string) => `
title: many clients
links:
  site: { prefix: 2001:db8:1::/64, delay: 1ms }
  core: { prefix: 2001:db8:f::/64, delay: 5ms }
nodes:
  r: { role: router, on: [site, core] }
  m: { role: content-master, on: [site], policy: ${policy} }
${SERVERS.map(server).join('\n')}
  c: { role: correspondent-node, on: [core], count: ${CLIENTS} }
traffic:
${Array.from({ length: CLIENTS }, (_, index) => request(index)).join('\n')}
`;

for (const policy of ['rotation', 'least-load']) {
  test(`three hundred clients are spread over three servers by ${policy}, and each is bound`, () => {
    const { flows, record } = reportOf(runOnSimulator(scenarioOf(text(policy))));
    const given = new Map<string, number>();
    const bound = new Set<string>();
    for (const { node, event } of record.events) {
      if (event.kind === 'service.client' && node === 'm') {
        const to = formatAddress(event.careof);
        given.set(to, (given.get(to) ?? 0) + 1);
      }
      if (event.kind === 'registration.accepted' && node !== 'm') bound.add(event.peer);
    }
    const share = CLIENTS / SERVERS.length;
    assert.equal(given.size, SERVERS.length);
    for (const count of given.values()) assert.ok(Math.abs(count / share - 1) < 0.05, `${count}`);
    // Servers are registered with the master too.
    assert.equal(bound.size, CLIENTS + 1);
    assert.ok(
      flows.every((flow) => flow.survived),
      'every request is answered',
    );
  });
}
