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
const proof = fc.oneof(
  fc.constant<MobilityOptionInput[]>([]),
  octets(12).map((authenticator) => [
    { option: 'binding-authorization-data' as const, authenticator },
  ]),
);
const options = fc
  .tuple(fc.array(option, { maxLength: 4 }), proof)
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
);

const prefix = fc.record({
  option: fc.constant('prefix-information' as const),
  ...{ prefixLength: fc.nat(128), onLink: flag, autonomous: flag, routerAddress: flag },
  ...{ validLifetime: u32, preferredLifetime: u32, prefix: address },
});

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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [seed = 1, count = 100] = process.argv.slice(2).map(Number);
  for (const [i, layers] of fc.sample(anyPacket, { seed, numRuns: count }).entries()) {
    const packet = serialisePacket(layers);
    const parsed = parsePacket(packet);
    if (!parsed.ok) throw new Error(`our own packet is refused: ${parsed.error.message}`);
    const line = {
      name: `careof-s${seed}-${i}`,
      hex: toHex(packet),
      fields: toNeutral(parsed.value),
    };
    process.stdout.write(`${JSON.stringify({ ...line, expect: 'accept' })}\n`);
  }
}
