/** One line for people about a packet: addresses, headers, what the message says. */
import { formatAddress } from './address.ts';
import type { DestinationOption } from './extension/options-headers.ts';
import { toHex } from './hex.ts';
import type { NdOption } from './icmpv6/nd-options.ts';
import type { Layer, LayerOf } from './layer.ts';
import type { MobilityOption } from './mobility/mobility-options.ts';
import {
  BINDING_ERROR_STATUS,
  BINDING_STATUS,
  IPV6_OPTION,
  label,
  MOBILITY_OPTION,
  ND_OPTION,
  nameIn,
  REVOCATION_STATUS,
  REVOCATION_TRIGGER,
} from './numbers.ts';

/** Seconds in the unit of lifetimes and refresh intervals. Source: RFC 6275 section 6.1.7. */
const LIFETIME_UNIT = 4;

/** The packet in one line, layers outermost first, such as `IPv6 :: -> ff02::1 | ...`. */
export function summarise(layers: readonly Layer[]): string {
  return layers.map(summary).join(' | ');
}

function summary(layer: Layer): string {
  const title = TITLES[layer.layer] ?? label(camelCase(layer.layer)).replace(/^Icmpv4 /, 'ICMP ');
  const details = detail(layer);
  const text = details === '' ? title : `${title} ${details}`;
  if (!('options' in layer) || layer.options instanceof Uint8Array) return text;
  const options = layer.options
    .map((one) => optionSummary(one, optionNumbers(layer)))
    .filter((one) => one !== '');
  return options.length === 0 ? text : `${text} (${options.join(', ')})`;
}

/** The numbers of the options that a layer can hold. */
function optionNumbers(layer: Layer): Table {
  if ('mhType' in layer) return MOBILITY_OPTION;
  return 'type' in layer ? ND_OPTION : IPV6_OPTION;
}

const TITLES: { readonly [layer: string]: string } = {
  ipv6: 'IPv6',
  ipv4: 'IPv4',
  gre: 'GRE',
  icmpv4: 'ICMP',
  icmpv6: 'ICMPv6',
  esp: 'ESP',
  tcp: 'TCP',
  udp: 'UDP',
  'routing-type-2': 'Type 2 Routing',
  'hop-by-hop-options': 'Hop-by-Hop Options',
};

const camelCase = (kebab: string) =>
  kebab.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function detail(layer: Layer): string {
  switch (layer.layer) {
    case 'ipv6':
    case 'ipv4':
      return `${formatAddress(layer.source)} -> ${formatAddress(layer.destination)}`;
    case 'routing-type-2':
      return `home address ${formatAddress(layer.homeAddress)}`;
    case 'routing':
      return `type ${layer.routingType}, ${layer.segmentsLeft} left`;
    case 'fragment':
      return `offset ${8 * layer.offset}${layer.more ? ', more' : ''}, id ${layer.identification}`;
    case 'home-test-init':
      return `cookie ${toHex(layer.homeInitCookie)}`;
    case 'care-of-test-init':
      return `cookie ${toHex(layer.careOfInitCookie)}`;
    case 'home-test':
      return `nonce ${layer.nonceIndex} cookie ${toHex(layer.homeInitCookie)}`;
    case 'care-of-test':
      return `nonce ${layer.nonceIndex} cookie ${toHex(layer.careOfInitCookie)}`;
    case 'binding-update':
      return `seq ${layer.sequence}${updateFlags(layer)} ${lifetime(layer.lifetime)}`;
    case 'binding-acknowledgement':
      return acknowledgement(layer);
    case 'binding-error': {
      const status = named(BINDING_ERROR_STATUS, layer.status);
      return `${status}, home address ${formatAddress(layer.homeAddress)}`;
    }
    case 'home-agent-switch':
      return layer.homeAgentAddresses.map(formatAddress).join(' ');
    case 'heartbeat':
      return `${layer.response ? 'response' : 'request'} seq ${layer.sequence}${layer.unsolicited ? ' U' : ''}`;
    case 'binding-revocation-indication': {
      const trigger = numbered('trigger', REVOCATION_TRIGGER, layer.trigger);
      return `seq ${layer.sequence} ${trigger}${revocationFlags(layer)}`;
    }
    case 'binding-revocation-acknowledgement':
      return `seq ${layer.sequence} ${named(REVOCATION_STATUS, layer.status)}${revocationFlags(layer)}`;
    case 'mobility':
      return `type ${layer.mhType} (${layer.name})`;
    case 'esp':
      return `spi ${layer.spi} seq ${layer.sequence} len ${layer.payload.length}`;
    case 'tcp':
      return `${layer.sourcePort} -> ${layer.destinationPort}${tcpFlags(layer)} seq ${layer.sequence} ack ${layer.acknowledgement} len ${layer.payload.length}`;
    case 'udp':
      return `${layer.sourcePort} -> ${layer.destinationPort} len ${layer.payload.length}`;
    case 'gre':
      return greDetail(layer);
    case 'payload':
      return `protocol ${layer.protocol} len ${layer.octets.length}`;
    case 'no-next-header':
    case 'trailer':
      return `len ${layer.octets.length}`;
    default:
      return icmpv6Detail(layer);
  }
}

