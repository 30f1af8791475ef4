import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { options } from '../../core/forwarding/case-packets.ts';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { inScratchNamespace } from '../sys/in-scratch-namespace.ts';
import { type LargePacket, largePacket } from '../sys/large-packet.ts';
import { inNamespace } from '../sys/namespace.ts';
import { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { Poller } from '../sys/poller.ts';
import { obstacleToNamespaces } from '../sys/privileges.ts';
import { Anchor } from './anchor.ts';
import { type Inside, Settings } from './settings.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 20_000 };

/** TCP behind a Destination Options header of so many octets. */
function tcpBehind(padding: number): LargePacket {
  const tcp = serialisePacket([
    { layer: 'ipv6', source: address('fd00::2'), destination: address('fd00::1') },
    { layer: 'tcp', sourcePort: 1, destinationPort: 2, ack: true, payload: new Uint8Array(1000) },
  ] as Parameters<typeof serialisePacket>[0]);
  const pads = Array.from({ length: padding / 8 - 1 }, () => [1, 6, 0, 0, 0, 0, 0, 0]);
  const header = options(1, 4, 0, 0, 0, 0, ...pads.flat()).octets(6);
  const octets = Uint8Array.from([...tcp.subarray(0, 40), ...header, ...tcp.subarray(40)]);
  octets[6] = 60;
  new DataView(octets.buffer).setUint16(4, octets.length - 40);
  const start = 40 + header.length;
  const missing = { needsChecksum: true, type: 0, segment: 0 };
  return largePacket(octets, { ...missing, checksumStart: start, checksumField: start + 16 })!;
}

test('a large packet may have headers of any length', limits, () => {
  inScratchNamespace('cf-host-anchor', (name) => {
    const inside: Inside = (run) => inNamespace(name, run);
    const folder = mkdtempSync(join(tmpdir(), 'cf-anchor-'));
    const poller = new Poller();
    const netlink = inside(() => new Rtnetlink());
    try {
      const settings = new Settings(folder, inside);
      const anchor = new Anchor(inside, poller, netlink, settings, 1500, () => {});
      for (const padding of [8, 992, 2000]) {
        const packet = tcpBehind(padding);
        assert.equal(packet.head.length, 40 + padding + 20);
        assert.equal(anchor.deliverLarge(packet), true);
        assert.equal(anchor.deliverLarge(packet), true, `${padding} octets of options`);
        assert.equal(anchor.flush(), true);
      }
      anchor.close({ leave: false });
    } finally {
      poller.close();
      netlink.close();
      rmSync(folder, { recursive: true });
    }
  });
});
