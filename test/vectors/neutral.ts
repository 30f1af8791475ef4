/**
 * The neutral field schema of the vector collection (its SCHEMA.md), to and from our layers. Both
 * ways lead through our own JSON form, so that the vectors judge it too.
 */
import {
  type Address,
  address,
  addressOctets,
  formatAddress,
  type Json,
  type Layer,
  type LayerInput,
  type LayerOf,
  layersFromJson,
  layersToJson,
  readAddress,
  serialisePacket,
  toHex,
} from '../../src/wire/index.ts';
import { LAYERS } from '../../src/wire/layer.ts';
import {
  EXTENSION,
  FLAGS,
  FRAGMENT,
  ICMPV6,
  ICMPV6_BODY,
  ICMPV6_NAMES,
  IPV6,
  IPV6_OPTIONS,
  MH,
  MH_BODY,
  MOBILITY_OPTIONS,
  type Names,
  ND_OPTIONS,
  type OptionNames,
  ROUTING,
} from './neutral-names.ts';

type Record_ = { [key: string]: Json };

/** Layers in the neutral schema: the first IPv6 header and the chain behind it. */
export function toNeutral(layers: readonly Layer[]): Record_ {
  const [first, ...others] = layers;
  const [header] = layersToJson([first!]) as Record_[];
  const chain: Json[] = [];
  for (const [i, layer] of others.entries()) {
    if (layer.layer === 'trailer') continue;
    if (layer.layer === 'ipv6') {
      chain.push({ hdr: 'ipv6', inner: toNeutral(others.slice(i)) });
      break;
    }
    if (layer.layer === 'ipv4' || layer.layer === 'gre') {
      chain.push({
        hdr: 'upper',
        nh: LAYERS.get(layer.layer)!.protocol!,
        hex: insideOf(layers, i + 1),
      });
      break;
    }
    const behind = chain.at(-1) as Record_ | undefined;
    if (layer.layer !== 'no-next-header' || behind?.hdr !== 'mh') {
      chain.push(headerToNeutral(layer, others[i - 1]));
    }
  }
  return { ipv6: rename(header!, IPV6), chain };
}

/** What the schema does not take apart, from layer `from` to the end of the first packet. */
function insideOf(layers: readonly Layer[], from: number): string {
  const [first] = layers as [LayerOf<'ipv6'>];
  const before = serialisePacket(layers.slice(0, from)).length;
  const inside = serialisePacket(layers.slice(from));
  return toHex(inside.subarray(0, 40 + first.payloadLength - before));
}

function headerToNeutral(layer: Layer, before: Layer | undefined): Json {
  const json = layersToJson([layer])[0] as Record_;
  switch (layer.layer) {
    case 'hop-by-hop-options':
    case 'destination-options': {
      const hdr = layer.layer === 'hop-by-hop-options' ? 'hopopts' : 'dstopts';
      return {
        hdr,
        ...rename(json, EXTENSION),
        options: optionsToNeutral(layer, json, IPV6_OPTIONS),
      };
    }
    case 'routing-type-2':
      return { hdr: 'routing', ...rename(json, ROUTING), home_address: json.homeAddress! };
    case 'routing':
      return { hdr: 'routing', ...rename(json, ROUTING), ...routingData(layer, json) };
    case 'fragment':
      return { hdr: 'fragment', ...rename(json, FRAGMENT) };
    case 'payload':
      if (before?.layer === 'fragment' && before.offset > 0)
        return { hdr: 'data', hex: json.octets! };
      return { hdr: 'upper', nh: layer.protocol, hex: json.octets! };
    case 'no-next-header':
      return { hdr: 'none', hex: json.octets! };
    case 'tcp':
    case 'udp':
      return { hdr: 'upper', nh: layer.layer === 'tcp' ? 6 : 17, hex: octetsOf(layer) };
    default:
      return 'mhType' in layer ? mobilityToNeutral(layer, json) : icmpv6ToNeutral(layer, json);
  }
}

/** An address list for type 0, as the schema has it; the four reserved octets are left out. */
function routingData(layer: Extract<Layer, { layer: 'routing' }>, json: Record_): Record_ {
  if (layer.routingType !== 0) return { data: json.data! };
  return { addresses: addressesIn(layer.data.subarray(4)).map(formatAddress) };
}

function addressesIn(octets: Uint8Array): Address[] {
  const found: Address[] = [];
  for (let at = 0; at + 16 <= octets.length; at += 16) found.push(readAddress(octets, at));
  return found;
}

function mobilityToNeutral(layer: Layer, json: Record_): Json {
  const head = { hdr: 'mh', ...rename(json, MH) };
  const body = MH_BODY[layer.layer];
  // Messages later than RFC 6275 are octets in the schema, from behind the checksum.
  if (body === undefined) return { ...head, data: octetsOf(layer).slice(12) };
  return {
    ...head,
    body: rename(json, body),
    options: optionsToNeutral(layer, json, MOBILITY_OPTIONS),
  };
}

function icmpv6ToNeutral(layer: Layer, json: Record_): Json {
  const head = { hdr: 'icmpv6', ...rename(json, ICMPV6) };
  const body = ICMPV6_BODY[layer.layer];
  if (body === undefined) return { ...head, data: octetsOf(layer).slice(8) };
  const known = { ...head, body: rename(json, body) };
  return 'options' in json
    ? { ...known, options: optionsToNeutral(layer, json, ND_OPTIONS) }
    : known;
}

