import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkAddressOctets } from '../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../core/role.ts';
import { type Instant, milliseconds, seconds } from '../../core/time.ts';
import {
  type Address,
  ALL_NODES,
  address,
  solicitedNode,
  UNSPECIFIED,
} from '../../wire/address.ts';
import { type LayerInput, serialisePacket } from '../../wire/packet.ts';
import { Link, type Station } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, type Seen, watch } from '../small-network.ts';
import { groupLinkAddress, linkLocalAddress } from './link-address.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const A = address('2001:db8:1::a');
const B = address('2001:db8:1::b');
const X = address('2001:db8:1::c');
const MAC = '\x02\0\0\0\0\x77' as LinkAddress;
const OTHER_MAC = '\x02\0\0\0\0\x78' as LinkAddress;

/** Nodes a and b on a link, and a station x that sends what the test says. */
function lan() {
  const simulation = new Simulation(1);
  const link = new Link(simulation, 'lan', { delay: milliseconds(1) });
  const seen = watch(link, 'x');
  const a = nodeOn(simulation, 'a', { eth0: { link, addresses: ['2001:db8:1::a'] } });
  const b = nodeOn(simulation, 'b', { eth0: { link, addresses: ['2001:db8:1::b'] } });
  const x: Station = { linkAddress: MAC, node: 'x', allGroups: true, receive: () => {} };
  link.attach(x);
  const macOf = (node: typeof a) => node.kernel.interfaces.get('eth0')!.linkAddress;
  const say = (
    header: { source: Address; destination: Address; hopLimit?: number },
    message: LayerInput,
    to: LinkAddress = groupLinkAddress(header.destination),
  ) => {
    const octets = serialisePacket([{ layer: 'ipv6', hopLimit: 255, ...header }, message]);
    link.send(x, { from: MAC, to, octets });
    simulation.run((simulation.now + 5000) as Instant);
  };
  const send = (from: typeof a, to: Address) =>
    from.kernel.udp.open().send(to, 9, Uint8Array.of(1));
  return { simulation, link, seen, a, b, say, send, macOf };
}

const kinds = (seen: readonly Seen[]) =>
  seen.map(({ at: when, sender, layers }) => `${when / 1000} ${sender} ${layers[1]?.layer}`);
const source = (linkLayerAddress: Uint8Array) =>
  ({ option: 'source-link-layer-address', linkLayerAddress }) as const;
const target = (linkLayerAddress: Uint8Array) =>
  ({ option: 'target-link-layer-address', linkLayerAddress }) as const;

test('the trace of a resolution', () => {
  const { simulation, seen, a, b, send, macOf } = lan();
  b.kernel.udp.open({ port: 9 });
  send(a, B);
  send(a, B);
  simulation.run(at(100));
  assert.deepEqual(kinds(seen), [
    '0 a neighbor-solicitation',
    '1 b neighbor-advertisement',
    '2 a udp',
    '2 a udp',
  ]);
  const [asked, answer] = seen;
  const ns = layerIn(asked, 'neighbor-solicitation')!;
  assert.equal(layerIn(asked, 'ipv6')!.source, A, 'RFC 4861 section 7.2.2: that of the packet');
  assert.equal(layerIn(asked, 'ipv6')!.destination, solicitedNode(B));
  assert.equal(ns.targetAddress, B);
  assert.deepEqual(ns.options, [source(linkAddressOctets(macOf(a)))]);
  const na = layerIn(answer, 'neighbor-advertisement')!;
  assert.deepEqual([na.router, na.solicited, na.override], [false, true, true]);
  assert.deepEqual(na.options, [target(linkAddressOctets(macOf(b)))]);
  for (const { layers } of [asked!, answer!]) {
    assert.equal(layers[0]?.layer === 'ipv6' && layers[0].hopLimit, 255);
  }
});

