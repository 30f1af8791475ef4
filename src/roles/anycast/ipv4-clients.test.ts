/** Clients that know no IPv6, at an anycast agent and at its servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet } from '../../../test/by-hand.ts';
import type { AnycastServerConfig, Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { movedClientOptions, movedPieceIn } from '../../core/service/moving/moved-client.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';
import { IPV4_ADDRESS_STATUS } from '../../wire/numbers.ts';
import { type LayerInput, type MobilityOptionInput, serialisePacket } from '../../wire/packet.ts';

const SERVICE = address('2001:db8:a::80');
const SERVICE4 = address('192.0.2.80');
const AGENT = address('2001:db8:1::2');
const SERVERS = [address('2001:db8:e::1'), address('2001:db8:e::2')] as const;
const CLIENT = address('198.51.100.7');
const keyOf = (spi: number): Authentication => ({
  method: 'rfc4285',
  spi,
  key: new Uint8Array(16).fill(spi & 0xff),
});
const members = SERVERS.map((one, i) => ({ address: one, authentication: keyOf(257 + i) }));
const both = { service: SERVICE, service4: SERVICE4, members };

const ipv4 = (source: Address, destination: Address, layers: readonly LayerInput[]) =>
  serialisePacket([{ layer: 'ipv4', source, destination }, ...layers]);
const question = (client = CLIENT) =>
  ipv4(client, SERVICE4, [
    { layer: 'udp', sourcePort: 1000, destinationPort: 53, payload: Uint8Array.of(1) },
  ]);

function agent(): ByHand {
  const anycastAgent = {
    ...both,
    ...{ address: AGENT, policy: 'rotation' as const, maxClients: 4 },
  };
  const node = new ByHand({ name: 'a', anycastAgent });
  return node.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

/** A message between a server and its agent, proved. */
function proved(
  index: number,
  time: number,
  build: (options: readonly MobilityOptionInput[]) => Uint8Array,
): Uint8Array {
  const ends = { careOf: SERVERS[index]!, home: SERVICE };
  const proof = homeProof(keyOf(257 + index), crypto, ends, ntpTimestamp(EPOCH, at(time)));
  const octets = build(proof.options);
  proof.sign(octets);
  return octets;
}

