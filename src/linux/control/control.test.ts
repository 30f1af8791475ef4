import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ControlClient } from './control-client.ts';
import { ControlError, ControlServer, type ControlServerOptions } from './control-server.ts';

type Answer = ControlServerOptions['answer'];

/** A server in a folder of its own, with what it was told to be at fault in. */
async function withServer(
  answer: Answer,
  work: (path: string, server: ControlServer, faults: Error[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'careof-control-'));
  const path = join(folder, 'deep', 'n.sock');
  const faults: Error[] = [];
  const server = await ControlServer.open({ path, answer, onFault: (one) => faults.push(one) });
  try {
    await work(path, server, faults);
  } finally {
    server.close('the test is over');
    rmSync(folder, { recursive: true });
  }
}

const echo: Answer = ({ do: what, said }) => ({ what, said });

test('requests are answered, each with its own id, in any order', async () => {
  const slow: Answer = async ({ said }) => {
    await new Promise((resolve) => setTimeout(resolve, Number(said.ms)));
    return said.ms;
  };
  await withServer(slow, async (path) => {
    const client = await ControlClient.open(path);
    const answers = [30, 1, 10].map((ms) => client.request('wait', { ms }));
    assert.deepEqual(await Promise.all(answers), [30, 1, 10]);
    client.close();
  });
});

test('only its owner may open the socket', async () => {
  await withServer(echo, async (path) => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });
});

test('what the owner refuses and what breaks comes back as an error', async () => {
  const answer: Answer = ({ do: what }) => {
    if (what === 'refuse') throw new ControlError('no-link', 'there is no link', 'name one');
    throw new TypeError('our mistake');
  };
  await withServer(answer, async (path, _server, faults) => {
    const client = await ControlClient.open(path);
    await assert.rejects(client.request('refuse'), {
      id: 'no-link',
      message: 'there is no link',
      hint: 'name one',
    });
    assert.equal(faults.length, 0);
    await assert.rejects(client.request('break'), { id: 'fault', message: /our mistake/ });
    assert.equal(faults.length, 1);
    client.close();
  });
});

test('a line that is no request is told so, one that never ends is hung up on', async () => {
  await withServer(echo, async (path) => {
    const said = await raw(path, 'what is this\n[1]\n{"id":7}\n{"id":8,"do":"x"}\n', 4);
    const lines = said.trim().split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[0]!, /"id":null,"error":\{"id":"no-request"/);
    assert.match(lines[2]!, /"id":7,"error"/);
    assert.match(lines[3]!, /"id":8,"ok"/);
    assert.match(await raw(path, 'x'.repeat(3 << 20), 1), /"end":"a line is too long"/);
  });
});

/** Sends text and gives what comes back, until so many lines are there. */
function raw(path: string, text: string, lines: number): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(path, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (more: string) => {
      said += more;
      if (said.split('\n').length > lines) socket.destroy();
    });
    socket.on('error', () => resolve(said));
    socket.on('close', () => resolve(said));
  });
}

test('a watcher hears events until the server ends, which says why', async () => {
  const senders: ((event: object) => void)[] = [];
  let ends = 0;
  const answer: Answer = (request) => {
    const watch = request.watch(() => ends++);
    senders.push((event) => watch.send(event));
    return 'watching';
  };
  await withServer(answer, async (path, server) => {
    const client = await ControlClient.open(path);
    const heard: object[] = [];
    const end = new Promise<string>((onEnd) => {
      void client.watch('watch', {}, { onEvent: (event) => heard.push(event), onEnd });
    });
    while (senders.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let number = 0; number < 100; number++) senders[0]!({ number });
    server.close('it is bedtime');
    assert.equal(await end, 'it is bedtime');
    assert.equal(heard.length, 100);
    assert.equal(ends, 1);
    await assert.rejects(client.request('more'), { id: 'gone' });
  });
});

test('a watcher that does not read is dropped, and others hear on', async () => {
  const senders: ((event: object) => void)[] = [];
  let dropped = () => {};
  const answer: Answer = (request) => {
    const watch = request.watch(() => dropped());
    senders.push((event) => watch.send(event));
    return 'watching';
  };
  await withServer(answer, async (path) => {
    const deaf = connect(path, () => deaf.write('{"id":1,"do":"watch"}\n'));
    deaf.pause();
    const client = await ControlClient.open(path);
    let heard = 0;
    await client.watch('watch', {}, { onEvent: () => heard++, onEnd: () => assert.fail('ended') });
    while (senders.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const event = { text: 'x'.repeat(10_000) };
    let said = '';
    deaf.setEncoding('utf8');
    deaf.on('data', (more: string) => {
      said = (said + more).slice(-200);
    });
    deaf.pause();
    const closed = new Promise((resolve) => deaf.once('close', resolve));
    // It is hung up on a moment later, read or not.
    dropped = () => deaf.resume();
    for (let number = 0; number < 3000; number++) {
      for (const send of senders) send(event);
      // Whoever reads needs a moment for it.
      while (number - heard > 100) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await closed;
    assert.match(said, /"end":"too slow/);
    while (heard < 3000) await new Promise((resolve) => setTimeout(resolve, 5));
    client.close();
  });
});

test('a second daemon of the name is refused; a socket that was left is taken over', async () => {
  await withServer(echo, async (path) => {
    const options = { path, answer: echo, onFault: () => {} };
    await assert.rejects(ControlServer.open(options), { id: 'runs-already' });
  });
  const folder = mkdtempSync(join(tmpdir(), 'careof-control-'));
  try {
    const path = join(folder, 'n.sock');
    writeFileSync(path, '');
    const server = await ControlServer.open({ path, answer: echo, onFault: () => {} });
    const client = await ControlClient.open(path);
    assert.deepEqual(await client.request('hello'), {
      what: 'hello',
      said: { id: 1, do: 'hello' },
    });
    client.close();
    server.close('over');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('where nobody listens, or nobody answers, the one who asks is told what to do', async () => {
  await assert.rejects(ControlClient.open('/nowhere/n.sock'), {
    id: 'not-running',
    hint: 'Start it with: careof up -c FILE',
  });
  await withServer(
    () => new Promise(() => {}),
    async (path) => {
      const client = await ControlClient.open(path);
      await assert.rejects(client.request('status', {}, 30), { id: 'silent' });
      client.close();
    },
  );
});
