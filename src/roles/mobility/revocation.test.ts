import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet, type Sent } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, ALL_NODES, address } from '../../wire/address.ts';
import { REVOCATION_TRIGGER } from '../../wire/numbers.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const CARE_OF = address('2001:db8:a::ff:fe00:7');
const auth: Authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(7) };
const wrong: Authentication = { ...auth, key: new Uint8Array(16).fill(8) };

/** A mobile node that is registered from 1 s on. */
function mobileNode(): ByHand {
  const one = new ByHand({
    name: 'mn',
    mobileNode: {
      home: HOME,
      homePrefixLength: 64,
      homeAgent: AGENT,
      authentication: auth,
      links: ['eth0'],
      lifetime: seconds(600),
      dad: 'off',
      routeOptimisation: false,
      maxPeers: 1,
    },
  });
  one.feed({ kind: 'start' }, 0).link(0).address(address('fe80::ff:fe00:7'), 0);
  const prefix = {
    ...({
      option: 'prefix-information',
      prefixLength: 64,
      onLink: true,
      autonomous: true,
    } as const),
    ...{ validLifetime: 86_400, preferredLifetime: 14_400, prefix: address('2001:db8:a::') },
  } as const;
  const layer = { layer: 'router-advertisement', routerLifetime: 1800, options: [prefix] } as const;
  const advertised = packet(address('fe80::1'), ALL_NODES, [layer], 255);
  const update = one.packet(advertised, 1, { reason: 'icmpv6' }).one('binding-update');
  const proof = proofOf(auth, 1);
  const message = { sequence: update.message.sequence, lifetime: 150, options: proof.options };
  const octets = packet(AGENT, CARE_OF, [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME },
    { layer: 'binding-acknowledgement', ...message, options: [...proof.options] },
  ]);
  proof.sign(octets);
  one.packet(octets, 1);
  assert.equal(one.counters['mobility.ba_received'], 1);
  return one;
}

const proofOf = (authentication: Authentication, time: number, careOf = CARE_OF) =>
  homeProof(authentication, crypto, { careOf, home: HOME }, ntpTimestamp(EPOCH, at(time)));

interface Indication {
  readonly authentication?: Authentication;
  readonly stamped?: number;
  readonly source?: Address;
  readonly trigger?: number;
  readonly flag?: 'proxyBinding' | 'ipv4HomeAddressOnly' | 'global';
  readonly named?: true;
  readonly bare?: true;
}

const ipv4HomeAddress = { option: 'ipv4-home-address', prefixLength: 32 } as const;

function indication(time: number, change: Indication = {}): Uint8Array {
  const proof = proofOf(change.authentication ?? auth, change.stamped ?? time);
  const octets = packet(change.source ?? AGENT, CARE_OF, [
    ...(change.bare === true
      ? []
      : [{ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME } as const]),
    {
      layer: 'binding-revocation-indication',
      trigger: change.trigger ?? REVOCATION_TRIGGER.administrativeReason,
      sequence: 7,
      ...(change.flag && { [change.flag]: true }),
      options: [...(change.named ? [ipv4HomeAddress] : []), ...proof.options],
    },
  ]);
  proof.sign(octets);
  return octets;
}

test('a proved indication ends the binding, is answered, and the node asks anew after a while', () => {
  const one = mobileNode();
  one.packet(indication(5), 5);
  const answer = one.one('binding-revocation-acknowledgement');
  assert.deepEqual([answer.source, answer.destination], [CARE_OF, AGENT]);
  assert.deepEqual([answer.message.status, answer.message.sequence], [0, 7]);
  assert.ok(answer.layers.some((layer) => layer.layer === 'destination-options'));
  assert.ok(one.events().includes('registration.lost'));
  const [stored] = [...one.store.values()];
  assert.match(stored!, /^none /, 'nothing is to be taken back after a restart');
  const [again] = one.run(60);
  assert.equal(again?.time, 37);
  assert.equal(again.packet.layers.at(-1)!.layer, 'binding-update');

  const repeated = mobileNode();
  repeated.packet(indication(5), 5).packet(indication(6), 6);
  const second = repeated.one('binding-revocation-acknowledgement').message;
  assert.equal(second.status, 128, 'it has none any more, and says so');
});

test('what is not for this binding is refused, with the flags that it came with', () => {
  const cases: readonly [Indication, number][] = [
    [{ flag: 'proxyBinding' }, 135],
    [{ flag: 'global', trigger: REVOCATION_TRIGGER.perPeerPolicy }, 134],
    [{ flag: 'global' }, 134],
    [{ trigger: REVOCATION_TRIGGER.perPeerPolicy }, 134],
    [{ flag: 'ipv4HomeAddressOnly' }, 129],
    [{ flag: 'ipv4HomeAddressOnly', named: true }, 128],
  ];
  for (const [change, status] of cases) {
    const one = mobileNode();
    one.packet(indication(5, change), 5);
    const { message } = one.one('binding-revocation-acknowledgement');
    assert.equal(message.status, status);
    for (const flag of ['proxyBinding', 'ipv4HomeAddressOnly', 'global'] as const) {
      assert.equal(message[flag], flag === change.flag);
    }
    assert.ok(!one.events().includes('registration.lost'));
  }
});

