/**
 * Verified Binding Updates a second, at a peer (return routability) and at a home agent (RFC 4285),
 * with few bindings and with many, beside the same cryptography without a protocol around it; and
 * the memory that a binding takes.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Environment, Input, LinkAddress, Output, Role } from '../src/core/role.ts';
import {
  bindingManagementKey,
  keygenToken,
  signBindingAuthorization,
} from '../src/core/security/return-routability.ts';
import { after, type Instant, START, seconds } from '../src/core/time.ts';
import { nodeCryptography } from '../src/lab/crypto.ts';
import { createNode } from '../src/roles/create.ts';
import { address } from '../src/wire/address.ts';
import { parsePacket } from '../src/wire/packet.ts';
import {
  AUTHENTICATION,
  bindingUpdate,
  CARE_OF,
  EPOCH,
  homeAgentConfig,
  homeOf,
  homeUpdate,
  packet,
} from './home-registrations.ts';
import { cpuSeconds, type Measurement, median } from './measure.ts';

const FEWEST = 1_000;
const SIZES = [FEWEST, 100_000, 1_000_000];
const ROUNDS = 5;
/** Updates in one round. */
const BATCH = 20_000;

const PEER = address('2001:db8:f::1');
const LINK_ADDRESS = '\x02\0\0\0\0\x01' as LinkAddress;
/** As many octets as a keygen token is made of. */
const TOKEN_DATA = new Uint8Array(25);
/** Octets that a Binding Update's and an acknowledgement's authenticator are made over. */
const UPDATE_DATA = new Uint8Array(80);
const ANSWER_DATA = new Uint8Array(48);

const ENVIRONMENT: Environment = {
  random: () => 0.5,
  // Known secrets, so that tokens can be made without asking for them a million times.
  secrets: (count) => new Uint8Array(count),
  crypto: nodeCryptography,
  epoch: EPOCH,
  // Registrations are renewed here; the second of waiting before a first one is not what is measured.
  without: new Set(['home-dad']),
  constants: {},
};

/** A node that takes updates, and whoever sends them. */
interface Registrar {
  readonly name: string;
  readonly node: Role;
  /** An update for home address number `n`, the `turn`-th of it. */
  update(n: number, turn: number, now: Instant): Uint8Array;
  /** The cryptography that one update and its answer cost, and nothing else. */
  bare(): void;
}

