/** Links of a scenario: what a network between nodes is like. */
import { z } from 'zod';
import { bandwidth, object, prefix, share, size, time } from './fields.js';
/** What may be changed while the network runs. */
const QUALITY = {
    delay: time().optional().meta({ description: 'time that every packet takes; 1ms if absent' }),
    jitter: time().optional().meta({ description: 'up to so much more delay, drawn per packet' }),
    loss: share().optional().meta({ description: 'share of packets that get lost' }),
    bandwidth: bandwidth().optional().meta({ description: '20Mbit/s if absent' }),
    reorder: share().optional().meta({ description: 'share of packets that overtake others' }),
    duplicate: share().optional().meta({ description: 'share of packets that arrive twice' }),
};
const mtu = size()
    .or(z.int().transform((octets) => octets))
    .refine((octets) => octets >= 1280 && octets <= 65_535, {
    error: 'an IPv6 link carries 1280 octets at least and 65535 at most: write 1500',
});
export const link = object('a link, such as { prefix: 2001:db8:1::/64, delay: 1ms }', {
    prefix: prefix(),
    ...QUALITY,
    mtu: mtu.optional().meta({ description: 'largest packet; 1500 if absent' }),
});
/** What a `change` event gives anew. */
export const QUALITY_FIELDS = QUALITY;
export const DEFAULT_DELAY = 1000;
export const DEFAULT_MTU = 1500;
/** Bit a second: with a few tens of milliseconds of delay, one window of TCP fills it. */
export const DEFAULT_BANDWIDTH = 20e6;
