/** Makes the packets of the home agent items from their layouts. */
import type { LinkAddress } from '../../src/core/role.ts';
import type { Address } from '../../src/wire/address.ts';
import {
  type LayerInput,
  type MobilityOptionInput,
  type NdOptionInput,
  serialisePacket,
} from '../../src/wire/packet.ts';
import { fixUpperChecksum, walkHeaders } from '../../src/wire/walk.ts';
import { TESTER } from './bench.ts';
import { numberOf, type Variables, valuesOf } from './formats.ts';
import { type Format, NotRun } from './items.ts';

export interface Making {
  readonly named: (name: string) => Address;
  readonly variables: Variables;
  /** Tells this packet's echo, cookie or identifier from others. */
  readonly mark: number;
  /** The last packet of the node under test that an error could be about. */
  readonly invoking: Uint8Array | undefined;
}

const octetsOf = (link: LinkAddress) => Uint8Array.from(link, (letter) => letter.charCodeAt(0));

/** `BU w/ HaO` is a BU, `EchoRequest to MN0Y` an EchoRequest. */
export const messageIn = (msg: string): string =>
  msg.startsWith('Time Exceeded') ? 'Time Exceeded' : msg.split(' ')[0]!;

/** The layers from the IPv6 header to the message; two IPv6 headers where it is tunnelled. */
export function packetOf(msg: string, format: Format, making: Making): Uint8Array {
  const { named } = making;
  const sources = valuesOf(format, 'IPv6 header', 'source');
  const destinations = valuesOf(format, 'IPv6 header', 'destination');
  const hop = valuesOf(format, 'IPv6 header', 'hoplimit')[0];
  const neighbor = /^(?:NS|NA|RS|RA)/.test(msg);
  const hopLimit = hop === undefined ? (neighbor ? 255 : 64) : Number(hop);
  const layers: LayerInput[] = sources.map((source, i) => ({
    layer: 'ipv6',
    source: named(source),
    destination: named(destinations[i]!),
    hopLimit,
  }));
  for (const home of valuesOf(format, 'DH/HaO', 'address')) {
    const options = [{ option: 'home-address', homeAddress: named(home) } as const];
    layers.push({ layer: 'destination-options', options });
  }
  const packet = serialisePacket([...layers, ...messageLayers(msg, format, making)]);
  strange(packet, format);
  return packet;
}

const MAKERS: Readonly<Record<string, (format: Format, making: Making) => LayerInput>> = {
  BU: bindingUpdate,
  EchoRequest: (_, { mark }) => ({ layer: 'echo-request', identifier: 7, sequence: mark }),
  HoTI: (_, { mark }) => ({ layer: 'home-test-init', homeInitCookie: cookie(mark) }),
  HoT: (_, { mark }) => ({
    layer: 'home-test',
    nonceIndex: 1,
    homeInitCookie: cookie(mark),
    homeKeygenToken: cookie(mark + 1),
  }),
  RS: () => ({ layer: 'router-solicitation' }),
  RA: routerAdvertisement,
  NS: (format, { named }) => ({
    layer: 'neighbor-solicitation',
    targetAddress: named(valuesOf(format, 'NS', 'target')[0]!),
    options: linkLayerOption(format, 'NS/SLL option', 'source-link-layer-address'),
  }),
  NA: (format, { named, variables }) => ({
    layer: 'neighbor-advertisement',
    ...naFlags(format, variables),
    targetAddress: named(valuesOf(format, 'NA', 'target')[0]!),
    options: linkLayerOption(format, 'NA/TLL option', 'target-link-layer-address'),
  }),
  'DHAAD-request': (format, { mark, variables }) => ({
    layer: 'home-agent-address-discovery-request',
    identifier: mark,
    reserved:
      valuesOf(format, 'DHAAD-request', 'reserved').map((one) => numberOf(one, variables))[0] ?? 0,
  }),
  MPS: (format, { mark, variables }) => ({
    layer: 'mobile-prefix-solicitation',
    identifier: mark,
    reserved: valuesOf(format, 'MPS', 'reserved').map((one) => numberOf(one, variables))[0] ?? 0,
  }),
  'Time Exceeded': (_, { invoking }) => {
    if (invoking === undefined) throw new NotRun('nothing was sent that an error could be about');
    return { layer: 'time-exceeded', code: 0, invoking };
  },
};

function messageLayers(msg: string, format: Format, making: Making): LayerInput[] {
  const make = MAKERS[messageIn(msg)];
  if (make === undefined) throw new NotRun(`the word: sends ${msg}`);
  const layers = [make(format, making)];
  // Something behind the Mobility Header, which its Payload Proto announces.
  if (/^BU w\/ EchoRequest/.test(msg)) {
    const ICMPV6 = 58;
    return [
      { ...layers[0]!, payloadProto: ICMPV6 } as LayerInput,
      { layer: 'echo-request', identifier: 7, sequence: making.mark },
    ];
  }
  return layers;
}

export const cookie = (mark: number): Uint8Array =>
  Uint8Array.from({ length: 8 }, (_, i) => (mark * 16 + i) & 0xff);

