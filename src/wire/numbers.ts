/**
 * Numbers that IANA assigned, by the names of the RFCs. One table each, and nowhere else.
 *
 * Source: the IANA registries of IPv6 parameters, ICMPv6 parameters and protocol numbers.
 */

/** Flags of a TCP header, in one octet. Source: RFC 9293 section 3.1. */
export const TCP_FLAG = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10 } as const;

/** Protocol and Next Header numbers. Source: IANA, RFC 8200 section 4. */
export const PROTOCOL = {
  hopByHopOptions: 0,
  icmpv4: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  noNextHeader: 59,
  destinationOptions: 60,
  mobility: 135,
} as const;

/** What became of an IPv4 home address. Source: RFC 5555 section 3.2.1. */
export const IPV4_ADDRESS_STATUS = {
  accepted: 0,
  administrativelyProhibited: 129,
  incorrectIpv4HomeAddress: 130,
} as const;

/** UDP ports. Source: RFC 5555 section 9 (`dsmipv6`). */
export const UDP_PORT = { mobility: 4191 } as const;

/** Types of Destination and Hop-by-Hop options. Source: RFC 8200, 2473, 2711, 6275 section 6.3. */
export const IPV6_OPTION = {
  pad1: 0x00,
  padN: 0x01,
  tunnelEncapsulationLimit: 0x04,
  routerAlert: 0x05,
  homeAddress: 0xc9,
} as const;

/** Ethernet types. Source: IEEE 802 numbers. */
export const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;

/** ICMP types. Source: RFC 792. */
export const ICMPV4 = {
  echoReply: 0,
  destinationUnreachable: 3,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** ICMPv6 types. Source: RFC 4443, RFC 4861 section 4, RFC 6275 sections 6.5 to 6.8. */
export const ICMPV6 = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  redirect: 137,
  homeAgentAddressDiscoveryRequest: 144,
  homeAgentAddressDiscoveryReply: 145,
  mobilePrefixSolicitation: 146,
  mobilePrefixAdvertisement: 147,
} as const;

/** Types of Neighbor Discovery options. Source: RFC 4861 section 4.6 and the IANA registry. */
export const ND_OPTION = {
  sourceLinkLayerAddress: 1,
  targetLinkLayerAddress: 2,
  prefixInformation: 3,
  redirectedHeader: 4,
  mtu: 5,
  nbmaShortcutLimit: 6,
  advertisementInterval: 7,
  homeAgentInformation: 8,
  sourceAddressList: 9,
  targetAddressList: 10,
  cga: 11,
  rsaSignature: 12,
  timestamp: 13,
  nonce: 14,
  trustAnchor: 15,
  certificate: 16,
  ipAddressOrPrefix: 17,
  newRouterPrefixInformation: 18,
  linkLayerAddress: 19,
  neighborAdvertisementAcknowledgment: 20,
  mobilityAnchorPoint: 23,
  routeInformation: 24,
  recursiveDnsServer: 25,
  routerAdvertisementFlagsExtension: 26,
  handoverKeyRequest: 27,
  handoverKeyReply: 28,
  handoverAssistInformation: 29,
  mobileNodeIdentifier: 30,
  dnsSearchList: 31,
  proxySignature: 32,
  addressRegistration: 33,
  sixLowpanContext: 34,
  authoritativeBorderRouter: 35,
  sixLowpanCapabilityIndication: 36,
  captivePortal: 37,
  pref64: 38,
} as const;

/** Mobility Header types. Source: RFC 6275 section 6.1 and the IANA registry. */
export const MH_TYPE = {
  bindingRefreshRequest: 0,
  homeTestInit: 1,
  careOfTestInit: 2,
  homeTest: 3,
  careOfTest: 4,
  bindingUpdate: 5,
  bindingAcknowledgement: 6,
  bindingError: 7,
  fastBindingUpdate: 8,
  fastBindingAcknowledgement: 9,
  fastNeighborAdvertisement: 10,
  experimental: 11,
  homeAgentSwitch: 12,
  heartbeat: 13,
  handoverInitiate: 14,
  handoverAcknowledge: 15,
  bindingRevocation: 16,
  localizedRoutingInitiation: 17,
  localizedRoutingAcknowledgement: 18,
  updateNotification: 19,
  updateNotificationAcknowledgement: 20,
  flowBinding: 21,
  subscriptionQuery: 22,
  subscriptionResponse: 23,
} as const;

