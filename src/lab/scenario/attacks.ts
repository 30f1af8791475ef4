/** What an attacker does: packets that it crafts, plays back, or forges a binding with. */
import { z } from 'zod';
import type { Duration } from '../../core/time.ts';
import { type Address, addressOctets, addressOf } from '../../wire/address.ts';
import { LAYERS } from '../../wire/layer.ts';
import { list, name, object, oneOf, rate, text, time, whole, yesNo } from './fields.ts';
import { suggestion } from './nearest.ts';
import { quote, readIpv6 } from './quantity.ts';

/** A layer as `careof packet encode` takes it; names of nodes stand for addresses. */
export type LayerText = Readonly<Record<string, unknown>>;

/** A field that is another one in each packet; addresses count up in the four octets at `at`. */
export type Variation =
  | { readonly kind: 'addresses'; readonly prefix: Address; readonly at: number }
  | { readonly kind: 'numbers'; readonly from: number; readonly to: number };

const RANGE = /^(\d{1,10})\.\.(\d{1,10})$/;

const variation = text(
  'a prefix, such as 2001:db8:bad::/64, or a range, such as 0..65535',
).transform((value, context): Variation => {
  const range = RANGE.exec(value);
  if (range !== null && Number(range[1]) < Number(range[2])) {
    return { kind: 'numbers', from: Number(range[1]), to: Number(range[2]) };
  }
  const [head = '', length] = value.split('/');
  const prefix = readIpv6(head);
  if (prefix.ok && (length === '32' || length === '64')) {
    return { kind: 'addresses', prefix: prefix.value, at: length === '32' ? 4 : 12 };
  }
  const message = `${quote(value)} is neither a prefix of 32 or 64 bits, such as 2001:db8:bad::/64, nor a range, such as 0..65535`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** The value of a varied field in packet number `index`, which counts from 0. */
export function varied(variation: Variation, index: number): Address | number {
  if (variation.kind === 'numbers') {
    return variation.from + (index % (variation.to - variation.from + 1));
  }
  const octets = addressOctets(variation.prefix);
  new DataView(octets.buffer).setUint32(variation.at, index + 1);
  return addressOf(octets);
}

const layer = z.record(z.string(), z.unknown(), { error: 'is not a layer: { layer: ipv6, ... }' });

/** How a token comes into an attacker's hands. */
const TOKENS = ['own', 'overheard', 'guessed'] as const;
const HEARD = ['first', 'last'] as const;

/** Not an enumeration in the JSON Schema, which would change with every new message. */
const message = text('the innermost layer of what was overheard, such as binding-update').refine(
  (value) => LAYERS.has(value),
  {
    error: ({ input }) =>
      `"${input}" is no layer: ${suggestion(String(input), [...LAYERS.keys()])}`,
  },
);

const place = text('an address, or the name of a node or of one of its interfaces');

const replay = object('a message, such as { message: binding-update, to: ha }', {
  message,
  to: name('the node it went to').optional(),
  heard: oneOf(HEARD).optional().meta({ description: 'of several that one; last if absent' }),
  at: place.optional().meta({ description: 'not to where it went, but to this node' }),
  'udp-source': name('a node')
    .optional()
    .meta({ description: 'not as it was, but inside UDP in the name of this node' }),
});

const token = oneOf(TOKENS).optional();

const bind = object('a binding, such as { peer: cn, home: mn, careof: mallory }', {
  peer: place.meta({ description: 'whom the Binding Update goes to' }),
  home: place.meta({ description: 'the home address that it names' }),
  careof: place.meta({ description: 'the care-of address that it names' }),
  'home-token': token.meta({
    description: 'own: of a test of its own address; overheard; guessed (if absent)',
  }),
  'care-of-token': token.meta({ description: 'as home-token' }),
  'home-registration': yesNo('with the H bit, to a home agent').optional(),
  lifetime: time().optional().meta({ description: 'what it asks for; 400s if absent' }),
  wait: time().optional().meta({ description: 'from the tokens to the update' }),
});

/** Keys of an event that belong to `attack`. */
export const ATTACK_FIELDS = {
  send: list('layers, outermost first, as careof packet encode takes them', layer)
    .min(1, { error: 'is empty: a packet begins with { layer: ipv6, ... }' })
    .optional()
    .meta({ description: 'layers of a packet; `times: N` in one repeats it' }),
  count: whole('how many such packets', 1, 1_000_000).optional(),
  rate: rate()
    .refine((perSecond) => perSecond > 0 && perSecond <= 1e6, { error: 'is not up to 1000000/s' })
    .optional()
    .meta({ description: 'how fast; 100/s if absent' }),
  vary: z
    .record(z.string(), variation, {
      error: 'is not fields, such as { source: 2001:db8:bad::/64 }',
    })
    .optional()
    .meta({ description: 'fields that are others in each packet' }),
  on: name('the link that the packets are put on as they stand').optional(),
  replay: replay.optional().meta({ description: 'sends again what it overheard, octet for octet' }),
  bind: bind.optional().meta({ description: 'forges a Binding Update, with what tokens it has' }),
};

/** What an attacker can do; an attack has exactly one of these keys. */
export const ATTACKS = ['send', 'replay', 'bind'] as const;

export interface Crafted {
  readonly do: 'send';
  readonly layers: readonly LayerText[];
  readonly count: number;
  readonly interval: Duration;
  readonly vary: Readonly<Record<string, Variation>>;
  readonly on?: string;
}
export interface Replayed {
  readonly do: 'replay';
  readonly message: string;
  readonly to?: string;
  readonly heard: (typeof HEARD)[number];
  /** It goes to this node and not to the one it went to. */
  readonly at?: string;
  /** It goes inside UDP, in the name of this node. */
  readonly udpSource?: string;
}
export type TokenOrigin = (typeof TOKENS)[number];
export interface ForgedBinding {
  readonly do: 'bind';
  readonly peer: string;
  readonly home: string;
  readonly careOf: string;
  readonly homeToken: TokenOrigin;
  readonly careOfToken: TokenOrigin;
  readonly homeRegistration: boolean;
  readonly lifetime: Duration;
  readonly wait: Duration;
}
export type Attack = Crafted | Replayed | ForgedBinding;

const fields = z.object(ATTACK_FIELDS);
type Fields = z.output<typeof fields>;

const DEFAULT_RATE = 100;
const DEFAULT_LIFETIME = 400e6 as Duration;

/** What is wrong with the keys of an attack as a whole, as [key, message]. */
export function* wrongAttack(keys: Fields): Generator<[string, string]> {
  const given = ATTACKS.filter((one) => keys[one] !== undefined);
  if (given.length === 0) yield ['', `attacks with nothing: write one of ${ATTACKS.join(', ')}`];
  for (const extra of given.slice(1)) {
    yield [extra, `is a second attack beside "${given[0]}": write two events with the same time`];
  }
  for (const key of ['count', 'rate', 'vary', 'on'] as const) {
    if (keys[key] !== undefined && given[0] !== 'send' && given.length > 0) {
      yield [key, `has no meaning for "${given[0]}", only for send`];
    }
  }
}

/** The attack that the keys describe; called for what `wrongAttack` finds nothing in. */
export function attackOf(keys: Fields): Attack {
  const { send, count = 1, rate: perSecond = DEFAULT_RATE, vary = {}, on } = keys;
  if (send !== undefined) {
    const interval = (1e6 / perSecond) as Duration;
    return { do: 'send', layers: send, count, interval, vary, ...(on && { on }) };
  }
  if (keys.replay !== undefined) {
    const { message, to, heard = 'last', at, 'udp-source': udpSource } = keys.replay;
    const ends = { ...(to && { to }), ...(at && { at }), ...(udpSource && { udpSource }) };
    return { do: 'replay', message, heard, ...ends };
  }
  const forged = keys.bind!;
  return {
    do: 'bind',
    peer: forged.peer,
    home: forged.home,
    careOf: forged.careof,
    homeToken: forged['home-token'] ?? 'guessed',
    careOfToken: forged['care-of-token'] ?? 'guessed',
    homeRegistration: forged['home-registration'] ?? false,
    lifetime: forged.lifetime ?? DEFAULT_LIFETIME,
    wait: forged.wait ?? (0 as Duration),
  };
}

/** How long an attack goes on after its beginning. */
export function lengthOf(attack: Attack): Duration {
  if (attack.do === 'send') return Math.ceil(attack.count * attack.interval) as Duration;
  return attack.do === 'bind' ? attack.wait : (0 as Duration);
}
