import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkAddress } from '../../core/role.ts';
import { address } from '../../wire/address.ts';
import { NEIGHBOUR_STATE } from '../sys/netlink/neighbours.ts';
import type { Route } from '../sys/netlink/routes.ts';
import { Ways } from './ways.ts';

const source = address('2001:db8:2::7');
const peer = address('2001:db8:f::1');
const router = address('2001:db8:2::1');
const from = '\x02\x00\x00\x00\x00\x01' as LinkAddress;
const to = '\x02\x00\x00\x00\x00\x02' as LinkAddress;

function rig() {
  const world = { now: 0, up: true, asked: 0, state: NEIGHBOUR_STATE.REACHABLE as number };
  let route: Route | string = { ifindex: 3, via: router, mtu: 1400 };
  const ways = new Ways(
    {
      routeOf: () => {
        world.asked += 1;
        return route;
      },
      neighbour: (ifindex, at) => {
        assert.deepEqual([ifindex, at], [3, router]);
        return { ifindex, address: at, linkAddress: to, state: world.state };
      },
    },
    {
      byIndex: (ifindex) => ({
        ...{ link: 'near', interface: 'near', ifindex, up: world.up, linkAddress: from },
        mtu: 1500,
      }),
    },
    () => world.now,
  );
  const set = (next: Route | string) => {
    route = next;
  };
  return { ways, world, set };
}

test('a way is what routes and neighbors say, for a short time or until it is forgotten', () => {
  const { ways, world, set } = rig();
  const way = { ifindex: 3, from, to, mtu: 1400 };
  assert.deepEqual(ways.to(source, peer), way);
  set('ENETUNREACH');
  world.now = 19;
  assert.deepEqual(ways.to(source, peer), way);
  world.now = 20;
  assert.equal(ways.to(source, peer), undefined);
  set({ ifindex: 3, via: router });
  assert.equal(ways.to(source, peer), undefined, 'that there is none is remembered too');
  ways.forget();
  assert.deepEqual(ways.to(source, peer), { ...way, mtu: 1500 });
  assert.equal(world.asked, 3);
});

test('what only the kernel can send has none', () => {
  const { ways, world, set } = rig();
  const none = (why: string) => {
    ways.forget();
    assert.equal(ways.to(source, peer), undefined, why);
  };
  world.state = NEIGHBOUR_STATE.STALE;
  none('the neighbor has to be asked');
  world.state = NEIGHBOUR_STATE.FAILED;
  none('it does not answer');
  world.state = NEIGHBOUR_STATE.REACHABLE;
  world.up = false;
  none('the link is down');
  world.up = true;
  set({ ifindex: 3, via: router, type: 'local' });
  none('it is this host itself');
});
