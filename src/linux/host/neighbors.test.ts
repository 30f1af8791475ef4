import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkAddress } from '../../core/role.ts';
import { address } from '../../wire/address.ts';
import { NEIGHBOUR_STATE, type Neighbour } from '../sys/netlink/neighbours.ts';
import { Neighbors } from './neighbors.ts';

const neighbor = address('fe80::7');
const linkAddress = '\x02\0\0\0\0\x07' as LinkAddress;
const packet = (number: number) => Uint8Array.of(number);

function rig(known?: Partial<Neighbour>) {
  const log: string[] = [];
  const neighbors = new Neighbors({
    netlink: {
      neighbour: () => (known ? { ifindex: 3, address: neighbor, ...known } : undefined),
      useNeighbour: () => void log.push('use'),
    },
    send: (octets, ifindex, to) => {
      assert.equal(to, linkAddress);
      log.push(`${octets[0]} by ${ifindex}`);
    },
    count: (counter) => log.push(counter),
  });
  return { neighbors, log };
}

test('a neighbor that is known gets its packet, and is asked where it may have gone', () => {
  const { neighbors, log } = rig({ linkAddress, state: NEIGHBOUR_STATE.REACHABLE });
  neighbors.send(packet(1), 3, neighbor);
  assert.deepEqual(log, ['1 by 3']);
  const stale = rig({ linkAddress, state: NEIGHBOUR_STATE.STALE });
  stale.neighbors.send(packet(1), 3, neighbor);
  assert.deepEqual(stale.log, ['use', '1 by 3']);
});

test('packets wait for one that is not, the last three of them', () => {
  const { neighbors, log } = rig({ state: NEIGHBOUR_STATE.FAILED });
  for (let i = 1; i <= 4; i++) neighbors.send(packet(i), 3, neighbor);
  assert.deepEqual(log, ['use', 'host.neighbor_refused']);
  neighbors.follow({ ifindex: 4, address: neighbor, linkAddress, state: 2 });
  neighbors.follow({ ifindex: 3, address: neighbor, state: NEIGHBOUR_STATE.INCOMPLETE });
  assert.equal(neighbors.size, 1);
  neighbors.follow({ ifindex: 3, address: neighbor, linkAddress, state: 2 });
  assert.deepEqual(log.slice(2), ['2 by 3', '3 by 3', '4 by 3']);
  assert.equal(neighbors.size, 0);
});

test('what nobody answers for is given up, and others find a full table', () => {
  const { neighbors, log } = rig();
  neighbors.send(packet(1), 3, neighbor);
  neighbors.follow({ ifindex: 3, address: neighbor, state: NEIGHBOUR_STATE.FAILED });
  assert.deepEqual(log, ['use', 'host.neighbor_failed']);
  for (let i = 0; i < 600; i++) neighbors.send(packet(1), 1000 + i, neighbor);
  assert.equal(neighbors.size, 512);
  assert.equal(log.filter((one) => one === 'host.neighbor_refused').length, 88);
  neighbors.close();
  assert.equal(neighbors.size, 0);
});
