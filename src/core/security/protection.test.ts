import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packet } from '../../../test/by-hand.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';
import { toHex } from '../../wire/hex.ts';
import { type LayerInput, parsePacket, serialisePacket } from '../../wire/packet.ts';
import type { EspAssociations, NodeConfig } from '../config.ts';
import type { Mechanism } from '../mechanisms.ts';
import type { Input, Output } from '../role.ts';
import { type Instant, seconds } from '../time.ts';
import { sealEsp } from './esp.ts';
import { espTransform } from './esp-algorithms.ts';
import { Protection } from './protection.ts';

const HOME = address('2001:db8:1::100');
const SECOND = address('2001:db8:1::200');
const AGENT = address('2001:db8:1::1');
const A = address('2001:db8:a::1');
const B = address('2001:db8:b::1');
const PEER = address('2001:db8:f::c');

const KEY = new Uint8Array(48).fill(5);
const pair = (spi: number): EspAssociations => {
  const one = { algorithm: 'aes-cbc-128-hmac-sha-256', key: KEY } as const;
  return { toAgent: { ...one, spi }, toNode: { ...one, spi: spi + 1 } };
};
const authentication = (spi: number) =>
  ({ method: 'esp', transport: pair(spi), tunnel: pair(spi + 2) }) as const;

function protection(config: Omit<NodeConfig, 'name'>, without: Mechanism[] = []): Protection {
  let secret = 0;
  return new Protection(
    { name: 'one', ...config },
    {
      random: () => 0.5,
      secrets: (count) => new Uint8Array(count).fill(++secret),
      crypto,
      epoch: 0,
      without: new Set(without),
      constants: {},
    },
  );
}

const mobileNode = (home = HOME, spi = 4096, without: Mechanism[] = []) =>
  protection(
    {
      mobileNode: {
        home,
        homePrefixLength: 64,
        homeAgent: AGENT,
        authentication: authentication(spi),
        links: [],
        lifetime: seconds(60),
        dad: 'off',
        routeOptimisation: true,
        maxPeers: 1,
      },
    } as Omit<NodeConfig, 'name'>,
    without,
  );
const homeAgent = (without: Mechanism[] = []) =>
  protection(
    {
      homeAgent: {
        link: 'eth0',
        address: AGENT,
        prefix: address('2001:db8:1::'),
        prefixLength: 64,
        mobileNodes: [
          { home: HOME, authentication: authentication(4096) },
          { home: SECOND, authentication: authentication(5000) },
        ],
        allowUnauthenticated: false,
        maxBindings: 9,
      },
    } as Omit<NodeConfig, 'name'>,
    without,
  );

const option = (home = HOME): LayerInput => ({
  layer: 'destination-options',
  options: [{ option: 'home-address', homeAddress: home }],
});
const ROUTING: LayerInput = { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME };
const UPDATE: LayerInput = { layer: 'binding-update', homeRegistration: true, lifetime: 15 };
const ANSWER: LayerInput = { layer: 'binding-acknowledgement' };
const HOTI: LayerInput = { layer: 'home-test-init', homeInitCookie: new Uint8Array(8) };
const HOT: LayerInput = { layer: 'home-test', homeInitCookie: new Uint8Array(8) };

type Packet = Extract<Input, { kind: 'packet' }>;
const arriving = (octets: Uint8Array, change: Partial<Packet> = {}): Packet => ({
  kind: 'packet',
  link: 'eth0',
  octets,
  reason: 'esp',
  ...change,
});
const sent = (outputs: readonly Output[]) =>
  outputs.flatMap((one) => (one.kind === 'transmit' ? [one.octets] : []));
const counted = (outputs: readonly Output[]) =>
  outputs.flatMap((one) => (one.kind === 'count' ? [one.counter] : []));
const names = (octets: Uint8Array) => {
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok, toHex(octets));
  return parsed.value.map(({ layer }) => layer);
};
/** A packet as it leaves. */
const protectedBy = (one: Protection, octets: Uint8Array): Uint8Array =>
  sent(one.protect([{ kind: 'transmit', octets }]))[0]!;