const KNOWN_BU = ['type', 'checksum', 'length', 'reserved', 'sequence', 'lifetime', ...'ahklmr'];

function bindingUpdate(format: Format, { named, variables }: Making): LayerInput {
  for (const field of Object.keys(format.BU ?? {})) {
    if (!KNOWN_BU.includes(field)) throw new NotRun(`the field: BU ${field}`);
  }
  const number = (field: string, unit = 1) =>
    numberOf(valuesOf(format, 'BU', field)[0] ?? '0', variables, unit);
  const options = Object.keys(format).flatMap((header): MobilityOptionInput[] => {
    switch (header) {
      case 'BU/PadN option':
        return [{ option: 'padn', data: new Uint8Array(Number(format[header]!.length)) }];
      case 'BU/Alternate CoA option': {
        const careOfAddress = named(valuesOf(format, header, 'address')[0]!);
        return [{ option: 'alternate-care-of-address', careOfAddress }];
      }
      case 'BU/nonce option':
        return [{ option: 'nonce-indices', homeNonceIndex: 1, careOfNonceIndex: 1 }];
      default:
        if (header.startsWith('BU/')) throw new NotRun(`the header: ${header}`);
        return [];
    }
  });
  return {
    layer: 'binding-update',
    sequence: number('sequence'),
    acknowledge: number('a') === 1,
    homeRegistration: number('h') === 1,
    linkLocalAddressCompatibility: number('l') === 1,
    keyManagementMobilityCapability: number('k') === 1,
    lifetime: number('lifetime', 4),
    options,
    headerLen: (12 + options.reduce((size, one) => size + sizeOf(one), 0)) / 8 - 1,
  };
}

/** Octets of an option that stands exactly as the layout has it. */
function sizeOf(option: MobilityOptionInput): number {
  if (option.option === 'padn') return 2 + (option.data?.length ?? 0);
  return option.option === 'nonce-indices' ? 6 : 18;
}

function routerAdvertisement(format: Format, { named, variables }: Making): LayerInput {
  const header = 'RA';
  const number = (field: string) => numberOf(valuesOf(format, header, field)[0] ?? '0', variables);
  const options: NdOptionInput[] = [];
  const information = 'RA/Home Agent Information option';
  if (format[information] !== undefined) {
    const [preference] = valuesOf(format, information, 'preference');
    const [lifetime] = valuesOf(format, information, 'lifetime');
    options.push({
      option: 'home-agent-information',
      homeAgentPreference: numberOf(preference!, variables),
      homeAgentLifetime: numberOf(lifetime!, variables),
    });
  }
  const prefix = 'RA/Prefix Information option';
  valuesOf(format, prefix, 'prefix').forEach((name, i) => {
    const field = (one: string) => numberOf(valuesOf(format, prefix, one)[i]!, variables);
    options.push({
      option: 'prefix-information',
      prefixLength: field('prefix length'),
      onLink: field('l') === 1,
      autonomous: field('a') === 1,
      routerAddress: field('r') === 1,
      validLifetime: field('valid lifetime'),
      preferredLifetime: field('preferred lifetime'),
      prefix: named(name),
    });
  });
  return {
    layer: 'router-advertisement',
    curHopLimit: number('hoplimit'),
    managed: number('m') === 1,
    otherConfiguration: number('o') === 1,
    homeAgent: number('h') === 1,
    routerLifetime: number('lifetime'),
    reachableTime: number('reachable time'),
    retransTimer: number('retrans timer'),
    options,
  };
}

function naFlags(format: Format, variables: Variables) {
  const flag = (field: string) =>
    numberOf(valuesOf(format, 'NA', field)[0] ?? '0', variables) === 1;
  return { router: flag('r'), solicited: flag('s'), override: flag('o') };
}

function linkLayerOption(
  format: Format,
  header: string,
  option: 'source-link-layer-address' | 'target-link-layer-address',
): NdOptionInput[] {
  return format[header] === undefined ? [] : [{ option, linkLayerAddress: octetsOf(TESTER) }];
}

/** Writes what the layout says is strange, and the checksum that goes with it. */
function strange(packet: Uint8Array, format: Format): void {
  const at = walkHeaders(packet)!.upperAt;
  const [type] = valuesOf(format, 'BU', 'type');
  const [length] = valuesOf(format, 'BU', 'length');
  const [checksum] = valuesOf(format, 'BU', 'checksum');
  const reserved = valuesOf(format, 'BU', 'reserved');
  if (type !== undefined) packet[at + 2] = Number(type.split(' ')[0]);
  if (length !== undefined) packet[at + 1] = Number(length.split(' ')[0]);
  // The octet behind the type, and the last bit behind the flags.
  if (reserved.length > 0) packet[at + 3] = 1;
  if (reserved.length > 1) packet[at + 9]! |= 1;
  if ((type ?? length ?? reserved[0]) !== undefined) fixUpperChecksum(packet);
  if (checksum !== undefined) packet.fill(0, at + 4, at + 6);
}