/** Return routability at a peer. */
function peer(size: number): Registrar {
  const node = createNode({ name: 'cn', correspondentNode: { maxBindings: size } }, ENVIRONMENT);
  const zeros = new Uint8Array(20);
  const nonce = new Uint8Array(8);
  const careOfToken = keygenToken(nodeCryptography, zeros, CARE_OF, nonce, 'care-of');
  const subject = { careOf: CARE_OF, correspondent: PEER };
  // The first question makes the nonce that all tokens here are made with.
  const question = { layer: 'care-of-test-init', careOfInitCookie: nonce } as const;
  const answered = node.handle(arriving(packet(CARE_OF, PEER, [question])), START);
  const index = nonceIndexIn(answered);
  return {
    name: 'a peer',
    node,
    update(n, turn) {
      const home = homeOf(n);
      const homeToken = keygenToken(nodeCryptography, zeros, home, nonce, 'home');
      const key = bindingManagementKey(nodeCryptography, homeToken, careOfToken);
      const octets = bindingUpdate(PEER, home, turn, false, [
        { option: 'nonce-indices', homeNonceIndex: index, careOfNonceIndex: index },
        { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
      ]);
      signBindingAuthorization(nodeCryptography, octets, key, subject);
      return octets;
    },
    bare() {
      nodeCryptography.hmacSha1(zeros, TOKEN_DATA);
      nodeCryptography.hmacSha1(zeros, TOKEN_DATA);
      nodeCryptography.sha1(nonce);
      nodeCryptography.hmacSha1(zeros, UPDATE_DATA);
      nodeCryptography.hmacSha1(zeros, ANSWER_DATA);
    },
  };
}

/** Home registrations with the authentication option. */
function homeAgent(size: number): Registrar {
  const config = homeAgentConfig(size);
  const node = createNode({ name: 'ha', homeAgent: config }, ENVIRONMENT);
  node.handle(
    { kind: 'link', link: 'eth0', up: true, linkAddress: LINK_ADDRESS, mtu: 1500 },
    START,
  );
  return {
    name: 'a home agent',
    node,
    update: homeUpdate,
    bare() {
      nodeCryptography.hmacSha1(AUTHENTICATION.key, UPDATE_DATA);
      nodeCryptography.hmacSha1(AUTHENTICATION.key, ANSWER_DATA);
    },
  };
}

export function bindingUpdates(): Measurement[] {
  return [peer, homeAgent].flatMap((make) => {
    let few: number | undefined;
    // Code is compiled when it first runs: the memory that it takes is not that of bindings.
    fill(make(FEWEST), FEWEST);
    return SIZES.flatMap((size) => {
      const results = measure(make(size), size, few);
      few ??= results[0]!.value;
      return results;
    });
  });
}

/** Binds all home addresses for the first time. */
function fill({ node, update }: Registrar, size: number): Instant {
  for (let n = 0; n < size; n++) accept(node, update(n, 1, START), START);
  return settle(node);
}

function measure(registrar: Registrar, size: number, few?: number): Measurement[] {
  const { name, node, update, bare } = registrar;
  const before = heapUsed();
  const now = fill(registrar, size);
  const memory = (heapUsed() - before) / size;
  const speeds: number[] = [];
  const bares: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    // Of nodes from all over the table, each newer than the last of its node.
    const updates = Array.from({ length: BATCH }, (_, i) =>
      update((i * 7919) % size, round * 100 + Math.floor(i / size), now),
    );
    speeds.push(perSecond(updates, (octets) => accept(node, octets, now)));
    bares.push(perSecond(updates, bare));
  }
  const value = median(speeds);
  const what = `at ${name}, ${size.toLocaleString('en').replaceAll(',', ' ')} bindings`;
  const rate = { name: `Binding Updates ${what}`, value, unit: 'updates/s', aim: { least: 0.7 } };
  return [
    { ...rate, reference: { name: 'the cryptography bare', value: median(bares) } },
    ...(few === undefined ? [] : [{ ...rate, reference: { name: 'with 1 000', value: few } }]),
    { name: `memory a binding ${what}`, value: memory, unit: 'octets', aim: { most: 600 } },
  ];
}

function perSecond(updates: readonly Uint8Array[], work: (octets: Uint8Array) => void): number {
  const began = cpuSeconds();
  for (const octets of updates) work(octets);
  return BATCH / (cpuSeconds() - began);
}

/** Feeds an update in. Throws where it is not accepted: a refusal would be fast, and no measure. */
function accept(node: Role, octets: Uint8Array, now: Instant): void {
  const outputs = node.handle(arriving(octets), now);
  for (const output of outputs) {
    if (output.kind === 'count' && output.counter === 'mobility.bu_accepted') return;
  }
  throw new Error(`not accepted: ${outputs.map((one) => JSON.stringify(one)).join(' ')}`);
}

/** The nonce index of the one test that a node has answered with. */
function nonceIndexIn(outputs: readonly Output[]): number {
  for (const output of outputs) {
    const parsed = output.kind === 'transmit' ? parsePacket(output.octets) : undefined;
    const message = parsed?.ok ? parsed.value.at(-1) : undefined;
    if (message?.layer === 'care-of-test') return message.nonceIndex;
  }
  throw new Error('the question was not answered');
}

/** Lets pass what first registrations bring with them, such as Neighbor Advertisements. */
function settle(node: Role): Instant {
  const end = after(START, seconds(30));
  for (let next = node.deadline(); next !== undefined && next < end; next = node.deadline()) {
    node.handle({ kind: 'tick' }, next);
  }
  return end;
}

function arriving(octets: Uint8Array): Input {
  return { kind: 'packet', link: 'eth0', octets, reason: 'mobility' };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
