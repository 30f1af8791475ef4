import { isMulticast, readAddress, UNSPECIFIED } from '../wire/address.js';
import { walkHeaders } from '../wire/walk.js';
import { count } from './part.js';
import { RateLimit } from './rate-limit.js';
import { signal } from './signalling.js';
import { milliseconds } from './time.js';
/** Ten a second: enough for honest peers that lost a binding, useless as a flood. */
const INTERVAL = milliseconds(100);
const BURST = 10;
/** Binding Error status values. Source: RFC 6275 section 6.1.9. */
const UNKNOWN_BINDING = 1;
const UNRECOGNISED_TYPE = 2;
/**
 * Sends Binding Errors, never more than a trickle.
 * Source: RFC 6275 sections 6.1.9 and 9.3.3.
 */
export class BindingErrors {
    /** Shared with the ICMPv6 errors of the same node. */
    limit = new RateLimit(INTERVAL, BURST);
    #silent;
    constructor(env) {
        this.#silent = env.without.has('binding-error');
    }
    /** Somebody used a Home Address option that no binding stands behind. */
    unknownBinding(packet, now) {
        return this.#send(packet.destination, packet.source, packet.home, UNKNOWN_BINDING, now);
    }
    /** Somebody sent a Mobility Header message that nothing here processes. */
    unrecognisedType(packet, now) {
        const home = walkHeaders(packet)?.homeAddressAt ?? -1;
        return this.#send(readAddress(packet, 24), readAddress(packet, 8), home < 0 ? UNSPECIFIED : readAddress(packet, home), UNRECOGNISED_TYPE, now);
    }
    #send(from, to, home, status, now) {
        if (this.#silent || isMulticast(to) || to === UNSPECIFIED || isMulticast(from))
            return [];
        if (!this.limit.take(now))
            return [count('mobility.be_suppressed')];
        return [
            count('mobility.be_sent'),
            ...signal({
                source: from,
                destination: to,
                layers: [{ layer: 'binding-error', status, homeAddress: home ?? UNSPECIFIED }],
                detail: status === UNKNOWN_BINDING ? 'unknown binding' : 'unrecognised message type',
            }),
        ];
    }
}
