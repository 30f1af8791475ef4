/** One line for people about a packet: addresses, headers, what the message says. */
import { formatAddress } from './address.js';
import { toHex } from './hex.js';
import { BINDING_ERROR_STATUS, BINDING_STATUS, label, nameIn } from './numbers.js';
/** Seconds in the unit of lifetimes and refresh intervals. Source: RFC 6275 section 6.1.7. */
const LIFETIME_UNIT = 4;
/** The packet in one line, layers outermost first, such as `IPv6 :: -> ff02::1 | ...`. */
export function summarise(layers) {
    return layers.map(summary).join(' | ');
}
function summary(layer) {
    const title = TITLES[layer.layer] ?? label(camelCase(layer.layer));
    const details = detail(layer);
    const text = details === '' ? title : `${title} ${details}`;
    if (!('options' in layer) || layer.options instanceof Uint8Array)
        return text;
    const options = layer.options.map(optionSummary).filter((one) => one !== '');
    return options.length === 0 ? text : `${text} (${options.join(', ')})`;
}
const TITLES = {
    ipv6: 'IPv6',
    icmpv6: 'ICMPv6',
    tcp: 'TCP',
    udp: 'UDP',
    'routing-type-2': 'Type 2 Routing',
    'hop-by-hop-options': 'Hop-by-Hop Options',
};
const camelCase = (kebab) => kebab.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
function detail(layer) {
    switch (layer.layer) {
        case 'ipv6':
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
        case 'mobility':
            return `type ${layer.mhType} (${layer.name})`;
        case 'tcp':
            return `${layer.sourcePort} -> ${layer.destinationPort}${tcpFlags(layer)} seq ${layer.sequence} ack ${layer.acknowledgement} len ${layer.payload.length}`;
        case 'udp':
            return `${layer.sourcePort} -> ${layer.destinationPort} len ${layer.payload.length}`;
        case 'payload':
            return `protocol ${layer.protocol} len ${layer.octets.length}`;
        case 'no-next-header':
        case 'trailer':
            return `len ${layer.octets.length}`;
        default:
            return icmpv6Detail(layer);
    }
}
function icmpv6Detail(layer) {
    switch (layer.layer) {
        case 'packet-too-big':
            return `mtu ${layer.mtu}`;
        case 'parameter-problem':
            return `code ${layer.code} pointer ${layer.pointer}`;
        case 'destination-unreachable':
        case 'time-exceeded':
            return `code ${layer.code}`;
        case 'echo-request':
        case 'echo-reply':
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
            return `type ${layer.type} code ${layer.code}`;
        default:
            return '';
    }
}
const letters = (flags) => flags.map(([set, letter]) => (set ? ` ${letter}` : '')).join('');
const lifetime = (units) => `lifetime ${LIFETIME_UNIT * units} s`;
function updateFlags(update) {
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
function acknowledgement(layer) {
    const set = letters([
        [layer.keyManagementMobilityCapability, 'K'],
        [layer.mobileRouter, 'R'],
        [layer.proxyRegistration, 'P'],
    ]);
    const status = named(BINDING_STATUS, layer.status);
    return `seq ${layer.sequence} ${status}${set} ${lifetime(layer.lifetime)}`;
}
function named(table, status) {
    const name = nameIn(table, status);
    return name === undefined ? `status ${status}` : `status ${status} (${label(name)})`;
}
function tcpFlags(layer) {
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
function optionSummary(option) {
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
        case 'prefix-information':
            return `Prefix ${formatAddress(option.prefix)}/${option.prefixLength}`;
        case 'home-agent-information':
            return `Home Agent preference ${option.homeAgentPreference}`;
        case 'advertisement-interval':
            return `Advertisement Interval ${option.advertisementInterval} ms`;
        case 'unknown':
            return `option ${option.type}`;
        default:
            return label(camelCase(option.option));
    }
}
