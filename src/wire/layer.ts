/** All layers of a packet in one union, and the tables that find their declarations. */
import { fragmentHeader } from './extension/fragment-header.ts';
import { destinationOptions, hopByHopOptions } from './extension/options-headers.ts';
import { routingHeader, type2RoutingHeader } from './extension/routing-headers.ts';
import { echoReply, echoRequest } from './icmpv6/echo.ts';
import {
  destinationUnreachable,
  packetTooBig,
  parameterProblem,
  timeExceeded,
} from './icmpv6/errors.ts';
import {
  homeAgentAddressDiscoveryReply,
  homeAgentAddressDiscoveryRequest,
  mobilePrefixAdvertisement,
  mobilePrefixSolicitation,
} from './icmpv6/home-network.ts';
import { otherIcmpv6 } from './icmpv6/icmpv6-message.ts';
import {
  neighborAdvertisement,
  neighborSolicitation,
  redirect,
  routerAdvertisement,
  routerSolicitation,
} from './icmpv6/neighbor-discovery.ts';
import {
  icmpv4DestinationUnreachable,
  icmpv4EchoReply,
  icmpv4EchoRequest,
  icmpv4ParameterProblem,
  icmpv4Redirect,
  icmpv4TimeExceeded,
  otherIcmpv4,
} from './ipv4/icmpv4.ts';
import { ipv4Header } from './ipv4/ipv4-header.ts';
import { ipv6Header } from './ipv6-header.ts';
import type { AnyDeclaration, InputOf, ValueOf } from './message.ts';
import { bindingAcknowledgement } from './mobility/binding-acknowledgement.ts';
import { bindingError } from './mobility/binding-error.ts';
import { bindingRefreshRequest } from './mobility/binding-refresh-request.ts';
import {
  bindingRevocationAcknowledgement,
  bindingRevocationIndication,
} from './mobility/binding-revocation.ts';
import { bindingUpdate } from './mobility/binding-update.ts';
import { heartbeat } from './mobility/heartbeat.ts';
import { homeAgentSwitch } from './mobility/home-agent-switch.ts';
import { careOfTest, homeTest } from './mobility/home-and-care-of-test.ts';
import { careOfTestInit, homeTestInit } from './mobility/home-and-care-of-test-init.ts';
import { otherMobilityMessage } from './mobility/mobility-header.ts';
import { BINDING_REVOCATION, MH_TYPE, PROTOCOL } from './numbers.ts';
import { esp } from './transport/esp.ts';
import { tcp } from './transport/tcp.ts';
import { udp } from './transport/udp.ts';
import { gre } from './tunnel/gre.ts';
import { noNextHeader, payload, trailer } from './unclaimed.ts';

const MOBILITY = [
  bindingRefreshRequest,
  homeTestInit,
  careOfTestInit,
  homeTest,
  careOfTest,
  bindingUpdate,
  bindingAcknowledgement,
  bindingError,
  homeAgentSwitch,
  heartbeat,
  bindingRevocationIndication,
  bindingRevocationAcknowledgement,
] as const;

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
] as const;

const ICMPV4_MESSAGES = [
  icmpv4EchoReply,
  icmpv4DestinationUnreachable,
  icmpv4Redirect,
  icmpv4EchoRequest,
  icmpv4TimeExceeded,
  icmpv4ParameterProblem,
] as const;

const ROUTING = [type2RoutingHeader, routingHeader] as const;

type Declared =
  | typeof ipv6Header
  | typeof ipv4Header
  | typeof hopByHopOptions
  | typeof destinationOptions
  | (typeof ROUTING)[number]
  | typeof fragmentHeader
  | (typeof MOBILITY)[number]
  | typeof otherMobilityMessage
  | (typeof ICMPV6_MESSAGES)[number]
  | typeof otherIcmpv6
  | (typeof ICMPV4_MESSAGES)[number]
  | typeof otherIcmpv4
  | typeof gre
  | typeof esp
  | typeof tcp
  | typeof udp
  | typeof payload
  | typeof noNextHeader
  | typeof trailer;

