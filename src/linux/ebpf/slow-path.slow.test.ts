/** What the kernel program hands over, tells of, and finds too big. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KernelUnderTest, obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import {
  entry,
  fragment,
  homeAddress,
  inside,
  ipv6,
  mobility,
  options,
  PARTY,
  raw,
  routing2,
  udp,
} from '../../core/forwarding/case-packets.ts';
import type { Action } from '../../core/forwarding/entry.ts';
import { START } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { toHex } from '../../wire/hex.ts';
import { readSlowFrame, type SlowPacket } from '../host/slow-device.ts';
import { TunnelFragments } from '../plane/tunnel-fragments.ts';
import { bootTime } from '../sys/boot-clock.ts';

const skip = obstacleToKernelProgram();
const { home, homeAgent, careOf, peer } = PARTY;
const push: Action = { push: 'ipv6', src: homeAgent, dst: careOf };
const data = ipv6({ src: home, dst: peer }, udp(home, peer));
const tunnelled = ipv6({ src: careOf, dst: homeAgent }, inside(data));

let kernel: KernelUnderTest;
before(() => {
  if (skip === false) kernel = new KernelUnderTest('cf-ebpf-slow');
});
after(() => {
  if (skip === false) kernel.close();
});

/** What waits at the slow device; what the kernel says there by itself is left out. */
function copies(): SlowPacket[] {
  const into = new Uint8Array(65_600);
  const found: SlowPacket[] = [];
  for (let length = kernel.slow.read(into); length > 0; length = kernel.slow.read(into)) {
    const packet = readSlowFrame(into.slice(0, length));
    if (packet?.told !== undefined) found.push(packet);
  }
  return found;
}

test('a notice: a copy of the packet as it came, once a second for a pair', { skip }, () => {
  kernel.reset();
  kernel.add(
    entry('in', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }, { notify: 'tunnelled-from-peer' }]),
  );
  copies();
  assert.equal(toHex(kernel.run('arriving', tunnelled).octets), toHex(data));
  const [copy, ...more] = copies();
  assert.equal(more.length, 0);
  assert.equal(toHex(copy!.octets), toHex(tunnelled));
  assert.equal(copy!.told, 'arriving');
  assert.deepEqual(kernel.use('in'), { packets: 0, octets: 0 }, 'who executes the copy counts');
  assert.equal(toHex(kernel.run('arriving', tunnelled).octets), toHex(data));
  assert.equal(copies().length, 0);
  assert.deepEqual(kernel.use('in'), { packets: 1, octets: tunnelled.length });
  const other = ipv6({ src: home, dst: homeAgent }, udp(home, homeAgent));
  kernel.run('arriving', ipv6({ src: careOf, dst: homeAgent }, inside(other)));
  assert.equal(copies().length, 1, 'another pair');
});

test('a notice of a packet that leaves', { skip }, () => {
  kernel.reset();
  kernel.add(entry('out', 'leaving', {}, [{ notify: 'tunnelled-to-peer' }, push]));
  copies();
  const other = ipv6({ src: peer, dst: home }, udp(peer, home));
  assert.equal(kernel.run('leaving', other).verdict, 'carried');
  const [copy] = copies();
  assert.equal(copy!.told, 'leaving');
  assert.equal(toHex(copy!.octets), toHex(other));
});

/** A UDP packet of so many octets in all. */
const long = (octets: number) =>
  ipv6({ src: peer, dst: home }, raw(17, ...new Array<number>(octets - 40).fill(0)));

test('what no longer fits its way goes the slow way, whole', { skip }, () => {
  kernel.reset();
  kernel.add(entry('out', 'leaving', { dst: { address: home } }, [push]));
  assert.equal(kernel.run('leaving', long(1460)).verdict, 'carried');
  const said = kernel.run('leaving', long(1461));
  assert.equal(said.verdict, 'slow');
  assert.equal(said.octets.length, 1461);
  assert.equal(
    kernel.run('leaving', long(1461).with(39, 1)).verdict,
    'carried',
    'no entry, no tunnel',
  );
});

test('of a packet that is cut up later, each segment has to fit', { skip }, () => {
  kernel.reset();
  kernel.add(entry('out', 'leaving', { dst: { address: home } }, [push]));
  // 40 octets for IPv6, 8 for UDP, 40 for the tunnel: 1500 - 88 are left.
  // Of what kind the super-packet is cannot be said here, and so the kernel does not lengthen it.
  assert.equal(kernel.run('leaving', long(2800), 1412).verdict, 'dropped');
  assert.equal(kernel.run('leaving', long(2800), 1413).verdict, 'slow');
  const sctp = ipv6({ src: peer, dst: home }, raw(132, ...new Array<number>(2000).fill(0)));
  assert.equal(kernel.run('leaving', sctp, 1000).verdict, 'slow', 'headers of unknown length');
});

