/** Checks by the kernel of this machine, over its loopback. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { CheckResult } from '../../core/service-check.ts';
import { milliseconds } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { ServiceChecker } from './service-checker.ts';

const HERE = address('::1');

async function withServer(
  answer: (socket: Socket) => void,
  work: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen({ host: '::1', port: 0 }, resolve));
  try {
    await work((server.address() as AddressInfo).port, server);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const ask = (checker: ServiceChecker, port: number, path?: string, sourcePort = 61_000) =>
  new Promise<CheckResult>((told) => {
    const ends = { source: HERE, sourcePort, destination: HERE };
    const check = path === undefined ? { port } : { port, path };
    checker.check({ kind: 'check', id: '', ...ends, check, within: milliseconds(300) }, told);
  });

test('what a service does shows in its check', async () => {
  const checker = new ServiceChecker((run) => run());
  const says = (text: string) => (socket: Socket) =>
    void socket.once('data', () => socket.end(text));
  try {
    let free = 0;
    await withServer(says('HTTP/1.1 200 OK\r\n\r\n'), async (port) => {
      free = port;
      // The same port again at once: nothing of the last connection is left.
      for (let i = 0; i < 5; i++) assert.equal(await ask(checker, port), 'well');
      for (let i = 0; i < 5; i++) assert.equal(await ask(checker, port, '/'), 'well');
    });
    assert.equal(await ask(checker, free), 'refused');
    assert.equal(await ask(checker, free, '/'), 'refused');
    await withServer(says('HTTP/1.1 503 Busy\r\n\r\n'), async (port) => {
      assert.equal(await ask(checker, port, '/'), 'wrong-answer');
    });
    await withServer(
      (socket) => socket.end(),
      async (port) => assert.equal(await ask(checker, port, '/'), 'wrong-answer'),
    );
    await withServer(
      () => {},
      async (port) => {
        assert.equal(await ask(checker, port, '/'), 'silent');
        assert.equal(
          await ask(checker, port, undefined, port),
          'not-made',
          'somebody has the port',
        );
      },
    );
  } finally {
    checker.close();
  }
});

test('what has answered while this process stood still is not silent', async () => {
  const checker = new ServiceChecker((run) => run());
  try {
    await withServer(
      () => {},
      async (port) => {
        // After an immediate the loop looks at its timers, and at sockets then.
        await new Promise((resolve) => setImmediate(resolve));
        const asked = ask(checker, port);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
        assert.equal(await asked, 'well');
      },
    );
  } finally {
    checker.close();
  }
});
