import { flag, reserved, u16 } from '../field.js';
import { MH_TYPE } from '../numbers.js';
import { mobilityMessage } from './mobility-header.js';
/**
 * Binding Update: "my home address is now reachable at this care-of address". The lifetime counts
 * units of 4 s; zero ends the binding. The flags are Acknowledge, Home Registration, Link-Local
 * Address Compatibility, Key Management Mobility Capability; M (RFC 4140), R (RFC 3963), P (RFC
 * 5213).
 *
 *                                     +-------------------------------+
 *                                     |          Sequence #           |
 *     +-+-+-+-+-+-+-+-----------------+-------------------------------+
 *     |A|H|L|K|M|R|P|    Reserved     |           Lifetime            |
 *     +-+-+-+-+-+-+-+-----------------+-------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.7.
 */
export const bindingUpdate = mobilityMessage('binding-update', MH_TYPE.bindingUpdate, 'RFC 6275 section 6.1.7', {
    sequence: u16(),
    acknowledge: flag(),
    homeRegistration: flag(),
    linkLocalAddressCompatibility: flag(),
    keyManagementMobilityCapability: flag(),
    mobilityAnchorPoint: flag(),
    mobileRouter: flag(),
    proxyRegistration: flag(),
    messageReserved: reserved(9),
    lifetime: u16(),
});
