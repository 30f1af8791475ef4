/** Makes the packets that the tester of a mobile node sends, from what a step says of them. */

import { bindingManagementKey } from '../../src/core/security/return-routability.ts';
import { bindingAuthorization } from '../../src/core/signalling/binding-authorization.ts';
import { NO_PROOF, type Proof } from '../../src/core/signalling/signalling.ts';
import { after, seconds } from '../../src/core/time.ts';
import { nodeCryptography as crypto } from '../../src/lab/crypto.ts';
import { type Address, solicitedNode, UNSPECIFIED } from '../../src/wire/address.ts';
import { PROTOCOL } from '../../src/wire/numbers.ts';
import {
  type LayerInput,
  type MobilityOptionInput,
  serialisePacket,
} from '../../src/wire/packet.ts';
import { fixUpperChecksum, walkHeaders } from '../../src/wire/walk.ts';
import { layerIn, type Seen, TESTER } from './bench.ts';
import { NotRun } from './items.ts';
import { HOME, HOME_AGENT, named } from './mobile-node-addresses.ts';
import { prefixAdvertisement, routerAdvertisement } from './mobile-node-advertisements.ts';
import { innermost, type Memory } from './mobile-node-memory.ts';
import type { Planned } from './mobile-node-plan.ts';
import type { Facts } from './mobile-node-words.ts';

export interface Making {
  readonly memory: Memory;
  readonly facts: Facts;
  readonly about: string;
}

export interface Made {
  readonly octets: Uint8Array;
  /** The same without its tunnel. */
  readonly inner: Uint8Array;
  readonly to: Address;
  /** Lifetime that an acknowledgement grants, in units of 4 s. */
  readonly granted?: number;
}

type Content = {
  readonly layers: LayerInput[];
  readonly proof?: Proof;
  readonly source?: Address;
  readonly destination?: Address;
  readonly hopLimit?: number;
  readonly granted?: number;
};

export const TESTER_OCTETS = Uint8Array.from(TESTER, (letter) => letter.charCodeAt(0));

/** The packet of a step. */
export function packetOf(one: Planned, making: Making): Made {
  const make = MAKERS[one.message];
  if (make === undefined) throw new NotRun(`the word: sends ${one.message}`);
  const content = make(one, making);
  const ends = one.ends!;
  const source = content.source ?? wrongSource(making.facts) ?? named(ends.source);
  const destination = content.destination ?? named(ends.destination);
  const hopLimit = content.hopLimit ?? 64;
  const inner = serialisePacket([
    { layer: 'ipv6', source, destination, hopLimit },
    ...extensionHeaders(one, making.facts),
    ...content.layers,
  ]);
  strange(inner, making.facts);
  content.proof?.sign(inner);
  damage(inner, making.facts);
  const granted = content.granted === undefined ? {} : { granted: content.granted };
  if (ends.outer === undefined) return { octets: inner, inner, to: destination, ...granted };
  const [from, to] = [named(ends.outer.source), named(ends.outer.destination)];
  const tunnel = serialisePacket([
    { layer: 'ipv6', source: from, destination: to, hopLimit: 64 },
    { layer: 'ipv6', source, destination, hopLimit },
    ...extensionHeaders(one, making.facts),
    ...content.layers,
  ]);
  // The same length, so that all headers but the inner ones are right.
  tunnel.set(inner, tunnel.length - inner.length);
  return { octets: tunnel, inner, to, ...granted };
}

const wrongSource = ({ wrongSource: wrong }: Facts) =>
  wrong === undefined ? undefined : named(wrong);

/** The Binding Acknowledgement's Routing header goes without saying. */
function extensionHeaders({ message, ends }: Planned, facts: Facts): LayerInput[] {
  const layers: LayerInput[] = [];
  const answersAway = message === 'BA' && ends!.destination !== 'NUT0';
  if (ends!.routing2 || answersAway) {
    const homeAddress = facts.wrongRoutingHome ? named('Not NUT0') : HOME;
    layers.push({ layer: 'routing-type-2', segmentsLeft: 1, homeAddress });
  }
  // Without a word of it: the update of the other mobile node, which is away.
  if (ends!.home || (message === 'BU' && ends!.source === 'CN0Y')) {
    const options = [{ option: 'home-address', homeAddress: named('CN0') } as const];
    layers.push({ layer: 'destination-options', options });
  }
  return layers;
}

