import { formatAddress, isLinkLocal, isMulticast } from '../wire/address.js';
import { parsePacket, receiverFault } from '../wire/packet.js';
import { parameterProblem } from './icmp-errors.js';
import { validNeighborMessage } from './neighbor-discovery/link-layer.js';
import { count, forward, tell, unforward, } from './part.js';
import { messageName } from './signalling.js';
import { sooner } from './time.js';
/** MH messages that may come with a Home Address option (RFC 6275 sections 6.1.7 and 9.3.3). */
const WITH_HOME_ADDRESS = new Set(['binding-update']);
/** MH messages that may come with a Type 2 Routing header (RFC 6275 section 9.5.4). */
const WITH_ROUTING_2 = new Set(['binding-acknowledgement']);
/**
 * The control side of one node: reads packets once, refuses what is malformed or misplaced with the
 * answer its RFC demands, and gives the rest to the parts. It also keeps the entries that hand
 * mobility messages for this node to the control side, whatever its roles are.
 *
 * Supported standards: RFC 6275 sections 6.1 (placement), 9.2 (checks), 9.3.1, 9.3.3, 6.4.
 */
export class Node {
    #parts;
    #errors;
    /** Our addresses with the links that they stand on. */
    #addresses = new Map();
    /** @param parts share what they share by their constructors; see `createNode`. */
    constructor(parts, errors) {
        this.#parts = parts;
        this.#errors = errors;
    }
    deadline() {
        let deadline;
        for (const part of this.#parts)
            deadline = sooner(deadline, part.deadline());
        return deadline;
    }
    handle(input, now) {
        if (input.kind !== 'packet') {
            const own = input.kind === 'address' ? this.#ownAddress(input) : [];
            return [...own, ...this.#offer(input, now)];
        }
        const parsed = parsePacket(input.octets);
        if (!parsed.ok)
            return this.#refuse(input.octets, parsed.error, input.reason, now);
        const received = view(input, parsed.value);
        if (input.reason === 'home-address-unverified') {
            const error = this.#errors.unknownBinding(received, now);
            return [count('mobility.home_address_unverified'), ...error];
        }
        if (input.reason === 'routing-2-unknown')
            return [count('mobility.misplaced_header')];
        if (input.reason === 'mobility') {
            const fault = receiverFault(parsed.value);
            if (fault !== undefined)
                return this.#refuse(input.octets, fault, input.reason, now);
            const { layer } = received.message;
            const misplaced = (received.home !== undefined && !WITH_HOME_ADDRESS.has(layer)) ||
                (received.routing2 !== undefined && !WITH_ROUTING_2.has(layer));
            if (misplaced)
                return [count('mobility.misplaced_header')];
            return [toldOf(received), ...this.#offer(received, now)];
        }
        if (!validNeighborMessage(received))
            return [count('nd.malformed')];
        const outputs = this.#offer(received, now);
        return input.reason === 'tunnel-unverified'
            ? [count('mobility.tunnel_unverified'), ...outputs]
            : outputs;
    }
    /** An address may stand on two links for a moment, as when an identity moves between them. */
    #ownAddress({ address, link, present }) {
        if (isLinkLocal(address) || isMulticast(address))
            return [];
        const links = this.#addresses.get(address) ?? new Set();
        const before = links.size;
        if (present)
            links.add(link);
        else
            links.delete(link);
        if (links.size === 0)
            this.#addresses.delete(address);
        else
            this.#addresses.set(address, links);
        const entries = groundEntries(address);
        if (before === 0 && links.size > 0)
            return forward(...entries);
        return links.size === 0 ? unforward(...entries.map((entry) => entry.id)) : [];
    }
    #offer(input, now) {
        const outputs = [];
        for (const part of this.#parts)
            outputs.push(...part.handle(input, now));
        return outputs;
    }
    #refuse(octets, error, reason, now) {
        if (reason === 'icmpv6')
            return [count('nd.malformed')];
        const { reply } = error;
        if (reply?.kind === 'binding-error') {
            return [count('mobility.unknown_type'), ...this.#errors.unrecognisedType(octets, now)];
        }
        if (reply?.kind !== 'parameter-problem')
            return [count('mobility.malformed')];
        const answer = parameterProblem(octets, reply.code, error.offset, this.#errors.limit, now);
        return [count('mobility.malformed'), ...answer];
    }
}
function toldOf(received) {
    return tell({
        kind: 'signal.received',
        message: messageName(received.message.layer),
        from: received.source,
        to: received.destination,
        octets: received.octets.length,
        detail: '',
        ...(received.tunnel === undefined ? {} : { tunnelled: true }),
    });
}
function view(input, layers) {
    const outer = layers[0];
    if (outer?.layer !== 'ipv6')
        throw new RangeError('a packet that was parsed begins with IPv6');
    // Every packet comes by here: field by field, since copying what is left of an object is slow.
    const received = {
        kind: 'received',
        link: input.link,
        octets: input.octets,
        reason: input.reason,
        source: outer.source,
        destination: outer.destination,
        message: outer,
    };
    if (input.from !== undefined)
        received.from = input.from;
    if (input.tunnel !== undefined)
        received.tunnel = input.tunnel;
    for (let i = 1; i < layers.length; i++) {
        const layer = layers[i];
        // What stands behind a message (octets that nobody needs) is not the message.
        if (layer.layer === 'trailer' || layer.layer === 'no-next-header')
            continue;
        received.message = layer;
        // A packet inside is nobody's message until it has come out of its tunnel by an entry.
        if (layer.layer === 'ipv6')
            break;
        if (layer.layer === 'routing-type-2')
            received.routing2 = layer.homeAddress;
        if (layer.layer !== 'destination-options')
            continue;
        for (const option of layer.options) {
            if (option.option === 'home-address')
                received.home = option.homeAddress;
        }
    }
    return received;
}
/** What every address of a careof node needs before any role has said anything. */
function groundEntries(address) {
    const dst = { address };
    const id = (what) => `node/${what}/${formatAddress(address)}`;
    return [
        {
            id: id('mobility'),
            owner: 'node',
            at: 'arriving',
            match: { dst, protocol: 135 },
            do: [{ divert: 'control', reason: 'mobility' }],
        },
        {
            id: id('home-address'),
            owner: 'node',
            at: 'arriving',
            match: { dst, home: 'any' },
            do: [{ divert: 'control', reason: 'home-address-unverified' }],
        },
        {
            id: id('routing-2'),
            owner: 'node',
            at: 'arriving',
            match: { dst, routing2: 'any' },
            do: [{ divert: 'control', reason: 'routing-2-unknown' }],
        },
        {
            id: id('tunnel'),
            owner: 'node',
            at: 'arriving',
            match: { dst, protocol: 41 },
            do: [{ divert: 'control', reason: 'tunnel-unverified' }],
        },
    ];
}
