import { isLinkLocal, isMulticast } from '../../wire/address.js';
import { INTERNAL } from './interface.js';
import { commonPrefixLength } from './routes.js';
/** Is an address good on one link only, as source or destination? (RFC 4291 section 2.7) */
const isLinkScope = (address) => isLinkLocal(address) || (isMulticast(address) && (address.charCodeAt(1) & 0x0f) <= 2);
/**
 * The source for packets to a destination that leave by an interface; undefined where the node has
 * no address for it.
 *
 * Rules 1 (same address), 2 (scope), 3 (an optimistic address counts as deprecated, RFC 4429 section
 * 2.1), 4 (home address), 5 (outgoing interface) and 8 (longest prefix), in this order.
 *
 * Source: RFC 6724 section 5.
 */
export function selectSource(interfaces, destination, out) {
    if (isLinkScope(destination))
        return out.linkLocal;
    let best;
    for (const one of interfaces.values()) {
        if (!one.usable && one.name !== INTERNAL)
            continue;
        for (const entry of one.addresses.values()) {
            if (entry.address === destination)
                return entry.address;
            if (isLinkLocal(entry.address))
                continue;
            const candidate = { entry, local: one === out };
            if (best === undefined || isBetter(candidate, best, destination))
                best = candidate;
        }
    }
    return best?.entry.address;
}
function isBetter(a, b, destination) {
    if (a.entry.optimistic !== b.entry.optimistic)
        return b.entry.optimistic;
    if (a.entry.preferred !== b.entry.preferred)
        return a.entry.preferred;
    if (a.local !== b.local)
        return a.local;
    return commonLength(a, destination) > commonLength(b, destination);
}
/** RFC 6724 section 2.2: no further than the source's own prefix. */
const commonLength = ({ entry }, destination) => Math.min(commonPrefixLength(entry.address, destination), entry.prefixLength);
