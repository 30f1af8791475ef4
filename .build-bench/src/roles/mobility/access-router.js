import { Advertiser } from '../../core/neighbor-discovery/advertiser.js';
import { sooner } from '../../core/time.js';
/**
 * Access router: advertises its links' prefixes to whoever comes. Forwarding is the kernel's.
 *
 * Supported standards: RFC 4861 section 6.2, RFC 6275 section 7 (intervals, options).
 */
export class AccessRouter {
    #advertisers;
    constructor(config, env) {
        this.#advertisers = config.advertisements.map((one) => new Advertiser(one, env));
    }
    deadline() {
        let deadline;
        for (const one of this.#advertisers)
            deadline = sooner(deadline, one.deadline());
        return deadline;
    }
    handle(input, now) {
        return this.#advertisers.flatMap((one) => one.handle(input, now));
    }
}