/** The octets of a layer by itself, with the lengths and checksum that stand in it. */
const octetsOf = (layer: Layer): string => toHex(serialisePacket([layer]));

function optionsToNeutral(layer: Layer, json: Record_, names: OptionNames): Json[] {
  const nd = names === ND_OPTIONS;
  // The schema wants each option's length octet, which our values do not have: read it off.
  const octets = serialisePacket([layer]);
  let at = serialisePacket([{ ...layer, options: [] } as LayerInput]).length;
  return (json.options as Record_[]).map((option) => {
    const type = octets[at]!;
    if (!nd && type === 0) {
      at += 1;
      return { type };
    }
    const from = at;
    const len = octets[at + 1]!;
    at += nd ? 8 * len : 2 + len;
    const known = names.find(([, name]) => name === option.option);
    if (known !== undefined) return { type, len, ...rename(option, known[2]) };
    const empty = !nd && (type === 1 || type === 11 || type === 15);
    return empty ? { type, len } : { type, len, data: toHex(octets.subarray(from + 2, at)) };
  });
}

function rename(json: Record_, names: Names): Record_ {
  const named: Record_ = {};
  for (const [neutral, ours] of names) {
    const value = json[ours]!;
    named[neutral] = typeof value === 'boolean' ? Number(value) : value;
  }
  return named;
}

/** The layers that neutral fields describe. Throws an Error that says what is wrong with them. */
export function fromNeutral(fields: unknown): LayerInput[] {
  const parsed = layersFromJson(packetFromNeutral(fields as Record_));
  if (parsed.ok) return parsed.value;
  throw new Error(`${parsed.error.path} ${parsed.error.message}`);
}

function packetFromNeutral(fields: Record_): Record_[] {
  const layers = [{ layer: 'ipv6', ...renameBack(fields.ipv6 as Record_, IPV6) }];
  for (const header of fields.chain as Record_[]) {
    if (header.hdr === 'ipv6')
      layers.push(...(packetFromNeutral(header.inner as Record_) as never[]));
    else layers.push(headerFromNeutral(header) as never);
  }
  return layers;
}

function headerFromNeutral(header: Record_): Record_ {
  switch (header.hdr) {
    case 'hopopts':
    case 'dstopts': {
      const layer = header.hdr === 'hopopts' ? 'hop-by-hop-options' : 'destination-options';
      return {
        layer,
        ...renameBack(header, EXTENSION),
        options: optionsBack(header, IPV6_OPTIONS),
      };
    }
    case 'routing': {
      const common = renameBack(header, ROUTING);
      if (header.rtype === 2) {
        return { layer: 'routing-type-2', ...common, homeAddress: header.home_address! };
      }
      const list = (header.addresses ?? []) as string[];
      const data = list.map((one) => toHex(addressOctets(address(one)))).join('');
      return { layer: 'routing', ...common, data: header.data ?? `00000000${data}` };
    }
    case 'fragment':
      return { layer: 'fragment', ...renameBack(header, FRAGMENT) };
    case 'mh':
      return mobilityFromNeutral(header);
    case 'icmpv6':
      return icmpv6FromNeutral(header);
    case 'none':
      return { layer: 'no-next-header', octets: header.hex! };
    case 'upper':
      return { layer: 'payload', protocol: header.nh!, octets: header.hex! };
    case 'data':
      return { layer: 'payload', octets: header.hex! };
    default:
      throw new Error(`not supported: header ${JSON.stringify(header.hdr)}`);
  }
}

function mobilityFromNeutral(header: Record_): Record_ {
  const [layer, body] = Object.entries(MH_BODY)[header.type as number] ?? ['mobility', []];
  const common = { layer, ...renameBack(header, MH) };
  if (layer === 'mobility') return { ...common, data: header.data! };
  const fields = renameBack(header.body as Record_, body);
  return { ...common, ...fields, options: optionsBack(header, MOBILITY_OPTIONS) };
}

function icmpv6FromNeutral(header: Record_): Record_ {
  const layer = ICMPV6_NAMES[header.type as number];
  const common = renameBack(header, ICMPV6);
  if (layer === undefined) return { layer: 'icmpv6', ...common, data: header.data! };
  const known = { layer, ...common, ...renameBack(header.body as Record_, ICMPV6_BODY[layer]!) };
  return header.options === undefined
    ? known
    : { ...known, options: optionsBack(header, ND_OPTIONS) };
}

function optionsBack(header: Record_, names: OptionNames): Record_[] {
  return (header.options as Record_[]).map((option) => {
    const { type, len } = option as { type: number; len?: number };
    if (names !== ND_OPTIONS && type === 0) return { option: 'pad1' };
    if (names !== ND_OPTIONS && type === 1) return { option: 'padn', data: '00'.repeat(len ?? 0) };
    const known = names.find(([number]) => number === type);
    if (known === undefined || 'data' in option) {
      return { option: 'unknown', type, data: option.data ?? '' };
    }
    return { option: known[1], ...renameBack(option, known[2]) };
  });
}

function renameBack(neutral: Record_, names: Names): Record_ {
  const json: Record_ = {};
  for (const [key, ours] of names) {
    const value = neutral[key];
    if (value !== undefined) json[ours] = FLAGS.has(ours) ? value !== 0 : value;
  }
  return json;
}
