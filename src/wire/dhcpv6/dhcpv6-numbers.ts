/** Numbers of DHCPv6: ports, message types, options, status codes. */

/** UDP ports. Source: RFC 8415 section 7.2. */
export const DHCPV6_PORT = { client: 546, server: 547 } as const;

/** Source: RFC 8415 section 7.3. */
export const DHCPV6_MESSAGE = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
  relayForward: 12,
  relayReply: 13,
} as const;
/** The name of a message type. */
export type Dhcpv6MessageName = keyof typeof DHCPV6_MESSAGE;

/** Source: RFC 8415 section 21, RFC 3646 section 3. */
export const DHCPV6_OPTION = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaAddress: 5,
  optionRequest: 6,
  preference: 7,
  elapsedTime: 8,
  relayMessage: 9,
  statusCode: 13,
  rapidCommit: 14,
  dnsServers: 23,
  solMaxRt: 82,
} as const;

/** Source: RFC 8415 section 21.13. */
export const DHCPV6_STATUS = {
  success: 0,
  unspecFail: 1,
  noAddrsAvail: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
} as const;
