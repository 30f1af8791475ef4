/**
 * Numbers that IANA assigned, by the names of the RFCs. One table each, and nowhere else.
 *
 * Source: the IANA registries of IPv6 parameters, ICMPv6 parameters and protocol numbers.
 */
/** Protocol and Next Header numbers. Source: IANA, RFC 8200 section 4. */
export const PROTOCOL = {
    hopByHopOptions: 0,
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
};
/** Types of Destination and Hop-by-Hop options. Source: RFC 8200, 2473, 2711, 6275 section 6.3. */
export const IPV6_OPTION = {
    pad1: 0x00,
    padN: 0x01,
    tunnelEncapsulationLimit: 0x04,
    routerAlert: 0x05,
    homeAddress: 0xc9,
};
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
};
/** Types of Neighbor Discovery options. Source: RFC 4861 section 4.6, RFC 6275 sections 7.3, 7.4. */
export const ND_OPTION = {
    sourceLinkLayerAddress: 1,
    targetLinkLayerAddress: 2,
    prefixInformation: 3,
    redirectedHeader: 4,
    mtu: 5,
    advertisementInterval: 7,
    homeAgentInformation: 8,
};
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
};
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
    greKey: 33,
    bindingIdentifier: 35,
    flowSummary: 44,
    flowIdentification: 45,
    redirectCapability: 46,
    redirect: 47,
    loadInformation: 48,
    alternateIpv4CareOfAddress: 49,
};
/**
 * Status of a Binding Acknowledgement; 128 and above refuse.
 *
 * Source: RFC 6275 section 6.1.8, RFC 3963 section 6.6, RFC 4285 section 6, RFC 4866 section 5.9,
 * RFC 5648 section 4.3.
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
    greKeyOptionRequired: 163,
    mcoaMalformed: 164,
    mcoaNonMcoaBindingExists: 165,
    mcoaProhibited: 166,
    mcoaUnknownCareOfAddress: 167,
    mcoaBulkRegistrationProhibited: 168,
    mcoaSimultaneousHomeAndForeignProhibited: 169,
    invalidCareOfAddress: 174,
};
/** Status of a Binding Error. Source: RFC 6275 section 6.1.9. */
export const BINDING_ERROR_STATUS = {
    unknownBindingForHomeAddressOption: 1,
    unrecognizedMobilityHeaderType: 2,
};
/** The name that a table gives a number, or undefined. */
export function nameIn(table, number) {
    return Object.keys(table).find((name) => table[name] === number);
}
/** A table's name as a label: `careOfTestInit` is `Care-of Test Init`. */
export function label(name) {
    const words = name.replace(/[A-Z]/g, (letter) => ` ${letter}`).replace('are Of ', 'are-of ');
    return words.charAt(0).toUpperCase() + words.slice(1);
}
