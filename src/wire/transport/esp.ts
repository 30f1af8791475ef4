import { u32 } from '../field.ts';
import { message, type ValueOf } from '../message.ts';
import { rest } from '../octets-field.ts';

/**
 * Encapsulating Security Payload. What follows the sequence number (initialisation vector, encrypted
 * octets, integrity check value) is for those who have the keys, and kept as it stands.
 *
 *     +---------------------------------------------------------------+
 *     |               Security Parameters Index (SPI)                 |
 *     +---------------------------------------------------------------+
 *     |                        Sequence Number                        |
 *     +---------------------------------------------------------------+
 *     |  payload
 *
 * Source: RFC 4303 section 2.
 */
export const esp = message('esp', 'RFC 4303 section 2', {
  spi: u32(),
  sequence: u32(),
  payload: rest(),
});

export type Esp = ValueOf<typeof esp>;
