import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FilterWish, ipv4PacketFilter, packetFilter } from './packet-filter.ts';

/** Runs a program as the kernel does; gives how many octets of the packet pass. */
function run(program: ReturnType<typeof packetFilter>, packet: Uint8Array): number {
  let a = 0;
  for (let at = 0; at < program.length; at++) {
    const { code, jt = 0, jf = 0, k } = program[at]!;
    if (code === 0x06) return k;
    if (code === 0x30) a = packet[k]!;
    else if (code === 0x28) a = (packet[k]! << 8) | packet[k + 1]!;
    else if (code === 0x15) at += a === k ? jt : jf;
    else assert.fail(`code ${code}`);
  }
  assert.fail('runs over its end');
}

function passing(wish: Partial<FilterWish>): string {
  const none = new Set<number>();
  const program = packetFilter({ protocols: none, ports: none, all: false, ...wish });
  const packet = (protocol: number, port: number): Uint8Array => {
    const octets = new Uint8Array(14 + 48);
    octets[20] = protocol;
    octets[56] = port >> 8;
    octets[57] = port;
    return octets;
  };
  const packets = [
    [6, 546],
    [17, 546],
    [17, 547],
    [17, 53],
    [41, 0],
    [58, 0],
    [60, 0],
    [135, 0],
  ];
  return packets.map(([one, port]) => (run(program, packet(one!, port!)) > 0 ? 1 : 0)).join('');
}

test('a filter lets through what was wished for, and headers behind which it may stand', () => {
  assert.equal(passing({}), '00000110');
  assert.equal(passing({ protocols: new Set([41, 135]) }), '00001111');
  assert.equal(passing({ ports: new Set([546]) }), '01000110');
  assert.equal(passing({ ports: new Set([546, 547]), protocols: new Set([6]) }), '11100110');
  assert.equal(passing({ all: true }), '11111111');
  const many = new Set(Array.from({ length: 300 }, (_, port) => port));
  assert.equal(passing({ ports: many }), '11111111');
});

test('that of IPv4 lets through what was wished for, and ICMP', () => {
  const none = new Set<number>();
  const passes = (wish: Partial<FilterWish>) => {
    const program = ipv4PacketFilter({ protocols: none, ports: none, all: false, ...wish });
    return [1, 4, 6, 17].map((protocol) => {
      const octets = new Uint8Array(14 + 28);
      octets[23] = protocol;
      return run(program, octets) > 0 ? 1 : 0;
    });
  };
  assert.deepEqual(passes({}), [1, 0, 0, 0]);
  assert.deepEqual(passes({ protocols: new Set([4, 6]) }), [1, 1, 1, 0]);
  assert.deepEqual(passes({ ports: new Set([4191]) }), [1, 0, 0, 1]);
  assert.deepEqual(passes({ all: true }), [1, 1, 1, 1]);
});
