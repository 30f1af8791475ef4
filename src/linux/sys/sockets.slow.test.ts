import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { PacketView } from '../../core/forwarding/packet-view.ts';
import { insertHomeAddress } from '../../core/forwarding/rewrite.ts';
import type { LinkAddress } from '../../core/role.ts';
import { type Address, address, addressOctets } from '../../wire/address.ts';
import { upperLayerChecksum } from '../../wire/checksum.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import { GroupMemberships } from './ipv6-socket.ts';
import { headAlone, joined, type LargePacket, largePacket, withHead } from './large-packet.ts';
import { inNamespace } from './namespace.ts';
import { IFA_F } from './netlink/addresses.ts';
import { Rtnetlink } from './netlink/rtnetlink.ts';
import { finished } from './offloads.ts';
import {
  type FilterInstruction,
  LINK_HEADER,
  type PacketReader,
  PacketSender,
  PacketSocket,
} from './packet-socket.ts';
import { obstacleToNamespaces } from './privileges.ts';
import { RawSender } from './raw-socket.ts';
import { SegmentSender } from './segment-sender.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 20_000 };
const HERE = address('fd00::1');
const THERE = address('fd00::2');

/** Takes packets whose Next Header is this, none else: `ldb [6]; jeq; ret`. */
const only = (nextHeader: number): FilterInstruction[] => [
  { code: 0x30, k: LINK_HEADER + 6 },
  { code: 0x15, jt: 0, jf: 1, k: nextHeader },
  { code: 0x06, k: 0x40000 },
  { code: 0x06, k: 0 },
];

function packet(nextHeader: number, source: Address, destination: Address, size = 8): Uint8Array {
  const octets = Buffer.alloc(40 + size);
  octets[0] = 0x60;
  octets.writeUInt16BE(size, 4);
  octets[6] = nextHeader;
  octets[7] = 64;
  octets.set(addressOctets(source), 8);
  octets.set(addressOctets(destination), 24);
  return octets;
}

interface Cable {
  readonly inside: <T>(run: () => T) => T;
  readonly client: Rtnetlink;
  readonly near: { readonly ifindex: number; readonly linkAddress: LinkAddress };
  readonly far: { readonly ifindex: number; readonly linkAddress: LinkAddress };
}

/** `operationalState` of a link that is ready (RFC 2863). */
const UP = 6;

/** Until the kernel has noticed that an end is plugged in, it throws away what is sent there. */
function waitUntilUp(client: Rtnetlink, link: string): void {
  const patience = performance.now() + 5000;
  while (client.link(link)?.operationalState !== UP) {
    assert.ok(performance.now() < patience, `${link} does not come up`);
  }
}

/** A namespace with a cable in it; the near end has the address HERE. */
function withCable(name: string, run: (cable: Cable) => void): void {
  inScratchNamespace(name, () => {
    const inside = <T>(act: () => T): T => inNamespace(name, act);
    const client = inside(() => new Rtnetlink());
    try {
      client.createVeth({ name: 'near' }, { name: 'far' });
      const end = (which: string) => {
        const { ifindex, linkAddress } = client.link(which)!;
        client.setLink(ifindex, { addressGeneration: 'none', up: true });
        return { ifindex, linkAddress: linkAddress! };
      };
      const [near, far] = [end('near'), end('far')];
      const own = { ifindex: near.ifindex, address: HERE, prefixLength: 64, flags: IFA_F.NODAD };
      client.addAddress(own);
      for (const which of ['near', 'far']) waitUntilUp(client, which);
      run({ inside, client, near, far });
    } finally {
      client.close();
    }
  });
}

