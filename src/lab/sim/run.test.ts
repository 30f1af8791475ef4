/** Whole runs of small networks, judged by numbers that follow from the network itself. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PROTOCOL } from '../../wire/numbers.ts';
import { checksumOk, walkHeaders } from '../../wire/walk.ts';
import { readCapture } from '../capture/capture-reader.ts';
import { reportJson } from '../report/json.ts';
import { type Report, reportOf } from '../report/report.ts';
import { scenarioOf, twoHosts } from '../sample.ts';
import { type RunOptions, runOnSimulator } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'careof-run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (text: string, options: RunOptions = {}): Report =>
  reportOf(runOnSimulator(scenarioOf(text), options));

const TICKS = `traffic:
  ticks: { protocol: udp, from: a, to: b, rate: 100/s, payload: 64B, start: 1s, stop: 3s }
`;

test('datagrams over a clean path: all arrive, none twice, 3 s are waited for the last', () => {
  const { flows, record, ok } = run(twoHosts(TICKS));
  const [{ sent, received, lost, duplicated, reordered, survived, interruption, bytes }] =
    flows as [Report['flows'][number]];
  assert.deepEqual(
    { sent, received, lost, duplicated, reordered, survived, interruption, bytes },
    {
      ...{ sent: 200, received: 200, lost: 0, duplicated: 0, reordered: 0 },
      ...{ survived: true, interruption: null, bytes: 12_800 },
    },
  );
  assert.equal(record.ended, 6_000_000);
  assert.equal(ok, true);
});

test('a cut from 1.5 s to 2 s loses 50 datagrams and interrupts for as long', () => {
  const cut = 'events: [{ at: 1500ms, cut: { link: left } }, { at: 2s, heal: left }]\n';
  const [flow] = run(twoHosts(TICKS + cut)).flows;
  // A cut takes what would arrive: what was sent up to 5 ms before it, but not so before the heal.
  assert.equal(flow?.lost, 50);
  assert.equal(flow?.interruption, 500_000);
  assert.equal(flow?.survived, true);
});

test('a cut of one way alone leaves the other way whole', () => {
  const text = `${TICKS}  back: { protocol: udp, from: b, to: a, rate: 100/s, payload: 64B, start: 1s, stop: 3s }
events: [{ at: 1500ms, cut: { link: left, from: r, to: a } }]
`;
  const [ticks, back] = run(twoHosts(text)).flows;
  assert.equal(ticks?.lost, 0);
  assert.equal(back?.survived, false);
});

test('a link that changes: loss and delay from then on', () => {
  const change = 'events: [{ at: 2s, change: { link: left, loss: 100% } }]\n';
  assert.equal(run(twoHosts(TICKS + change)).flows[0]?.lost, 100);
});

const DOWNLOAD = `traffic:
  download: { protocol: tcp, from: b, to: a, size: 2MB, start: 1s }
`;

test('a download: digests of both ends are equal, and bandwidth is what the link has', () => {
  const { flows, record } = run(twoHosts(DOWNLOAD, 'delay: 5ms, bandwidth: 8Mbit/s'));
  assert.equal(flows[0]?.digestOk, true);
  assert.equal(flows[0]?.bytes, 2_000_000);
  const took = record.ended - 1_000_000 - 3_000_000;
  assert.ok(took > 2_000_000 && took < 2_600_000, `2 MB at 8 Mbit/s took ${took} us`);
});

test('a download whose receiver dies has not survived, and the run ends all the same', () => {
  const text = `${DOWNLOAD}events: [{ at: 1100ms, crash: a }]
expect: { download: { survives: true } }
`;
  const { flows, verdicts, record } = run(twoHosts(text));
  assert.equal(flows[0]?.survived, false);
  assert.match(verdicts[0]?.actual ?? '', /timed out|had not ended/);
  assert.ok(record.ended < 700_000_000);
});

test('a download to a peer that is back without memory is reset', () => {
  const events = 'events: [{ at: 1100ms, crash: a }, { at: 1200ms, restart: a }]\n';
  const [flow] = run(twoHosts(DOWNLOAD + events)).flows;
  assert.equal(flow?.failure, 'reset');
});

test('what a dead node would have sent counts as lost', () => {
  const crash = 'events: [{ at: 2s, crash: a }]\n';
  const [flow] = run(twoHosts(TICKS + crash)).flows;
  assert.deepEqual([flow?.sent, flow?.received, flow?.lost], [200, 100, 100]);
});

test('captures hold each packet as it was on that link, with its checksum right', () => {
  const { record } = run(twoHosts(TICKS), { captures: join(folder, 'hops') });
  const hopLimits = record.files.map((file) => {
    const packets = readCapture(readFileSync(file)).frames.map(({ packet }) => packet!);
    const data = packets.filter((packet) => walkHeaders(packet)?.protocol === PROTOCOL.udp);
    assert.equal(data.length, 200);
    assert.ok(packets.every((packet) => checksumOk(packet)));
    return [...new Set(data.map((packet) => packet[7]))];
  });
  assert.deepEqual(hopLimits, [[64], [63]]);
});

test('expectations say what was expected, what came, and where they stand', () => {
  const expect = `expect:
  ticks: { lost: 0, interruption: "< 1s", carried-by: { at: 2s, path: direct } }
  packets:
    - { on: left, from: a, headers: [ipv6, udp], count: 200 }
    - { on: right, to: b, headers: [ipv6, udp], at: "2s..", none: true }
    - { on: right, at: "2s..2500ms", headers: [ipv6, udp], count: 50 }
`;
  const { verdicts, ok } = run(twoHosts(TICKS + expect));
  assert.equal(ok, false);
  assert.deepEqual(verdicts, [
    {
      ...{ text: 'ticks interruption', ok: false, expected: '< 1s' },
      ...{ actual: 'no event while it ran', where: 'sample.yaml:12' },
    },
    {
      ...{ text: 'ticks lost', ok: true, expected: '0', actual: '0' },
      where: 'sample.yaml:12',
    },
    {
      ...{ text: 'ticks at 2s is carried', ok: true, expected: 'direct', actual: 'direct' },
      where: 'sample.yaml:12',
    },
    {
      ...{ text: 'packets [ipv6, udp] from a on left', ok: true, expected: '200', actual: '200' },
      where: 'sample.yaml:14',
    },
    {
      text: 'packets [ipv6, udp] to b on right 2s..',
      ...{ ok: false, expected: '0', actual: '100', where: 'sample.yaml:15' },
    },
    {
      text: 'packets [ipv6, udp] on right 2s..2.5s',
      ...{ ok: true, expected: '50', actual: '50', where: 'sample.yaml:16' },
    },
  ]);
});

const SHORT = `  short: { protocol: tcp, from: b, to: a, size: 50kB, start: 1s }
`;
const LOSSY = 'delay: 5ms, jitter: 2ms, loss: 5%, duplicate: 2%, reorder: 2%';

test('the same seed gives the same run, octet for octet; another seed gives another', () => {
  const results = [1, 1, 2].map((seed, index) => {
    const captures = join(folder, `${index}`);
    const report = run(twoHosts(TICKS + SHORT, LOSSY), { seed, captures });
    const { files, ...json } = reportJson(report, 'x') as { files: string[] };
    return { json: JSON.stringify(json), octets: files.map((file) => readFileSync(file)) };
  });
  const [first, again, other] = results as [
    (typeof results)[0],
    (typeof results)[0],
    (typeof results)[0],
  ];
  assert.equal(again.json, first.json);
  assert.deepEqual(again.octets, first.octets);
  assert.notEqual(other.json, first.json);
  assert.notDeepEqual(other.octets, first.octets);
});

test('the JSON of a run has the keys that are promised, in order', () => {
  const json = reportJson(run(twoHosts(TICKS)), '1.2.3') as Record<string, unknown>;
  assert.deepEqual(Object.keys(json), [
    ...['careof', 'scenario', 'backend', 'data_plane', 'seed', 'ok', 'duration_ms', 'flows'],
    ...['handovers', 'expectations', 'counters', 'bindings', 'files'],
  ]);
  assert.deepEqual(Object.keys((json.flows as object[])[0]!), [
    ...['name', 'protocol', 'from', 'to', 'sent', 'received', 'lost', 'duplicated', 'reordered'],
    ...['bytes', 'digest_ok', 'survived', 'interruption_ms'],
  ]);
  assert.equal(json.scenario, 'sample');
  assert.equal(json.duration_ms, 6000);
});

test('a session that lasts some time is written bit by bit', () => {
  const flow = (over: string) =>
    `traffic:
  session: { protocol: tcp, from: a, to: b, size: 50kB, start: 1s${over} }
`;
  const whole = run(twoHosts(flow('')));
  const slow = run(twoHosts(flow(', over: 6s')));
  for (const { flows } of [whole, slow]) assert.ok(flows[0]!.survived && flows[0]!.digestOk);
  // The last of twelve pieces leaves half a second before the end of the span.
  assert.equal(slow.record.ended - whole.record.ended, 5.4e6);
});

test('a flow over IPv4 goes between addresses of it, and another beside by IPv6', () => {
  const hosts =
    twoHosts(`${TICKS}  four: { protocol: udp, from: a, to: b, rate: 100/s, payload: 64B, start: 1s, stop: 3s, ipv4: true }
  get: { protocol: tcp, from: b, to: a, size: 100kB, start: 1s, ipv4: true }
expect:
  four: { lost: 0, carried-by: { at: 2s, path: direct } }
  get: { survives: true }
  packets:
    - { on: left, from: a, to: b, headers: [ipv4, udp], count: 200 }
    - { on: right, from: a, to: b, headers: [ipv6, udp], count: 200 }
    - { on: right, from: b, to: a, headers: [ipv4, tcp] }
    - { on: right, headers: [ipv6, tcp], none: true }
`);
  const text = hosts
    .replace('on: [left] }', 'on: [left], ipv4: 192.0.2.10 }')
    .replace('on: [right] }', 'on: [right], ipv4: 198.51.100.7 }');
  const { ok, verdicts } = run(text);
  assert.deepEqual([ok, verdicts.length], [true, 7]);
});
