/** How the neutral schema of the vector collection and our JSON call the same fields. */

/** Neutral key, our key; joined where they are alike. */
export type Names = readonly (readonly [string, string])[];

const pairs = (text: string): Names =>
  text.split(' ').map((one) => {
    const [neutral, ours] = one.split('=') as [string, string?];
    return [neutral, ours ?? neutral] as const;
  });

export const IPV6 = pairs(
  'tc=trafficClass fl=flowLabel plen=payloadLength nh=nextHeader hlim=hopLimit src=source dst=destination',
);
export const EXTENSION = pairs('nh=nextHeader len=headerLen');
export const ROUTING = pairs('nh=nextHeader len=headerLen rtype=routingType segleft=segmentsLeft');
export const FRAGMENT = pairs('nh=nextHeader offset more id=identification');
export const MH = pairs('nh=payloadProto len=headerLen type=mhType reserved cksum=checksum');
export const ICMPV6 = pairs('type code cksum=checksum');

export const MH_BODY: { readonly [layer: string]: Names } = {
  'binding-refresh-request': pairs('reserved=messageReserved'),
  'home-test-init': pairs('reserved=messageReserved cookie=homeInitCookie'),
  'care-of-test-init': pairs('reserved=messageReserved cookie=careOfInitCookie'),
  'home-test': pairs('nonce_index=nonceIndex cookie=homeInitCookie keygen_token=homeKeygenToken'),
  'care-of-test': pairs(
    'nonce_index=nonceIndex cookie=careOfInitCookie keygen_token=careOfKeygenToken',
  ),
  'binding-update': pairs(
    'seq=sequence A=acknowledge H=homeRegistration L=linkLocalAddressCompatibility K=keyManagementMobilityCapability M=mobilityAnchorPoint R=mobileRouter P=proxyRegistration reserved=messageReserved lifetime',
  ),
  'binding-acknowledgement': pairs(
    'status K=keyManagementMobilityCapability R=mobileRouter P=proxyRegistration reserved=messageReserved seq=sequence lifetime',
  ),
  'binding-error': pairs('status reserved=messageReserved home_address=homeAddress'),
};

export const ICMPV6_BODY: { readonly [layer: string]: Names } = {
  'home-agent-address-discovery-request': pairs('id=identifier R=mobileRouter reserved'),
  'home-agent-address-discovery-reply': pairs(
    'id=identifier R=mobileRouter reserved addresses=homeAgentAddresses',
  ),
  'mobile-prefix-solicitation': pairs('id=identifier reserved'),
  'mobile-prefix-advertisement': pairs('id=identifier M=managed O=otherConfiguration reserved'),
  'router-advertisement': pairs(
    'cur_hop_limit=curHopLimit M=managed O=otherConfiguration H=homeAgent prf=preference router_lifetime=routerLifetime reachable=reachableTime retrans=retransTimer',
  ),
};

/** An option kind: its type number, our name, its fields. */
export type OptionNames = readonly (readonly [number, string, Names])[];

export const IPV6_OPTIONS: OptionNames = [[201, 'home-address', pairs('home_address=homeAddress')]];
export const MOBILITY_OPTIONS: OptionNames = [
  [2, 'binding-refresh-advice', pairs('refresh_interval=refreshInterval')],
  [3, 'alternate-care-of-address', pairs('address=careOfAddress')],
  [
    4,
    'nonce-indices',
    pairs('home_nonce_index=homeNonceIndex careof_nonce_index=careOfNonceIndex'),
  ],
  [5, 'binding-authorization-data', pairs('authenticator')],
  [6, 'mobile-network-prefix', pairs('prefix_length=prefixLength prefix')],
  [8, 'mobile-node-identifier', pairs('subtype identifier')],
  [9, 'authentication', pairs('subtype spi auth_data=authenticationData')],
  [10, 'replay-protection', pairs('timestamp')],
];
export const ND_OPTIONS: OptionNames = [
  [1, 'source-link-layer-address', pairs('lladdr=linkLayerAddress')],
  [2, 'target-link-layer-address', pairs('lladdr=linkLayerAddress')],
  [
    3,
    'prefix-information',
    pairs(
      'prefix_length=prefixLength L=onLink A=autonomous R=routerAddress valid=validLifetime preferred=preferredLifetime prefix',
    ),
  ],
  [5, 'mtu', pairs('mtu')],
  [7, 'advertisement-interval', pairs('interval=advertisementInterval')],
  [8, 'home-agent-information', pairs('preference=homeAgentPreference lifetime=homeAgentLifetime')],
];

/** Our fields that are flags: 0 and 1 in the neutral schema. */
export const FLAGS = new Set(
  'acknowledge homeRegistration linkLocalAddressCompatibility keyManagementMobilityCapability mobilityAnchorPoint mobileRouter proxyRegistration managed otherConfiguration homeAgent onLink autonomous routerAddress more'.split(
    ' ',
  ),
);

export const ICMPV6_NAMES: { readonly [type: number]: string } = {
  134: 'router-advertisement',
  144: 'home-agent-address-discovery-request',
  145: 'home-agent-address-discovery-reply',
  146: 'mobile-prefix-solicitation',
  147: 'mobile-prefix-advertisement',
};
