import { BINDING_STATUS, nameIn } from '../wire/numbers.js';
import { tell } from './part.js';
import { bindingAcknowledgement, lifetimeOf, NO_PROOF } from './signalling.js';
import { NO_TIME } from './time.js';
/**
 * What an update asks for, taken as if it were granted. The home address stands in the Home Address
 * option or is the source; the care-of address stands in its option or is the source.
 * Source: RFC 6275 sections 9.5.1 and 6.2.5.
 * @param longest the longest lifetime that may be granted.
 */
export function askedBy(received, update, longest) {
    const home = received.home ?? received.source;
    const alternate = update.options.find((one) => one.option === 'alternate-care-of-address');
    const careOf = alternate?.careOfAddress ?? received.source;
    const asked = lifetimeOf(update.lifetime);
    return {
        home,
        careOf,
        lifetime: careOf === home ? NO_TIME : Math.min(asked, longest),
        sequence: update.sequence,
        acknowledge: update.acknowledge,
        status: BINDING_STATUS.accepted,
        answerSequence: update.sequence,
        sentTo: received.destination,
        answerTo: received.source,
        proof: NO_PROOF,
    };
}
/**
 * The answer that an update gets: an acknowledgement where it asked for one or is refused.
 * Source: RFC 6275 section 9.5.4.
 */
export function answer(judged, scope) {
    const { status, home, careOf } = judged;
    const refused = status >= 128;
    if (!judged.acknowledge && !refused)
        return [];
    const statusName = nameIn(BINDING_STATUS, status) ?? `status ${status}`;
    const outputs = bindingAcknowledgement({
        from: judged.sentTo,
        to: judged.answerTo,
        home,
        status,
        statusName,
        sequence: judged.answerSequence,
        lifetime: refused ? NO_TIME : judged.lifetime,
        proof: judged.proof,
        ...judged.neighbor,
    });
    if (!refused)
        return outputs;
    const source = scope === 'home' ? 'RFC 6275 10.3.1' : 'RFC 6275 9.5.1';
    const event = { kind: 'binding.refused', scope, home, careof: careOf, source };
    return [tell({ ...event, reason: statusName }), ...outputs];
}
