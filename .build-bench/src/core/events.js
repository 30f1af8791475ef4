/**
 * What happens, as one typed stream: trace file, sequence chart, hand-over bill, metrics and tests
 * all read these. A driver adds the time and the node's name.
 */
import { formatAddress } from '../wire/address.js';
/** The phases of a hand-over as the literature counts them. */
export const PHASES = [
    'movement_detection',
    'address_configuration',
    'home_registration',
    'return_routability',
    'peer_registration',
];
/** Packets to and from a peer now travel another way. */
export function pathChanged(peer, home, path, reason) {
    const event = { kind: 'path.changed', peer, home, path };
    return reason === undefined ? event : { ...event, reason };
}
/** Keys of events that hold an `Address`. */
const ADDRESS_KEYS = new Set([
    'from',
    'to',
    'router',
    'address',
    'peer',
    'careof',
    'home',
]);
/** An event as one flat JSON object with addresses as text. */
export function eventToJson(event) {
    const json = {};
    for (const [key, value] of Object.entries(event)) {
        json[key] = ADDRESS_KEYS.has(key) ? formatAddress(value) : value;
    }
    return json;
}
