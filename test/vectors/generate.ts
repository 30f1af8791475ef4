/**
 * Random valid packets of ours as JSON lines, for the collection's `scapy_diff.py` and
 * `tshark_check.py --jsonl` to judge: `generate.ts [seed [count]]`. What is computed is left to the
 * serialiser: lengths, padding, checksums.
 */

import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import {
  type Address,
  addressOf,
  type LayerInput,
  type MobilityOptionInput,
  type NdOptionInput,
  parsePacket,
  serialisePacket,
  toHex,
} from '../../src/wire/index.ts';
import { toNeutral } from './neutral.ts';

const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
/** Global unicast addresses: 2000::/3. */
const address: fc.Arbitrary<Address> = octets(16).map((raw) => {
  raw[0] = 0x20 | (raw[0]! & 0x1f);
  return addressOf(raw);
});
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const flag = fc.boolean();

const option: fc.Arbitrary<MobilityOptionInput> = fc.oneof(
  u16.map((refreshInterval) => ({ option: 'binding-refresh-advice', refreshInterval }) as const),
  address.map(
    (careOf) => ({ option: 'alternate-care-of-address', careOfAddress: careOf }) as const,
  ),
  fc.record({
    option: fc.constant('nonce-indices' as const),
    ...{ homeNonceIndex: u16, careOfNonceIndex: u16 },
  }),
  fc.record({
    option: fc.constant('mobile-network-prefix' as const),
    ...{ prefixLength: fc.nat(128), prefix: address },
  }),
  fc.record({
    option: fc.constant('mobile-node-identifier' as const),
    identifier: fc.uint8Array({ minLength: 1, maxLength: 30 }),
  }),
  fc.record({
    option: fc.constant('replay-protection' as const),
    timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  fc.record({
    option: fc.constant('authentication' as const),
    ...{ subtype: fc.constantFrom(1, 2), spi: u32, authenticationData: octets(12) },
  }),
);
const hex = fc.uint8Array({ minLength: 1, maxLength: 60 });

/** The options of RFCs later than RFC 6275. */
const laterOption: fc.Arbitrary<MobilityOptionInput> = fc.oneof(
  fc.constantFrom(
    { option: 'cga-parameters-request' } as const,
    { option: 'care-of-test-init' } as const,
  ),
  hex.map((parameters) => ({ option: 'cga-parameters', parameters }) as const),
  hex.map((signature) => ({ option: 'signature', signature }) as const),
  hex.map((token) => ({ option: 'permanent-home-keygen-token', token }) as const),
  octets(8).map((careOfKeygenToken) => ({ option: 'care-of-test', careOfKeygenToken }) as const),
  fc.record({
    option: fc.constant('vendor-specific' as const),
    ...{ vendorId: u32, subtype: fc.nat(255), data: hex },
  }),
  fc.record({
    option: fc.constant('timestamp' as const),
    timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  fc.record({ option: fc.constant('restart-counter' as const), restartCounter: u32 }),
  fc.record({
    option: fc.constant('binding-identifier' as const),
    ...{ bindingId: u16, status: fc.nat(255), simultaneousHomeAndForeign: flag },
    ...{ priority: fc.nat(127), careOfAddress: fc.option(address, { nil: undefined }) },
  }),
  fc.record({
    option: fc.constant('flow-identification' as const),
    ...{ flowId: u16, priority: u16, status: fc.nat(255) },
    subOptions: fc.array(
      fc.record({
        option: fc.constant('binding-reference' as const),
        bindingIds: fc.array(u16, { maxLength: 4 }),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    option: fc.constant('load-information' as const),
    ...{ priority: u16, sessionsInUse: u32, maximumSessions: u32 },
    ...{ usedCapacity: u32, maximumCapacity: u32 },
  }),
  fc.record({
    option: fc.constant('unknown' as const),
    ...{ type: fc.integer({ min: 50, max: 255 }), data: hex },
  }),
);
const proof = fc.oneof(
  fc.constant<MobilityOptionInput[]>([]),
  octets(12).map((authenticator) => [
    { option: 'binding-authorization-data' as const, authenticator },
  ]),
);
const options = fc
  .tuple(fc.array(fc.oneof(option, laterOption), { maxLength: 4 }), proof)
  .map(([some, last]) => [...some, ...last]);

const named = <const Name extends LayerInput['layer']>(layer: Name) => fc.constant(layer);

const message: fc.Arbitrary<LayerInput> = fc.oneof(
  fc.record({ layer: named('binding-refresh-request') }),
  fc.record({ layer: named('home-test-init'), homeInitCookie: octets(8) }),
  fc.record({ layer: named('care-of-test-init'), careOfInitCookie: octets(8) }),
  fc.record({
    layer: named('home-test'),
    ...{ nonceIndex: u16, homeInitCookie: octets(8), homeKeygenToken: octets(8) },
  }),
  fc.record({
    layer: named('care-of-test'),
    ...{ nonceIndex: u16, careOfInitCookie: octets(8), careOfKeygenToken: octets(8) },
  }),
  fc.record({
    layer: named('binding-update'),
    ...{ sequence: u16, acknowledge: flag, homeRegistration: flag, lifetime: u16, options },
    ...{ linkLocalAddressCompatibility: flag, keyManagementMobilityCapability: flag },
    ...{ mobileRouter: flag, mobilityAnchorPoint: flag },
  }),
  fc.record({
    layer: named('binding-acknowledgement'),
    ...{ status: fc.nat(180), sequence: u16, lifetime: u16, options },
    ...{ keyManagementMobilityCapability: flag, mobileRouter: flag },
  }),
  fc.record({
    layer: named('binding-error'),
    ...{ status: fc.constantFrom(1, 2), homeAddress: address },
  }),
  fc.record({
    layer: named('home-agent-switch'),
    homeAgentAddresses: fc.array(address, { maxLength: 3 }),
  }),
  fc.record({
    layer: named('heartbeat'),
    ...{ unsolicited: flag, response: flag, sequence: u32, options },
  }),
  fc.record({
    layer: named('binding-revocation-indication'),
    ...{ trigger: fc.nat(255), sequence: u16, proxyBinding: flag, global: flag, options },
  }),
  fc.record({
    layer: named('binding-revocation-acknowledgement'),
    ...{ status: fc.nat(255), sequence: u16, proxyBinding: flag, global: flag, options },
  }),
);

const prefix = fc.record({
  option: fc.constant('prefix-information' as const),
  ...{ prefixLength: fc.nat(128), onLink: flag, autonomous: flag, routerAddress: flag },
  ...{ validLifetime: u32, preferredLifetime: u32, prefix: address },
});

/** What a router says: all options that have fields, and one that has none. */
const advertised: fc.Arbitrary<NdOptionInput> = fc.oneof(
  prefix,
  octets(6).map(
    (linkLayerAddress) => ({ option: 'source-link-layer-address', linkLayerAddress }) as const,
  ),
  u32.map((mtu) => ({ option: 'mtu', mtu }) as const),
  u32.map(
    (advertisementInterval) =>
      ({ option: 'advertisement-interval', advertisementInterval }) as const,
  ),
  fc.record({
    option: fc.constant('home-agent-information' as const),
    ...{ homeAgentPreference: u16, homeAgentLifetime: u16 },
  }),
  fc.record({
    option: fc.constant('recursive-dns-server' as const),
    ...{ lifetime: u32, servers: fc.array(address, { minLength: 1, maxLength: 3 }) },
  }),
  fc.record({
    option: fc.constant('route-information' as const),
    ...{ prefixLength: fc.nat(128), preference: fc.constantFrom(0, 1, 3), routeLifetime: u32 },
    prefix: octets(16),
  }),
);

const other: fc.Arbitrary<LayerInput> = fc.oneof(
  fc.record({ layer: named('home-agent-address-discovery-request'), identifier: u16 }),
  fc.record({
    layer: named('home-agent-address-discovery-reply'),
    ...{ identifier: u16, homeAgentAddresses: fc.array(address, { maxLength: 5 }) },
  }),
  fc.record({ layer: named('mobile-prefix-solicitation'), identifier: u16 }),
  fc.record({
    layer: named('mobile-prefix-advertisement'),
    ...{ identifier: u16, managed: flag, otherConfiguration: flag },
    options: fc.array(prefix, { maxLength: 3 }),
  }),
  fc.record({
    layer: named('router-advertisement'),
    ...{ curHopLimit: fc.nat(255), managed: flag, otherConfiguration: flag, homeAgent: flag },
    ...{ routerLifetime: u16, reachableTime: u32, retransTimer: u32 },
    options: fc.array(advertised, { maxLength: 4 }),
  }),
  fc.record({
    layer: named('udp'),
    ...{ sourcePort: u16, destinationPort: u16, payload: fc.uint8Array({ maxLength: 40 }) },
  }),
  fc.record({
    layer: named('tcp'),
    ...{ sourcePort: u16, destinationPort: u16, sequence: u32, ack: flag, psh: flag, window: u16 },
    payload: fc.uint8Array({ maxLength: 40 }),
  }),
);

const ipv6 = fc.record({
  layer: named('ipv6'),
  ...{ source: address, destination: address, flowLabel: fc.nat(0xfffff), hopLimit: fc.nat(255) },
});
const homeOption = address.map(
  (homeAddress): LayerInput => ({
    layer: 'destination-options',
    options: [{ option: 'home-address', homeAddress }],
  }),
);
const routing = address.map(
  (homeAddress): LayerInput => ({ layer: 'routing-type-2', homeAddress }),
);

/** A whole packet: extension headers in any combination, sometimes inside a tunnel. */
export const anyPacket: fc.Arbitrary<LayerInput[]> = fc
  .tuple(
    fc.option(ipv6, { nil: undefined, freq: 4 }),
    ipv6,
    fc.option(routing, { nil: undefined }),
    fc.option(homeOption, { nil: undefined }),
    fc.oneof(message, message, other),
  )
  .map((layers) => layers.filter((layer) => layer !== undefined));

/** Packets as the collection's tools read them, a JSON object a line. */
export function* packetLines(seed: number, count: number): Generator<string> {
  for (const [i, layers] of fc.sample(anyPacket, { seed, numRuns: count }).entries()) {
    const packet = serialisePacket(layers);
    const parsed = parsePacket(packet);
    if (!parsed.ok) throw new Error(`our own packet is refused: ${parsed.error.message}`);
    const line = {
      name: `careof-s${seed}-${i}`,
      hex: toHex(packet),
      fields: toNeutral(parsed.value),
    };
    // The tools know the messages of RFC 6275; who does not process a later one refuses it.
    const later = parsed.value.some((layer) => 'mhType' in layer && layer.mhType > 7);
    yield JSON.stringify({ ...line, expect: later ? 'reject' : 'accept' }, withoutLaterData);
  }
}

/** Scapy 2.5.0 drops the last 8 octets of messages that it does not know: they are not compared. */
function withoutLaterData(_: string, value: { hdr?: string; type?: number } | null): unknown {
  return value?.hdr === 'mh' && value.type! > 7 ? { ...value, data: undefined } : value;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [seed = 1, count = 100] = process.argv.slice(2).map(Number);
  for (const line of packetLines(seed, count)) process.stdout.write(`${line}\n`);
}
