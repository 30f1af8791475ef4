import { flag, reserved, u32 } from '../field.ts';
import type { ValueOf } from '../message.ts';
import { MH_TYPE } from '../numbers.ts';
import { mobilityMessage } from './mobility-header.ts';

/**
 * Heartbeat: "are you there?", or with R set "I am"; U tells of a restart without being asked.
 *
 *                                     +---------------------------+-+-+
 *                                     |         Reserved          |U|R|
 *     +-------------------------------+---------------------------+-+-+
 *     |                        Sequence Number                        |
 *     +---------------------------------------------------------------+
 *     |  mobility options
 *
 * Source: RFC 5847 section 3.3.
 */
export const heartbeat = mobilityMessage('heartbeat', MH_TYPE.heartbeat, 'RFC 5847 section 3.3', {
  messageReserved: reserved(14),
  unsolicited: flag(),
  response: flag(),
  sequence: u32(),
});

export type Heartbeat = ValueOf<typeof heartbeat>;