const MAKERS: Readonly<Record<string, (one: Planned, making: Making) => Content>> = {
  RA: routerAdvertisement,
  BA: acknowledgement,
  BU: update,
  HoT: (one, making) => test('HoT', one, making),
  CoT: (one, making) => test('CoT', one, making),
  HoTI: (_, { memory }) => init('home-test-init', memory),
  CoTI: (_, { memory }) => init('care-of-test-init', memory),
  EchoRequest: (_, { memory }) => {
    memory.lastSequence = memory.next();
    const { lastSequence: sequence } = memory;
    return { layers: [{ layer: 'echo-request', identifier: 7, sequence }] };
  },
  BRR: () => ({ layers: [{ layer: 'binding-refresh-request' }] }),
  BE: (_, { facts }) => ({
    layers: [
      {
        layer: 'binding-error',
        // Where a step says no status, the one that the item's title names.
        status: facts.status ?? 2,
        homeAddress: facts.status === 1 ? HOME : UNSPECIFIED,
      },
    ],
  }),
  NS: ({ ends }) => {
    const target = named(ends!.destination);
    const options = [
      { option: 'source-link-layer-address', linkLayerAddress: TESTER_OCTETS } as const,
    ];
    const destination = ends!.source === 'HA0' ? solicitedNode(target) : target;
    const layer = { layer: 'neighbor-solicitation', targetAddress: target, options } as const;
    return { layers: [layer], destination, hopLimit: 255 };
  },
  NA: ({ ends }, { memory }) => {
    // Asked for by who does not know it; here the advertisement has told it (RFC 6275 section 11.5.5).
    if (ends!.destination === 'unsolicited-node multicast') {
      throw new NotRun("asks for the home agent's link address, which is advertised");
    }
    const asked = memory.lastSeen('NS');
    if (asked === undefined) throw new NotRun('an advertisement that nobody asked for');
    const targetAddress = layerIn(asked, 'neighbor-solicitation')!.targetAddress;
    const layer = { layer: 'neighbor-advertisement', targetAddress, options: [] } as const;
    const flags = { router: true, solicited: true, override: true };
    const destination = innermost(asked).source;
    return { layers: [{ ...layer, ...flags }], source: targetAddress, destination, hopLimit: 255 };
  },
  'DHAAD-reply': (_, { memory, facts }) => {
    const asked = memory.lastSeen('DHAAD-request');
    const request = asked && layerIn(asked, 'home-agent-address-discovery-request');
    if (request === undefined) throw new NotRun('a reply that nobody asked for');
    const homeAgentAddresses = facts.agents.length > 0 ? facts.agents : [HOME_AGENT];
    const layer = 'home-agent-address-discovery-reply' as const;
    const { identifier } = request;
    const reserved = facts.reserved ? 0x7fff : 0;
    return { layers: [{ layer, identifier, reserved, homeAgentAddresses }] };
  },
  MPA: prefixAdvertisement,
  'ICMP-param-problem': ({ code }, { memory, about, facts }) => {
    // Code 1: a header that is not known; it is announced in the octet that the pointer shows.
    const invoking = errorAbout(about, memory);
    const pointer = code === 1 ? headerOf(invoking) : 0;
    const actual = facts.code ?? code!;
    if (actual !== code) throw new NotRun('two codes');
    return { layers: [{ layer: 'parameter-problem', code, pointer, invoking }] };
  },
  'ICMP-dest-unreachable': ({ ends }, { memory, facts }) => {
    const message = ends!.outer === undefined ? 'CoTI' : 'HoTI';
    const invoking = memory.lastSeen(message);
    if (invoking === undefined) throw new NotRun('an error about nothing');
    const code = facts.code ?? 3;
    return { layers: [{ layer: 'destination-unreachable', code, invoking: plainOf(invoking) }] };
  },
};