/** Mobility option types. Source: RFC 6275 section 6.2 and the IANA registry. */
export const MOBILITY_OPTION = {
  pad1: 0,
  padN: 1,
  bindingRefreshAdvice: 2,
  alternateCareOfAddress: 3,
  nonceIndices: 4,
  bindingAuthorizationData: 5,
  mobileNetworkPrefix: 6,
  linkLayerAddress: 7,
  mobileNodeIdentifier: 8,
  authentication: 9,
  replayProtection: 10,
  cgaParametersRequest: 11,
  cgaParameters: 12,
  signature: 13,
  permanentHomeKeygenToken: 14,
  careOfTestInit: 15,
  careOfTest: 16,
  dnsUpdate: 17,
  experimental: 18,
  vendorSpecific: 19,
  serviceSelection: 20,
  bindingAuthorizationDataForFmipv6: 21,
  homeNetworkPrefix: 22,
  handoffIndicator: 23,
  accessTechnologyType: 24,
  mobileNodeLinkLayerIdentifier: 25,
  linkLocalAddress: 26,
  timestamp: 27,
  restartCounter: 28,
  ipv4HomeAddress: 29,
  ipv4AddressAcknowledgement: 30,
  natDetection: 31,
  ipv4CareOfAddress: 32,
  greKey: 33,
  mobilityHeaderIpv6AddressOrPrefix: 34,
  bindingIdentifier: 35,
  ipv4HomeAddressRequest: 36,
  ipv4HomeAddressReply: 37,
  ipv4DefaultRouterAddress: 38,
  ipv4DhcpSupportMode: 39,
  contextRequest: 40,
  localMobilityAnchorAddress: 41,
  mobileNodeLinkLocalAddressInterfaceIdentifier: 42,
  transientBinding: 43,
  flowSummary: 44,
  flowIdentification: 45,
  redirectCapability: 46,
  redirect: 47,
  loadInformation: 48,
  alternateIpv4CareOfAddress: 49,
  mobileNodeGroupIdentifier: 50,
  magIpv6Address: 51,
  accessNetworkIdentifier: 52,
  ipv4TrafficOffloadSelector: 53,
  dynamicIpMulticastSelector: 54,
  delegatedMobileNetworkPrefix: 55,
  activeMulticastSubscriptionIpv4: 56,
  activeMulticastSubscriptionIpv6: 57,
  qualityOfService: 58,
  lmaUserPlaneAddress: 59,
  multicastMobility: 60,
  multicastAcknowledgement: 61,
  lmaControlledMagParameters: 62,
  magMultipathBinding: 63,
  magIdentifier: 64,
} as const;

/** Types of sub-options of a Flow Identification option. Source: RFC 6089 section 4.2. */
export const FLOW_SUB_OPTION = {
  pad1: 0,
  padN: 1,
  bindingReference: 2,
  trafficSelector: 3,
} as const;

/** What a Binding Revocation message is. Source: RFC 5846 section 6. */
export const BINDING_REVOCATION = { indication: 1, acknowledgement: 2 } as const;

/** Why a binding is revoked. Source: RFC 5846 section 6.1. */
export const REVOCATION_TRIGGER = {
  unspecified: 0,
  administrativeReason: 1,
  interMagHandoverSameAccessType: 2,
  interMagHandoverDifferentAccessType: 3,
  interMagHandoverUnknown: 4,
  userInitiatedSessionTermination: 5,
  accessNetworkSessionTermination: 6,
  possibleOutOfSyncBceState: 7,
  perPeerPolicy: 128,
  revokingMobilityNodeLocalPolicy: 129,
} as const;

