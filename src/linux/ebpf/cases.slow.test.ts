/** The case suite of the forwarding table, done by the kernel wherever the kernel does it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  KernelUnderTest,
  obstacleToKernelProgram,
  startFor,
} from '../../../test/linux/kernel-under-test.ts';
import { asExpected, forwardingCases } from '../../core/forwarding/cases.ts';
import { execute } from '../../core/forwarding/execute.ts';
import { PacketView } from '../../core/forwarding/packet-view.ts';
import { ForwardingTable } from '../../core/forwarding/table.ts';
import { START } from '../../core/time.ts';
import { isIpv4 } from '../../wire/address.ts';
import { toHex } from '../../wire/hex.ts';
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { bootTime } from '../sys/boot-clock.ts';

const limits = { skip: obstacleToKernelProgram(), timeout: 60_000 };

/**
 * BPF_PROG_TEST_RUN takes no frame that is too short for its headers or longer than a page. IPv4 packets the
 * program leaves to the slow path as they come, before it knows of any entry.
 */
const canBeTried = (packet: Uint8Array) =>
  packet.length >= 40 && packet.length < 3000 && !isIpv4Packet(packet);

/** Cases of IPv4 that the kernel has a part in nevertheless: IPv6 packets all through, of which it sees so. */
const IPV4_BY_THE_KERNEL: readonly string[] = ['IPv4: and for no IPv6 packet'];

/** Cases that the kernel does by itself: none of them may move to the slow path unseen. */
const BY_THE_KERNEL: readonly string[] = [
  'push: a new header with hop limit 64 and flow label 0 around an unchanged packet',
  'pop: the packet inside goes on unchanged, and the tunnel is told',
  'pop: from anywhere but the registered care-of address it is dropped',
  'pop: so is a packet of somebody else in the registered tunnel',
  'a tunnel in a tunnel meets the table again, and the inner one is told',
  'four tunnels in each other',
  'insert, then push: the tunnel is around it all',
  'insert home-address',
  'insert routing-2',
  'both ends bound: the routing header comes first',
  'both, in the other order, give the same',
  'a packet of nothing but the header',
  'apply home-address: option and header go',
  'apply routing-2: the header goes',
  'both headers: applied one after the other',
  'a Home Address option inside a tunnel',
  'a routing header that is used up is for no entry',
  'a routing header with two segments left is for no entry',
  'a routing header of another type is for no entry',
  'the other hook has its own entries',
  'every field at once',
  'inner addresses',
  'expiry: the last microsecond',
  'expiry: over, so the next best',
  'mobility exemption: in a tunnel it is a tunnelled packet',
  'local: an option in a packet for us comes off',
  'local: an option in a packet for another stays',
  'drop: by policy, and nothing behind it is done',
  'notify: addresses are those inside the tunnel where the packet was unpacked before',
  'notify alone: the packet goes on as it came',
  'notify alone, of what an entry before it has taken a header off',
  'notify before push',
  'notify of connections: a segment that opens one',
  'notify of connections: the answer to it says nothing new',
  'notify of connections: data go on unseen',
  'notify of connections: a half that is closed',
  'notify of connections: one that is torn down',
  'notify of connections: both at once: it is torn down',
  'notify of connections: of what is no TCP nothing is told',
  ...['0', '1', '2', '3'].map((ecn) => `push: DSCP and ECN ${ecn} stand in the outer header too`),
  'pop: ECN 0 inside and 0 outside give 0; the inner DSCP stays',
  'pop: ECN 0 inside and 2 outside give 0; the inner DSCP stays',
  'pop: ECN 0 inside and 1 outside give 0; the inner DSCP stays',
  'pop: ECN 2 inside and 0 outside give 2; the inner DSCP stays',
  'pop: ECN 2 inside and 2 outside give 2; the inner DSCP stays',
  'pop: ECN 2 inside and 1 outside give 1; the inner DSCP stays',
  'pop: ECN 2 inside and 3 outside give 3; the inner DSCP stays',
  'pop: ECN 1 inside and 0 outside give 1; the inner DSCP stays',
  'pop: ECN 1 inside and 2 outside give 1; the inner DSCP stays',
  'pop: ECN 1 inside and 1 outside give 1; the inner DSCP stays',
  'pop: ECN 1 inside and 3 outside give 3; the inner DSCP stays',
  'pop: ECN 3 inside and 0 outside give 3; the inner DSCP stays',
  'pop: ECN 3 inside and 2 outside give 3; the inner DSCP stays',
  'pop: ECN 3 inside and 1 outside give 3; the inner DSCP stays',
  'pop: ECN 3 inside and 3 outside give 3; the inner DSCP stays',
  'precedence: the longer destination prefix',
  'precedence: the destination prefix before the source prefix, where both ask for as many bits',
  'precedence: the source address and a short destination prefix before a longer destination prefix',
  'precedence: the longer source prefix before more fields',
  'precedence: more fields before priority',
  'precedence: priority before id, also between entries of different fields',
  'precedence: priority among entries of the same match',
  'precedence: the lower id among them',
  'precedence: anything before a prefix of no bits',
  'no match: destination',
  'no match: prefix',
  'no match: source',
  'no match: protocol',
  'no match: source port',
  'no match: destination port',
  'no match: flow label',
  'no match: home address',
  'no match: routing header',
  'no match: inner source',
];

test('every case, octet for octet, by the kernel and the slow path together', limits, () => {
  const kernel = new KernelUnderTest('cf-ebpf-cases');
  const done: string[] = [];
  try {
    for (const { name, entries, hook, now = START, packet, ours, expect } of forwardingCases()) {
      const table = new ForwardingTable(ours && { isOurs: (one) => ours.includes(one) });
      const reached = packet.length < 40 ? [] : [new PacketView(packet).dst];
      const own = (ours ?? reached).filter((one) => !isIpv4(one));
      kernel.reset({ own, bootTimeOfStart: startFor(entries, now, bootTime()) });
      for (const entry of entries) {
        table.add(entry);
        kernel.add(entry);
      }
      const said = canBeTried(packet) ? kernel.run(hook, packet) : undefined;
      const outcome = asExpected(execute(table, hook, packet, now));
      if (said === undefined || said.verdict === 'slow') {
        if (said) assert.equal(toHex(said.octets), toHex(packet), `${name}: changed, then slow`);
        assert.deepEqual(outcome, expect, name);
        continue;
      }
      done.push(name);
      assert.equal(said.verdict, expect.kind === 'drop' ? 'dropped' : 'carried', name);
      assert.notEqual(expect.kind, 'divert', name);
      if (expect.kind !== 'drop') {
        assert.equal(toHex(said.octets), toHex(expect.octets ?? packet), name);
      }
      const uses = entries.map(({ id }) => [id, kernel.use(id)]);
      const wanted = entries.map(({ id }) => [id, table.use(id)]);
      if (expect.notices === undefined) assert.deepEqual(uses, wanted, `${name}: counters`);
    }
    const missed = BY_THE_KERNEL.filter((name) => !done.includes(name));
    assert.deepEqual(missed, [], 'went the slow way');
    const ipv4 = done.filter((name) => name.startsWith('IPv4: '));
    assert.deepEqual(ipv4, IPV4_BY_THE_KERNEL, 'all with IPv4 in or around them go the slow way');
  } finally {
    kernel.close();
  }
});
