import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fragment, ipv4, ipv6, raw, udp } from '../../core/forwarding/case-packets.ts';
import { address } from '../../wire/address.ts';
import type { Wanted } from '../plane/interception.ts';
import { inScratchNamespace } from '../sys/in-scratch-namespace.ts';
import { inNamespace } from '../sys/namespace.ts';
import { IFA_F } from '../sys/netlink/addresses.ts';
import { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { applyRuleset } from '../sys/nftables.ts';
import { PacketSender } from '../sys/packet-socket.ts';
import { obstacleToNamespaces } from '../sys/privileges.ts';
import { writeSetting } from '../sys/sysctl.ts';
import { InterceptionTable } from './interception-table.ts';
import type { Inside } from './settings.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 20_000 };
const HERE = address('fd00::1');
const THERE = address('fd00::2');
const TRACKING = `table ip6 tracking {
  chain tracked { type filter hook prerouting priority 0; ct state new accept; }
}`;

const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
/** The kernel may take its time on a busy machine: so long, in milliseconds. */
const PATIENCE = 5000;

/** Waits for a count to be reached, and not to grow further. Nothing else runs meanwhile, so it has an end. */
function becomes(count: number, now: () => number, what: string): void {
  for (const end = Date.now() + PATIENCE; now() < count && Date.now() < end; ) pause(1);
  pause(50);
  assert.equal(now(), count, what);
}

/** What is sent before the kernel has seen the carrier is lost. Gives how many had come by when one did. */
function ready(send: () => void, now: () => number): number {
  for (const end = Date.now() + PATIENCE; now() === 0 && Date.now() < end; ) {
    send();
    pause(20);
  }
  pause(50);
  assert.ok(now() > 0, 'the cable carries nothing');
  return now();
}

/** Datagrams that the stack of this namespace has taken in whole. */
function datagrams(): number {
  const lines = readFileSync('/proc/thread-self/net/snmp6', 'utf8');
  return Number(/^Udp6NoPorts\s+(\d+)/m.exec(lines)![1]);
}

test('parts are kept from the stack where it tracks connections', limits, () => {
  inScratchNamespace('cf-host-parts', (name) => {
    const inside: Inside = (run) => inNamespace(name, run);
    const client = inside(() => new Rtnetlink());
    const sender = inside(() => new PacketSender());
    try {
      inside(() => applyRuleset(TRACKING));
      client.createVeth({ name: 'near' }, { name: 'far' });
      const [near, far] = ['near', 'far'].map((end) => client.link(end)!);
      for (const { ifindex } of [near!, far!]) client.setLink(ifindex, { up: true });
      const own = { ifindex: near!.ifindex, address: HERE, prefixLength: 64, flags: IFA_F.NODAD };
      client.addAddress(own);
      const datagram = ipv6({ src: THERE, dst: HERE }, udp(THERE, HERE)).subarray(40);
      const send = () => {
        for (const part of [
          ipv6({ src: THERE, dst: HERE }, fragment(0, true), raw(17, ...datagram.subarray(0, 8))),
          ipv6({ src: THERE, dst: HERE }, fragment(1, false), raw(17, ...datagram.subarray(8))),
        ]) {
          assert.equal(sender.send(part, far!.ifindex, near!.linkAddress!), undefined);
        }
      };
      const now = () => inside(datagrams);
      const first = ready(send, now);
      const table = new InterceptionTable(inside, { ipv6: true });
      table.change({ add: [{ set: 'to_udp_parts', address: HERE }], remove: [] });
      send();
      becomes(first, now, 'they are kept');
      table.close({ leave: false });
      send();
      becomes(first + 1, now, 'the table is gone');
    } finally {
      sender.close();
      client.close();
    }
  });
});

const FOUR_HERE = address('192.0.2.80');
const FOUR_THERE = address('198.51.100.7');
const IPV4_TRACKING = `table ip tracking {
  chain tracked { type filter hook prerouting priority 0; ct state new accept; }
}`;

/** IPv4 datagrams that the stack of this namespace has taken in, for ports where nobody listens. */
function ipv4Datagrams(): number {
  const [, names, values] = /^Udp: (.*)\nUdp: (.*)$/m.exec(
    readFileSync('/proc/thread-self/net/snmp', 'utf8'),
  )!;
  return Number(values!.split(' ')[names!.split(' ').indexOf('NoPorts')]);
}

test('IPv4: each set keeps its packets from the stack, whole and in parts', limits, () => {
  inScratchNamespace('cf-host-ipv4-parts', (name) => {
    const inside: Inside = (run) => inNamespace(name, run);
    const client = inside(() => new Rtnetlink());
    const sender = inside(() => new PacketSender());
    try {
      inside(() => applyRuleset(IPV4_TRACKING));
      client.createVeth({ name: 'near' }, { name: 'far' });
      const [near, far] = ['near', 'far'].map((end) => client.link(end)!);
      for (const { ifindex } of [near!, far!]) client.setLink(ifindex, { up: true });
      client.addAddress({ ifindex: near!.ifindex, address: FOUR_HERE, prefixLength: 24 });
      client.addRoute({ destination: { address: FOUR_THERE }, ifindex: near!.ifindex });
      inside(() => {
        for (const link of ['all', 'near']) writeSetting(`ipv4/conf/${link}/rp_filter`, 0);
      });
      const ends = { src: FOUR_THERE, dst: FOUR_HERE };
      const whole = ipv4(ends, udp(FOUR_THERE, FOUR_HERE));
      const part = (offset: number, more: boolean) =>
        ipv4(
          { ...ends, identification: 7, fragment: { offset, more } },
          raw(17, ...whole.subarray(20 + 8 * offset, more ? 28 : 32)),
        );
      const send = (...packets: Uint8Array[]) => {
        for (const one of packets) {
          assert.equal(sender.send(one, far!.ifindex, near!.linkAddress!), undefined);
        }
      };
      const now = () => inside(ipv4Datagrams);
      let taken = ready(() => send(whole), now);
      const comesThrough = (more: number, what: string) => {
        taken += more;
        becomes(taken, now, what);
      };
      send(whole, part(0, true), part(1, false));
      comesThrough(2, 'nothing is kept');
      const table = new InterceptionTable(inside, { ipv6: false });
      const sets: readonly (readonly [Wanted, number])[] = [
        [{ set: 'to_any', address: FOUR_HERE }, 0],
        [{ set: 'to_protocol', address: FOUR_HERE, number: 17 }, 0],
        [{ set: 'to_protocol', address: FOUR_HERE, number: 4 }, 2],
        [{ set: 'from_protocol', address: FOUR_THERE, number: 17 }, 0],
        [{ set: 'to_port', address: FOUR_HERE, number: 54 }, 2],
        [{ set: 'to_udp_parts', address: FOUR_HERE }, 1],
      ];
      for (const [wanted, through] of sets) {
        table.change({ add: [wanted], remove: [] });
        send(whole, part(0, true), part(1, false));
        comesThrough(through, JSON.stringify(wanted));
        table.change({ add: [], remove: [wanted] });
      }
      table.change({ add: [{ set: 'to_port', address: FOUR_HERE, number: 53 }], remove: [] });
      send(whole);
      comesThrough(0, 'the port');
      table.close({ leave: false });
      send(whole);
      comesThrough(1, 'the table is gone');
    } finally {
      sender.close();
      client.close();
    }
  });
});

test('tables of an earlier life go, whatever the next one keeps away', limits, () => {
  inScratchNamespace('cf-host-earlier', (name) => {
    const inside: Inside = (run) => inNamespace(name, run);
    const add: Wanted[] = [
      { set: 'to_any', address: HERE },
      { set: 'to_any', address: FOUR_HERE },
    ];
    const tables = () =>
      inside(() => spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' })).stdout.trim();
    const killed = new InterceptionTable(inside, { ipv6: true });
    killed.change({ add, remove: [] });
    killed.close({ leave: true });
    assert.equal(tables(), 'table ip6 careof\ntable ip careof');
    const next = new InterceptionTable(inside, { ipv6: false });
    assert.equal(tables(), '');
    next.close({ leave: false });
  });
});