/** Next Header, source and sender of what a socket gets: the kernel may take its time on a busy machine. */
function heard(socket: PacketSocket, count: number): [number, Address, string | undefined][] {
  const all: [number, Address, string | undefined][] = [];
  const reader = (octets: Uint8Array, from: LinkAddress | undefined) => {
    assert.equal(octets.length, 40 + octets[4]! * 256 + octets[5]!, 'whole, and no more');
    const source = String.fromCharCode(...octets.subarray(8, 24)) as Address;
    all.push([octets[6]!, source, from]);
  };
  readUntil(socket, reader, () => count > 0 && all.length >= count, count === 0 ? 50 : 2000);
  return all;
}

/** Reads until there is enough, for so many milliseconds at the most. */
function readUntil(from: PacketSocket, to: PacketReader, enough: () => boolean, most: number) {
  const patience = performance.now() + most;
  do {
    while (from.read(to) > 0);
    if (enough()) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  } while (performance.now() < patience);
}

test('a packet socket hears what comes in by its link, as the filter says', limits, () => {
  withCable('cf-sys-packets', ({ inside, near, far }) => {
    const socket = inside(() => new PacketSocket(far.ifindex, only(135)));
    const sender = inside(() => new PacketSender());
    try {
      assert.equal(sender.send(packet(17, HERE, THERE), near.ifindex, far.linkAddress), undefined);
      assert.equal(sender.send(packet(135, HERE, THERE), near.ifindex, far.linkAddress), undefined);
      assert.deepEqual(heard(socket, 1), [[135, HERE, near.linkAddress]]);
      sender.send(packet(135, HERE, THERE), far.ifindex, near.linkAddress);
      assert.deepEqual(heard(socket, 0), [], 'what goes out is not heard');
      const another = '\x02\x00\x00\x00\x00\x77' as LinkAddress;
      sender.send(packet(135, HERE, THERE), near.ifindex, another);
      assert.deepEqual(heard(socket, 0), [], 'nor what is for somebody else');
      socket.setFilter(only(17));
      for (let i = 0; i < 50; i++) {
        sender.send(packet(17, HERE, THERE, i), near.ifindex, far.linkAddress);
      }
      assert.equal(heard(socket, 50).length, 50, 'more than a batch');
      const tooLong = packet(17, HERE, THERE, 4000);
      assert.equal(sender.send(tooLong, near.ifindex, far.linkAddress), 'EMSGSIZE');
      assert.throws(() => inside(() => new PacketSocket(4711, only(17))), { code: 'ENODEV' });
    } finally {
      socket.close();
      sender.close();
    }
  });
});

test('a large packet comes as its segments, cut by the kernel or by their heads', limits, () => {
  withCable('cf-sys-large', ({ inside, near, far }) => {
    const socket = inside(() => new PacketSocket(far.ifindex, only(6)));
    const tunnels = inside(() => new PacketSocket(far.ifindex, only(41)));
    const fromHome = inside(() => new PacketSocket(far.ifindex, only(60)));
    const sender = inside(() => new SegmentSender(false));
    const newer = inside(() => new SegmentSender(true));
    const way = { ifindex: near.ifindex, from: near.linkAddress, to: far.linkAddress };
    try {
      for (const [by, hears, large, frames] of [
        [sender, socket, largeTcp(1), 1],
        [sender, tunnels, largeTcp(2), 43],
        [sender, fromHome, withHomeAddress(largeTcp(1)), 43],
        [newer, tunnels, largeTcp(2), 43],
        [newer, fromHome, withHomeAddress(largeTcp(1)), 1],
      ] as const) {
        assert.equal(by.send(large, way), undefined);
        const came: Uint8Array[] = [];
        let read = 0;
        const reader: PacketReader = (octets, from, offload) => {
          read += 1;
          assert.equal(from, near.linkAddress);
          for (const one of finished(octets, offload)) came.push(one.slice());
        };
        readUntil(hears, reader, () => came.length >= 43, 2000);
        assert.deepEqual(came, finished(joined(large), large.offload));
        assert.equal(came.length, 43);
        assert.equal(read, frames, 'drivers know no addresses but those of the first header');
      }
    } finally {
      socket.close();
      tunnels.close();
      fromHome.close();
      sender.close();
      newer.close();
    }
  });
});

