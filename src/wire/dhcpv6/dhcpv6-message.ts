import { bits, ipv6Address, u8 } from '../field.ts';
import { message, type ValueOf } from '../message.ts';
import { DHCPV6_MESSAGE } from './dhcpv6-numbers.ts';
import { dhcpv6Options } from './dhcpv6-options.ts';

/**
 * A message between DHCPv6 client and server (`DHCPV6_MESSAGE`), as it stands in a UDP datagram.
 *
 *     +---------------+-----------------------------------------------+
 *     |    msg-type   |                transaction-id                 |
 *     +---------------+-----------------------------------------------+
 *     |  options
 *
 * Source: RFC 8415 section 8.
 */
export const dhcpv6Message = message('dhcpv6', 'RFC 8415 section 8', {
  messageType: u8(),
  transactionId: bits(24),
  options: dhcpv6Options,
});

export type Dhcpv6Message = ValueOf<typeof dhcpv6Message>;

/**
 * A message between a relay and a server, with the client's inside its Relay Message option.
 *
 *     +---------------+---------------+
 *     |    msg-type   |   hop-count   |
 *     +---------------+---------------+-------------------------------+
 *     |                   link-address (16 octets)                    |
 *     +---------------------------------------------------------------+
 *     |                   peer-address (16 octets)                    |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 8415 section 9.
 */
export const dhcpv6RelayMessage = message('dhcpv6-relay', 'RFC 8415 section 9', {
  messageType: u8(DHCPV6_MESSAGE.relayForward),
  hopCount: u8(),
  linkAddress: ipv6Address(),
  peerAddress: ipv6Address(),
  options: dhcpv6Options,
});

export type Dhcpv6RelayMessage = ValueOf<typeof dhcpv6RelayMessage>;

/** The declaration for a message type. */
export const dhcpv6Declaration = (messageType: unknown) =>
  isRelayed(messageType) ? dhcpv6RelayMessage : dhcpv6Message;

const isRelayed = (messageType: unknown): boolean =>
  messageType === DHCPV6_MESSAGE.relayForward || messageType === DHCPV6_MESSAGE.relayReply;
