import { readAddress } from '../wire/address.js';
import { PROTOCOL } from '../wire/numbers.js';
import { walkHeaders } from '../wire/walk.js';
/** More tunnels inside each other than a scenario has. */
const MAX_DEPTH = 4;
/** The TCP segment or UDP datagram in a packet, and how it is carried; undefined for all others. */
export function carried(octets) {
    let path = 'direct';
    let at = 0;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
        const walk = walkHeaders(octets, at);
        if (walk === undefined || !walk.firstFragment)
            return undefined;
        if (walk.protocol === PROTOCOL.ipv6) {
            path = 'tunnelled';
            at = walk.upperAt;
            continue;
        }
        if (walk.protocol !== PROTOCOL.tcp && walk.protocol !== PROTOCOL.udp)
            return undefined;
        const { homeAddressAt, routing2At, upperAt } = walk;
        if (upperAt + 4 > walk.end)
            return undefined;
        if (path === 'direct' && (homeAddressAt >= 0 || routing2At >= 0))
            path = 'route-optimised';
        return {
            path,
            source: readAddress(octets, homeAddressAt >= 0 ? homeAddressAt : at + 8),
            destination: readAddress(octets, routing2At >= 0 ? routing2At + 8 : at + 24),
            protocol: walk.protocol,
            sourcePort: (octets[upperAt] << 8) | octets[upperAt + 1],
            destinationPort: (octets[upperAt + 2] << 8) | octets[upperAt + 3],
        };
    }
    return undefined;
}
/** The packets of a flow at one of its ends, in order. */
export class PathRuns {
    runs = [];
    add(path, at) {
        const run = this.runs.at(-1);
        if (run?.path === path) {
            run.last = at;
            run.packets += 1;
        }
        else
            this.runs.push({ path, first: at, last: at, packets: 1 });
    }
    /** How the first packet at a moment or after it travelled. */
    at(moment) {
        return this.runs.find((run) => run.last >= moment)?.path;
    }
}
/** A flow at both ends: as its sender's link saw it, and as its receiver's did. */
export class FlowPaths {
    sender = new PathRuns();
    receiver = new PathRuns();
    /**
     * The path at a moment. A tunnel to one end alone shows at that end alone; so whichever end sees
     * more than a plain packet is right. Undefined when no packet came any more.
     */
    at(moment) {
        const ends = [this.sender.at(moment), this.receiver.at(moment)];
        const special = new Set(ends.filter((path) => path !== undefined && path !== 'direct'));
        if (special.size > 1)
            return 'mixed';
        return [...special][0] ?? ends[1] ?? ends[0];
    }
    /**
     * The runs of the end that sees fewer plain packets: a tunnel that begins at the one end is over
     * before the other.
     */
    get telling() {
        const plain = ({ runs }) => runs.reduce((sum, { path, packets }) => sum + (path === 'direct' ? packets : 0), 0);
        return plain(this.sender) < plain(this.receiver) ? this.sender.runs : this.receiver.runs;
    }
}