const MPS: LayerInput = { layer: 'mobile-prefix-solicitation', identifier: 7 };
const MPA: LayerInput = { layer: 'mobile-prefix-advertisement', identifier: 7 };

test('registrations and mobile prefix messages go through ESP behind the home address, and come out the same', () => {
  const cases: [Protection, Protection, Uint8Array, string[]][] = [];
  for (const message of [UPDATE, MPS]) {
    const away = packet(A, AGENT, [option(), message]);
    cases.push([mobileNode(), homeAgent(), away, ['ipv6', 'destination-options', 'esp']]);
  }
  cases.push([mobileNode(), homeAgent(), packet(HOME, AGENT, [UPDATE]), ['ipv6', 'esp']]);
  for (const message of [ANSWER, MPA]) {
    const away = packet(AGENT, A, [ROUTING, message]);
    cases.push([homeAgent(), mobileNode(), away, ['ipv6', 'routing-type-2', 'esp']]);
  }
  cases.push([homeAgent(), mobileNode(), packet(AGENT, HOME, [ANSWER]), ['ipv6', 'esp']]);
  for (const [from, to, plain, layers] of cases) {
    const octets = protectedBy(from, plain);
    assert.deepEqual(names(octets), layers);
    assert.ok(!to.demands({ octets }));
    assert.ok(to.demands({ octets: plain }), 'plain it would be refused');
    const opened = to.open(arriving(octets));
    assert.equal(toHex(opened.packet!.octets), toHex(plain));
    assert.equal(opened.provedHome, HOME);
    assert.deepEqual(counted(opened.outputs), ['esp.received']);
    assert.deepEqual(counted(to.open(arriving(octets)).outputs), ['esp.replayed']);
  }
});

test('an event that tells of a packet tells of it as it leaves', () => {
  const octets = packet(A, AGENT, [option(), UPDATE]);
  const event = {
    kind: 'signal.sent',
    message: 'Binding Update',
    from: A,
    to: AGENT,
    octets: octets.length,
    detail: '',
  } as const;
  const outputs = mobileNode().protect([
    { kind: 'transmit', octets },
    { kind: 'event', event },
    { kind: 'event', event },
  ]);
  const sizes = outputs.flatMap((one) =>
    one.kind === 'event' && one.event.kind === 'signal.sent' ? [one.event.octets] : [],
  );
  assert.deepEqual(sizes, [sent(outputs)[0]!.length, octets.length]);
});

test('what is between others, or has its own proof, is left alone', () => {
  const echo: LayerInput = { layer: 'echo-request' };
  const error: LayerInput = { layer: 'binding-error', status: 1, homeAddress: HOME };
  for (const [one, octets] of [
    [mobileNode(), packet(A, PEER, [option(), UPDATE])],
    [mobileNode(), packet(A, PEER, [{ layer: 'care-of-test-init' }])],
    [mobileNode(), packet(A, AGENT, [UPDATE])],
    [mobileNode(), packet(A, AGENT, [option(), echo])],
    [mobileNode(), packet(HOME, PEER, [HOTI])],
    [homeAgent(), packet(AGENT, A, [error])],
    [homeAgent(), packet(PEER, A, [ROUTING, ANSWER])],
    [homeAgent(), packet(AGENT, PEER, [ANSWER])],
  ] as const) {
    assert.equal(protectedBy(one, octets), octets);
    assert.ok(!mobileNode().demands({ octets }) && !homeAgent().demands({ octets }));
  }
});

test('a mobile node protects its own home address, and not another that it may speak for', () => {
  const octets = packet(A, AGENT, [option(SECOND), UPDATE]);
  assert.equal(protectedBy(mobileNode(), octets), octets);
});