/** One layer of a packet as it stands on the wire. `layer` is its RFC name in kebab-case. */
export type Layer = ValueOf<Declared>;
/** A layer to be serialised: what is absent is computed, or zero. */
export type LayerInput = InputOf<Declared>;
/** The name of a layer. */
export type LayerName = Layer['layer'];
/** The layer of a name, such as `LayerOf<'binding-update'>`. */
export type LayerOf<Name extends LayerName> = Extract<Layer, { readonly layer: Name }>;
/** A Mobility Header message, of a known type or another. */
export type MobilityMessage = ValueOf<(typeof MOBILITY)[number] | typeof otherMobilityMessage>;
/** An ICMPv6 message, of a known type or another. */
export type Icmpv6Message = ValueOf<(typeof ICMPV6_MESSAGES)[number] | typeof otherIcmpv6>;

/** A declaration, and the Next Header number by which the header before announces it. */
export interface LayerEntry {
  readonly declaration: AnyDeclaration;
  /** Undefined: its own `protocol` field says. */
  readonly protocol: number | undefined;
  /** Has it a Header Len in units of 8 octets? */
  readonly counted: boolean;
  /** Fields that serialising computes where they are absent. */
  readonly computes: readonly ComputedField[];
}

const COMPUTED_FIELDS = [
  'nextHeader',
  'headerLen',
  'payloadLength',
  'length',
  'dataOffset',
  'addressCount',
  'internetHeaderLen',
  'totalLength',
  'protocol',
  'protocolType',
] as const;
/** A field that follows from what stands around it. */
export type ComputedField = (typeof COMPUTED_FIELDS)[number];

const entries = (protocol: number | undefined, ...list: readonly AnyDeclaration[]) =>
  list.map((declaration): [string, LayerEntry] => {
    const computes = COMPUTED_FIELDS.filter((field) => field in declaration.fields);
    const counted = computes.includes('headerLen');
    return [declaration.name, { declaration, protocol, counted, computes }];
  });

/** Every layer under its name. */
export const LAYERS: ReadonlyMap<string, LayerEntry> = new Map([
  ...entries(PROTOCOL.ipv6, ipv6Header),
  ...entries(PROTOCOL.hopByHopOptions, hopByHopOptions),
  ...entries(PROTOCOL.destinationOptions, destinationOptions),
  ...entries(PROTOCOL.routing, ...ROUTING),
  ...entries(PROTOCOL.fragment, fragmentHeader),
  ...entries(PROTOCOL.mobility, ...MOBILITY, otherMobilityMessage),
  ...entries(PROTOCOL.icmpv6, ...ICMPV6_MESSAGES, otherIcmpv6),
  ...entries(PROTOCOL.ipv4, ipv4Header),
  ...entries(PROTOCOL.icmpv4, ...ICMPV4_MESSAGES, otherIcmpv4),
  ...entries(PROTOCOL.gre, gre),
  ...entries(PROTOCOL.esp, esp),
  ...entries(PROTOCOL.tcp, tcp),
  ...entries(PROTOCOL.udp, udp),
  ...entries(PROTOCOL.noNextHeader, noNextHeader),
  ...entries(undefined, payload, trailer),
]);

const byInitial = (field: string, list: readonly AnyDeclaration[]) =>
  new Map(list.map((one) => [one.fields[field]!.initial as number, one]));

const MOBILITY_BY_TYPE = byInitial('mhType', MOBILITY);
const REVOCATION_BY_TYPE = new Map<number, AnyDeclaration>([
  [BINDING_REVOCATION.indication, bindingRevocationIndication],
  [BINDING_REVOCATION.acknowledgement, bindingRevocationAcknowledgement],
]);

/** The declaration of the Mobility Header message in [at, end): the one for any type otherwise. */
export function mobilityDeclaration(octets: Uint8Array, at: number, end: number): AnyDeclaration {
  if (at + 3 > end) return otherMobilityMessage;
  const mhType = octets[at + 2]!;
  if (mhType !== MH_TYPE.bindingRevocation) {
    return MOBILITY_BY_TYPE.get(mhType) ?? otherMobilityMessage;
  }
  const known = at + 7 <= end ? REVOCATION_BY_TYPE.get(octets[at + 6]!) : undefined;
  return known ?? otherMobilityMessage;
}

/** The declared ICMP messages by Type. */
export const ICMPV4_BY_TYPE: ReadonlyMap<number, AnyDeclaration> = byInitial(
  'type',
  ICMPV4_MESSAGES,
);
/** The declared ICMPv6 messages by Type. */
export const ICMPV6_BY_TYPE: ReadonlyMap<number, AnyDeclaration> = byInitial(
  'type',
  ICMPV6_MESSAGES,
);
