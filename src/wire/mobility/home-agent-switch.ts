import { reserved, u8 } from '../field.ts';
import type { ValueOf } from '../message.ts';
import { MH_TYPE } from '../numbers.ts';
import { countedAddresses } from '../octets-field.ts';
import { mobilityMessage } from './mobility-header.ts';

/** Octets before the first address. */
const FIXED = 8;

/**
 * Home Agent Switch: "go to another home agent", to one of these if there are any, best first.
 *
 *                                     +---------------+---------------+
 *                                     |# of Addresses |   Reserved    |
 *     +-------------------------------+---------------+---------------+
 *     |  Home Agent Addresses, 16 octets each
 *     + - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - +
 *     |  mobility options
 *
 * Source: RFC 5142 section 4.
 */
export const homeAgentSwitch = mobilityMessage(
  'home-agent-switch',
  MH_TYPE.homeAgentSwitch,
  'RFC 5142 section 4',
  {
    addressCount: u8(),
    messageReserved: reserved(8),
    homeAgentAddresses: countedAddresses(
      'homeAgentAddresses',
      (octets, start) => start + FIXED + 16 * octets[start + 6]!,
    ),
  },
);

export type HomeAgentSwitch = ValueOf<typeof homeAgentSwitch>;