/** Status of a Binding Revocation Acknowledgement; 128 and above refuse. Source: RFC 5846 section 5.2. */
export const REVOCATION_STATUS = {
  success: 0,
  partialSuccess: 1,
  bindingDoesNotExist: 128,
  ipv4HomeAddressOptionRequired: 129,
  globalRevocationNotAuthorized: 130,
  revokedMobileNodesIdentityRequired: 131,
  mobileNodeIsAttached: 132,
  revocationTriggerNotSupported: 133,
  revocationFunctionNotSupported: 134,
  proxyBindingRevocationNotSupported: 135,
} as const;

/**
 * Status of a Binding Acknowledgement; 128 and above refuse.
 *
 * Source: RFC 6275 section 6.1.8 and the IANA registry.
 */
export const BINDING_STATUS = {
  accepted: 0,
  acceptedButPrefixDiscoveryNecessary: 1,
  greKeyOptionNotRequired: 2,
  greTunnelingButTlvTypeNotSupported: 3,
  mcoaNotComplete: 4,
  mcoaReturnHomeWithoutNdp: 5,
  transientBindingIgnored: 6,
  reasonUnspecified: 128,
  administrativelyProhibited: 129,
  insufficientResources: 130,
  homeRegistrationNotSupported: 131,
  notHomeSubnet: 132,
  notHomeAgentForThisMobileNode: 133,
  duplicateAddressDetectionFailed: 134,
  sequenceNumberOutOfWindow: 135,
  expiredHomeNonceIndex: 136,
  expiredCareOfNonceIndex: 137,
  expiredNonces: 138,
  registrationTypeChangeDisallowed: 139,
  mobileRouterOperationNotPermitted: 140,
  invalidPrefix: 141,
  notAuthorizedForPrefix: 142,
  forwardingSetupFailed: 143,
  mipv6IdMismatch: 144,
  mesgIdRequired: 145,
  authenticationFailed: 146,
  permanentHomeKeygenTokenUnavailable: 147,
  cgaAndSignatureVerificationFailed: 148,
  permanentHomeKeygenTokenExists: 149,
  nonNullHomeNonceIndexExpected: 150,
  serviceAuthorizationFailed: 151,
  proxyRegistrationNotEnabled: 152,
  notLmaForThisMobileNode: 153,
  magNotAuthorizedForProxyRegistration: 154,
  notAuthorizedForHomeNetworkPrefix: 155,
  timestampMismatch: 156,
  timestampLowerThanPreviouslyAccepted: 157,
  missingHomeNetworkPrefixOption: 158,
  bindingPrefixSetDoesNotMatch: 159,
  missingMobileNodeIdentifierOption: 160,
  missingHandoffIndicatorOption: 161,
  missingAccessTechnologyTypeOption: 162,
  greKeyOptionRequired: 163,
  mcoaMalformed: 164,
  mcoaNonMcoaBindingExists: 165,
  mcoaProhibited: 166,
  mcoaUnknownCareOfAddress: 167,
  mcoaBulkRegistrationProhibited: 168,
  mcoaSimultaneousHomeAndForeignProhibited: 169,
  notAuthorizedForIpv4MobilityService: 170,
  notAuthorizedForIpv4HomeAddress: 171,
  notAuthorizedForIpv6MobilityService: 172,
  multipleIpv4HomeAddressAssignmentNotSupported: 173,
  invalidCareOfAddress: 174,
  invalidMobileNodeGroupIdentifier: 175,
  reinitSaWithHac: 176,
  notAuthorizedForDelegatedPrefix: 177,
  requestedDelegatedPrefixInUse: 178,
  cannotMeetQosServiceRequest: 179,
  cannotSupportMultipathBinding: 180,
} as const;

/** Status of a Binding Error. Source: RFC 6275 section 6.1.9. */
export const BINDING_ERROR_STATUS = {
  unknownBindingForHomeAddressOption: 1,
  unrecognizedMobilityHeaderType: 2,
} as const;

/** The name that a table gives a number, or undefined. */
export function nameIn(table: { readonly [name: string]: number }, number: number) {
  return Object.keys(table).find((name) => table[name] === number);
}

/** A table's name as a label: `careOfTestInit` is `Care-of Test Init`. */
export function label(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter}`).replace('are Of ', 'are-of ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
