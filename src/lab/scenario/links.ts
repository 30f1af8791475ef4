/** Links of a scenario: what a network between nodes is like. */
import { z } from 'zod';
import type { Duration } from '../../core/time.ts';
// Not from the simulator's front door: a daemon reads links too, and starts faster without kernels.
import { DROPPABLE, type HeaderDrop } from '../../sim/middlebox.ts';
import { bandwidth, list, name, object, oneOf, prefix, share, size, time } from './fields.ts';
import { suggestion } from './nearest.ts';

/** A header that a middlebox drops; alone, whoever sends it. */
const drop = z
  .union(
    [
      oneOf(DROPPABLE),
      object('a header, such as { header: routing, from: ar1 }', {
        header: oneOf(DROPPABLE),
        from: name('the node whose packets are dropped').optional(),
      }),
    ],
    { error: ({ input }) => wrongDrop(input) },
  )
  .transform((drop): HeaderDrop => {
    if (typeof drop === 'string') return { header: drop };
    const { header, from } = drop;
    return from === undefined ? { header } : { header, from };
  });

function wrongDrop(input: unknown): string {
  const header = typeof input === 'object' && input !== null && 'header' in input && input.header;
  const named = typeof input === 'string' ? input : header;
  if (typeof named !== 'string') return 'is neither a header nor { header: routing, from: ar1 }';
  return `"${named}" is no header that can be dropped: ${suggestion(named, DROPPABLE)}`;
}

const mtu = size()
  .or(z.int().transform((octets) => octets))
  .refine((octets) => octets >= 1280 && octets <= 65_535, {
    error: 'an IPv6 link carries 1280 octets at least and 65535 at most: write 1500',
  });

/** What may be changed while the network runs. */
const QUALITY = {
  delay: time().optional().meta({ description: 'time that every packet takes; 1ms if absent' }),
  jitter: time().optional().meta({ description: 'up to so much more delay, drawn per packet' }),
  loss: share().optional().meta({ description: 'share of packets that get lost' }),
  bandwidth: bandwidth().optional().meta({ description: '20Mbit/s if absent' }),
  reorder: share().optional().meta({ description: 'share of packets that overtake others' }),
  duplicate: share().optional().meta({ description: 'share of packets that arrive twice' }),
  drops: list('headers, such as [destination-options, { header: routing, from: ar1 }]', drop)
    .optional()
    .meta({
      description:
        'headers that packets are dropped for; unusual: all but TCP, UDP and ICMPv6 without any',
    }),
  'vanish-above': mtu.optional().meta({
    description: 'longer packets vanish without a word, though the MTU lets them',
  }),
};

export const link = object('a link, such as { prefix: 2001:db8:1::/64, delay: 1ms }', {
  prefix: prefix(),
  'more-prefixes': list('prefixes, such as [2001:db8:2::/64]', prefix()).optional().meta({
    description: 'prefixes of other providers; routers say by `provides` which is theirs',
  }),
  ...QUALITY,
  mtu: mtu.optional().meta({ description: 'largest packet; 1500 if absent' }),
});

/** What a `change` event gives anew. */
export const QUALITY_FIELDS = QUALITY;

export type LinkText = z.output<typeof link>;

/** Are two addresses of one prefix? All have 64 bits. */
export const samePrefix = (a: string, b: string): boolean => a.slice(0, 8) === b.slice(0, 8);

/** All prefixes of a link. */
export const linkPrefixes = (link: LinkText): readonly LinkText['prefix'][] => [
  link.prefix,
  ...(link['more-prefixes'] ?? []),
];

export const DEFAULT_DELAY = 1000 as Duration;
export const DEFAULT_MTU = 1500;
/** Bit a second: with a few tens of milliseconds of delay, one window of TCP fills it. */
export const DEFAULT_BANDWIDTH = 20e6;