/** 60 000 octets of TCP, in so many IPv6 headers. */
function largeTcp(layers: number): LargePacket {
  const payload = Uint8Array.from({ length: 60_000 }, (_, index) => index * 5);
  const ipv6 = { layer: 'ipv6', source: HERE, destination: THERE };
  const octets = serialisePacket([
    ...Array.from({ length: layers }, () => ipv6),
    { layer: 'tcp', sourcePort: 1, destinationPort: 2, ack: true, psh: true, payload },
  ] as Parameters<typeof serialisePacket>[0]);
  const start = 40 * layers;
  const nothing = new Uint8Array(60_020);
  const pseudo = ~upperLayerChecksum(HERE, THERE, 6, nothing, 0, nothing.length);
  octets[start + 16] = pseudo >> 8;
  octets[start + 17] = pseudo;
  const many = { needsChecksum: true, type: 4, segment: 1400 };
  return largePacket(octets, { ...many, checksumStart: start, checksumField: start + 16 })!;
}

function withHomeAddress(large: LargePacket): LargePacket {
  const moved = insertHomeAddress(new PacketView(headAlone(large)), address('fd00::3'));
  assert.ok(typeof moved !== 'string');
  return withHead(large, moved);
}

test('a raw packet goes as mark and source say, from any address', limits, () => {
  withCable('cf-sys-raw', ({ inside, client, near, far }) => {
    const socket = inside(() => new PacketSocket(far.ifindex, only(135)));
    const sender = inside(() => new RawSender(0xca));
    const beyond = address('2001:db8::9');
    const home = address('2001:db8:a::5');
    try {
      client.replaceNeighbour({
        ifindex: near.ifindex,
        address: THERE,
        linkAddress: far.linkAddress,
      });
      assert.match(sender.send(packet(135, home, beyond), home, beyond)!, /UNREACH/);
      client.addRoute({ via: THERE, ifindex: near.ifindex, table: 9901 });
      assert.match(sender.send(packet(135, home, beyond), home, beyond)!, /UNREACH/);
      const from = { address: home, length: 128 };
      client.addRule({ priority: 90, from, mark: 0xca, table: 9901 });
      assert.equal(sender.send(packet(135, home, beyond), home, beyond), undefined);
      assert.deepEqual(heard(socket, 1), [[135, home, near.linkAddress]]);
      assert.match(sender.send(packet(135, HERE, beyond), HERE, beyond)!, /UNREACH/);
      assert.equal(sender.send(packet(135, home, beyond, 3000), home, beyond), 'EMSGSIZE');
    } finally {
      socket.close();
      sender.close();
    }
  });
});

test('groups and anycast addresses are joined and left', limits, () => {
  withCable('cf-sys-groups', ({ inside, client, near }) => {
    const groups = inside(() => new GroupMemberships());
    const joined = () =>
      execFileSync('ip', ['-n', 'cf-sys-groups', '-6', 'maddr', 'show', 'dev', 'near'], {
        encoding: 'utf8',
      });
    const group = address('ff02::1:ff00:5');
    assert.equal(groups.join(near.ifindex, group), undefined);
    assert.match(joined(), /ff02::1:ff00:5/);
    assert.equal(groups.join(near.ifindex, group), 'EADDRINUSE');
    assert.equal(groups.leave(near.ifindex, group), undefined);
    assert.doesNotMatch(joined(), /ff02::1:ff00:5/);
    const anycast = address('fd00::fdff:ffff:ffff:fffe');
    assert.equal(groups.joinAnycast(near.ifindex, anycast), undefined);
    const way = client.routeOf({ destination: anycast });
    assert.equal(typeof way === 'object' && way.type, 'anycast');
    assert.equal(groups.leaveAnycast(near.ifindex, anycast), undefined);
    groups.close();
  });
});
