import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Cryptography, LinkAddress, Role } from '../../core/role.ts';
import { type Instant, milliseconds } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, type Seen, watch } from '../small-network.ts';
import type { Datagram } from './udp.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const FAR = address('2001:db8:9::b');
const HOST = address('2001:db8:1::a');
const ROUTER = address('2001:db8:1::1');

/**
 *     host --+-- router 1 (the host's default router)
 *            +-- router 2 --far-- b              router 1 sends what is for b to router 2
 */
function detour(without: readonly Mechanism[] = []) {
  const simulation = new Simulation(1);
  const link = new Link(simulation, 'lan', { delay: milliseconds(1) });
  const far = new Link(simulation, 'far', { delay: milliseconds(1) });
  const seen = watch(link, 'x');
  const quiet: Role = { handle: () => [], deadline: () => undefined };
  const unused = () => new Uint8Array();
  const crypto: Cryptography = { sha1: unused, hmacSha1: unused };
  const environment = { crypto, epoch: 0, without: new Set(without), constants: {} };
  const router = { forwarding: true, role: () => quiet, environment };
  const host = nodeOn(simulation, 'host', {
    eth0: { link, addresses: ['2001:db8:1::a'], routes: { '::/0': '2001:db8:1::1' } },
  });
  const routes = { '2001:db8:9::/64': '2001:db8:1::2' };
  const plug = { link, addresses: ['2001:db8:1::1'], routes };
  const r1 = nodeOn(simulation, 'r1', { eth0: plug }, router);
  const r2 = nodeOn(
    simulation,
    'r2',
    {
      eth0: { link, addresses: ['2001:db8:1::2'] },
      eth1: { link: far, addresses: ['2001:db8:9::1'] },
    },
    router,
  );
  const b = nodeOn(simulation, 'b', {
    eth0: { link: far, addresses: ['2001:db8:9::b'], routes: { '::/0': '2001:db8:9::1' } },
  });
  const got: Datagram[] = [];
  b.kernel.udp.open({ port: 9, onDatagram: (one) => got.push(one) });
  const socket = host.kernel.udp.open();
  const send = () => {
    socket.send(FAR, 9, Uint8Array.of(1));
    simulation.run((simulation.now + 100_000) as Instant);
  };
  return { simulation, link, seen, host, r1, r2, got, send };
}

const udpSenders = (seen: readonly Seen[]) => having(seen, 'udp').map(({ sender }) => sender);

test('a router tells of a better first hop, and the host obeys', () => {
  const { seen, host, r2, got, send, r1 } = detour();
  send(); // router 1 does not know the link address of router 2 yet, which names it
  send();
  send();
  assert.deepEqual(udpSenders(seen), ['host', 'r1', 'host', 'r1', 'host']);
  assert.equal(got.length, 3);
  const [told] = having(seen, 'redirect');
  const message = layerIn(told, 'redirect')!;
  const target = r2.kernel.interfaces.get('eth0')!;
  assert.equal(layerIn(told, 'ipv6')!.source, r1.kernel.interfaces.get('eth0')!.linkLocal);
  assert.equal(layerIn(told, 'ipv6')!.hopLimit, 255);
  assert.equal(message.targetAddress, target.linkLocal);
  assert.equal(message.destinationAddress, FAR);
  assert.deepEqual(
    message.options.map(({ option }) => option),
    ['target-link-layer-address', 'redirected-header'],
  );
  assert.equal(host.counters()['kernel.redirect_obeyed'], 1);
});

test('a host that leaves the link forgets the redirect', () => {
  const { host, link, send } = detour();
  send();
  send();
  const via = () => host.kernel.route(FAR, undefined)?.via;
  assert.notEqual(via(), ROUTER);
  host.attach('eth0', undefined);
  host.attach('eth0', link);
  assert.equal(via(), ROUTER);
});

test('when the redirect leads nowhere it is forgotten', () => {
  const { simulation, host, r2, send } = detour();
  send();
  send();
  send();
  r2.attach('eth0', undefined);
  simulation.run((simulation.now + 12_000_000) as Instant);
  assert.equal(host.kernel.route(FAR, undefined)?.via, ROUTER);
});

test('a forged Redirect is refused', () => {
  const { simulation, host, link, send } = detour();
  send();
  const mac = '\x02\0\0\0\0\x77' as LinkAddress;
  const x = { linkAddress: mac, node: 'x', receive: () => {} };
  link.attach(x);
  const to = host.kernel.interfaces.get('eth0')!.linkAddress;
  const redirect = (source: string, hopLimit: number, target: string) => {
    const octets = serialisePacket([
      { layer: 'ipv6', source: address(source), destination: HOST, hopLimit },
      { layer: 'redirect', targetAddress: address(target), destinationAddress: FAR },
    ]);
    link.send(x, { from: mac, to, octets });
    simulation.run((simulation.now + 5000) as Instant);
  };
  redirect('fe80::77', 255, 'fe80::77');
  redirect('2001:db8:1::1', 255, 'fe80::77');
  redirect('fe80::77', 64, 'fe80::77');
  assert.equal(host.kernel.route(FAR, undefined)?.via, ROUTER);
  assert.equal(host.counters()['kernel.nd_refused'], 3);
  assert.equal(host.counters()['kernel.redirect_obeyed'], undefined);
});

/** Sends router 1 a tunnel packet from the host, with a packet for b inside. */
function tunnelled(without: readonly Mechanism[]) {
  const { simulation, seen, host, r1, got, send } = detour(without);
  send();
  seen.length = 0;
  r1.perform([
    {
      kind: 'forward',
      entry: {
        id: 'decapsulate',
        owner: 'test',
        at: 'arriving',
        match: { protocol: 41, dst: { address: ROUTER } },
        do: [{ pop: 'ipv6' }],
      },
    },
  ]);
  host.kernel.output.transmit(
    serialisePacket([
      { layer: 'ipv6', source: HOST, destination: ROUTER },
      { layer: 'ipv6', source: HOST, destination: FAR },
      { layer: 'udp', sourcePort: 1, destinationPort: 9 },
    ]),
  );
  simulation.run(at(1000));
  assert.equal(got.length, 2);
  return having(seen, 'redirect').length;
}

test('a packet that came out of a tunnel causes no Redirect', () => {
  assert.equal(tunnelled([]), 0);
  assert.equal(tunnelled(['no-redirect-for-tunnelled']), 1);
});