test('an association is for its own home address, in its own mode and direction', () => {
  const update = packet(A, AGENT, [option(), UPDATE]);
  const stolen = protectedBy(mobileNode(SECOND, 5000), packet(A, AGENT, [option(SECOND), UPDATE]));
  // The option is not covered by ESP: whoever changes it gets no further than this.
  stolen.set(update.subarray(48, 64), 48);
  const opened = homeAgent().open(arriving(stolen));
  assert.deepEqual(counted(opened.outputs), ['esp.received', 'esp.outside_selectors']);
  assert.equal(opened.packet, undefined);
  const reflected = protectedBy(homeAgent(), packet(AGENT, A, [ROUTING, ANSWER]));
  assert.deepEqual(counted(homeAgent().open(arriving(reflected)).outputs), [
    'esp.unknown_association',
  ]);
  for (const [spi, protocol, inside] of [
    [4096, 41, packet(HOME, PEER, [HOTI])],
    [4096, 17, new Uint8Array(8)],
    [4098, 135, update.subarray(64)],
    [4098, 41, packet(HOME, PEER, [{ layer: 'udp', payload: new Uint8Array(4) }])],
    [4098, 41, packet(SECOND, PEER, [HOTI])],
    [4098, 41, new Uint8Array(39)],
  ] as const) {
    const outputs = homeAgent().open(arriving(crafted(spi, protocol, inside))).outputs;
    assert.deepEqual(counted(outputs), ['esp.received', 'esp.outside_selectors'], `${protocol}`);
  }
});

/** What somebody with the keys might send. */
function crafted(spi: number, protocol: number, octets: Uint8Array): Uint8Array {
  const transform = espTransform(crypto, 'aes-cbc-128-hmac-sha-256', KEY);
  const esp = sealEsp(transform, spi, 1, new Uint8Array(16), { protocol, octets });
  return serialisePacket([
    { layer: 'ipv6', source: A, destination: AGENT },
    option(),
    { layer: 'payload', protocol: 50, octets: esp },
  ]);
}

test('a dummy packet is dropped without a word', () => {
  const { packet: none, outputs } = homeAgent().open(
    arriving(crafted(4096, 59, new Uint8Array(9))),
  );
  assert.deepEqual([none, counted(outputs)], [undefined, ['esp.received']]);
});

test('tests travel in a tunnel whose end is where the mobile node is', () => {
  const node = mobileNode();
  const agent = homeAgent();
  const test = packet(HOME, PEER, [HOTI]);
  assert.deepEqual(counted(node.tunnel(arriving(test))), ['esp.not_sent'], 'nowhere yet');
  node.follow(HOME, A);
  agent.follow(HOME, A);
  const [up] = sent(node.tunnel(arriving(test)));
  assert.deepEqual(names(up!), ['ipv6', 'esp']);
  const onward = agent.open(arriving(up!));
  const older = test.slice();
  older[7] = 63;
  assert.equal(toHex(sent(onward.outputs)[0]!), toHex(older), 'one hop older, and on its way');
  // The node has moved and the home agent knows: the answer goes to the new place.
  agent.follow(HOME, B);
  const [down] = sent(agent.tunnel(arriving(packet(PEER, HOME, [HOT]))));
  const parsed = parsePacket(down!);
  assert.ok(parsed.ok && parsed.value[0]?.layer === 'ipv6');
  assert.deepEqual([parsed.value[0].source, parsed.value[0].destination], [AGENT, B]);
  const opened = node.open(arriving(down!));
  assert.equal(toHex(opened.packet!.octets), toHex(packet(PEER, HOME, [HOT])));
  assert.deepEqual(opened.packet!.tunnel, { src: AGENT, dst: B });
  assert.equal(opened.packet!.reason, 'mobility');
});

test('a home agent that knows no care-of address takes the test for one of a stranger', () => {
  const node = mobileNode();
  node.follow(HOME, A);
  const test = packet(HOME, PEER, [HOTI]);
  const [up] = sent(node.tunnel(arriving(test)));
  const opened = homeAgent().open(arriving(up!));
  assert.equal(opened.packet!.reason, 'tunnel-unverified');
  assert.deepEqual(names(opened.packet!.octets), ['ipv6', 'ipv6', 'home-test-init']);
});

