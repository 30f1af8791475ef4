import { bits, flag, ipv4Address, type TailField, u8, u16 } from '../field.ts';
import { message, type ValueOf } from '../message.ts';
import { rest } from '../octets-field.ts';

/** Options, up to where IHL says; filled up with zeros to a multiple of 4. */
const ipv4Options: TailField<Uint8Array> = {
  ...rest(),
  endAt: (octets, start) => start + 4 * (octets[start]! & 0x0f),
  sizeOf: (value) => Math.ceil(value.length / 4) * 4,
};

/**
 * The IPv4 header. IHL (in units of 4 octets), Total Length, Protocol and Header Checksum are
 * computed where they are absent; Time to Live is 64. Options are kept as they stand.
 *
 *     +-------+-------+---------------+-------------------------------+
 *     |Version|  IHL  |Type of Service|         Total Length          |
 *     +-------+-------+---------------+-+-+-+-------------------------+
 *     |        Identification         |0|D|M|     Fragment Offset     |
 *     +---------------+---------------+-+-+-+-------------------------+
 *     | Time to Live  |   Protocol    |        Header Checksum        |
 *     +---------------+---------------+-------------------------------+
 *     |                        Source Address                         |
 *     +---------------------------------------------------------------+
 *     |                      Destination Address                      |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 791 section 3.1.
 */
export const ipv4Header = message('ipv4', 'RFC 791 section 3.1', {
  version: bits(4, 4),
  internetHeaderLen: bits(4, 5),
  typeOfService: u8(),
  totalLength: u16(),
  identification: u16(),
  reserved: flag(),
  dontFragment: flag(),
  more: flag(),
  offset: bits(13),
  timeToLive: u8(64),
  protocol: u8(),
  headerChecksum: u16(),
  source: ipv4Address(),
  destination: ipv4Address(),
  options: ipv4Options,
});

export type Ipv4Header = ValueOf<typeof ipv4Header>;
