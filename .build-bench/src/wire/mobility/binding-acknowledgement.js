import { flag, reserved, u8, u16 } from '../field.js';
import { MH_TYPE } from '../numbers.js';
import { mobilityMessage } from './mobility-header.js';
/**
 * Binding Acknowledgement: what became of a Binding Update. A status of 128 or more refuses it
 * (`BINDING_STATUS`). The lifetime counts units of 4 s. The flags are Key Management Mobility
 * Capability, R (RFC 3963), P (RFC 5213).
 *
 *                                     +---------------+-+-+-+---------+
 *                                     |    Status     |K|R|P|Reserved |
 *     +-------------------------------+---------------+-+-+-+---------+
 *     |          Sequence #           |           Lifetime            |
 *     +-------------------------------+-------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.8.
 */
export const bindingAcknowledgement = mobilityMessage('binding-acknowledgement', MH_TYPE.bindingAcknowledgement, 'RFC 6275 section 6.1.8', {
    status: u8(),
    keyManagementMobilityCapability: flag(),
    mobileRouter: flag(),
    proxyRegistration: flag(),
    messageReserved: reserved(5),
    sequence: u16(),
    lifetime: u16(),
});
