/** Judges a packet by a layout of the home agent items: header by header, value by value. */
import type { Address } from '../../src/wire/address.ts';
import { formatAddress, readAddress } from '../../src/wire/address.ts';
import type { Layer, LayerName, LayerOf } from '../../src/wire/packet.ts';
import { layerIn, UNDER_TEST } from './bench.ts';
import { demand } from './conditions.ts';
import { judge, type Opened, type Variables, valuesOf } from './formats.ts';
import { type Format, NotRun } from './items.ts';

export interface Judging {
  readonly named: (name: string) => Address;
  readonly variables: Variables;
  /** What the tester sent: errors quote one of them. */
  readonly packets: readonly Uint8Array[];
}

/** Layers of the messages by the items' names for them. */
export const MESSAGE_LAYERS: Readonly<Record<string, LayerName>> = {
  BA: 'binding-acknowledgement',
  BE: 'binding-error',
  HoTI: 'home-test-init',
  HoT: 'home-test',
  EchoReply: 'echo-reply',
  EchoRequest: 'echo-request',
  RA: 'router-advertisement',
  NS: 'neighbor-solicitation',
  NA: 'neighbor-advertisement',
  MPA: 'mobile-prefix-advertisement',
  'DHAAD-reply': 'home-agent-address-discovery-reply',
  'ICMP-param-problem': 'parameter-problem',
  'ICMP-dest-unreachable': 'destination-unreachable',
};

/** Throws `Failed` where the packet is not laid out so. */
export function fits(packet: Opened, msg: string, format: Format, judging: Judging): void {
  meetIpv6(packet, format, judging);
  const wantsEsp = format.ESP !== undefined;
  demand(packet.protected === wantsEsp, packet.protected ? 'it is in ESP' : 'it is not in ESP');
  const routing = layerIn(packet, 'routing-type-2');
  demand((format.RH !== undefined) === (routing !== undefined), 'with or without Routing header');
  if (/ w\/o RH/.test(msg)) demand(routing === undefined, 'it has a Routing header');
  for (const [header, fields] of Object.entries(format)) {
    const meets = HEADERS[header];
    if (meets === undefined) throw new NotRun(`the header: ${header}`);
    meets(packet, format, judging, fields);
  }
  onlyThoseOptions(packet, format);
}

function same(is: Address | undefined, must: Address, what: string): void {
  const shown = is === undefined ? 'absent' : formatAddress(is);
  demand(is === must, `${what} is ${shown}; it must be ${formatAddress(must)}`);
}

function meetIpv6(packet: Opened, format: Format, { named }: Judging): void {
  const outer = packet.layers.filter((one): one is LayerOf<'ipv6'> => one.layer === 'ipv6');
  const sources = valuesOf(format, 'IPv6 header', 'source');
  demand(outer.length === sources.length, `${outer.length} IPv6 headers`);
  sources.forEach((source, i) => {
    same(outer[i]!.source, named(source), 'the source');
    const destination = valuesOf(format, 'IPv6 header', 'destination')[i]!;
    same(outer[i]!.destination, named(destination), 'the destination');
  });
  const [hop] = valuesOf(format, 'IPv6 header', 'hoplimit');
  if (hop !== undefined) judge('the hop limit', outer[0]!.hopLimit, hop, new Map());
}

type Meets = (packet: Opened, format: Format, judging: Judging, fields: Fields) => void;
type Fields = Format[string];

/** Numbers of a layer by the items' names of the fields; flags count as 0 and 1. */
function numbers<Name extends LayerName>(
  name: Name,
  header: string,
  fields: Readonly<Record<string, keyof LayerOf<Name> & string>>,
  units: Readonly<Record<string, number>> = {},
): Meets {
  return (packet, format, { variables }) => {
    const layer = layerIn(packet, name);
    demand(layer !== undefined, `no ${name}`);
    for (const field of Object.keys(format[header]!)) {
      const key = fields[field];
      if (key === undefined) {
        if (field === 'address' || field === 'target') continue;
        throw new NotRun(`the field: ${header} ${field}`);
      }
      const [text] = valuesOf(format, header, field);
      const unit = units[field] ?? 1;
      judge(`${header} ${field}`, Number(layer![key]), text!, variables, unit);
    }
  };
}

/** The option of a name in any message that has options. */
function optionIn(packet: Opened, name: string) {
  const message = packet.layers.at(-1)! as { readonly options?: readonly { option: string }[] };
  const found = message.options?.find(({ option }) => option === name);
  return found as Readonly<Record<string, unknown>> | undefined;
}

function optionNumbers(
  option: string,
  header: string,
  fields: Readonly<Record<string, string>>,
  units: Readonly<Record<string, number>> = {},
): Meets {
  return (packet, format, { variables, named }) => {
    const found = optionIn(packet, option);
    demand(found !== undefined, `no ${option}`);
    for (const field of Object.keys(format[header]!)) {
      const [text] = valuesOf(format, header, field);
      const key = fields[field];
      if (key === undefined) throw new NotRun(`the field: ${header} ${field}`);
      const value = found![key];
      if (field === 'prefix') same(value as Address, named(text!), header);
      else judge(`${header} ${field}`, Number(value), text!, variables, units[field]);
    }
  };
}

const PREFIX_FIELDS = {
  'prefix length': 'prefixLength',
  l: 'onLink',
  a: 'autonomous',
  r: 'routerAddress',
  'valid lifetime': 'validLifetime',
  'preferred lifetime': 'preferredLifetime',
  prefix: 'prefix',
};
const LIFETIME = { lifetime: 4 };

