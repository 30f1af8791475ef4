import { ipv6Address, reserved, u8 } from '../field.js';
import { MH_TYPE } from '../numbers.js';
import { mobilityMessage } from './mobility-header.js';
/**
 * Binding Error: a Home Address option came without a binding (status 1), or a Mobility Header
 * message of a type that is not known here (status 2).
 *
 *                                     +---------------+---------------+
 *                                     |    Status     |   Reserved    |
 *     +-------------------------------+---------------+---------------+
 *     |                    Home Address (16 octets)                   |
 *     +---------------------------------------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.9.
 */
export const bindingError = mobilityMessage('binding-error', MH_TYPE.bindingError, 'RFC 6275 section 6.1.9', { status: u8(1), messageReserved: reserved(8), homeAddress: ipv6Address() });
