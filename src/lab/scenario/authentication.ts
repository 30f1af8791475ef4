/** How a node proves its registrations: the `auth` of a mobile node in scenario and daemon files. */
import { z } from 'zod';
import {
  ESP_ALGORITHMS,
  type EspAlgorithm,
  espKeySize,
} from '../../core/security/esp-algorithms.ts';
import type { Finding, Path } from './diagnostic.ts';
import { key, object, oneOf, whole } from './fields.ts';
import type { KeySource } from './quantity.ts';

const spi = () => whole('the number of the key', 256, 0xffff_ffff);

const rfc4285 = object('a key and its number, such as { spi: 256, key: "hex:0011..." }', {
  spi: spi(),
  key: key(),
});

const association = () =>
  object('a security association, such as { spi: 4096, key: "hex:0011..." }', {
    spi: spi(),
    key: key(),
  });

const associations = () =>
  object('two security associations: { to-agent: { spi, key }, to-node: { spi, key } }', {
    'to-agent': association().meta({ description: 'what the mobile node sends' }),
    'to-node': association().meta({ description: 'what the home agent sends' }),
  });

const ALGORITHM_NAMES = Object.keys(ESP_ALGORITHMS) as [EspAlgorithm, ...EspAlgorithm[]];

export const DEFAULT_ALGORITHM: EspAlgorithm = 'aes-cbc-128-hmac-sha-256';

const esp = object('{ algorithm, transport, tunnel }', {
  algorithm: oneOf(ALGORITHM_NAMES)
    .optional()
    .meta({ description: `how packets are protected; ${DEFAULT_ALGORITHM} if absent` }),
  transport: associations().meta({ description: 'for registrations and mobile prefix messages' }),
  tunnel: associations()
    .optional()
    .meta({ description: 'for Home Tests; if absent, these go through the plain tunnel' }),
});

export const WANTED = 'one of { rfc4285: { spi: 256, key: "hex:..." } }, { esp: ... }, none';

export const auth = z.union(
  [z.literal('none'), object(WANTED, { rfc4285: rfc4285.optional(), esp: esp.optional() })],
  {
    error: ({ input }) => {
      const pair =
        '{ to-agent: { spi: 4096, key: "hex:..." }, to-node: { spi: 4097, key: "hex:..." } }';
      return input === 'esp'
        ? `has no keys: write { esp: { transport: ${pair} } }`
        : `is not ${WANTED}`;
    },
  },
);

/** Octets of a key between mobile node and home agent. Source: RFC 4285 section 5.1. */
const RFC4285_KEY = 16;

export type AuthText = z.output<typeof auth>;
export type EspText = z.output<typeof esp>;

const MODES = ['transport', 'tunnel'] as const;
const DIRECTIONS = ['to-agent', 'to-node'] as const;

/** A key of the file, where it stands, and what it is for. */
export interface KeyText {
  readonly path: Path;
  readonly source: KeySource;
  /** The only right length, and what has it. */
  readonly size?: number;
  readonly algorithm?: EspAlgorithm;
}

/** Where a node's key stands, such as in `nodes.mn.auth.rfc4285.key`. */
export const keyPath = (node: string, ...way: readonly string[]): Path => [
  'nodes',
  node,
  'auth',
  ...way,
  'key',
];

/** All keys of a node. */
export function* keysOf(node: string, text: AuthText | undefined): Generator<KeyText> {
  if (text === undefined || text === 'none') return;
  if (text.rfc4285 !== undefined) {
    yield { path: keyPath(node, 'rfc4285'), source: text.rfc4285.key, size: RFC4285_KEY };
  }
  const { esp: protection } = text;
  if (protection === undefined) return;
  const algorithm = protection.algorithm ?? DEFAULT_ALGORITHM;
  const size = espKeySize(algorithm);
  for (const [mode, direction, { key: source }] of associationsOf(protection)) {
    yield { path: keyPath(node, 'esp', mode, direction), source, size, algorithm };
  }
}

type AssociationText = z.output<ReturnType<typeof association>>;

/** The associations of a node, each with the way to it. */
export function* associationsOf(
  text: EspText,
): Generator<[(typeof MODES)[number], (typeof DIRECTIONS)[number], AssociationText]> {
  for (const mode of MODES) {
    for (const direction of DIRECTIONS) {
      const one = text[mode]?.[direction];
      if (one !== undefined) yield [mode, direction, one];
    }
  }
}

/** Why a key cannot be what its algorithm wants, if it cannot. */
export function keyFault({ path, size, algorithm }: KeyText, key: Uint8Array): Finding | undefined {
  if (size === undefined || key.length === size) return undefined;
  const here = `and here are ${key.length}`;
  if (algorithm === undefined) return { path, message: `rfc4285 wants ${size} octets, ${here}` };
  const { encryptionKey, rest, cipher } = ESP_ALGORITHMS[algorithm];
  const behind = `${rest} of the ${cipher === 'aes-gcm' ? 'salt' : 'HMAC key'}`;
  const parts = encryptionKey === 0 ? behind : `${encryptionKey} of the AES key, then ${behind}`;
  return { path, message: `${algorithm} wants ${size} octets (${parts}), ${here}` };
}
