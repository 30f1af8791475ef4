import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand } from '../../../../test/by-hand.ts';
import { type Address, address } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import type { Output } from '../../role.ts';
import { type Instant, seconds } from '../../time.ts';
import type { Member } from '../member.ts';
import { Clients } from './clients.ts';

const clientAt = (n: number): Address => address(`2001:db8:c::${(n + 1).toString(16)}`);
const at = (s: number) => seconds(s) as number as Instant;
const server = (registrant: string): Member => ({
  registrant,
  address: address(`2001:db8:e::${registrant}`),
});

function clients(): Clients {
  let state: NodeState | undefined;
  new ByHand({ name: 'agent' }, [], undefined, (one) => {
    state = one;
  });
  const config: ServiceConfig = {
    ...{ service: address('2001:db8:a::80'), address: address('2001:db8:1::1'), members: [] },
    ...{ policy: 'least-load', maxClients: 10_000 },
  };
  return new Clients(config, state!, 'leaving');
}

test('each new client goes to the server with fewest, whatever became of those before', () => {
  const table = clients();
  const [one, two] = [server('1'), server('2')];
  const next = (n: number) => table.assign(clientAt(n), [one, two], at(100)).member?.registrant;
  assert.deepEqual([0, 1, 2, 3].map(next), ['1', '2', '1', '2']);
  table.give(clientAt(0), two, at(100));
  assert.deepEqual([4, 5].map(next), ['1', '1']);
  table.lose('2');
  assert.deepEqual([6, 7, 8].map(next), ['2', '2', '2']);
  table.hold(clientAt(6), two.address);
  assert.deepEqual([next(9), next(10)], ['2', '1']);
});

test('many clients are looked at in pieces, each of them once in a round', () => {
  const table = clients();
  for (let n = 0; n < 5000; n++) table.give(clientAt(n), server('1'), at(0));
  const asked = new Map<string, number>();
  const ends: Instant[] = [];
  for (let now = table.deadline()!; ends.length < 4; now = table.deadline()!) {
    const [ask] = table.tick(now) as [Extract<Output, { kind: 'ask' }>];
    ends.push(now);
    for (const id of ask.entries) asked.set(id, (asked.get(id) ?? 0) + 1);
    table.answered(
      ask.id,
      ask.entries.map(() => ({ packets: ends.length, octets: 0 })),
      now,
    );
    if (ends.length === 3) assert.deepEqual([asked.size, Math.max(...asked.values())], [5000, 1]);
  }
  const [first, second, third, fourth] = ends as [Instant, Instant, Instant, Instant];
  assert.deepEqual([second - first, third - second], [50_000, 50_000]);
  assert.equal(fourth - third, seconds(225));
});
