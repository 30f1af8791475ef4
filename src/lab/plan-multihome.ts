/** From a multihomed host of a scenario to its configuration, and the addresses that it will make. */
import type {
  CgaKey,
  ConfiguredKey,
  MultihomedHostConfig,
  NodeConfig,
  ProviderName,
} from '../core/config.ts';
import { constantsWith } from '../core/constants.ts';
import { cgaAddress, searchModifier } from '../core/security/cga.ts';
import { milliseconds, seconds } from '../core/time.ts';
import { type Address, addressOctets } from '../wire/address.ts';
import { nodeCryptography as crypto } from './crypto.ts';
import type { NamedNode } from './plan.ts';
import { askingOf } from './plan-peers.ts';
import { addedPrefixes } from './plan-routes.ts';
import { linkPrefixes } from './scenario/links.ts';
import type { MultihomedHostText } from './scenario/multihomed-host.ts';
import { DEFAULT_MAX_BINDINGS, firstLink } from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

/** Interface identifiers of multihomed hosts without a key: ::200 and on. */
const FIRST_IDENTIFIER = 0x200;
/** Sec 1 needs some 65 536 tries. */
const TRIES = 10_000_000;
const DEFAULT_MAX_SESSIONS = 1024;

type Host = NamedNode<MultihomedHostText>;

/** What the addresses of a host are made of. */
export interface MadeOf {
  readonly identifier: string;
  readonly cga?: CgaKey;
}

/** What the addresses of each multihomed host are made of, by its name. */
export function madeOf(scenario: Scenario, nodes: readonly NamedNode[]): Map<string, MadeOf> {
  const hosts = nodes.filter((node): node is Host => node.text.role === 'multihomed-host');
  return new Map(
    hosts.map(({ name, from }, index) => {
      const octets = new Uint8Array(8);
      new DataView(octets.buffer).setUint32(4, FIRST_IDENTIFIER + index);
      const identifier = String.fromCharCode(...octets);
      const pair = scenario.peerKeys.get(from)?.cga;
      return [name, pair === undefined ? { identifier } : { identifier, cga: keyOf(name, pair) }];
    }),
  );
}

/** The modifier follows from key and name, so that a run repeats. */
function keyOf(name: string, { privateKey, publicKey, sec }: Omit<CgaKey, 'modifier'>): CgaKey {
  const start = {
    modifier: crypto.hmacSha1(publicKey, new TextEncoder().encode(name)).slice(0, 16),
    prefix: new Uint8Array(8),
    collisionCount: 0,
    publicKey,
    extensions: new Uint8Array(),
  };
  const { found } = searchModifier(crypto, start, sec, TRIES);
  if (found === undefined) throw new RangeError(`no modifier for ${name} in ${TRIES} tries`);
  return { privateKey, publicKey, modifier: found.modifier, sec };
}

/** The address that it makes in a prefix. */
export function addressIn(prefix: Address, { identifier, cga }: MadeOf): Address {
  if (cga === undefined) return (prefix.slice(0, 8) + identifier) as Address;
  const parameters = {
    modifier: cga.modifier,
    prefix: addressOctets(prefix).slice(0, 8),
    collisionCount: 0,
    publicKey: cga.publicKey,
    extensions: new Uint8Array(),
  };
  return cgaAddress(crypto, parameters, cga.sec);
}

/** All addresses that it may come to have; that of its first interface first. */
export function addressesOfHost(scenario: Scenario, { text }: Host, made: MadeOf): Address[] {
  const first = Object.values(text.interfaces).flatMap((value) => firstLink(value) ?? []);
  const links = new Set([...first, ...scenario.links.keys()]);
  const added = addedPrefixes(scenario);
  return [...links].flatMap((name) => {
    const link = scenario.links.get(name);
    const prefixes = link === undefined ? [] : linkPrefixes(link).map(({ address }) => address);
    return [...prefixes, ...(added.get(name) ?? [])].map((prefix) => addressIn(prefix, made));
  });
}

/** @param keys that it shares with peers, by their addresses. */
export function multihomedHost(
  { name, text }: Host,
  { constants }: Scenario,
  { identifier, cga }: MadeOf,
  keys: ReadonlyMap<Address, ConfiguredKey>,
): NodeConfig {
  const { probe, prefer = [], providers = {}, rules = [] } = text;
  const qualities = Object.entries(providers).map(([link, quality]) => ({ of: { link }, quality }));
  const policy: MultihomedHostConfig['policy'] = {
    prefer: prefer as readonly ProviderName[],
    costs: qualities.flatMap(({ of, quality: { cost } }) =>
      cost === undefined ? [] : [{ of, cost }],
    ),
    bandwidths: qualities.flatMap(({ of, quality: { bandwidth } }) =>
      bandwidth === undefined ? [] : [{ of, bandwidth }],
    ),
    rules: rules as MultihomedHostConfig['policy']['rules'],
  };
  return {
    name,
    multihomedHost: {
      links: Object.keys(text.interfaces),
      identifier,
      ...(cga && { cga }),
      keys,
      lifetime: text.lifetime ?? constantsWith(constants).HOME_LIFETIME,
      dad: text.dad ?? 'optimistic',
      maxSessions: text['max-sessions'] ?? DEFAULT_MAX_SESSIONS,
      probe: {
        interval: probe?.interval ?? milliseconds(250),
        threshold: probe?.threshold ?? 3,
        idle: probe?.idle ?? seconds(5),
        hold: probe?.hold ?? seconds(30),
      },
      policy,
    },
    // Its peers may have several providers too.
    correspondentNode: { maxBindings: DEFAULT_MAX_BINDINGS, keys, ...askingOf(text) },
  };
}
