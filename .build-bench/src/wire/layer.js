/** All layers of a packet in one union, and the tables that find their declarations. */
import { fragmentHeader } from './extension/fragment-header.js';
import { destinationOptions, hopByHopOptions } from './extension/options-headers.js';
import { routingHeader, type2RoutingHeader } from './extension/routing-headers.js';
import { echoReply, echoRequest } from './icmpv6/echo.js';
import { destinationUnreachable, packetTooBig, parameterProblem, timeExceeded, } from './icmpv6/errors.js';
import { homeAgentAddressDiscoveryReply, homeAgentAddressDiscoveryRequest, mobilePrefixAdvertisement, mobilePrefixSolicitation, } from './icmpv6/home-network.js';
import { otherIcmpv6 } from './icmpv6/icmpv6-message.js';
import { neighborAdvertisement, neighborSolicitation, redirect, routerAdvertisement, routerSolicitation, } from './icmpv6/neighbor-discovery.js';
import { ipv6Header } from './ipv6-header.js';
import { bindingAcknowledgement } from './mobility/binding-acknowledgement.js';
import { bindingError } from './mobility/binding-error.js';
import { bindingRefreshRequest } from './mobility/binding-refresh-request.js';
import { bindingUpdate } from './mobility/binding-update.js';
import { careOfTest, homeTest } from './mobility/home-and-care-of-test.js';
import { careOfTestInit, homeTestInit } from './mobility/home-and-care-of-test-init.js';
import { otherMobilityMessage } from './mobility/mobility-header.js';
import { PROTOCOL } from './numbers.js';
import { tcp } from './transport/tcp.js';
import { udp } from './transport/udp.js';
import { noNextHeader, payload, trailer } from './unclaimed.js';
const MOBILITY = [
    bindingRefreshRequest,
    homeTestInit,
    careOfTestInit,
    homeTest,
    careOfTest,
    bindingUpdate,
    bindingAcknowledgement,
    bindingError,
];
const ICMPV6_MESSAGES = [
    destinationUnreachable,
    packetTooBig,
    timeExceeded,
    parameterProblem,
    echoRequest,
    echoReply,
    routerSolicitation,
    routerAdvertisement,
    neighborSolicitation,
    neighborAdvertisement,
    redirect,
    homeAgentAddressDiscoveryRequest,
    homeAgentAddressDiscoveryReply,
    mobilePrefixSolicitation,
    mobilePrefixAdvertisement,
];
const ROUTING = [type2RoutingHeader, routingHeader];
const COMPUTED_FIELDS = [
    'nextHeader',
    'headerLen',
    'payloadLength',
    'length',
    'dataOffset',
];
const entries = (protocol, ...list) => list.map((declaration) => {
    const computes = COMPUTED_FIELDS.filter((field) => field in declaration.fields);
    const counted = computes.includes('headerLen');
    return [declaration.name, { declaration, protocol, counted, computes }];
});
/** Every layer under its name. */
export const LAYERS = new Map([
    ...entries(PROTOCOL.ipv6, ipv6Header),
    ...entries(PROTOCOL.hopByHopOptions, hopByHopOptions),
    ...entries(PROTOCOL.destinationOptions, destinationOptions),
    ...entries(PROTOCOL.routing, ...ROUTING),
    ...entries(PROTOCOL.fragment, fragmentHeader),
    ...entries(PROTOCOL.mobility, ...MOBILITY, otherMobilityMessage),
    ...entries(PROTOCOL.icmpv6, ...ICMPV6_MESSAGES, otherIcmpv6),
    ...entries(PROTOCOL.tcp, tcp),
    ...entries(PROTOCOL.udp, udp),
    ...entries(PROTOCOL.noNextHeader, noNextHeader),
    ...entries(undefined, payload, trailer),
]);
const byInitial = (field, list) => new Map(list.map((one) => [one.fields[field].initial, one]));
/** The declared Mobility Header messages by MH Type. */
export const MOBILITY_BY_TYPE = byInitial('mhType', MOBILITY);
/** The declared ICMPv6 messages by Type. */
export const ICMPV6_BY_TYPE = byInitial('type', ICMPV6_MESSAGES);
