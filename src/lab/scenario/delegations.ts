/** Who may bind an anycast address: `authorities` of those that ask for it, `delegation` of those that show it. */
import type { z } from 'zod';
import type { DelegatedKey } from '../../core/config.ts';
import {
  DELEGATION_SIZE,
  ED25519_KEY_SIZE,
  readDelegation,
} from '../../core/security/delegation.ts';
import { toHex } from '../../wire/hex.ts';
import { ed25519KeyPair } from '../crypto.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { key, list, network, object, octets } from './fields.ts';
import type { ReadKey } from './peer-keys.ts';

/** An update is checked against those that fit; few do, and two while a key is changed. */
const MOST_AUTHORITIES = 16;

export const authorities = list(
  'authorities, such as [{ prefix: 2001:db8:a::/48, key: "hex:..." }]',
  object('an authority, such as { prefix: 2001:db8:a::/48, key: "hex:..." }', {
    prefix: network().meta({ description: 'the prefix that is this authority`s to give away' }),
    key: octets(ED25519_KEY_SIZE).meta({ description: 'its public key, Ed25519' }),
  }),
).max(MOST_AUTHORITIES, { error: `are more than ${MOST_AUTHORITIES}` });

/** Of nodes that are clients. */
export const askedAuthorities = authorities
  .optional()
  .meta({ description: 'addresses of these prefixes are bound with a delegation alone' });

export const delegation = object(
  'a key and what was signed for it, such as { key: "file:s1.key", signed: "hex:..." }',
  {
    key: key().meta({ description: 'the private key, Ed25519: 32 octets, or a PEM file' }),
    signed: octets(DELEGATION_SIZE).meta({
      description: 'what the authority signed for it, as `careof delegation sign` prints it',
    }),
  },
);

export type DelegationText = z.output<typeof delegation>;

/** Reads the delegations of all nodes, or of the one that this host is. */
export class DelegationReader {
  readonly findings: Finding[] = [];
  readonly delegations = new Map<string, DelegatedKey>();
  readonly #readKey: ReadKey;

  constructor(draft: Draft, readKey: ReadKey) {
    this.#readKey = readKey;
    for (const [name, node] of draft.nodes) {
      const text = node !== undefined && 'delegation' in node ? node.delegation : undefined;
      if (text === undefined) continue;
      if (draft.own !== undefined && draft.allKeys !== true && draft.own !== name) continue;
      const read = this.#read(['nodes', name, 'delegation'], text);
      if (read !== undefined) this.delegations.set(name, read);
    }
  }

  #read(path: Path, { key: source, signed }: DelegationText): DelegatedKey | undefined {
    const refused = (field: string, message: string) => {
      this.findings.push({ path: [...path, field], message });
      return undefined;
    };
    let octets: Uint8Array;
    try {
      octets = this.#readKey(source);
    } catch (cause) {
      return refused('key', (cause as Error).message);
    }
    const pair = ed25519KeyPair(octets);
    if (pair === undefined) {
      const mend = 'make one with careof delegation key FILE';
      return refused('key', `is no Ed25519 private key of 32 octets or in PEM: ${mend}`);
    }
    const says = readDelegation(signed);
    if (says === undefined) return refused('signed', 'is no delegation: it cannot be read');
    const [own, meant] = [toHex(pair.publicKey), toHex(says.serverKey)];
    if (own !== meant) {
      return refused('signed', `is for the key hex:${meant}, and the key here is hex:${own}`);
    }
    return { privateKey: pair.privateKey, delegation: signed };
  }
}
