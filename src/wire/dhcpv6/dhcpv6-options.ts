/**
 * DHCPv6 options: what a message says besides its type and transaction, and options within options.
 *
 *     +-------------------------------+-------------------------------+
 *     |          option-code          |          option-len           |
 *     +-------------------------------+-------------------------------+
 *     |  option-data
 *
 * The pictures below show the option data only. Options of no declared code are kept as they stand.
 * What stands inside an identity association is a list of its own; nothing goes deeper than three.
 *
 * Supported standards: RFC 8415 section 21, RFC 3646 section 3.
 */
import { ipv6Address, u8, u16, u32 } from '../field.ts';
import { addresses, rest } from '../octets-field.ts';
import { option } from '../options.ts';
import { DHCPV6_OPTION } from './dhcpv6-numbers.ts';
import { dhcpv6OptionList } from './option-list.ts';
import { codes } from './option-request.ts';

const section = (number: number) => `RFC 8415 section 21.${number}`;

/** Who the client is: its DUID. Source: RFC 8415 section 21.2. */
export const clientId = option('client-id', DHCPV6_OPTION.clientId, section(2), { duid: rest() });

/** Who the server is: its DUID. Source: RFC 8415 section 21.3. */
export const serverId = option('server-id', DHCPV6_OPTION.serverId, section(3), { duid: rest() });

/**
 * What became of a request, and words for people in UTF-8 (`DHCPV6_STATUS`).
 *
 *     +-------------------------------+- - - - - - - -
 *     |          status-code          |  status-message
 *     +-------------------------------+- - - - - - - -
 *
 * Source: RFC 8415 section 21.13.
 */
export const statusCode = option('status-code', DHCPV6_OPTION.statusCode, section(13), {
  status: u16(),
  message: rest(),
});

/**
 * An address, and for how many seconds it may be preferred and used.
 *
 *     +---------------------------------------------------------------+
 *     |                     IPv6 address (16 octets)                  |
 *     +---------------------------------------------------------------+
 *     |                       preferred-lifetime                      |
 *     +---------------------------------------------------------------+
 *     |                         valid-lifetime                        |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 8415 section 21.6.
 */
export const iaAddress = option('ia-address', DHCPV6_OPTION.iaAddress, section(6), {
  address: ipv6Address(),
  preferredLifetime: u32(),
  validLifetime: u32(),
  options: dhcpv6OptionList([statusCode]),
});

/**
 * Identity association for non-temporary addresses: the client's name for one interface, the
 * addresses leased to it, and when (in seconds) the client asks this server (T1) or any (T2) anew.
 *
 *     +---------------------------------------------------------------+
 *     |                              IAID                             |
 *     +---------------------------------------------------------------+
 *     |                               T1                              |
 *     +---------------------------------------------------------------+
 *     |                               T2                              |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 8415 section 21.4.
 */
export const iaNa = option('ia-na', DHCPV6_OPTION.iaNa, section(4), {
  iaid: u32(),
  t1: u32(),
  t2: u32(),
  options: dhcpv6OptionList([iaAddress, statusCode]),
});

/** Codes of the options that the client would like. Source: RFC 8415 section 21.7. */
export const optionRequest = option('option-request', DHCPV6_OPTION.optionRequest, section(7), {
  codes: codes(),
});

/** How much this server is to be preferred; 255: at once. Source: RFC 8415 section 21.8. */
export const preference = option('preference', DHCPV6_OPTION.preference, section(8), {
  preference: u8(),
});

/** Since when the client tries, in hundredths of a second. Source: RFC 8415 section 21.9. */
export const elapsedTime = option('elapsed-time', DHCPV6_OPTION.elapsedTime, section(9), {
  elapsedTime: u16(),
});

/** The message that a relay carries. Source: RFC 8415 section 21.10. */
export const relayMessage = option('relay-message', DHCPV6_OPTION.relayMessage, section(10), {
  message: rest(),
});

/** The two messages Solicit and Reply are enough. Source: RFC 8415 section 21.14. */
export const rapidCommit = option('rapid-commit', DHCPV6_OPTION.rapidCommit, section(14), {});

/** The longest wait between Solicits, in seconds. Source: RFC 8415 section 21.24. */
export const solMaxRt = option('sol-max-rt', DHCPV6_OPTION.solMaxRt, section(24), {
  value: u32(),
});

/** Addresses of name servers. Source: RFC 3646 section 3. */
export const dnsServers = option('dns-servers', DHCPV6_OPTION.dnsServers, 'RFC 3646 section 3', {
  servers: addresses('servers'),
});

/** The option list that ends every DHCPv6 message. Source: RFC 8415 section 21.1. */
export const dhcpv6Options = dhcpv6OptionList([
  clientId,
  serverId,
  iaNa,
  iaAddress,
  optionRequest,
  preference,
  elapsedTime,
  relayMessage,
  statusCode,
  rapidCommit,
  dnsServers,
  solMaxRt,
]);

/** An option of a DHCPv6 message. */
export type Dhcpv6Option = Parameters<(typeof dhcpv6Options)['toJson']>[0][number];
/** An option to be put in a DHCPv6 message. */
export type Dhcpv6OptionInput = (typeof dhcpv6Options)['initial'][number];
