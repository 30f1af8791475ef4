import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type Address, address } from '../../wire/address.ts';
import { connectSocket } from './libc.ts';
import { createNamespace, deleteNamespace, inNamespace } from './namespace.ts';
import { obstacleToNamespaces } from './privileges.ts';
import { holdTcp, letGoTcp, makeTcp, parseHeld, serialiseHeld } from './tcp-repair.ts';
import {
  acceptTcp,
  closeTcp,
  type Done,
  listenTcp,
  openTcp,
  receiveSome,
  sendSome,
  socketAddress,
} from './tcp-socket.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 30_000 };
const CLIENT = 'cf-repair-c';
const SERVERS = ['cf-repair-1', 'cf-repair-2'];
const SERVICE = address('fd00::80');
const ANY = address('::');
const PORT = 8080;
const MOST = 1 << 20;

const ip = (namespace: string, ...args: string[]) => execFileSync('ip', ['-n', namespace, ...args]);
const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** A client with a cable to each of two servers that have the same address. */
function withServers(run: () => void): void {
  const all = [CLIENT, ...SERVERS];
  for (const name of all) deleteNamespace(name);
  try {
    for (const name of all) createNamespace(name);
    ip(CLIENT, 'link', 'set', 'lo', 'up');
    for (const [index, server] of SERVERS.entries()) {
      ip(CLIENT, 'link', 'add', `v${index}`, 'type', 'veth', 'peer', 'name', 'w', 'netns', server);
      ip(CLIENT, 'addr', 'add', `fd00:${index + 1}::1/64`, 'dev', `v${index}`, 'nodad');
      ip(CLIENT, 'link', 'set', `v${index}`, 'up');
      ip(server, 'link', 'set', 'lo', 'up');
      ip(server, 'addr', 'add', `fd00:${index + 1}::2/64`, 'dev', 'w', 'nodad');
      ip(server, 'addr', 'add', 'fd00::80/128', 'dev', 'lo');
      ip(server, 'link', 'set', 'w', 'up');
      ip(server, 'route', 'add', 'default', 'via', `fd00:${index + 1}::1`);
    }
    ip(CLIENT, 'addr', 'add', 'fd00::1/128', 'dev', 'lo');
    leadTo(0);
    run();
  } finally {
    for (const name of all) deleteNamespace(name);
  }
}

/** What the client sends to the service address goes to this server from now on. */
function leadTo(server: number): void {
  const via = `fd00:${server + 1}::2`;
  ip(CLIENT, 'route', 'replace', 'fd00::80', 'via', via, 'src', 'fd00::1');
}

/** Until it can be done: links come up late, and what is sent before is sent again after a second, and three. */
function until<T>(act: () => T | undefined): T {
  for (let tries = 0; tries < 10_000; tries++) {
    const done = act();
    if (done !== undefined) return done;
    pause(1);
  }
  throw new Error('it does not come about');
}

const ready = (done: Done): Done | undefined => (done === 'EAGAIN' ? undefined : done);
const pattern = (size: number, from = 0) =>
  Uint8Array.from({ length: size }, (_, i) => ((from + i) * 7 + ((from + i) >> 8)) & 255);

function connection(): { readonly client: number; readonly server: number } {
  const listener = inNamespace(SERVERS[0]!, () => listenTcp({ address: ANY, port: PORT }));
  const client = inNamespace(CLIENT, openTcp);
  const to = socketAddress({ address: SERVICE, port: PORT });
  connectSocket(client, to, to.length);
  const server = until(() => acceptTcp(listener));
  closeTcp(listener);
  return { client, server };
}

function readAll(fd: number, size: number): Uint8Array {
  const octets = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const done = until(() => ready(receiveSome(fd, octets.subarray(at))));
    assert.ok(typeof done === 'number' && done > 0, `${done} after ${at} octets`);
    at += done;
  }
  return octets;
}

function writeAll(fd: number, octets: Uint8Array): number {
  const done = sendSome(fd, octets);
  assert.ok(typeof done === 'number');
  return done;
}

test('a connection goes on elsewhere, with what was under way in both directions', limits, () => {
  withServers(() => {
    const { client, server } = connection();
    writeAll(server, pattern(1000));
    assert.deepEqual(readAll(client, 1000), Buffer.from(pattern(1000)));
    writeAll(client, pattern(500));
    until(() => (unread(server) === 500 ? true : undefined));
    // What is sent now is lost on its way.
    ip(CLIENT, 'addr', 'del', 'fd00::1/128', 'dev', 'lo');
    const given = writeAll(server, pattern(200_000, 1000));
    ip(CLIENT, 'link', 'set', 'v0', 'down');
    ip(CLIENT, 'addr', 'add', 'fd00::1/128', 'dev', 'lo');
    const held = holdTcp(server)!;
    assert.equal(held.sending.length, given);
    assert.ok(held.unsent > 0 && held.unsent < given, `${held.unsent} unsent`);
    assert.equal(held.received.length, 500);
    closeTcp(server);
    const read = parseHeld(serialiseHeld(held));
    const { sending, received, window } = held;
    const plain = { sending, received, window };
    for (const [name, octets] of Object.entries(plain)) {
      assert.deepEqual(read?.[name as keyof typeof plain], new Uint8Array(octets), name);
    }
    assert.deepEqual({ ...read, ...plain }, held);
    leadTo(1);
    const there = inNamespace(SERVERS[1]!, () => makeTcp(read!));
    assert.deepEqual(readAll(client, given), Buffer.from(pattern(given, 1000)));
    assert.deepEqual(readAll(there, 500), Buffer.from(pattern(500)));
    writeAll(there, pattern(3000));
    assert.deepEqual(readAll(client, 3000), Buffer.from(pattern(3000)));
    writeAll(client, pattern(3000));
    assert.deepEqual(readAll(there, 3000), Buffer.from(pattern(3000)));
    closeTcp(there);
    assert.equal(
      until(() => ready(receiveSome(client, Buffer.alloc(MOST)))),
      0,
      'closed in order',
    );
    closeTcp(client);
  });
});

/** Octets that wait to be read, as a held connection tells. */
function unread(fd: number): number | undefined {
  const held = holdTcp(fd);
  letGoTcp(fd);
  return held?.received.length;
}

test('what is let go stays, and what is closed already is not held', limits, () => {
  withServers(() => {
    const { client, server } = connection();
    assert.ok(holdTcp(server));
    letGoTcp(server);
    writeAll(server, pattern(1000));
    assert.deepEqual(readAll(client, 1000), Buffer.from(pattern(1000)));
    const { local, remote } = holdTcp(server)!;
    assert.deepEqual([local.address, local.port], [SERVICE as Address, PORT]);
    assert.equal(remote.address, address('fd00::1'));
    letGoTcp(server);
    closeTcp(client);
    until(() => ready(receiveSome(server, Buffer.alloc(1))));
    assert.equal(holdTcp(server), undefined);
    closeTcp(server);
  });
});