test('a learned path MTU holds until it is over', { skip }, () => {
  kernel.reset();
  kernel.add(entry('out', 'leaving', { dst: { address: home } }, [push]));
  kernel.setPathMtu(careOf, 1280, bootTime() + 3_600_000_000_000n);
  assert.equal(kernel.run('leaving', long(1240)).verdict, 'carried');
  assert.equal(kernel.run('leaving', long(1241)).verdict, 'slow');
  kernel.setPathMtu(careOf, 1280, bootTime() - 1n);
  assert.equal(kernel.run('leaving', long(1241)).verdict, 'carried');
});

test('no neighbour, no route, a group: the slow way', { skip }, () => {
  kernel.reset();
  kernel.ip('-6', 'route', 'add', '2001:db8:eeee::/48', 'dev', 'link0');
  kernel.ip('-6', 'route', 'add', 'unreachable', '2001:db8:dddd::/48');
  for (const [to, total] of [
    ['2001:db8:eeee::1', 'ebpf.slow_no_neighbour'],
    ['2001:db8:dddd::1', 'ebpf.slow_no_route'],
    ['ff02::1', 'ebpf.slow_local'],
    ['fe80::1', 'ebpf.slow_local'],
  ] as const) {
    const counted = kernel.totals().get(total) ?? 0;
    const packet = ipv6({ src: home, dst: address(to) }, udp(home, address(to)));
    assert.equal(kernel.run('leaving', packet).verdict, 'slow', to);
    assert.equal(kernel.totals().get(total), counted + 1, to);
  }
});

test('an option behind a routing header that stays is not for the kernel', { skip }, () => {
  kernel.reset();
  kernel.add(entry('apply', 'arriving', { home: 'any' }, [{ apply: 'home-address' }]));
  const both = ipv6({ src: careOf, dst: peer }, routing2(home), homeAddress(home), udp(home, peer));
  const said = kernel.run('arriving', both);
  assert.equal(said.verdict, 'slow');
  assert.equal(toHex(said.octets), toHex(both));
});

test('whether a group is ours, the kernel program does not know', { skip }, () => {
  kernel.reset();
  kernel.add(entry('no', 'arriving', { protocol: 17, local: true }, [{ drop: 'policy' }]));
  const group = address('ff05::1:3');
  assert.equal(
    kernel.run('arriving', ipv6({ src: peer, dst: group }, udp(peer, group))).verdict,
    'slow',
  );
});

test('behind a header that cannot be read nothing is exempt', { skip }, () => {
  kernel.reset();
  kernel.add(entry('no', 'arriving', { dst: { address: peer } }, [{ drop: 'policy' }]));
  const message = mobility(home, peer);
  assert.equal(kernel.run('arriving', ipv6({ src: home, dst: peer }, message)).verdict, 'carried');
  const behind = ipv6({ src: home, dst: peer }, options(0x1e, 200, 0, 0, 0, 0), message);
  assert.equal(kernel.run('arriving', behind).verdict, 'slow');
});

test('of UDP in fragments all parts go one way, and come whole', { skip }, () => {
  kernel.reset({ own: [homeAgent] });
  const pop = entry('pop', 'arriving', { protocol: 17, dport: 4191, local: true }, [
    { pop: 'udp' },
  ]);
  kernel.add(pop);
  const surroundings = {
    now: () => START,
    isOwn: () => true,
    send: () => 'sent' as const,
    count: () => {},
  };
  const slow = new TunnelFragments(surroundings, 1, true);
  const datagram = ipv6({ src: peer, dst: homeAgent }, udp(peer, homeAgent)).subarray(40);
  const header = { src: peer, dst: homeAgent };
  const parts = [
    ipv6(header, fragment(0, true), raw(17, ...datagram.subarray(0, 8))),
    ipv6(header, fragment(1, false), raw(17, ...datagram.subarray(8))),
  ].map((part) => {
    const said = kernel.run('arriving', part);
    return said.verdict === 'slow' ? slow.whole(said.octets, () => true) : said.octets;
  });
  assert.equal(parts[0], undefined);
  assert.equal(toHex(parts[1]!), toHex(ipv6(header, raw(17, ...datagram))));
  const alone = ipv6(header, fragment(0, false), udp(peer, homeAgent));
  assert.equal(kernel.run('arriving', alone).verdict, 'carried', 'one that is the whole packet');
});
