import { signAuthenticationOption, verifyAuthenticationOption, } from './security/authentication-option.js';
import { NO_PROOF } from './signalling.js';
/** RFC 4285 section 5.1: the option between mobile node and home agent. */
const MN_HA = 1;
const AUTHENTICATOR_SIZE = 12;
/**
 * The options that prove a message.
 * @param timestamp the sender's time in an update; in an acknowledgement the update's own, or (with
 *   status 144) the home agent's time.
 */
export function homeProof(authentication, crypto, subject, timestamp) {
    if (authentication.method === 'none')
        return NO_PROOF;
    const { spi, key } = authentication;
    return {
        options: [
            { option: 'replay-protection', timestamp },
            {
                option: 'authentication',
                subtype: MN_HA,
                spi,
                authenticationData: new Uint8Array(AUTHENTICATOR_SIZE),
            },
        ],
        sign: (packet) => signAuthenticationOption(crypto, packet, key, subject),
    };
}
/** Does the message carry the proof that this method demands? */
export function checkHomeProof(authentication, crypto, subject, message, packet) {
    if (authentication.method === 'none')
        return 'proved';
    const option = optionsOf(message).find((one) => one.option === 'authentication');
    if (option === undefined || option.subtype !== MN_HA)
        return 'missing';
    if (option.spi !== authentication.spi)
        return 'wrong';
    return verifyAuthenticationOption(crypto, packet, authentication.key, subject)
        ? 'proved'
        : 'wrong';
}
/** The timestamp in a message's replay protection option. Source: RFC 4285 section 6. */
export function timestampOf(message) {
    return optionsOf(message).find((one) => one.option === 'replay-protection')?.timestamp;
}
function optionsOf(message) {
    return message.layer === 'binding-update' || message.layer === 'binding-acknowledgement'
        ? message.options
        : [];
}
