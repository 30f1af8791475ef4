import { after, seconds } from '../../core/time.js';
/** How long a learned MTU holds before larger packets are tried again. Source: RFC 8201 section 4. */
const LIFETIME = seconds(600);
/** IPv6 links carry at least this (RFC 8200 section 5); what says less is not believed. */
export const MINIMUM_MTU = 1280;
/** Destinations remembered; when full the oldest goes. */
const MAX_PATHS = 4096;
/** What Packet Too Big messages have said, by destination. Source: RFC 8201. */
export class PathMtus {
    #paths = new Map();
    /** The largest packet to a destination, where a link takes at most `link` octets. */
    to(destination, link, now) {
        if (this.#paths.size === 0)
            return link;
        const path = this.#paths.get(destination);
        if (path === undefined)
            return link;
        if (path.until <= now) {
            this.#paths.delete(destination);
            return link;
        }
        return Math.min(path.mtu, link);
    }
    learn(destination, mtu, now) {
        this.#paths.delete(destination);
        if (this.#paths.size >= MAX_PATHS) {
            for (const oldest of this.#paths.keys()) {
                this.#paths.delete(oldest);
                break;
            }
        }
        this.#paths.set(destination, { mtu: Math.max(mtu, MINIMUM_MTU), until: after(now, LIFETIME) });
    }
}
