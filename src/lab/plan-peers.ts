/** What nodes of a plan know to prove themselves to peers with. */
import type {
  Authority,
  CgaIdentity,
  ConfiguredKey,
  CorrespondentNodeConfig,
  PeerProofConfig,
} from '../core/config.ts';
import { cgaAddress, cgaParametersOctets, searchModifier } from '../core/security/cga.ts';
import { type Address, addressOctets } from '../wire/address.ts';
import { nodeCryptography as crypto } from './crypto.ts';
import type { NamedNode } from './plan.ts';
import { identityLink } from './plan-addresses.ts';
import type { Scenario } from './scenario/read.ts';

/** A home address, and the key that it was made from. */
export interface CgaHome {
  readonly home: Address;
  readonly identity: CgaIdentity;
}

/** Sec 1 needs some 65 536 tries. */
const TRIES = 10_000_000;

/**
 * The home addresses that are made from keys, by node. The modifier follows from key and name, so
 * that a run repeats and nodes that share a key still have addresses of their own.
 * Throws where no modifier is found, which a billion scenarios will not see.
 */
export function cgaHomesOf(scenario: Scenario, nodes: readonly NamedNode[]): Map<string, CgaHome> {
  const homes = new Map<string, CgaHome>();
  for (const { name, from, text } of nodes) {
    const cga = scenario.peerKeys.get(from)?.cga;
    const link = identityLink(text);
    if (link === undefined || cga === undefined) continue;
    const { publicKey, privateKey, sec } = cga;
    const start = {
      modifier: crypto.hmacSha1(publicKey, new TextEncoder().encode(name)).slice(0, 16),
      prefix: addressOctets(scenario.links.get(link)!.prefix.address).slice(0, 8),
      collisionCount: 0,
      publicKey,
      extensions: new Uint8Array(),
    };
    const { found } = searchModifier(crypto, start, sec, TRIES);
    if (found === undefined) throw new RangeError(`no modifier for ${name} in ${TRIES} tries`);
    const identity = { privateKey, parameters: cgaParametersOctets(found) };
    homes.set(name, { home: cgaAddress(crypto, found, sec), identity });
  }
  return homes;
}

/** The keys that a node shares, by the addresses of the node that each is shared with. */
export function sharedKeysOf(
  { from }: NamedNode,
  scenario: Scenario,
  identitiesOf: (name: string) => readonly Address[],
): Map<Address, ConfiguredKey> {
  const shared = scenario.peerKeys.get(from)?.shared ?? new Map<string, ConfiguredKey>();
  return new Map(
    [...shared].flatMap(([other, key]) =>
      identitiesOf(other).map((address) => [address, key] as const),
    ),
  );
}

/** How a mobile node proves itself to peers; undefined: by return routability alone. */
export function peerProofOf(
  keys: Map<Address, ConfiguredKey>,
  home: CgaHome | undefined,
): PeerProofConfig | undefined {
  if (home === undefined && keys.size === 0) return undefined;
  return { keys, ...(home && { cga: home.identity }) };
}

/** Whose word a client wants of those that bind anycast addresses. */
export const askingOf = ({
  authorities,
}: {
  readonly authorities?: readonly Authority[] | undefined;
}): Pick<CorrespondentNodeConfig, 'authorities'> => (authorities ? { authorities } : {});
