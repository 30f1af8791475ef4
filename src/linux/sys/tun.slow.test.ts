import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import { inNamespace } from './namespace.ts';
import { Poller } from './poller.ts';
import { obstacleToNamespaces } from './privileges.ts';
import { Tun, type TunOptions, VNET_HEADER_SIZE } from './tun.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 10_000 };
const ip = (name: string, ...args: string[]) =>
  execFileSync('ip', ['-n', name, ...args], { encoding: 'utf8' });
const opened = (name: string, options: TunOptions) => inNamespace(name, () => Tun.open(options));

/** ICMPv6 echo request from fd00::2 to fd00::1, its checksum right. */
const ECHO = Buffer.from(
  '6000000000083a40' +
    'fd000000000000000000000000000002' +
    'fd000000000000000000000000000001' +
    '800085b600010001',
  'hex',
);

test('a packet that is written is answered by the host', limits, async () => {
  await inScratchNamespace('cf-sys-tun', async (name) => {
    const tun = opened(name, { name: 'tun0', mode: 'tun' });
    const poller = new Poller();
    try {
      assert.equal(tun.write(ECHO), 'EIO', 'the interface is down');
      ip(name, 'addr', 'add', 'fd00::1/64', 'dev', 'tun0', 'nodad');
      ip(name, 'link', 'set', 'tun0', 'up');
      const answer = new Promise<Buffer>((resolve) => {
        const into = Buffer.alloc(2000);
        poller.watch(tun.fd, () => {
          for (let length = tun.read(into); length > 0; length = tun.read(into)) {
            if (into[40] === 129) resolve(Buffer.from(into.subarray(0, length)));
          }
        });
      });
      assert.equal(tun.write(ECHO), undefined);
      assert.equal((await answer).subarray(8, 24).toString('hex'), ECHO.toString('hex', 24, 40));
      assert.equal(tun.write(Buffer.from([0])), 'EINVAL');
    } finally {
      poller.close();
      tun.close();
    }
    assert.doesNotMatch(ip(name, '-br', 'link'), /tun0/);
  });
});

test('a TAP has an address and a cable', limits, () => {
  inScratchNamespace('cf-sys-tap', (name) => {
    const tap = opened(name, { name: 'eth0', mode: 'tap' });
    try {
      tap.setLinkAddress(Uint8Array.of(2, 0, 0, 0, 0, 9));
      assert.deepEqual(tap.linkAddress(), Uint8Array.of(2, 0, 0, 0, 0, 9));
      ip(name, 'link', 'set', 'eth0', 'up');
      assert.match(ip(name, 'link', 'show', 'eth0'), /LOWER_UP.*02:00:00:00:00:09/s);
      tap.setCarrier(false);
      assert.match(ip(name, 'link', 'show', 'eth0'), /NO-CARRIER/);
      tap.setCarrier(true);
      assert.match(ip(name, 'link', 'show', 'eth0'), /LOWER_UP/);
      assert.throws(() => tap.setLinkAddress(Uint8Array.of(1)), RangeError);
    } finally {
      tap.close();
    }
  });
});

test('a persistent one stays and is taken up again', limits, () => {
  inScratchNamespace('cf-sys-stay', (name) => {
    const first = opened(name, { name: 'careof0', mode: 'tun', persistent: true });
    assert.throws(() => opened(name, { name: 'careof0', mode: 'tun' }), { code: 'EBUSY' });
    first.close();
    assert.throws(() => opened(name, { name: 'careof0', mode: 'tap' }), { code: 'EINVAL' });
    assert.throws(() => opened(name, { name: 'careof0', mode: 'tun', create: 'new' }), {
      code: 'EBUSY',
    });
    const second = opened(name, { name: 'careof0', mode: 'tun' });
    assert.equal(second.ifindex, first.ifindex);
    second.setPersistent(false);
    second.close();
    assert.doesNotMatch(ip(name, '-br', 'link'), /careof0/);
  });
});

test('packets have a header of their own where that was asked for', limits, () => {
  inScratchNamespace('cf-sys-vnet', (name) => {
    const tun = opened(name, { name: 'tun0', mode: 'tun', vnetHeader: true, offload: 1 });
    try {
      ip(name, 'addr', 'add', 'fd00::1/64', 'dev', 'tun0', 'nodad');
      ip(name, 'link', 'set', 'tun0', 'up');
      assert.equal(tun.write(Buffer.concat([Buffer.alloc(VNET_HEADER_SIZE), ECHO])), undefined);
      const into = Buffer.alloc(2000);
      const seen: number[] = [];
      for (let length = tun.read(into); length > 0; length = tun.read(into)) {
        seen.push(into[VNET_HEADER_SIZE + 40]!);
      }
      assert.ok(seen.includes(129), `types of ICMPv6: ${seen}`);
    } finally {
      tun.close();
    }
  });
});

test('an interface that was removed is an error of the read', limits, () => {
  inScratchNamespace('cf-sys-gone', (name) => {
    const tun = opened(name, { name: 'tun0', mode: 'tun' });
    ip(name, 'link', 'del', 'tun0');
    assert.throws(() => tun.read(Buffer.alloc(2000)), { code: 'EBADFD' });
    assert.equal(tun.write(ECHO), 'EBADFD');
    tun.close();
  });
});

test('names that the kernel would cut are refused', limits, () => {
  assert.throws(() => Tun.open({ name: 'a-name-of-16-char', mode: 'tun' }), /EINVAL/);
  assert.throws(() => Tun.open({ name: '', mode: 'tun' }), /EINVAL/);
});
