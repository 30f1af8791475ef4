import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, milliseconds } from '../../core/time.ts';
import { addressOn, pair, SERVER } from '../small-network.ts';
import { checkService } from './checks.ts';

/** What a check of port 80 says of a server that answers a request with this; absent: nobody listens. */
function checked(path: string | undefined, answer?: string, sourcePort = 61_000): string[] {
  const { simulation, a, b } = pair();
  const said: string[] = [];
  a.kernel.tcp.listen(9, () => {});
  if (answer !== undefined) {
    b.kernel.tcp.listen(80, (connection) => {
      connection.handlers = {
        onData: (octets) => {
          said.push(String.fromCharCode(...octets).split('\r\n')[0]!);
          connection.write(Uint8Array.from(answer, (letter) => letter.charCodeAt(0)));
          connection.close();
        },
        onClose: (reason) => said.push(`server ${reason}`),
      };
    });
  }
  const check = path === undefined ? { port: 80 } : { port: 80, path };
  const ends = { source: addressOn(a), sourcePort, destination: SERVER };
  const within = milliseconds(500);
  checkService(a.kernel, { kind: 'check', id: '', ...ends, check, within }, (result) => {
    said.push(result);
  });
  simulation.run(milliseconds(2000) as number as Instant);
  return said;
}

test('a check is answered once, and tears its connection down', () => {
  assert.deepEqual(checked(undefined, ''), ['well', 'server reset']);
  assert.deepEqual(checked(undefined), ['refused']);
  assert.deepEqual(checked('/up', 'HTTP/1.1 204 No Content\r\n\r\n').slice(0, 2), [
    'GET /up HTTP/1.1',
    'well',
  ]);
  assert.equal(checked('/up', 'HTTP/1.1 500 Oh\r\n\r\n')[1], 'wrong-answer');
  assert.ok(checked('/up', 'ok').includes('wrong-answer'), 'too short to be one');
  assert.ok(checked('/up', '').includes('wrong-answer'), 'it closes without a word');
  assert.deepEqual(checked('/up', '', 9), ['not-made'], 'somebody listens at the port');
});