function icmpv6Detail(layer: Layer): string {
  switch (layer.layer) {
    case 'packet-too-big':
      return `mtu ${layer.mtu}`;
    case 'icmpv4-destination-unreachable':
      return `code ${layer.code}${layer.code === 4 ? ` mtu ${layer.nextHopMtu}` : ''}`;
    case 'icmpv4-redirect':
      return `code ${layer.code} to ${formatAddress(layer.gateway)}`;
    case 'parameter-problem':
    case 'icmpv4-parameter-problem':
      return `code ${layer.code} pointer ${layer.pointer}`;
    case 'destination-unreachable':
    case 'time-exceeded':
    case 'icmpv4-time-exceeded':
      return `code ${layer.code}`;
    case 'echo-request':
    case 'echo-reply':
    case 'icmpv4-echo-request':
    case 'icmpv4-echo-reply':
      return `id ${layer.identifier} seq ${layer.sequence}`;
    case 'router-advertisement':
      return `router lifetime ${layer.routerLifetime} s${letters([[layer.homeAgent, 'H']])}`;
    case 'neighbor-solicitation':
      return `who has ${formatAddress(layer.targetAddress)}`;
    case 'neighbor-advertisement': {
      const { router, solicited, override } = layer;
      const set = letters([
        [router, 'R'],
        [solicited, 'S'],
        [override, 'O'],
      ]);
      return `${formatAddress(layer.targetAddress)}${set}`;
    }
    case 'redirect': {
      const { destinationAddress, targetAddress } = layer;
      return `${formatAddress(destinationAddress)} by ${formatAddress(targetAddress)}`;
    }
    case 'home-agent-address-discovery-reply':
      return `id ${layer.identifier} ${layer.homeAgentAddresses.map(formatAddress).join(' ')}`;
    case 'home-agent-address-discovery-request':
    case 'mobile-prefix-solicitation':
    case 'mobile-prefix-advertisement':
      return `id ${layer.identifier}`;
    case 'icmpv6':
    case 'icmpv4':
      return `type ${layer.type} code ${layer.code}`;
    default:
      return '';
  }
}

const letters = (flags: readonly (readonly [boolean, string])[]): string =>
  flags.map(([set, letter]) => (set ? ` ${letter}` : '')).join('');

const lifetime = (units: number): string => `lifetime ${LIFETIME_UNIT * units} s`;

function updateFlags(update: LayerOf<'binding-update'>): string {
  return letters([
    [update.acknowledge, 'A'],
    [update.homeRegistration, 'H'],
    [update.linkLocalAddressCompatibility, 'L'],
    [update.keyManagementMobilityCapability, 'K'],
    [update.mobilityAnchorPoint, 'M'],
    [update.mobileRouter, 'R'],
    [update.proxyRegistration, 'P'],
  ]);
}

