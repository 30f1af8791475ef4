/** A mobile node that has a key, and correspondents that read it or do not, without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type ByHand, type Sent } from '../../../test/by-hand.ts';
import { A, B, correspondent, owner, SELF } from '../../../test/proved-updates.ts';
import { BindingCache } from '../../core/bindings/binding-cache.ts';
import { BindingErrors } from '../../core/bindings/binding-errors.ts';
import { Paths } from '../../core/bindings/paths.ts';
import type { MobileNodeConfig, PeerProofConfig } from '../../core/config.ts';
import { constantsWith } from '../../core/constants.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Received } from '../../core/part.ts';
import { AddressSets } from '../../core/peers/address-sets.ts';
import type { Environment, Output } from '../../core/role.ts';
import { Protection } from '../../core/security/protection.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';
import { parsePacket } from '../../wire/packet.ts';
import { RouteOptimisation } from './route-optimisation.ts';

const mn = owner(1);
const AGENT = address('2001:db8:1::1');
const CGA: PeerProofConfig = {
  cga: { privateKey: mn.privateKey, parameters: mn.parameters },
  keys: new Map(),
};

/** A mobile node's peers, and one correspondent behind a wire that loses nothing. */
class Pair {
  readonly peers: RouteOptimisation;
  peer: ByHand;
  time = 1;
  /** What was sent since this was last emptied. */
  log: string[] = [];
  /** The home agent knows the care-of address. */
  home = true;

  constructor(peer: ByHand, env: Partial<Environment> = {}) {
    this.peer = peer;
    let secret = 0;
    const environment: Environment = {
      random: () => 0.5,
      secrets: (count) =>
        Uint8Array.from({ length: count }, () => (secret = (secret * 5 + 7) & 255)),
      crypto,
      epoch: 0,
      without: new Set<Mechanism>(),
      constants: {},
      ...env,
    };
    const state = {
      env: environment,
      constants: constantsWith({}),
      sets: new AddressSets(),
      bindings: new BindingCache({ home: 0, peer: 0 }),
      paths: new Paths(),
      errors: new BindingErrors(environment),
      protection: new Protection({ name: 'mn' }, environment),
    };
    const config: MobileNodeConfig = {
      home: mn.home,
      homePrefixLength: 64,
      homeAgent: AGENT,
      authentication: { method: 'none' },
      links: ['eth0'],
      lifetime: seconds(3600),
      dad: 'off',
      routeOptimisation: true,
      maxPeers: 4,
      peers: CGA,
    };
    const identity = {
      home: mn.home,
      agent: () => AGENT,
      lifetime: config.lifetime,
      allowed: () => seconds(this.home ? 3600 : 0),
    };
    this.peers = new RouteOptimisation(config, identity, state);
  }

  /** Carries what the mobile node sends to the peer, and the answers back, until nobody says more. */
  carry(outputs: readonly Output[]): void {
    for (const output of outputs) {
      if (output.kind === 'ask')
        this.carry(this.peers.answered(output.id, [{ packets: 1, octets: 100 }], at(this.time)));
      if (output.kind !== 'transmit') continue;
      this.peer.packet(output.octets, this.time);
      const answers = this.peer.sent();
      this.log.push(named(output.octets));
      for (const answer of answers) {
        this.log.push(named(answer.octets));
        this.carry(this.peers.received(receivedOf(answer), at(this.time)));
      }
    }
  }

  move(careOf: Address): string[] {
    this.log = [];
    this.carry(this.peers.move(careOf, at(this.time)));
    return this.log;
  }

  wait(until: number): string[] {
    this.log = [];
    for (let due = this.peers.deadline(); due !== undefined && due <= at(until); ) {
      this.time = due / seconds(1);
      this.carry(this.peers.tick(due));
      due = this.peers.deadline();
    }
    this.time = until;
    return this.log;
  }

  begin(): string[] {
    this.log = [];
    this.carry(this.peers.heardOf(SELF, A, true, at(this.time)));
    return this.log;
  }
}

function receivedOf({ octets, source, destination, layers }: Sent): Received {
  const message = layers.at(-1)!;
  return {
    kind: 'received',
    link: 'eth0',
    octets,
    reason: 'mobility',
    source,
    destination,
    message,
  };
}

/** The message's name; of an update what it shows, of an answer its status. */
function named(octets: Uint8Array): string {
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  const message = parsed.value.at(-1)!;
  if (message.layer === 'binding-acknowledgement') return `answer ${message.status}`;
  if (message.layer !== 'binding-update') return message.layer;
  const options = message.options.map(({ option }) => option as string);
  if (options.includes('cga-parameters')) return 'update with key';
  const indices = message.options.find((one) => one.option === 'nonce-indices');
  if (indices?.homeNonceIndex !== 0) return 'update';
  return indices.careOfNonceIndex === 0 ? 'early update' : 'complete update';
}

const TESTS = ['home-test-init', 'home-test', 'care-of-test-init', 'care-of-test'];
const FIRST = [...TESTS, 'update with key', 'answer 0'];
const LATER = ['early update', 'answer 0', 'complete update', 'answer 0'];

test('after the first contact a move takes no test and no home agent', () => {
  const pair = new Pair(correspondent());
  assert.deepEqual(pair.begin(), FIRST);
  pair.home = false;
  assert.deepEqual(pair.move(B), LATER);
  assert.deepEqual(pair.move(B), []);
  pair.time += 1; // no more than three updates a second
  // That the old address is ours was proved not long ago.
  assert.deepEqual(pair.move(A), ['complete update', 'answer 0']);
});

test('a peer that has forgotten the token is shown the key again', () => {
  const pair = new Pair(correspondent());
  pair.begin();
  pair.peer = correspondent();
  pair.time = 300; // tokens of the first contact have run out
  assert.deepEqual(pair.move(B), ['early update', 'answer 147', ...FIRST]);
  pair.time = 301;
  assert.deepEqual(pair.move(A), LATER);
});

test('a peer that cannot read keys any more is served by return routability', () => {
  const pair = new Pair(correspondent());
  pair.begin();
  pair.peer = correspondent({ enhanced: false });
  pair.time = 300;
  assert.deepEqual(pair.move(B), ['early update', 'answer 138', ...FIRST]);
  pair.time = 600;
  assert.deepEqual(pair.move(A), [...TESTS, 'update', 'answer 0']);
  pair.time = 700;
  pair.home = false;
  assert.ok(!pair.move(B).includes('update'), 'which needs the home agent');
});

test('a peer that finds the key wrong is served by return routability', () => {
  const pair = new Pair(correspondent(), {
    crypto: { ...crypto, rsa: { ...crypto.rsa!, sign: () => new Uint8Array(128) } },
  });
  assert.deepEqual(pair.begin(), [...TESTS, 'update with key', 'answer 148', 'update', 'answer 0']);
});

test('a refresh at the same address proves the care-of address anew, and that alone', () => {
  const pair = new Pair(correspondent());
  pair.begin();
  const refreshed = ['care-of-test-init', 'care-of-test', 'complete update', 'answer 0'];
  assert.deepEqual(pair.wait(3500), refreshed);
});

test('without RSA a key is refused clearly', () => {
  const { rsa: _, ...plain } = crypto;
  const pair = new Pair(correspondent(), { crypto: plain });
  assert.throws(() => pair.begin(), /RFC 4866 needs RSA/);
});
