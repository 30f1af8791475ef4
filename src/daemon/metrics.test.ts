import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Instant } from '../core/time.ts';
import type { Daemon } from './daemon.ts';
import { HandoverTimes } from './handover-times.ts';
import { loadHostFile } from './host-file.ts';
import { Ledger } from './ledger.ts';
import { metricsText } from './metrics.ts';
import { metricsPlace, serveMetrics } from './metrics-server.ts';

/** As much of a daemon as metrics look at. */
function someDaemon(): Daemon {
  const file = new URL('../../scenarios/mobility/two-moves.yaml', import.meta.url).pathname;
  const loaded = loadHostFile(file, { node: 'mn', readableKeys: true });
  const host = loaded.ok ? loaded.value : assert.fail();
  const now = 5_000_000 as Instant;
  const { mobileNode } = host.config;
  const ledger = new Ledger(host.config);
  const handovers = new HandoverTimes();
  const names = { peer: mobileNode!.homeAgent!, home: mobileNode!.home, careof: mobileNode!.home };
  ledger.add({ kind: 'registration.accepted', ...names, lifetime_s: 60 }, now);
  handovers.add({ kind: 'handover.began', link: 'wlan0', reason: '' }, now);
  handovers.add({ kind: 'handover.ended', careof: names.home }, 5_300_000 as Instant);
  const dataPlane = { kind: 'tun', name: 'a "plane"', why: 'asked for' };
  const part = {
    node: {
      name: 'mn',
      counters: () => ({ 'mobility.bu_sent': 7, 'plane.sent': 9 }),
      sizes: () => ({ peers: 3 }),
      status: () => ({ dataPlane, links: [], addresses: [] }),
    },
    host,
    options: { version: '1.2.3' },
    ready: true,
    clock: { now: () => now, wallClockStep: () => 0 },
    startedAt: 0,
    ledger,
    handovers,
  };
  return part as unknown as Daemon;
}

/** A line of the format: a comment, or a name with labels and a number. */
const LINE =
  /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\})? [0-9.e+-]+)$/;

test('every line is one of the exposition format, and every sample has a type', () => {
  const lines = metricsText(someDaemon()).trimEnd().split('\n');
  assert.deepEqual(
    lines.filter((line) => !LINE.test(line)),
    [],
  );
  const types = new Set(lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []));
  for (const line of lines.filter((one) => !one.startsWith('#'))) {
    const name = /^[a-z0-9_]+/.exec(line)![0];
    const base = name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(name) || types.has(base), line);
  }
});

test('counters, tables, registrations and hand-overs are told', () => {
  const lines = metricsText(someDaemon()).split('\n');
  for (const line of [
    'careof_info{version="1.2.3",node="mn",roles="mobile-node correspondent-node",data_plane="a \\"plane\\""} 1',
    'careof_mobility_bu_sent_total 7',
    'careof_mobility_bu_refused_total 0',
    'careof_plane_sent_total 9',
    'careof_table_entries{table="peers"} 3',
    'careof_table_limit{table="peers"} 10000',
    'careof_registered{home="2001:db8:1::100"} 1',
    'careof_registration_remaining_seconds{home="2001:db8:1::100"} 60',
    'careof_handover_seconds_bucket{le="0.25"} 0',
    'careof_handover_seconds_bucket{le="0.5"} 1',
    'careof_handover_seconds_sum 0.3',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('they are fetched from a loopback port, and from a socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'careof-metrics-'));
  const path = join(folder, 'metrics.sock');
  const byPort = await serveMetrics(metricsPlace('127.0.0.1:0'), () => 'x 1\n');
  const byPath = await serveMetrics(metricsPlace(path), () => 'x 2\n');
  try {
    const port = byPort.port!;
    assert.equal(await fetched({ host: '127.0.0.1', port, path: '/metrics' }), '200 x 1\n');
    assert.equal(await fetched({ host: '127.0.0.1', port, path: '/' }), '404 GET /metrics\n');
    assert.equal(await fetched({ socketPath: path, path: '/metrics' }), '200 x 2\n');
  } finally {
    byPort.close();
    byPath.close();
    rmSync(folder, { recursive: true });
  }
});

function fetched(options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (more: string) => {
        text += more;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    request.on('error', reject);
  });
}

test('places to listen at', () => {
  assert.deepEqual(metricsPlace('[::1]:9464'), { host: '::1', port: 9464 });
  assert.deepEqual(metricsPlace('/run/careof/metrics.sock'), { path: '/run/careof/metrics.sock' });
});
