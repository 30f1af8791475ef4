import { solicitedNode, UNSPECIFIED } from '../../wire/address.js';
import { DUP_ADDR_DETECT_TRANSMITS } from '../constants.js';
import { signal } from '../signalling.js';
import { after } from '../time.js';
import { ND_HOP_LIMIT } from './link-layer.js';
/**
 * Duplicate Address Detection for any number of addresses: a mobile node's care-of addresses, and
 * the home addresses that a home agent is asked to stand in for.
 *
 *     start -> Neighbor Solicitation from `::` -> RETRANS_TIMER of silence -> unique
 *                                              -> an answer, or another's probe -> duplicate
 *
 * Supported standards: RFC 4862 section 5.4, RFC 6275 section 10.3.1 (for the home agent).
 */
export class DuplicateAddressDetection {
    #constants;
    #probes = new Map();
    constructor(constants) {
        this.#constants = constants;
    }
    has(address) {
        return this.#probes.has(address);
    }
    start(link, address, now) {
        const probe = { address, link, sent: 0, nextAt: now };
        this.#probes.set(address, probe);
        const group = solicitedNode(address);
        return [{ kind: 'group', action: 'join', link, group }, ...this.#solicit(probe, now)];
    }
    cancel(address) {
        const probe = this.#probes.get(address);
        if (probe === undefined)
            return [];
        this.#probes.delete(address);
        const group = solicitedNode(address);
        return [{ kind: 'group', action: 'leave', link: probe.link, group }];
    }
    deadline() {
        let deadline;
        for (const { nextAt } of this.#probes.values()) {
            if (deadline === undefined || nextAt < deadline)
                deadline = nextAt;
        }
        return deadline;
    }
    /** The address that a message shows to be somebody else's, if it is one under test. */
    conflict(received) {
        const { message, source, link } = received;
        const isProbe = message.layer === 'neighbor-solicitation' && source === UNSPECIFIED;
        if (!isProbe && message.layer !== 'neighbor-advertisement')
            return undefined;
        return this.#probes.get(message.targetAddress)?.link === link
            ? message.targetAddress
            : undefined;
    }
    /** What has come to an end: addresses that nobody claimed. To be called at `deadline()`. */
    tick(now) {
        const outputs = [];
        const unique = [];
        for (const probe of [...this.#probes.values()]) {
            if (now < probe.nextAt)
                continue;
            if (probe.sent < DUP_ADDR_DETECT_TRANSMITS)
                outputs.push(...this.#solicit(probe, now));
            else {
                outputs.push(...this.cancel(probe.address));
                unique.push(probe.address);
            }
        }
        return { outputs, unique };
    }
    #solicit(probe, now) {
        probe.sent += 1;
        probe.nextAt = after(now, this.#constants.RETRANS_TIMER);
        return signal({
            source: UNSPECIFIED,
            destination: solicitedNode(probe.address),
            hopLimit: ND_HOP_LIMIT,
            layers: [{ layer: 'neighbor-solicitation', targetAddress: probe.address }],
            detail: 'is this address in use?',
            link: probe.link,
        });
    }
}
