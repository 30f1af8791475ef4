import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { parseClient, serialiseClient } from './client-state.ts';
import { ConnectionKeepers, MAX_KEEPERS } from './connection-keepers.ts';
import { connectionsIn } from './kernel-connections.ts';

const local = address('2001:db8:1::80');
const remote = address('2001:db8:f::1');
type Event = { readonly [what: string]: unknown };

/** A program that gives, and takes, one connection of its port. */
function program(keepers: ConnectionKeepers, port: number, takes = true) {
  const events: Event[] = [];
  const one = {
    local_port: port,
    remote_port: 50_000,
    state: Buffer.from([port]).toString('base64'),
  };
  const leave = keepers.add({
    ports: new Set([port]),
    tell: (event) => {
      const said = event as Event;
      events.push(said);
      if ('detach' in said) keepers.answered({ answers: said.detach, connections: [one] });
      if ('attach' in said) keepers.answered({ answers: said.attach, attached: takes });
    },
  });
  return { events, leave, releases: () => events.filter((one) => 'release' in one) };
}

test('what programs give is all that the kernel has, or nothing goes', async () => {
  const kernel: [number, number][] = [[80, 50_000]];
  const keepers = new ConnectionKeepers(() => kernel);
  const given = program(keepers, 80);
  const state = await keepers.detach(local, remote, 1000);
  const connections = [{ localPort: 80, remotePort: 50_000, octets: Uint8Array.of(80) }];
  assert.deepEqual(parseClient(state!), { local, remote, connections });
  assert.equal(given.releases()[0]?.gone, true);
  assert.equal(await keepers.detach(local, remote, 20), undefined, 'too much');
  kernel.push([22, 50_001]);
  assert.equal(await keepers.detach(local, remote, 1000), undefined, 'an ordinary program`s');
  assert.deepEqual(
    given.releases().map(({ gone }) => gone),
    [true, false, false],
  );
});

test('a client without connections goes, and one comes, without any program', async () => {
  const keepers = new ConnectionKeepers(() => []);
  const state = await keepers.detach(local, remote, 1000);
  assert.equal(await keepers.attach(local, remote, state!), true);
  assert.equal(await keepers.attach(remote, local, state!), false, 'between others');
});

test('connections come to the programs of their ports, all or none', async () => {
  const keepers = new ConnectionKeepers(() => []);
  const one = (localPort: number) => ({ localPort, remotePort: 1, octets: Uint8Array.of(1) });
  const state = serialiseClient({ local, remote, connections: [one(80), one(90)] });
  const first = program(keepers, 80);
  assert.equal(await keepers.attach(local, remote, state), false, 'nobody has port 90');
  assert.deepEqual(first.events, []);
  const second = program(keepers, 90, false);
  assert.equal(await keepers.attach(local, remote, state), false);
  assert.equal(first.releases()[0]?.gone, true, 'what was in already is taken out');
  second.leave?.();
  program(keepers, 90);
  assert.equal(await keepers.attach(local, remote, state), true);
});

test('a program that goes, or says what cannot be, keeps nobody waiting', async () => {
  const keepers = new ConnectionKeepers(() => []);
  const events: Event[] = [];
  const leave = keepers.add({ ports: new Set([80]), tell: (event) => events.push(event as Event) });
  const asked = keepers.detach(local, remote, 1000);
  leave?.();
  assert.equal(await asked, undefined);
  assert.equal(keepers.answered({ answers: 1 }), false);
  for (const connections of [null, [{ local_port: 0 }], 'all']) {
    const wrong = keepers.add({
      ports: new Set([80]),
      tell: (event) => keepers.answered({ answers: (event as Event).detach, connections }),
    });
    assert.equal(await keepers.detach(local, remote, 1000), undefined);
    wrong?.();
  }
  const many = Array.from({ length: MAX_KEEPERS + 1 }, () => program(keepers, 80).leave);
  assert.equal(many.filter((one) => one === undefined).length, 1);
});

test('octets that were cut off are no connections', () => {
  const connections = [{ localPort: 1, remotePort: 2, octets: Uint8Array.of(1, 2, 3) }];
  const octets = serialiseClient({ local, remote, connections });
  for (let length = 0; length < octets.length; length++) {
    const parsed = parseClient(octets.subarray(0, length));
    assert.equal(parsed?.connections.length, length === 32 ? 0 : undefined);
  }
});

test('the kernel`s list is read, without what listens or only waits', () => {
  // Words in the order of a machine that writes the low octet first.
  const line = (state: string) =>
    `   1: B80D0120000001000000000080000000:1F90 B80D012000000F000000000001000000:C350 ${state} 00000000`;
  const text = ['  sl  local_address', line('01'), line('06'), line('0A')].join('\n');
  assert.deepEqual(connectionsIn(text, local, remote), [[8080, 50_000]]);
  assert.deepEqual(connectionsIn(text, remote, local), []);
});

test('connections of IPv4 stand in either list', () => {
  const [service, client] = [address('192.0.2.80'), address('198.51.100.7')];
  const lines = [
    '   0: 500200C0:1F90 076433C6:C350 01 00000000:00000000 00:00000000 00000000',
    '   1: 0000000000000000FFFF0000500200C0:1F90 0000000000000000FFFF0000076433C6:C351 01 0 0',
    '   2: 500200C0:1F90 076433C6:C352 06 00000000:00000000 00:00000000 00000000',
  ];
  assert.deepEqual(connectionsIn(lines.join('\n'), service, client), [
    [8080, 50_000],
    [8080, 50_001],
  ]);
});