function acknowledgement(layer: LayerOf<'binding-acknowledgement'>): string {
  const set = letters([
    [layer.keyManagementMobilityCapability, 'K'],
    [layer.mobileRouter, 'R'],
    [layer.proxyRegistration, 'P'],
  ]);
  const status = named(BINDING_STATUS, layer.status);
  return `seq ${layer.sequence} ${status}${set} ${lifetime(layer.lifetime)}`;
}

type Revocation = LayerOf<'binding-revocation-indication' | 'binding-revocation-acknowledgement'>;

function revocationFlags(layer: Revocation): string {
  return letters([
    [layer.proxyBinding, 'P'],
    [layer.ipv4HomeAddressOnly, 'V'],
    [layer.global, 'G'],
  ]);
}

function greDetail({ checksum, key, sequence }: LayerOf<'gre'>): string {
  const part = (name: string, value: number | undefined) =>
    value === undefined ? [] : [`${name} ${value}`];
  const checked = checksum === undefined ? [] : ['checksum'];
  return [...checked, ...part('key', key), ...part('seq', sequence)].join(' ');
}

type Table = { readonly [name: string]: number };

const named = (table: Table, status: number): string => numbered('status', table, status);

function numbered(what: string, table: Table, number: number): string {
  const name = nameIn(table, number);
  return name === undefined ? `${what} ${number}` : `${what} ${number} (${label(name)})`;
}

function tcpFlags(layer: LayerOf<'tcp'>): string {
  const { syn, fin, rst, psh, ack, urg } = layer;
  return letters([
    [syn, 'SYN'],
    [fin, 'FIN'],
    [rst, 'RST'],
    [psh, 'PSH'],
    [ack, 'ACK'],
    [urg, 'URG'],
  ]);
}

function optionSummary(
  option: DestinationOption | MobilityOption | NdOption | RouterAlert,
  numbers: Table,
): string {
  switch (option.option) {
    case 'pad1':
    case 'padn':
      return '';
    case 'home-address':
      return `Home Address ${formatAddress(option.homeAddress)}`;
    case 'alternate-care-of-address':
      return `Alternate Care-of Address ${formatAddress(option.careOfAddress)}`;
    case 'nonce-indices':
      return `Nonce Indices ${option.homeNonceIndex} ${option.careOfNonceIndex}`;
    case 'binding-refresh-advice':
      return `Binding Refresh Advice ${LIFETIME_UNIT * option.refreshInterval} s`;
    case 'mobile-network-prefix':
      return `Mobile Network Prefix ${formatAddress(option.prefix)}/${option.prefixLength}`;
    case 'binding-identifier': {
      const { bindingId, careOfAddress: at } = option;
      return `Binding Identifier ${bindingId}${at === undefined ? '' : ` ${formatAddress(at)}`}`;
    }
    case 'flow-identification':
      return `Flow Identification ${option.flowId} priority ${option.priority}`;
    case 'restart-counter':
      return `Restart Counter ${option.restartCounter}`;
    case 'vendor-specific':
      return `Vendor Specific ${option.vendorId}/${option.subtype}`;
    case 'load-information':
      return `Load Information ${option.sessionsInUse} of ${option.maximumSessions} sessions`;
    case 'ipv4-home-address':
      return `IPv4 Home Address ${formatAddress(option.homeAddress)}`;
    case 'ipv4-address-acknowledgement':
      return `IPv4 Address Acknowledgement ${option.status} ${formatAddress(option.homeAddress)}`;
    case 'ipv4-care-of-address':
      return `IPv4 Care-of Address ${formatAddress(option.careOfAddress)}`;
    case 'prefix-information':
      return `Prefix ${formatAddress(option.prefix)}/${option.prefixLength}`;
    case 'home-agent-information':
      return `Home Agent preference ${option.homeAgentPreference}`;
    case 'advertisement-interval':
      return `Advertisement Interval ${option.advertisementInterval} ms`;
    case 'unknown':
      return numbered('option', numbers, option.type);
    default:
      return label(camelCase(option.option));
  }
}

type RouterAlert = LayerOf<'hop-by-hop-options'>['options'][number];