/** The packet without its tunnel. */
function plainOf({ octets, layers }: Seen): Uint8Array {
  return layers[1]?.layer === 'ipv6' ? octets.slice(40) : octets;
}

/** What an error is about: the title says it. */
function errorAbout(about: string, memory: Memory): Uint8Array {
  const message = /after sending (HoTI|CoTI|BU)/.exec(about)?.[1];
  const seen = memory.lastSeen(message ?? 'EchoReply');
  if (seen !== undefined) return plainOf(seen);
  // Nothing was sent: it quotes what the node could have sent.
  return serialisePacket([
    { layer: 'ipv6', source: HOME, destination: named('CN0'), hopLimit: 63 },
    { layer: 'echo-request', identifier: 7, sequence: 1 },
  ]);
}

/** Where the Next Header stands that announces the Mobility Header. */
function headerOf(packet: Uint8Array): number {
  const at = walkHeaders(packet)!.upperAt;
  return at === 40 ? 6 : 40;
}

const cookie = (mark: number): Uint8Array =>
  Uint8Array.from({ length: 8 }, (_, i) => (mark * 16 + i) & 0xff);

function init(layer: 'home-test-init' | 'care-of-test-init', memory: Memory): Content {
  const mark = cookie(memory.next());
  return {
    layers: [
      layer === 'home-test-init'
        ? { layer, homeInitCookie: mark }
        : { layer, careOfInitCookie: mark },
    ],
  };
}

function test(kind: 'HoT' | 'CoT', one: Planned, { memory, facts }: Making): Content {
  const peer = named(one.ends!.source);
  const asked = memory.lastTo(kind === 'HoT' ? 'HoTI' : 'CoTI', peer, one.forStep);
  if (one.forStep !== undefined && asked === undefined) throw new NotRun('a test of no Init');
  const known =
    asked &&
    (layerIn(asked, 'home-test-init')?.homeInitCookie ??
      layerIn(asked, 'care-of-test-init')?.careOfInitCookie);
  const wrong = facts.wrongCookie || known === undefined;
  const shown = wrong ? cookie(memory.next()) : known;
  const index = memory.next();
  const token = cookie(memory.next());
  memory.answers.push({ step: one.step.n, peer, kind, index, token, asked: !wrong });
  return {
    layers: [
      kind === 'HoT'
        ? { layer: 'home-test', nonceIndex: index, homeInitCookie: shown, homeKeygenToken: token }
        : {
            layer: 'care-of-test',
            nonceIndex: index,
            careOfInitCookie: shown,
            careOfKeygenToken: token,
          },
    ],
  };
}

/** The lifetime that an acknowledgement gives: as asked, unless words or title say less. */
function lifetimeFor(asked: number, { facts, about }: Making): number {
  if (facts.lifetime !== undefined) return Math.min(facts.lifetime / 4, asked);
  if (facts.shorterLifetime || /Lifetime of BA < Lifetime of BU/.test(about)) return asked >> 1;
  return asked;
}

function acknowledgement(one: Planned, making: Making): Content {
  const { memory, facts } = making;
  const source = named(one.ends!.source);
  const seen = memory.lastTo('BU', source);
  if (seen === undefined) throw new NotRun('an acknowledgement of nothing');
  const asked = layerIn(seen, 'binding-update')!;
  const status = facts.status ?? 0;
  const lifetime = status < 128 ? lifetimeFor(asked.lifetime, making) : 0;
  const options: MobilityOptionInput[] = [];
  if (facts.refresh) {
    const refreshInterval = Math.min(lifetime, asked.lifetime) >> 1;
    options.push({ option: 'binding-refresh-advice', refreshInterval });
    memory.refreshAt = after(memory.now(), seconds(4 * refreshInterval));
  }
  const proof = proofFor(seen, source, status, making, options);
  const off = facts.wrongSequence || status === 135 ? 100 : 0;
  const sequence = facts.sequence ?? (asked.sequence + off) & 0xffff;
  const flaw = facts.lastOption === false ? [strayOption] : [];
  return {
    layers: [
      {
        layer: 'binding-acknowledgement',
        status,
        sequence,
        lifetime,
        options: [...(proof === NO_PROOF ? options : proof.options), ...flaw],
      },
    ],
    ...(flaw.length > 0 ? {} : { proof: damaged(proof, facts) }),
    ...(status < 128 && !isDeaf(facts) ? { granted: lifetime } : {}),
  };
}