function join(index: number, time: number, told: readonly MobilityOptionInput[]): Uint8Array {
  const careOfAddress = SERVERS[index]!;
  return proved(index, time, (options) =>
    packet(careOfAddress, AGENT, [
      { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
      {
        layer: 'binding-update',
        ...{ sequence: 7, acknowledge: true, homeRegistration: true, lifetime: 5 },
        options: [{ option: 'alternate-care-of-address', careOfAddress }, ...told, ...options],
      },
    ]),
  );
}

const says = (homeAddress = SERVICE4): MobilityOptionInput[] => [
  { option: 'ipv4-home-address', prefixLength: 32, homeAddress },
];
const ask = (node: ByHand, time: number, client = CLIENT) =>
  node.packet(question(client), time, { reason: 'service-client' });

test('an IPv4 client gets a server that answers from the IPv4 address, and keeps it', () => {
  const node = agent()
    .packet(join(0, 1, []), 1)
    .packet(join(1, 1, says()), 1);
  const { layers } = node.one('binding-acknowledgement');
  const { options } = layerOf(layers, 'binding-acknowledgement');
  const said = options.find((one) => one.option === 'ipv4-address-acknowledgement');
  assert.deepEqual([said?.status, said?.homeAddress], [IPV4_ADDRESS_STATUS.accepted, SERVICE4]);
  for (const [index, client] of ['198.51.100.7', '198.51.100.8'].entries()) {
    const [sent] = ask(node, 3 + index, address(client)).sent();
    assert.equal(sent?.destination, SERVERS[1], 'the other one has no IPv4');
    assert.deepEqual(sent?.octets.subarray(40), question(address(client)));
    assert.deepEqual(
      node.entries.get(`service/2001:db8:a::80/from/${client}`)?.match,
      { src: { address: address(client) }, dst: { address: SERVICE4 } },
      'whatever follows goes there too',
    );
  }
  assert.equal(node.counters['service.client_new'], 2);
});

test('what comes back through the tunnel of a server is taken for both addresses', () => {
  const node = agent().packet(join(1, 1, says()), 1);
  const back = [...node.entries.values()].filter(({ match }) => match.innerSrc !== undefined);
  assert.deepEqual(
    back.map(({ match }) => [match.protocol, formatAddress(match.innerSrc!)]),
    [
      [41, '2001:db8:a::80'],
      [4, '192.0.2.80'],
    ],
  );
  node.run(40);
  assert.ok(![...node.entries.values()].some(({ match }) => match.innerSrc !== undefined));
});

test('a server of another IPv4 address is told so, and gets no IPv4 clients', () => {
  const node = agent().packet(join(0, 1, says(address('192.0.2.81'))), 1);
  const { options } = layerOf(
    node.one('binding-acknowledgement').layers,
    'binding-acknowledgement',
  );
  const said = options.find((one) => one.option === 'ipv4-address-acknowledgement');
  assert.equal(said?.status, IPV4_ADDRESS_STATUS.incorrectIpv4HomeAddress);
  assert.deepEqual(ask(node, 3).sent(), []);
  assert.equal(node.counters['service.no_member'], 1);
});

test('whom nobody can answer is no client', () => {
  const node = agent().packet(join(1, 1, says()), 1);
  for (const from of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', '169.254.1.1']) {
    assert.deepEqual(ask(node, 3, address(from)).sent(), [], from);
  }
  assert.equal(node.counters['service.no_client'], 5);
});

test('who writes an IPv4 address into an IPv6 header is not the client that has it', () => {
  const node = agent().packet(join(1, 1, says()), 1);
  const mapped = address('::ffff:198.51.100.7');
  const udp = { layer: 'udp', sourcePort: 1000, destinationPort: 53 } as const;
  node.packet(packet(mapped, SERVICE, [udp]), 3, { reason: 'service-client' });
  assert.equal(node.counters['service.no_client'], 1);
  const own = there(server());
  const entry = 'service/from/2001:db8:1::2';
  const notice = { entry, reason: 'tunnelled-from-peer', src: mapped, dst: SERVICE } as const;
  own.feed({ kind: 'notice', ...notice }, 3);
  assert.equal(own.role.sizes?.().clients, 0, 'agents would be told of the IPv4 client');
});

test('an IPv4 packet with the number of the Mobility Header goes to one server, as any does', () => {
  const node = agent()
    .packet(join(0, 1, says()), 1)
    .packet(join(1, 1, says()), 1);
  const odd = ipv4(CLIENT, SERVICE4, [
    { layer: 'payload', protocol: 135, octets: new Uint8Array(8) },
  ]);
  assert.equal(node.packet(odd, 3, { reason: 'service-client' }).sent().length, 1);
});

test('an ICMPv4 error goes to the server of the client that it is about', () => {
  const node = agent().packet(join(1, 1, says()), 1);
  ask(node, 3);
  const tooBig = (from: Address, to: Address) => {
    const udp = { layer: 'udp', sourcePort: 53, destinationPort: 1000 } as const;
    const invoking = ipv4(from, to, [{ ...udp, payload: new Uint8Array(8) }]);
    return ipv4(address('203.0.113.1'), SERVICE4, [
      { layer: 'icmpv4-destination-unreachable', code: 4, nextHopMtu: 1280, invoking },
    ]);
  };
  const error = tooBig(SERVICE4, CLIENT);
  const [sent] = node.packet(error, 4, { reason: 'service-client' }).sent();
  assert.equal(sent?.destination, SERVERS[1]);
  assert.deepEqual(sent?.octets.subarray(40), error);
  for (const foreign of [tooBig(CLIENT, SERVICE4), tooBig(address('203.0.113.9'), CLIENT)]) {
    node.packet(foreign, 4, { reason: 'service-client' });
  }
  assert.equal(node.counters['service.error_passed_on'], 1);
  assert.equal(node.counters['service.error_ignored'], 2);
  assert.equal(node.counters['service.client_new'], 1, 'a router is no client');
});

function server(change: Partial<AnycastServerConfig> = {}): ByHand {
  const anycastServer: AnycastServerConfig = {
    ...both,
    ...{ address: SERVERS[0], policy: 'rotation', maxClients: 10 },
    ...{ agents: [AGENT], capacity: 1, near: [], authentication: keyOf(257) },
    ...{ lifetime: seconds(20), clientLifetime: seconds(60), directReturn: true, maxPeers: 10 },
    ...change,
  };
  return new ByHand({ name: 's', anycastServer }).feed({ kind: 'start' }, 0);
}

const there = (node: ByHand) => node.link(0).address(SERVERS[0], 0);
const BACK = 'service/192.0.2.80/back';

test('a server has both addresses, names the other one, and takes what is tunnelled to it', () => {
  const node = server();
  const anchored = node.outputs.flatMap((one) =>
    one.kind === 'address' ? [[formatAddress(one.address), one.prefixLength]] : [],
  );
  assert.deepEqual(anchored, [
    ['2001:db8:a::80', 128],
    ['192.0.2.80', 32],
  ]);
  const { options } = there(node).one('binding-update').message;
  const named = options.find((one) => one.option === 'ipv4-home-address');
  assert.deepEqual([named?.homeAddress, named?.prefixLength], [SERVICE4, 32]);
  const entry = node.entries.get('service/from/2001:db8:1::2/ipv4');
  assert.deepEqual([entry?.match.protocol, entry?.match.innerDst], [4, SERVICE4]);
  assert.deepEqual(entry?.do[0], { pop: 'ipv6' });
  assert.equal(node.entries.get(BACK), undefined, 'it answers straight');
});

test('where answers go back by the agent, those of the IPv4 address do too', () => {
  const node = there(server({ directReturn: false }));
  const { match, do: actions } = node.entries.get(BACK)!;
  assert.deepEqual(match, { src: { address: SERVICE4 } });
  assert.deepEqual(actions, [{ push: 'ipv6', src: SERVERS[0], dst: AGENT }]);
});

test('an IPv4 client of a server is its own, is told of no binding, and can be handed on', () => {
  const node = there(server());
  const entry = 'service/from/2001:db8:1::2/ipv4';
  const notice = { entry, reason: 'tunnelled-from-peer', src: CLIENT, dst: SERVICE4 } as const;
  node.feed({ kind: 'notice', ...notice }, 3);
  assert.equal(node.role.sizes?.().clients, 1);
  assert.deepEqual(node.sent(), []);
  node.feed({ kind: 'command', command: { do: 'hand-over', client: CLIENT, to: SERVERS[1] } }, 4);
  const [detach] = node.outputs.filter(({ kind }) => kind === 'detach');
  assert.ok(detach?.kind === 'detach');
  assert.deepEqual([detach.local, detach.remote], [SERVICE4, CLIENT]);
  node.feed({ kind: 'detached', id: detach.id, state: Uint8Array.of(1) }, 4);
  const update = node.one('binding-update');
  assert.equal(update.destination, SERVERS[1]);
  assert.equal(movedPieceIn(update.message.options, SERVERS[1])?.client, CLIENT);
});

test('a server without the IPv4 address takes no IPv4 client over', () => {
  const handed = (config: Partial<AnycastServerConfig>) => {
    const node = there(server(config));
    const piece = { server: SERVERS[0], client: CLIENT, transfer: 1, total: 1, offset: 0 };
    const careOfAddress = SERVERS[1];
    const ends = { careOf: careOfAddress, home: SERVICE };
    const proof = homeProof(keyOf(258), crypto, ends, ntpTimestamp(EPOCH, at(1)));
    const octets = packet(careOfAddress, SERVERS[0], [
      { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
      {
        layer: 'binding-update',
        ...{ sequence: 1, acknowledge: true, homeRegistration: true, lifetime: 5 },
        options: [
          { option: 'alternate-care-of-address', careOfAddress },
          ...movedClientOptions({ ...piece, octets: Uint8Array.of(1) }),
          ...proof.options,
        ],
      },
    ]);
    proof.sign(octets);
    return node.packet(octets, 1).outputs.filter(({ kind }) => kind === 'attach').length;
  };
  assert.equal(handed({}), 1);
  assert.equal(handed({ service4: undefined as never }), 0);
});

test('an IPv4 client that is left when a drain is over is told of nothing, and stays', () => {
  const node = there(server());
  const entry = 'service/from/2001:db8:1::2/ipv4';
  const notice = { entry, reason: 'tunnelled-from-peer', src: CLIENT, dst: SERVICE4 } as const;
  node.feed({ kind: 'notice', ...notice }, 3);
  node.feed({ kind: 'command', command: { do: 'drain', within: seconds(5) } }, 4).run(10);
  assert.equal(node.counters['service.not_drained'], 1);
  assert.equal(node.role.sizes?.().clients, 1);
  assert.deepEqual(
    node.sent().filter(({ destination }) => destination === CLIENT),
    [],
  );
});

test('packets of QUIC of an IPv4 client are counted where it sends them', () => {
  const node = there(server({ quicPorts: [443] }));
  const entry = 'service/from/2001:db8:1::2/ipv4';
  const notice = { entry, reason: 'tunnelled-from-peer', src: CLIENT, dst: SERVICE4 } as const;
  node.feed({ kind: 'notice', ...notice }, 3);
  const counts = [...node.entries.values()].filter(({ match }) => match.dport === 443);
  assert.deepEqual(
    counts.map(({ match }) => [match.src?.address, match.dst?.address]),
    [[CLIENT, SERVICE4]],
  );
});

test('of clients that a full server does not remember no packets of QUIC are counted', () => {
  const node = there(server({ quicPorts: [443], maxClients: 2 }));
  const entry = 'service/from/2001:db8:1::2/ipv4';
  const notice = { entry, reason: 'tunnelled-from-peer', dst: SERVICE4 } as const;
  for (let i = 1; i < 50; i++) {
    node.feed({ kind: 'notice', ...notice, src: address(`198.51.100.${i}`) }, 3);
  }
  assert.equal(node.counters['service.clients_full'], 47);
  const counts = [...node.entries.values()].filter(({ match }) => match.dport === 443);
  assert.equal(counts.length, 2, 'anybody can have any number of sources');
});

test('a server whose IPv4 address the agent does not have hears of that', () => {
  const refused = { status: IPV4_ADDRESS_STATUS.incorrectIpv4HomeAddress, prefixLength: 32 };
  for (const [status, count] of [
    [0, undefined],
    [refused.status, 1],
  ] as const) {
    const node = there(server());
    const { sequence } = node.one('binding-update').message;
    const octets = proved(0, 0, (options) =>
      packet(AGENT, SERVERS[0], [
        { layer: 'routing-type-2', homeAddress: SERVICE },
        {
          layer: 'binding-acknowledgement',
          ...{ status: 0, sequence, lifetime: 5 },
          options: [
            { option: 'ipv4-address-acknowledgement', ...refused, status, homeAddress: SERVICE4 },
            ...options,
          ],
        },
      ]),
    );
    node.packet(octets, 0);
    assert.equal(node.counters['service.ipv4_refused'], count);
  }
});
