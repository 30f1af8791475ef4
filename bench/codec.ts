/** Reading and writing packets, beside what the engine itself takes for the same fields as JSON. */
import { address, layersToJson, parsePacket, serialisePacket } from '../src/wire/index.ts';
import type { LayerInput } from '../src/wire/packet.ts';
import { type Measurement, rates } from './measure.ts';

const MOBILE = address('2001:db8:2::7');
const HOME = address('2001:db8:1::100');
const PEER = address('2001:db8:f::1');

const homeAddressOption = {
  layer: 'destination-options',
  options: [{ option: 'home-address', homeAddress: HOME }],
} as const satisfies LayerInput;

const BINDING_UPDATE: readonly LayerInput[] = [
  { layer: 'ipv6', source: MOBILE, destination: PEER, hopLimit: 64 },
  homeAddressOption,
  {
    layer: 'binding-update',
    sequence: 7,
    acknowledge: true,
    lifetime: 105,
    options: [
      { option: 'alternate-care-of-address', careOfAddress: MOBILE },
      { option: 'nonce-indices', homeNonceIndex: 1, careOfNonceIndex: 2 },
      { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
    ],
  },
];

const DATA: readonly LayerInput[] = [
  { layer: 'ipv6', source: MOBILE, destination: PEER, hopLimit: 64 },
  homeAddressOption,
  {
    layer: 'tcp',
    sourcePort: 40_000,
    destinationPort: 443,
    payload: new Uint8Array(1_220),
  },
];

export function codec(): Measurement[] {
  return [
    ...both('Binding Update with three options', BINDING_UPDATE),
    ...both('TCP segment of 1 220 octets with Home Address option', DATA),
  ];
}

function both(what: string, layers: readonly LayerInput[]): Measurement[] {
  const octets = serialisePacket(layers);
  const parsed = parsePacket(octets);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const value = layersToJson(parsed.value);
  const text = JSON.stringify(value);
  const [parse, jsonParse, write, jsonWrite] = rates(
    (count) => {
      for (let i = 0; i < count; i++) parsePacket(octets);
    },
    (count) => {
      for (let i = 0; i < count; i++) JSON.parse(text);
    },
    (count) => {
      for (let i = 0; i < count; i++) serialisePacket(layers);
    },
    (count) => {
      for (let i = 0; i < count; i++) JSON.stringify(value);
    },
  );
  const unit = 'packets/s';
  return [
    {
      name: `parse: ${what}`,
      value: parse!,
      unit,
      reference: { name: 'JSON.parse of the same fields', value: jsonParse! },
    },
    {
      name: `serialise: ${what}`,
      value: write!,
      unit,
      reference: { name: 'JSON.stringify of the same fields', value: jsonWrite! },
    },
  ];
}
