import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import type { MobilityOption } from '../../wire/packet.ts';
import { MAX_STATE, movedClientIn, movedClientOptions } from './moved-client.ts';

const server = address('2001:db8:1::3');
const client = address('2001:db8:f::1');
const optionsOf = (size: number) =>
  movedClientOptions({
    ...{ server, client },
    state: Uint8Array.from({ length: size }, (_, i) => i & 255),
  }) as MobilityOption[];

test('a client and its state are read back by the server that they are for', () => {
  for (const size of [0, 1, 216, 217, MAX_STATE]) {
    const options = optionsOf(size);
    assert.equal(options.length, Math.max(1, Math.ceil(size / 216)));
    const state = Uint8Array.from({ length: size }, (_, i) => i & 255);
    assert.deepEqual(movedClientIn(options, server), { server, client, state });
  }
});

test('another server takes nothing of it, and nobody takes two clients for one', () => {
  assert.equal(movedClientIn(optionsOf(20), address('2001:db8:1::4')), undefined);
  const other = movedClientOptions({ server, client: server, state: new Uint8Array() });
  assert.equal(
    movedClientIn([...optionsOf(20), ...(other as MobilityOption[])], server),
    undefined,
  );
  assert.equal(movedClientIn([], server), undefined);
});
