import { execute } from '../../core/forwarding/execute.js';
import { wholePacket } from '../../core/forwarding/packet-view.js';
import { isMulticast } from '../../wire/address.js';
import { PROTOCOL } from '../../wire/numbers.js';
import { parsePacket, receiverFault } from '../../wire/packet.js';
import { checksumOk, walkHeaders } from '../../wire/walk.js';
import { INTERNAL } from './interface.js';
import { destinationOf, IPV6_HEADER, sourceOf } from './ipv6-fields.js';
/** How packets come in. */
export class IpInput {
    #kernel;
    constructor(kernel) {
        this.#kernel = kernel;
    }
    /** Takes a frame from a link. */
    receive(by, frame) {
        const kernel = this.#kernel;
        const octets = wholePacket(frame.octets);
        if (octets === undefined || isMulticast(sourceOf(octets))) {
            kernel.count('kernel.malformed');
            return;
        }
        const destination = destinationOf(octets);
        // Link addresses of groups are shared; a group that nobody here wants is none of our business.
        if (isMulticast(destination) && !by.hears(destination))
            return;
        const arrival = { interface: by, from: frame.from, tunnel: undefined };
        // Neighbor Discovery is between two nodes of a link; no entry and no route has a part in it.
        if (kernel.discovery.receive(octets, arrival))
            return;
        this.#arrive(octets, destination, arrival);
    }
    /** Takes what the node sent to itself. */
    loopBack(octets) {
        const by = this.#kernel.interfaces.get(INTERNAL);
        const arrival = { interface: by, from: undefined, tunnel: undefined };
        this.#arrive(octets, destinationOf(octets), arrival);
    }
    #arrive(octets, destination, arrival) {
        const kernel = this.#kernel;
        if (kernel.table.size === 0) {
            this.#decide(octets, destination, arrival);
            return;
        }
        const outcome = execute(kernel.table, 'arriving', octets, kernel.simulation.now);
        if (outcome.kind === 'unmatched') {
            this.#decide(octets, destination, arrival);
            return;
        }
        kernel.output.tell(outcome.notices);
        if (outcome.kind === 'drop')
            kernel.output.countDrop(outcome);
        else if (outcome.kind === 'divert') {
            kernel.output.divert(outcome, arrival.interface.name, arrival.from);
        }
        else {
            const tunnel = outcome.tunnel ?? arrival.tunnel;
            this.#decide(outcome.octets, destinationOf(outcome.octets), { ...arrival, tunnel });
        }
    }
    /** For this node, or for another? */
    #decide(octets, destination, arrival) {
        const kernel = this.#kernel;
        if (kernel.takes(destination, arrival.interface))
            this.#deliver(octets, destination, arrival);
        else if (kernel.forwarding && !isMulticast(destination))
            kernel.output.forward(octets, arrival);
        else
            kernel.count('kernel.not_ours');
    }
    #deliver(octets, destination, arrival) {
        const kernel = this.#kernel;
        const walk = walkHeaders(octets);
        if (walk === undefined) {
            kernel.count('kernel.malformed');
            const parsed = parsePacket(octets);
            const reply = parsed.ok ? undefined : parsed.error.reply;
            if (!parsed.ok && reply?.kind === 'parameter-problem') {
                kernel.icmpv6.parameterProblem(octets, reply.code, parsed.error.offset);
            }
            return;
        }
        if (walk.upperAt > IPV6_HEADER && !this.#passesHeaders(octets, walk))
            return;
        if (!checksumOk(octets)) {
            kernel.count('kernel.checksum');
            return;
        }
        kernel.count('kernel.delivered');
        const { upperAt: at, end, protocol } = walk;
        const delivery = { octets, source: sourceOf(octets), destination, at, end, arrival };
        if (protocol === PROTOCOL.tcp)
            kernel.tcp.receive(delivery);
        else if (protocol === PROTOCOL.udp)
            kernel.udp.receive(delivery);
        else if (protocol === PROTOCOL.icmpv6)
            kernel.icmpv6.receive(delivery);
        else if (protocol !== PROTOCOL.noNextHeader) {
            kernel.count('kernel.unknown_header');
            kernel.icmpv6.parameterProblem(octets, 1, walk.nextHeaderAt);
        }
    }
    /** What a host that knows nothing of mobility makes of extension headers. RFC 8200 section 4. */
    #passesHeaders(octets, walk) {
        const kernel = this.#kernel;
        if (walk.fragmentAt >= 0 && (!walk.firstFragment || hasMore(octets, walk.fragmentAt))) {
            kernel.count('kernel.fragment');
            return false;
        }
        const parsed = parsePacket(octets);
        const fault = parsed.ok ? receiverFault(parsed.value) : parsed.error;
        // What is wrong in the upper layer is for the upper layer to say.
        const wrong = fault !== undefined && fault.offset < walk.upperAt ? fault.offset : NOWHERE;
        const option = walk.homeAddressAt < 0 ? NOWHERE : walk.homeAddressAt - 2;
        const routing = walk.routing2At < 0 ? NOWHERE : walk.routing2At + 2;
        const first = Math.min(option, routing, wrong);
        if (first === NOWHERE)
            return true;
        kernel.count(first === routing ? 'kernel.unknown_header' : 'kernel.unknown_option');
        if (first === option)
            kernel.icmpv6.parameterProblem(octets, 2, option);
        else if (first === routing)
            kernel.icmpv6.parameterProblem(octets, 0, routing);
        else if (fault?.reply?.kind === 'parameter-problem') {
            kernel.icmpv6.parameterProblem(octets, fault.reply.code, wrong);
        }
        return false;
    }
}
const NOWHERE = Number.POSITIVE_INFINITY;
/** Do more fragments follow this one? A packet in one fragment is whole (RFC 8200 section 4.5). */
const hasMore = (octets, fragmentAt) => (octets[fragmentAt + 3] & 1) !== 0;
