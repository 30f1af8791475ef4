import { u8, u16 } from '../field.js';
import { IPV6_OPTION } from '../numbers.js';
import { option } from '../options.js';
/**
 * Tunnel Encapsulation Limit: how many more tunnels a packet may enter.
 *
 *     +---------------+---------------+---------------+
 *     |    Type = 4   |  Length = 1   |     Limit     |
 *     +---------------+---------------+---------------+
 *
 * Source: RFC 2473 section 4.1.1.
 */
export const tunnelEncapsulationLimit = option('tunnel-encapsulation-limit', IPV6_OPTION.tunnelEncapsulationLimit, 'RFC 2473 section 4.1.1', { limit: u8() });
/**
 * Router Alert: routers on the way are to look at the packet.
 *
 *     +---------------+---------------+-------------------------------+
 *     |    Type = 5   |  Length = 2   |             Value             |
 *     +---------------+---------------+-------------------------------+
 *
 * Source: RFC 2711 section 2.1.
 */
export const routerAlert = option('router-alert', IPV6_OPTION.routerAlert, 'RFC 2711 section 2.1', { value: u16() }, { align: { n: 2, y: 0 } });
