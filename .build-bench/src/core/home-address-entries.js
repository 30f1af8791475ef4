/** The forwarding entries for what arrives with a Home Address option or a Type 2 Routing header. */
import { formatAddress } from '../wire/address.js';
export const homeAddressEntryId = (home, careOf) => `peer/from/${formatAddress(home)}/at/${formatAddress(careOf)}`;
/**
 * A Home Address option is believed only from the care-of address that is bound to it.
 * Source: RFC 6275 section 9.3.1.
 */
export function homeAddressEntry(home, careOf, expiresAt) {
    return {
        id: homeAddressEntryId(home, careOf),
        owner: 'bindings',
        at: 'arriving',
        match: { src: { address: careOf }, home },
        do: [{ apply: 'home-address' }],
        expiresAt,
    };
}