const strayOption: MobilityOptionInput = { option: 'binding-refresh-advice', refreshInterval: 1 };
/** Is the acknowledgement one that must not be believed? */
const isDeaf = (facts: Facts): boolean =>
  facts.wrongSequence ||
  facts.wrongAuthenticator ||
  facts.lastOption === false ||
  facts.badChecksum;

/** A home agent is not asked for a proof; a correspondent without nonces cannot give one. */
function proofFor(
  seen: Seen,
  source: Address,
  status: number,
  { memory }: Making,
  options: readonly MobilityOptionInput[],
): Proof {
  if (layerIn(seen, 'binding-update')!.homeRegistration || (status >= 136 && status <= 138)) {
    return NO_PROOF;
  }
  const key = memory.keyOf(seen);
  if (key === undefined) throw new NotRun('an acknowledgement without a key');
  const careOf = innermost(seen).source;
  return bindingAuthorization(crypto, key, { careOf, correspondent: source }, options);
}

function damaged(proof: Proof, { wrongAuthenticator }: Facts): Proof {
  if (!wrongAuthenticator) return proof;
  const sign = (packet: Uint8Array) => {
    proof.sign(packet);
    packet[packet.length - 1]! ^= 0xff;
    fixUpperChecksum(packet);
  };
  return { options: proof.options, sign };
}

/** The update of the other mobile node, proved by the tests that the node under test gave it. */
function update(one: Planned, { memory }: Making): Content {
  const { source } = one.ends!;
  const home = memory.lastSeen('HoT');
  const careOf = memory.lastSeen('CoT');
  const homeTest = home && layerIn(home, 'home-test');
  const careOfTest = careOf && layerIn(careOf, 'care-of-test');
  if (homeTest === undefined || careOfTest === undefined) throw new NotRun('an update unproved');
  // With a Home Test alone before it, the binding is taken back.
  const release = !memory.since('BU').includes('CoTI');
  const careOfToken = release ? undefined : careOfTest.careOfKeygenToken;
  const ends = { careOf: named(release ? 'CN0' : source), correspondent: HOME };
  const key = bindingManagementKey(crypto, homeTest.homeKeygenToken, careOfToken);
  const proof = bindingAuthorization(crypto, key, ends, [
    {
      option: 'nonce-indices',
      homeNonceIndex: homeTest.nonceIndex,
      careOfNonceIndex: release ? 0 : careOfTest.nonceIndex,
    },
  ]);
  const lifetime = release ? 0 : 100;
  const fields = { sequence: memory.next(), acknowledge: true, lifetime } as const;
  return { layers: [{ layer: 'binding-update', ...fields, options: [...proof.options] }], proof };
}

/** Writes what the words say is strange, and the checksum that goes with it. */
function strange(packet: Uint8Array, facts: Facts): void {
  const { upperAt, protocol } = walkHeaders(packet)!;
  const { payloadProto, headerLen, type } = facts;
  if (payloadProto !== undefined) packet[upperAt] = payloadProto;
  if (headerLen !== undefined) packet[upperAt + 1] = headerLen;
  if (type !== undefined) packet[upperAt + 2] = type;
  if (facts.reserved && protocol === PROTOCOL.mobility) packet[upperAt + 3] = 0xff;
  fixUpperChecksum(packet);
}

/** Writes what no checksum goes with, or what all else is found by: the Routing header is first. */
function damage(packet: Uint8Array, facts: Facts): void {
  const { upperAt } = walkHeaders(packet)!;
  const { routingLength, segmentsLeft } = facts;
  if (facts.badChecksum) packet[upperAt + 4]! ^= 0xff;
  if (routingLength !== undefined) packet[40 + 1] = routingLength;
  if (segmentsLeft !== undefined) packet[40 + 3] = segmentsLeft;
}
