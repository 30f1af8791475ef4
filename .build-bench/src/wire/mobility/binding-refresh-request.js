import { reserved } from '../field.js';
import { MH_TYPE } from '../numbers.js';
import { mobilityMessage } from './mobility-header.js';
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
export const bindingRefreshRequest = mobilityMessage('binding-refresh-request', MH_TYPE.bindingRefreshRequest, 'RFC 6275 section 6.1.2', { messageReserved: reserved(16) });