const HEADERS: Readonly<Record<string, Meets>> = {
  'IPv6 header': () => {},
  ESP: () => {},
  RH: (packet, format, { named }) => {
    const header = layerIn(packet, 'routing-type-2');
    same(header?.homeAddress, named(valuesOf(format, 'RH', 'address')[0]!), 'the Routing header');
    const { length, type, 'segments left': left } = format.RH!;
    const must = [length, type, left].map(Number);
    const is = [header!.headerLen, header!.routingType, header!.segmentsLeft];
    demand(String(is) === String(must), `the Routing header has ${is}; it must have ${must}`);
  },
  BA: numbers(
    'binding-acknowledgement',
    'BA',
    {
      status: 'status',
      k: 'keyManagementMobilityCapability',
      sequence: 'sequence',
      lifetime: 'lifetime',
    },
    LIFETIME,
  ),
  'BA/PadN option': (packet, format) => {
    const found = optionIn(packet, 'padn')?.data as Uint8Array | undefined;
    demand(found?.length === Number(format['BA/PadN option']!.length), 'another padding');
  },
  'BA/refresh-advice option': optionNumbers(
    'binding-refresh-advice',
    'BA/refresh-advice option',
    { interval: 'refreshInterval' },
    { interval: 4 },
  ),
  BE: (packet, format, judging, fields) => {
    numbers('binding-error', 'BE', { status: 'status' })(packet, format, judging, fields);
    const told = layerIn(packet, 'binding-error')!.homeAddress;
    same(told, judging.named(valuesOf(format, 'BE', 'address')[0]!), 'the home address');
  },
  NA: (packet, format, judging, fields) => {
    const flags = { r: 'router', s: 'solicited', o: 'override' } as const;
    numbers('neighbor-advertisement', 'NA', flags)(packet, format, judging, fields);
    const target = layerIn(packet, 'neighbor-advertisement')!.targetAddress;
    same(target, judging.named(valuesOf(format, 'NA', 'target')[0]!), 'the target');
  },
  'NA/TLL option': (packet) => {
    const found = optionIn(packet, 'target-link-layer-address')?.linkLayerAddress as
      | Uint8Array
      | undefined;
    const ours = Uint8Array.from(UNDER_TEST, (letter) => letter.charCodeAt(0));
    demand(String(found?.slice(0, 6)) === String(ours), 'another link-layer address');
  },
  NS: (packet, format, { named }) => {
    const target = layerIn(packet, 'neighbor-solicitation')?.targetAddress;
    same(target, named(valuesOf(format, 'NS', 'target')[0]!), 'the target');
  },
  RA: numbers('router-advertisement', 'RA', { h: 'homeAgent' }),
  'RA/Home Agent Information option': optionNumbers(
    'home-agent-information',
    'RA/Home Agent Information option',
    { preference: 'homeAgentPreference' },
  ),
  'RA/Prefix Information option': optionNumbers(
    'prefix-information',
    'RA/Prefix Information option',
    PREFIX_FIELDS,
  ),
  MPA: numbers('mobile-prefix-advertisement', 'MPA', { m: 'managed', o: 'otherConfiguration' }),
  'MPA/Prefix Information option': optionNumbers(
    'prefix-information',
    'MPA/Prefix Information option',
    PREFIX_FIELDS,
  ),
  'DHAAD-reply': (packet, format, { named }) => {
    const is = layerIn(packet, 'home-agent-address-discovery-reply')?.homeAgentAddresses ?? [];
    const must = valuesOf(format, 'DHAAD-reply', 'address').map(named);
    const [shown, wanted] = [is, must].map((list) => list.map(formatAddress).join(', '));
    demand(shown === wanted, `the home agents are ${shown}; they must be ${wanted}`);
  },
  'ICMP-param-problem': numbers('parameter-problem', 'ICMP-param-problem', {
    code: 'code',
    pointer: 'pointer',
  }),
  'ICMP-dest-unreachable': numbers('destination-unreachable', 'ICMP-dest-unreachable', {
    code: 'code',
  }),
};

/** Errors quote what the tester sent, as it was when it came, or one hop on its way. */
const quotes: Meets = (packet, format, { packets, named }) => {
  const error = layerIn(packet, 'parameter-problem') ?? layerIn(packet, 'destination-unreachable');
  const invoking = error?.invoking ?? new Uint8Array();
  const HOP_LIMIT = 7;
  const whole = packets.some((sent) =>
    invoking.every((octet, i) => i === HOP_LIMIT || octet === sent[i]),
  );
  demand(whole && invoking.length >= 40, 'it quotes no packet that was sent');
  const header = Object.keys(format).find((one) => one.endsWith('/data =/IPv6 header'))!;
  same(
    readAddress(invoking, 8),
    named(valuesOf(format, header, 'source')[0]!),
    'the quoted source',
  );
};
for (const error of ['ICMP-param-problem', 'ICMP-dest-unreachable']) {
  for (const header of [
    'IPv6 header',
    'DH/HaO',
    'BU',
    'BU/PadN option',
    'BU/Alternate CoA option',
  ]) {
    (HEADERS as Record<string, Meets>)[`${error}/data =/${header}`] = quotes;
  }
}

/** A layout of a Binding Acknowledgement names all of its options. */
function onlyThoseOptions(packet: Opened, format: Format): void {
  const message = packet.layers.at(-1) as Layer & {
    readonly options?: readonly { option: string }[];
  };
  if (message.layer !== 'binding-acknowledgement') return;
  const names = message.options.map(({ option }) => option);
  const allowed = { padn: 'BA/PadN option', 'binding-refresh-advice': 'BA/refresh-advice option' };
  for (const name of names) {
    const header = (allowed as Record<string, string>)[name];
    demand(header !== undefined && format[header] !== undefined, `the option ${name} is there`);
  }
}
