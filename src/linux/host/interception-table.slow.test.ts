import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fragment, ipv6, raw, udp } from '../../core/forwarding/case-packets.ts';
import { address } from '../../wire/address.ts';
import { inScratchNamespace } from '../sys/in-scratch-namespace.ts';
import { inNamespace } from '../sys/namespace.ts';
import { IFA_F } from '../sys/netlink/addresses.ts';
import { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { applyRuleset } from '../sys/nftables.ts';
import { PacketSender } from '../sys/packet-socket.ts';
import { obstacleToNamespaces } from '../sys/privileges.ts';
import { InterceptionTable } from './interception-table.ts';
import type { Inside } from './settings.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 20_000 };
const HERE = address('fd00::1');
const THERE = address('fd00::2');
const TRACKING = `table ip6 tracking {
  chain tracked { type filter hook prerouting priority 0; ct state new accept; }
}`;

const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

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
      /** The kernel may take its time on a busy machine. */
      const become = (count: number) => {
        while (inside(datagrams) < count) pause(1);
        pause(50);
        assert.equal(inside(datagrams), count);
      };
      send();
      become(1);
      const table = new InterceptionTable(inside, { ipv6: true });
      table.change({ add: [{ set: 'to_udp_parts', address: HERE }], remove: [] });
      send();
      become(1);
      table.close({ leave: false });
      send();
      become(2);
    } finally {
      sender.close();
      client.close();
    }
  });
});
