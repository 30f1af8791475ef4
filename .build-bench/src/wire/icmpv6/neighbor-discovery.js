/**
 * Neighbor Discovery messages. That their hop limit is 255 and their code 0 is for the receiver to
 * check (RFC 4861 sections 6.1 and 7.1); here everything is kept.
 *
 * Supported standards: RFC 4861 section 4, RFC 6275 section 7.1, RFC 4191 section 2.2.
 */
import { bits, flag, ipv6Address, reserved, u8, u16, u32 } from '../field.js';
import { ICMPV6 } from '../numbers.js';
import { icmpv6Message } from './icmpv6-message.js';
import { ndOptions } from './nd-options.js';
/**
 * Router Solicitation: "which routers are here?"
 *
 *     +---------------------------------------------------------------+
 *     |                           Reserved                            |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 4861 section 4.1.
 */
export const routerSolicitation = icmpv6Message('router-solicitation', ICMPV6.routerSolicitation, 'RFC 4861 section 4.1', { reserved: reserved(32), options: ndOptions });
/**
 * Router Advertisement. H says that the router is a home agent on this link; the preference is two's
 * complement of two bits. Router Lifetime in seconds, the timers in milliseconds.
 *
 *     +---------------+-+-+-+---+-----+-------------------------------+
 *     | Cur Hop Limit |M|O|H|Prf|Resvd|        Router Lifetime        |
 *     +---------------+-+-+-+---+-----+-------------------------------+
 *     |                        Reachable Time                         |
 *     +---------------------------------------------------------------+
 *     |                         Retrans Timer                         |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 4861 section 4.2, RFC 6275 section 7.1, RFC 4191 section 2.2.
 */
export const routerAdvertisement = icmpv6Message('router-advertisement', ICMPV6.routerAdvertisement, 'RFC 6275 section 7.1', {
    curHopLimit: u8(),
    managed: flag(),
    otherConfiguration: flag(),
    homeAgent: flag(),
    preference: bits(2),
    reserved: reserved(3),
    routerLifetime: u16(),
    reachableTime: u32(),
    retransTimer: u32(),
    options: ndOptions,
});
/**
 * Neighbor Solicitation: "who has this address?"
 *
 *     +---------------------------------------------------------------+
 *     |                           Reserved                            |
 *     +---------------------------------------------------------------+
 *     |                  Target Address (16 octets)                   |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 4861 section 4.3.
 */
export const neighborSolicitation = icmpv6Message('neighbor-solicitation', ICMPV6.neighborSolicitation, 'RFC 4861 section 4.3', { reserved: reserved(32), targetAddress: ipv6Address(), options: ndOptions });
/**
 * Neighbor Advertisement: "this address is here". Router, Solicited, Override.
 *
 *     +-+-+-+---------------------------------------------------------+
 *     |R|S|O|                        Reserved                         |
 *     +-+-+-+---------------------------------------------------------+
 *     |                  Target Address (16 octets)                   |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 4861 section 4.4.
 */
export const neighborAdvertisement = icmpv6Message('neighbor-advertisement', ICMPV6.neighborAdvertisement, 'RFC 4861 section 4.4', {
    router: flag(),
    solicited: flag(),
    override: flag(),
    reserved: reserved(29),
    targetAddress: ipv6Address(),
    options: ndOptions,
});
/**
 * Redirect: a better first hop (the target) for a destination.
 *
 *     +---------------------------------------------------------------+
 *     |                           Reserved                            |
 *     +---------------------------------------------------------------+
 *     |                  Target Address (16 octets)                   |
 *     +---------------------------------------------------------------+
 *     |                Destination Address (16 octets)                |
 *     +---------------------------------------------------------------+
 *     |  options
 *
 * Source: RFC 4861 section 4.5.
 */
export const redirect = icmpv6Message('redirect', ICMPV6.redirect, 'RFC 4861 section 4.5', {
    reserved: reserved(32),
    targetAddress: ipv6Address(),
    destinationAddress: ipv6Address(),
    options: ndOptions,
});
