/**
 * How a mobile node away from home finds home agents and the prefixes of its home network.
 *
 * Supported standards: RFC 6275 sections 6.5 to 6.8, RFC 3963 section 6.1.
 */
import { flag, reserved, u16 } from '../field.js';
import { ICMPV6 } from '../numbers.js';
import { addresses, rest } from '../octets-field.js';
import { icmpv6Message } from './icmpv6-message.js';
import { ndOptions } from './nd-options.js';
/**
 * Home Agent Address Discovery Request, to the home network's anycast address. R asks for agents
 * that serve mobile routers. Octets behind the fixed part mean nothing; they are kept.
 *
 *     +-------------------------------+-+-----------------------------+
 *     |          Identifier           |R|          Reserved           |
 *     +-------------------------------+-+-----------------------------+
 *
 * Source: RFC 6275 section 6.5, RFC 3963 section 6.1.1.
 */
export const homeAgentAddressDiscoveryRequest = icmpv6Message('home-agent-address-discovery-request', ICMPV6.homeAgentAddressDiscoveryRequest, 'RFC 6275 section 6.5', { identifier: u16(), mobileRouter: flag(), reserved: reserved(15), trailing: rest() });
/**
 * Home Agent Address Discovery Reply: the home agents, best first.
 *
 *     +-------------------------------+-+-----------------------------+
 *     |          Identifier           |R|          Reserved           |
 *     +-------------------------------+-+-----------------------------+
 *     |  Home Agent Addresses, 16 octets each
 *
 * Source: RFC 6275 section 6.6, RFC 3963 section 6.1.2.
 */
export const homeAgentAddressDiscoveryReply = icmpv6Message('home-agent-address-discovery-reply', ICMPV6.homeAgentAddressDiscoveryReply, 'RFC 6275 section 6.6', {
    identifier: u16(),
    mobileRouter: flag(),
    reserved: reserved(15),
    homeAgentAddresses: addresses('homeAgentAddresses'),
});
/**
 * Mobile Prefix Solicitation: "which prefixes has my home network now?"
 *
 *     +-------------------------------+-------------------------------+
 *     |          Identifier           |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *
 * Source: RFC 6275 section 6.7.
 */
export const mobilePrefixSolicitation = icmpv6Message('mobile-prefix-solicitation', ICMPV6.mobilePrefixSolicitation, 'RFC 6275 section 6.7', { identifier: u16(), reserved: reserved(16), trailing: rest() });
/**
 * Mobile Prefix Advertisement: the prefixes, as Prefix Information options.
 *
 *     +-------------------------------+-+-+---------------------------+
 *     |          Identifier           |M|O|         Reserved          |
 *     +-------------------------------+-+-+---------------------------+
 *     |  options
 *
 * Source: RFC 6275 section 6.8.
 */
export const mobilePrefixAdvertisement = icmpv6Message('mobile-prefix-advertisement', ICMPV6.mobilePrefixAdvertisement, 'RFC 6275 section 6.8', {
    identifier: u16(),
    managed: flag(),
    otherConfiguration: flag(),
    reserved: reserved(14),
    options: ndOptions,
});