test('nobody answers: three solicitations, then an error, and the next packet asks anew', () => {
  const { simulation, seen, a } = lan();
  const errors: unknown[] = [];
  const socket = a.kernel.udp.open({ onError: (error) => errors.push(error) });
  socket.send(X, 9, Uint8Array.of(1));
  simulation.run(at(2999));
  assert.deepEqual(errors, []);
  simulation.run(at(3000));
  assert.deepEqual(errors, [{ kind: 'unreachable', code: 3 }]);
  socket.send(X, 9, Uint8Array.of(1));
  simulation.run(at(3500));
  assert.deepEqual(
    seen.map((one) => one.at),
    [0, 1_000_000, 2_000_000, 3_000_000],
  );
});

test('a neighbor in use is probed after it has grown stale, and kept if it answers', () => {
  const { simulation, seen, a, b, send, macOf } = lan();
  b.kernel.udp.open({ port: 9 });
  send(a, B);
  simulation.run(seconds(100) as number as Instant);
  seen.length = 0;
  send(a, B);
  simulation.run(seconds(104) as number as Instant);
  assert.deepEqual(kinds(seen), ['100000 a udp'], 'stale is still used');
  simulation.run(seconds(110) as number as Instant);
  assert.deepEqual(kinds(seen).slice(1), [
    '105000 a neighbor-solicitation',
    '105001 b neighbor-advertisement',
  ]);
  assert.equal(layerIn(seen[1], 'ipv6')!.destination, B, 'a probe is unicast');
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(B), macOf(b));
});

test('a neighbor that is gone is forgotten after three probes', () => {
  const { simulation, seen, a, b, send } = lan();
  send(a, B);
  simulation.run(seconds(100) as number as Instant);
  b.attach('eth0', undefined);
  seen.length = 0;
  send(a, B);
  simulation.run(seconds(107.5) as number as Instant);
  assert.notEqual(a.kernel.neighbors('eth0').linkAddressOf(B), undefined);
  simulation.run(seconds(109) as number as Instant);
  assert.equal(having(seen, 'neighbor-solicitation').length, 3);
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(B), undefined);
});

test('the override flag decides whether another link address is believed', () => {
  const { a, b, say, send, simulation, macOf } = lan();
  send(a, B);
  simulation.run(at(50));
  const known = () => a.kernel.neighbors('eth0').linkAddressOf(B);
  const advertise = (override: boolean, mac: LinkAddress, solicited = false) =>
    say(
      { source: B, destination: ALL_NODES },
      {
        layer: 'neighbor-advertisement',
        override,
        solicited,
        targetAddress: B,
        options: [target(linkAddressOctets(mac))],
      },
    );
  advertise(false, OTHER_MAC);
  assert.equal(known(), macOf(b), 'override 0: what is known stays');
  advertise(true, OTHER_MAC);
  assert.equal(known(), OTHER_MAC, 'override 1: the new one is taken');
  advertise(true, MAC, true);
  assert.equal(known(), OTHER_MAC, 'solicited and multicast: refused (RFC 4861 section 7.1.2)');
  assert.equal(a.counters()['kernel.nd_refused'], 1);
});

test('an unsolicited advertisement of a stranger makes no entry', () => {
  const { a, say } = lan();
  const message = { layer: 'neighbor-advertisement', override: true, targetAddress: X } as const;
  say(
    { source: X, destination: ALL_NODES },
    { ...message, options: [target(linkAddressOctets(MAC))] },
  );
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(X), undefined);
});

test('a probe of Duplicate Address Detection for an address that is taken is answered to all', () => {
  const { seen, a, say, macOf } = lan();
  say(
    { source: UNSPECIFIED, destination: solicitedNode(A) },
    { layer: 'neighbor-solicitation', targetAddress: A },
  );
  const answer = having(seen, 'neighbor-advertisement')[0];
  assert.equal(layerIn(answer, 'ipv6')?.destination, ALL_NODES);
  const na = layerIn(answer, 'neighbor-advertisement')!;
  assert.deepEqual([na.solicited, na.override, na.targetAddress], [false, true, A]);
  assert.deepEqual(na.options, [target(linkAddressOctets(macOf(a)))]);
  say(
    { source: UNSPECIFIED, destination: solicitedNode(X) },
    { layer: 'neighbor-solicitation', targetAddress: X },
  );
  assert.equal(having(seen, 'neighbor-advertisement').length, 1, 'nobody has that one');
});