test('Mobility Header messages in a plain tunnel are refused where there is one with ESP', () => {
  const hot = { octets: packet(PEER, HOME, [HOT]), tunnel: { src: AGENT, dst: A } };
  const hoti = { octets: packet(HOME, AGENT, [HOTI]), tunnel: { src: A, dst: AGENT } };
  assert.ok(mobileNode().demands(hot));
  assert.ok(homeAgent().demands(hoti));
  assert.ok(!mobileNode().demands({ octets: hot.octets }), 'at home there is no tunnel');
  assert.ok(!mobileNode(HOME, 4096, ['esp-tunnel']).demands(hot));
  assert.ok(!homeAgent(['esp-tunnel']).demands(hoti));
  assert.ok(!homeAgent(['esp']).demands({ octets: packet(A, AGENT, [option(), UPDATE]) }));
});

test('entries come with the care-of address and go with it', () => {
  const agent = homeAgent();
  assert.deepEqual(agent.follow(HOME, undefined), []);
  const ids = ['esp/out/2001:db8:1::100', 'esp/missing/2001:db8:1::100'];
  const made = agent.follow(HOME, A, 5 as Instant);
  assert.deepEqual(
    made.map((one) => one.kind === 'forward' && [one.entry.id, one.entry.expiresAt]),
    ids.map((id) => [id, 5]),
  );
  const gone = agent.follow(HOME, undefined);
  assert.deepEqual(
    gone.map((one) => one.kind === 'unforward' && one.id),
    ids,
  );
  assert.deepEqual(homeAgent(['esp-tunnel']).follow(HOME, A), []);
});

test('cut anywhere, or with any bit changed: refused, or the very same message, and nothing thrown', () => {
  const plain = packet(A, AGENT, [option(), UPDATE]);
  const octets = protectedBy(mobileNode(), plain);
  const agent = homeAgent();
  for (let end = 40; end < octets.length; end++) {
    const cut = octets.slice(0, end);
    new DataView(cut.buffer).setUint16(4, end - 40);
    assert.equal(agent.open(arriving(cut)).packet, undefined, `cut at ${end}`);
    agent.tunnel(arriving(cut));
    agent.demands({ octets: cut, tunnel: { src: A, dst: AGENT } });
  }
  for (let bit = 0; bit < 8 * octets.length; bit++) {
    const wrong = octets.slice();
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    const opened = homeAgent().open(arriving(wrong)).packet?.octets;
    if (opened === undefined) continue;
    assert.ok(bit < 8 * 64, `bit ${bit} is covered`);
    assert.equal(toHex(opened.subarray(64)), toHex(plain.subarray(64)));
  }
});

test('when the numbers are used up nothing is sent, and somebody is told', () => {
  const node = mobileNode();
  node.restore('esp/sent/2001:db8:1::100/4096', `${2 ** 32 - 1}`);
  const outputs = node.protect([{ kind: 'transmit', octets: packet(HOME, AGENT, [UPDATE]) }]);
  assert.deepEqual(outputs, [
    { kind: 'count', counter: 'esp.not_sent' },
    {
      kind: 'event',
      event: { kind: 'association.exhausted', home: HOME, peer: AGENT, spi: 4096 },
    },
  ]);
});

test('a packet too long for a tunnel, and one at the end of its hops, are kept back', () => {
  const node = mobileNode();
  node.follow(HOME, A);
  const long = packet(HOME, PEER, [
    { layer: 'payload', protocol: 135, octets: new Uint8Array(65_500) },
  ]);
  assert.deepEqual(counted(node.tunnel(arriving(long))), ['esp.not_sent']);
  const agent = homeAgent();
  agent.follow(HOME, A);
  const [up] = sent(node.tunnel(arriving(packet(HOME, PEER, [HOTI], 1))));
  const opened = agent.open(arriving(up!));
  assert.deepEqual(counted(opened.outputs), ['esp.received', 'esp.not_sent']);
  assert.deepEqual(sent(opened.outputs), []);
});
