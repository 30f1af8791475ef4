import { reserved } from '../field.ts';
import type { ValueOf } from '../message.ts';
import { MH_TYPE } from '../numbers.ts';
import { mobilityMessage } from './mobility-header.ts';

/**
 * Binding Refresh Request: "your binding with me is about to end; tell me again".
 *
 *                                     +-------------------------------+
 *                                     |           Reserved            |
 *     + - - - - - - - - - - - - - - - +-------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.2.
 */
export const bindingRefreshRequest = mobilityMessage(
  'binding-refresh-request',
  MH_TYPE.bindingRefreshRequest,
  'RFC 6275 section 6.1.2',
  { messageReserved: reserved(16) },
);

export type BindingRefreshRequest = ValueOf<typeof bindingRefreshRequest>;