test('a binding that is being moved is given up, and the new one still asked for', () => {
  const one = mobileNode();
  const { time } = one.run(600).find(({ packet: sent }) => {
    return sent.layers.at(-1)!.layer === 'binding-update';
  })!;
  one.packet(indication(time), time);
  assert.equal(one.one('binding-revocation-acknowledgement').message.status, 0);
  assert.ok(!one.events().includes('registration.lost'));
});

test('where only the two ends are out of step, the node registers at once', () => {
  const one = mobileNode();
  one.packet(indication(5, { trigger: REVOCATION_TRIGGER.possibleOutOfSyncBceState }), 5);
  assert.ok(one.names().includes('binding-update'));
});

test('what anybody could have sent changes nothing and gets no answer', () => {
  const one = mobileNode();
  const forged: readonly Uint8Array[] = [
    indication(5, { authentication: wrong }),
    indication(5, { authentication: { method: 'none' } }),
    indication(5, { stamped: -60 }),
    indication(5, { bare: true }),
  ];
  for (const octets of forged) {
    one.packet(octets, 5);
    assert.deepEqual(one.names(), []);
  }
  assert.equal(one.counters['revocation.unauthenticated'], forged.length);
  one.packet(indication(5, { source: address('2001:db8:f::666') }), 5);
  assert.deepEqual(one.names(), [], 'not the home agent');
  // One that was good once: the node has registered again in the meantime.
  one.packet(indication(6), 6);
  assert.ok(one.names().includes('binding-revocation-acknowledgement'));
  one.packet(indication(6), 8);
  assert.equal(one.counters['revocation.unauthenticated'], forged.length + 1, 'played back');
});

/** A home agent with a binding. */
function homeAgent(): ByHand {
  const one = new ByHand(
    {
      name: 'ha',
      homeAgent: {
        link: 'eth0',
        address: AGENT,
        prefix: address('2001:db8:1::'),
        prefixLength: 64,
        mobileNodes: [{ home: HOME, authentication: auth }],
        allowUnauthenticated: false,
        maxBindings: 1,
      },
    },
    ['home-dad'],
  );
  one.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
  const proof = proofOf(auth, 1);
  const octets = packet(CARE_OF, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    {
      layer: 'binding-update',
      ...{ acknowledge: true, homeRegistration: true, sequence: 1, lifetime: 150 },
      options: [...proof.options],
    },
  ]);
  proof.sign(octets);
  one.packet(octets, 1);
  assert.equal(one.counters['mobility.bu_accepted'], 1);
  return one;
}

const revoke = (one: ByHand, time: number) =>
  one.feed({ kind: 'command', command: { do: 'revoke', home: HOME } }, time);

const isIndication = ({ layers }: Sent) => layers.at(-1)!.layer === 'binding-revocation-indication';

function acknowledgement(sequence: number, stamped: number, by = auth): Uint8Array {
  const proof = proofOf(by, stamped);
  const octets = packet(CARE_OF, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    { layer: 'binding-revocation-acknowledgement', sequence, options: [...proof.options] },
  ]);
  proof.sign(octets);
  return octets;
}

test('an indication that nobody answers is repeated, and then the binding goes all the same', () => {
  const one = homeAgent();
  revoke(one, 5);
  const { message } = one.one('binding-revocation-indication');
  assert.equal(message.trigger, REVOCATION_TRIGGER.administrativeReason);
  assert.deepEqual(revoke(one, 5.1).names(), [], 'once is enough');
  const log = one.run(30).filter((each) => isIndication(each.packet));
  assert.deepEqual(
    log.map(({ time }) => time),
    [6],
  );
  assert.ok(![...one.entries.keys()].some((id) => id.startsWith('home/')));
  assert.equal(one.role.deadline(), undefined);
  assert.deepEqual(revoke(one, 40).names(), [], 'there is nothing any more');
});

test('only the mobile node itself can say that it has heard', () => {
  const one = homeAgent();
  revoke(one, 5);
  const { sequence } = one.one('binding-revocation-indication').message;
  one.packet(acknowledgement(sequence, 5, wrong), 5.1);
  one.packet(acknowledgement(sequence, 4), 5.1);
  assert.equal(one.counters['revocation.unauthenticated'], 2);
  one.packet(acknowledgement(sequence + 1, 5), 5.1);
  assert.equal(one.counters['revocation.unexpected'], 1);
  assert.ok(one.entries.has('home/to/2001:db8:1::100'));
  one.packet(acknowledgement(sequence, 5), 5.1);
  assert.ok(!one.entries.has('home/to/2001:db8:1::100'));
  assert.ok(one.events().includes('binding.deleted'));
  assert.deepEqual(one.run(30), []);
});
