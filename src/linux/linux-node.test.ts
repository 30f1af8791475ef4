import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForwardingEntry } from '../core/forwarding/entry.ts';
import type { Cryptography, Input, Output, Role } from '../core/role.ts';
import type { Instant } from '../core/time.ts';
import { address } from '../wire/address.ts';
import type { Host, HostEvents } from './host/host.ts';
import { LinuxNode } from './linux-node.ts';

const at = (time: number) => time as Instant;
const H = address('2001:db8:1::100');
const entry: ForwardingEntry = {
  id: 'e',
  owner: 'test',
  at: 'leaving',
  match: { dst: { address: H } },
  do: [{ drop: 'policy' }],
};

/** A node whose role says what `answers` tells, on a host that writes down what it is told. */
function rig(answers: (input: Input) => Output[], deadline?: () => Instant | undefined) {
  const log: string[] = [];
  const inputs: Input[] = [];
  const clock = { now: 0 };
  let events: HostEvents | undefined;
  let alarm: Instant | undefined;
  const said = (what: string) => () => void log.push(what);
  const host: Host = {
    tellAll: () => events!.control(up),
    transmit: said('transmit'),
    address: (output) => log.push(`address ${output.action} ${output.link}`),
    route: said('route'),
    group: said('group'),
    forward: ({ id }) => log.push(`forward ${id}`),
    unforward: (id) => log.push(`unforward ${id}`),
    use: () => ({ packets: 7, octets: 700 }),
    entries: () => [{ entry, use: { packets: 7, octets: 700 }, carriedBy: 'plane' }],
    settle: said('settle'),
    setAlarm: (instant) => {
      alarm = instant;
    },
    counters: () => new Map([['plane.sent', 3]]),
    sizes: () => ({ forwarding: 1 }),
    status: () => assert.fail('not asked for'),
    close: ({ leave }) => log.push(`close ${leave ? 'leaving' : 'clean'}`),
  };
  const role: Role = {
    handle: (input, now) => {
      assert.equal(now, clock.now);
      inputs.push(input);
      return answers(input);
    },
    deadline: deadline ?? (() => undefined),
    sizes: () => ({ forwarding: 1, peers: 2 }),
  };
  const stored = new Map([['kept', 'before']]);
  const told: string[] = [];
  const node = new LinuxNode(
    {
      config: { name: 'n' },
      createNode: () => role,
      crypto: {} as Cryptography,
      clock: { now: () => at(clock.now), epoch: 0, bootTimeOfStart: 0n },
      journal: {
        entries: () => stored,
        store: (key, value) => {
          if (value === undefined) stored.delete(key);
          else stored.set(key, value);
        },
      },
      dataPlane: 'tun',
      links: ['l'],
      stateFolder: '/nowhere',
      onEvent: (event) => told.push(event.kind),
    },
    (_, given) => {
      events = given;
      return host;
    },
  );
  return { node, log, inputs, clock, stored, told, alarm: () => alarm, events: () => events! };
}

const up: Input = {
  kind: 'link',
  link: 'l',
  up: true,
  linkAddress: '\x02\0\0\0\0\x01' as never,
  mtu: 1500,
};

test('the role has start, what was stored, and the links, in this order, when start returns', () => {
  const { node, inputs, told } = rig(() => []);
  node.start();
  assert.deepEqual(
    inputs.map(({ kind }) => kind),
    ['start', 'restored', 'link'],
  );
  assert.deepEqual(told, ['node.started']);
});

test('outputs are done in order, and settled before the next input', () => {
  const outputs: Output[] = [
    { kind: 'forward', entry },
    { kind: 'address', action: 'add', link: 'l', address: H, prefixLength: 128 },
    { kind: 'unforward', id: 'e' },
    { kind: 'store', key: 'k', value: 'v' },
    { kind: 'store', key: 'kept' },
    { kind: 'count', counter: 'nd.malformed' },
    { kind: 'ask', id: 'q', entries: ['e'] },
  ];
  const { node, log, inputs, stored } = rig(({ kind }) => (kind === 'start' ? outputs : []));
  node.start();
  assert.deepEqual(log, [
    'forward e',
    'address add l',
    'unforward e',
    'settle', // start
    'settle', // restored
    'settle', // link
    'settle', // answer
  ]);
  assert.deepEqual([...stored], [['k', 'v']]);
  const answer = { kind: 'answer', id: 'q', use: [{ packets: 7, octets: 700 }] };
  assert.deepEqual(inputs.at(-1), answer);
  assert.deepEqual(node.counters(), { 'nd.malformed': 1, 'plane.sent': 3 });
  assert.deepEqual(node.sizes(), { forwarding: 2, peers: 2 });
});

test('what happens while the role works waits until it is done', async () => {
  const seen: string[] = [];
  const { node, events } = rig((input) => {
    seen.push(`${input.kind} began`);
    if (input.kind === 'command') events().control(up);
    seen.push(`${input.kind} ended`);
    return [];
  });
  node.start();
  seen.length = 0;
  node.command({ do: 'prefer', link: 'l' });
  assert.deepEqual(seen, []);
  await Promise.resolve();
  assert.deepEqual(seen, ['command began', 'command ended', 'link began', 'link ended']);
});

test('the alarm follows the deadline, and a role whose deadline stays is found out', async () => {
  const { node, alarm, events, inputs } = rig(
    () => [],
    () => at(0),
  );
  node.start();
  assert.equal(alarm(), 0);
  events().alarm();
  await Promise.resolve();
  assert.equal(inputs.at(-1)!.kind, 'tick');
  for (let i = 1; i < 1000; i++) {
    events().alarm();
    await Promise.resolve();
  }
  assert.throws(() => events().alarm(), /ticks without end/);
});

test('a closed node does and hears nothing more', async () => {
  const { node, log, inputs, events } = rig(() => []);
  node.start();
  const before = inputs.length;
  events().control(up);
  node.close({ leave: true });
  events().control(up);
  node.command({ do: 'prefer', link: 'l' });
  await Promise.resolve();
  assert.equal(inputs.length, before);
  assert.equal(log.at(-1), 'close leaving');
  assert.equal(node.running, false);
  assert.deepEqual(node.entries(), []);
});