test('an optimistic address is defended without override and asks no questions', () => {
  const { simulation, seen, a, say, send } = lan();
  const entry = { prefixLength: 64, optimistic: true, preferred: true };
  a.kernel.removeAddress('eth0', A);
  a.kernel.addAddress('eth0', { address: A, ...entry });
  say(
    { source: UNSPECIFIED, destination: solicitedNode(A) },
    { layer: 'neighbor-solicitation', targetAddress: A },
  );
  const na = layerIn(having(seen, 'neighbor-advertisement')[0], 'neighbor-advertisement')!;
  assert.equal(na.override, false);
  seen.length = 0;
  send(a, B);
  simulation.run(at(50));
  const asked = seen[0]!;
  const on = a.kernel.interfaces.get('eth0')!;
  assert.equal(layerIn(asked, 'ipv6')!.source, on.linkLocal, 'RFC 4429 section 3.2');
  assert.equal(layerIn(having(seen, 'udp')[0], 'ipv6')!.source, A);
});

test('without an address beyond doubt a solicitation says no link address', () => {
  const { simulation, seen, a, send } = lan();
  const on = a.kernel.interfaces.get('eth0')!;
  const entry = { prefixLength: 64, optimistic: true, preferred: false };
  a.kernel.addAddress('eth0', { address: on.linkLocal!, ...entry });
  a.kernel.addAddress('eth0', { address: A, ...entry });
  send(a, B);
  simulation.run(at(50));
  assert.deepEqual(layerIn(seen[0], 'neighbor-solicitation')!.options, []);
});

test('what fails a validity check is counted and has no effect', () => {
  const { a, say, seen } = lan();
  const ask = { layer: 'neighbor-solicitation', targetAddress: A } as const;
  const toA = { destination: solicitedNode(A) };
  const link = source(linkAddressOctets(MAC));
  const options = [link];
  say({ source: X, ...toA, hopLimit: 254 }, { ...ask, options });
  say({ source: X, ...toA }, { ...ask, code: 1, options });
  say({ source: X, ...toA }, { ...ask, checksum: 1, options });
  say({ source: UNSPECIFIED, ...toA }, { ...ask, options });
  say({ source: UNSPECIFIED, destination: ALL_NODES }, ask);
  assert.equal(a.counters()['kernel.nd_refused'], 5);
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(X), undefined);
  assert.equal(having(seen, 'neighbor-advertisement').length, 0);
});

test('a neighbor that asks, and a router that advertises, need not be asked', () => {
  const { a, say } = lan();
  const link = source(linkAddressOctets(MAC));
  say(
    { source: X, destination: solicitedNode(A) },
    { layer: 'neighbor-solicitation', targetAddress: A, options: [link] },
  );
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(X), MAC);
  const router = linkLocalAddress(OTHER_MAC);
  say(
    { source: router, destination: ALL_NODES },
    { layer: 'router-advertisement', options: [source(linkAddressOctets(OTHER_MAC))] },
  );
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(router), OTHER_MAC);
});

test('a node that moves forgets the neighbors of its old link', () => {
  const { simulation, link, a, send } = lan();
  send(a, B);
  simulation.run(at(50));
  assert.notEqual(a.kernel.neighbors('eth0').linkAddressOf(B), undefined);
  a.attach('eth0', new Link(simulation, 'other'));
  assert.equal(a.kernel.neighbors('eth0').linkAddressOf(B), undefined);
  a.attach('eth0', link);
});
