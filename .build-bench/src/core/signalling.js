/**
 * How this project's roles put control messages together: a packet, and the event that tells of it.
 */
import { formatAddress } from '../wire/address.js';
import { serialisePacket } from '../wire/packet.js';
import { LIFETIME_UNIT } from './constants.js';
import { seconds } from './time.js';
/** No proof at all. */
export const NO_PROOF = { options: [], sign: () => { } };
/** The outputs that send a message and say so. */
export function signal(message) {
    const octets = serialisePacket([
        {
            layer: 'ipv6',
            source: message.source,
            destination: message.destination,
            hopLimit: message.hopLimit ?? 64,
        },
        ...message.layers,
    ]);
    message.proof?.sign(octets);
    return [
        {
            kind: 'transmit',
            octets,
            ...(message.link === undefined ? {} : { link: message.link }),
            ...(message.nextHop === undefined ? {} : { nextHop: message.nextHop }),
            ...(message.to === undefined ? {} : { to: message.to }),
        },
        {
            kind: 'event',
            event: {
                kind: 'signal.sent',
                message: messageName(message.layers.at(-1).layer),
                from: message.source,
                to: message.destination,
                octets: octets.length,
                detail: message.detail ?? '',
                ...(message.tunnelled === true ? { tunnelled: true } : {}),
            },
        },
    ];
}
/** The RFC's name of a message: `care-of-test-init` is `Care-of Test Init`. */
export function messageName(layer) {
    return layer
        .replace('care-of', 'care_of')
        .split('-')
        .map((word) => word.charAt(0).toUpperCase() + word.slice(1).replace('_', '-'))
        .join(' ');
}
/**
 * A Binding Update with Home Address option and Alternate Care-of Address option; from home
 * (`careOf === home`) it carries neither.
 * Source: RFC 6275 sections 6.1.7, 11.7.1, 11.7.2.
 */
export function bindingUpdate(update) {
    const { careOf, home, proof } = update;
    const away = careOf !== home;
    const layers = [];
    if (away) {
        layers.push({
            layer: 'destination-options',
            options: [{ option: 'home-address', homeAddress: home }],
        });
    }
    layers.push({
        layer: 'binding-update',
        sequence: update.sequence,
        acknowledge: true,
        homeRegistration: update.homeRegistration,
        linkLocalAddressCompatibility: update.linkLocalAddressCompatibility ?? false,
        lifetime: wireLifetime(update.lifetime),
        options: [
            ...(away ? [{ option: 'alternate-care-of-address', careOfAddress: careOf }] : []),
            ...proof.options,
        ],
    });
    return signal({
        source: careOf,
        destination: update.to,
        layers,
        detail: `${update.homeRegistration ? 'home ' : ''}seq ${update.sequence} lifetime ${update.lifetime / seconds(1)} s${away ? ` home ${formatAddress(home)}` : ' (at home)'}`,
        proof,
        ...(update.link === undefined ? {} : { link: update.link }),
    });
}
/**
 * A Binding Acknowledgement, behind a Type 2 Routing header unless it goes to the home address.
 * Source: RFC 6275 sections 6.1.8, 9.5.4.
 */
export function bindingAcknowledgement(answer) {
    const layers = [];
    if (answer.to !== answer.home) {
        layers.push({ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: answer.home });
    }
    layers.push({
        layer: 'binding-acknowledgement',
        status: answer.status,
        sequence: answer.sequence,
        lifetime: wireLifetime(answer.lifetime),
        options: [...answer.proof.options],
    });
    return signal({
        source: answer.from,
        destination: answer.to,
        layers,
        detail: `${answer.statusName} seq ${answer.sequence} lifetime ${answer.lifetime / seconds(1)} s`,
        proof: answer.proof,
        ...(answer.link === undefined ? {} : { link: answer.link }),
        ...(answer.linkAddress === undefined ? {} : { to: answer.linkAddress }),
    });
}
/** Whole units of 4 s, rounded down: nobody is promised more than was meant. */
export function wireLifetime(lifetime) {
    return Math.min(0xffff, Math.floor(lifetime / LIFETIME_UNIT));
}
/** The time that a lifetime on the wire stands for. */
export function lifetimeOf(units) {
    return (units * LIFETIME_UNIT);
}
