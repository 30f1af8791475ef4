import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../../wire/address.ts';
import { constantsWith } from '../../constants.ts';
import type { ConnectionSegment } from '../../forwarding/connection-segment.ts';
import { type Instant, seconds } from '../../time.ts';
import { EndedClients } from './ended-clients.ts';

const CLIENT = address('2001:db8:f::1');
const at = (second: number) => seconds(second) as number as Instant;
const segment = (does: ConnectionSegment['does'], sport = 1000): ConnectionSegment => ({
  ...{ sport, dport: 80, does },
});

/** A client that has begun with a connection. */
function followed(): EndedClients {
  const ended = new EndedClients(constantsWith({}), false);
  ended.begin(CLIENT, segment('begin'));
  return ended;
}

/** Looks whenever it is due; gives when the client is over. `carried`: packets by then. */
function overAt(ended: EndedClients, carried: (second: number) => number): number | undefined {
  for (let rounds = 0; rounds < 20; rounds++) {
    const deadline = ended.deadline();
    if (deadline === undefined) return undefined;
    for (const client of ended.due(deadline, 10)) {
      const second = deadline / seconds(1);
      if (ended.looked(client, carried(second))) return second;
    }
  }
  return undefined;
}

test('after its last connection was closed a client lingers for 120 s, after a reset 2 s', () => {
  const ended = followed();
  assert.equal(ended.deadline(), undefined);
  ended.saw(CLIENT, segment('close'), at(10));
  assert.equal(
    overAt(ended, () => 5),
    130,
  );
  assert.equal(ended.deadline(), undefined, 'nothing is left of it');
  const torn = followed();
  torn.saw(CLIENT, segment('reset'), at(10));
  assert.equal(
    overAt(torn, () => 5),
    12,
  );
});

test('as long as its server sends on, what acknowledges that keeps the client', () => {
  const ended = followed();
  ended.saw(CLIENT, segment('close'), at(10));
  assert.equal(
    overAt(ended, (second) => Math.min(second, 200)),
    310,
  );
});

test('a client with another connection stays until that one has ended, too', () => {
  const ended = followed();
  ended.saw(CLIENT, segment('begin', 1001), at(5));
  ended.saw(CLIENT, segment('begin', 1001), at(6)); // sent again
  ended.saw(CLIENT, segment('reset'), at(10));
  assert.equal(
    overAt(ended, () => 5),
    undefined,
  );
  ended.saw(CLIENT, segment('close', 1001), at(500));
  assert.equal(
    overAt(ended, () => 5),
    620,
  );
});

test('a reset does not cut the lingering of another connection short', () => {
  const ended = followed();
  ended.saw(CLIENT, segment('begin', 1001), at(5));
  ended.saw(CLIENT, segment('close'), at(10));
  ended.saw(CLIENT, segment('reset', 1001), at(20));
  assert.equal(
    overAt(ended, () => 5),
    130,
  );
});

test('a new connection while it lingers keeps the client', () => {
  const ended = followed();
  ended.saw(CLIENT, segment('close'), at(10));
  ended.saw(CLIENT, segment('begin', 1001), at(100));
  assert.equal(
    overAt(ended, () => 5),
    undefined,
  );
});

test('who began with something else, or has too many connections, is not followed', () => {
  const ended = new EndedClients(constantsWith({}), false);
  for (const first of [undefined, segment('close')]) {
    ended.begin(CLIENT, first);
    ended.saw(CLIENT, segment('reset'), at(10));
    assert.equal(ended.deadline(), undefined);
  }
  const many = followed();
  for (let port = 1001; port < 1020; port++) many.saw(CLIENT, segment('begin', port), at(1));
  for (let port = 1000; port < 1020; port++) many.saw(CLIENT, segment('reset', port), at(2));
  assert.equal(many.deadline(), undefined);
});
