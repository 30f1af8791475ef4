import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, packet } from '../../../test/by-hand.ts';
import {
  A,
  careOfToken,
  HOME,
  homeToken,
  SELF,
  type Tokens,
  tokens,
  update,
} from '../../../test/peer-updates.ts';
import {
  bindingManagementKey,
  verifyBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';

const B = address('2001:db8:b::1');

const node = (maxBindings = 4) => {
  const one = new ByHand({ name: 'cn', correspondentNode: { maxBindings } });
  return one.feed({ kind: 'start' }, 0).address(SELF, 0);
};

/** As a mobile node would send it to its home agent, without any proof. */
const homeRegistration = (sequence: number) =>
  packet(A, SELF, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    { layer: 'binding-update', sequence, acknowledge: true, homeRegistration: true, lifetime: 10 },
  ]);

/** Status and number of the answer. */
function verdict(one: ByHand, octets: Uint8Array, time: number): [number, number] {
  const { message } = one.packet(octets, time).one('binding-acknowledgement');
  return [message.status, message.sequence];
}
const bound = (one: ByHand) => {
  const [action] = one.entries.get('path/to/2001:db8:1::100')?.do ?? [];
  return action !== undefined && 'careOf' in action ? action.careOf : undefined;
};

test('a proved update binds: packets go to the care-of address, and come from it', () => {
  const one = node();
  assert.deepEqual(verdict(one, update(tokens(one, A, 1), { sequence: 5 }), 1), [0, 5]);
  assert.equal(bound(one), A);
  assert.equal(one.entries.get('path/to/2001:db8:1::100')?.expiresAt, at(41));
  const { layers } = one.one('binding-acknowledgement');
  assert.ok(layers.some((layer) => layer.layer === 'routing-type-2' && layer.homeAddress === HOME));
  one.run(41);
  assert.equal(bound(one), undefined);
});

test('no binding lives longer than 420 s', () => {
  const one = node();
  one.packet(update(tokens(one, A, 1), { sequence: 5, lifetime: 0xffff }), 1);
  assert.equal(one.one('binding-acknowledgement').message.lifetime, 105);
});

test('a token of another address, kind or node proves nothing, and gets no answer', () => {
  const one = node();
  const good = tokens(one, A, 1);
  const other = tokens(node(), A, 1);
  for (const wrong of [
    { ...good, careOf: careOfToken(one, B, 1) },
    { ...good, home: homeToken(one, 1, B) },
    { home: good.home, careOf: { ...good.careOf, token: good.home.token } },
    { home: { ...good.home, token: new Uint8Array(8) }, careOf: good.careOf },
  ]) {
    assert.deepEqual(one.packet(update(wrong, { sequence: 5 }), 1).names(), []);
  }
  const tampered = update(good, { sequence: 5 });
  tampered[tampered.length - 1]! ^= 1;
  assert.deepEqual(one.packet(tampered, 1).names(), [], 'its checksum is wrong as well');
  assert.equal(one.counters['mobility.bu_unauthenticated'], 4);
  assert.equal(bound(one), undefined);
  assert.ok(other);
});

test('nonces: 136, 137 and 138 say which are gone, 240 s after they were made', () => {
  const one = node();
  const old = tokens(one, A, 1);
  assert.deepEqual(verdict(one, update(old, { sequence: 1 }), 240.9), [0, 1]);
  const fresh = tokens(one, A, 241);
  const ask = (with_: Tokens, sequence: number) =>
    verdict(one, update(with_, { sequence }), 242)[0];
  assert.equal(ask({ home: old.home, careOf: fresh.careOf }, 2), 136);
  assert.equal(ask({ home: fresh.home, careOf: old.careOf }, 2), 137);
  assert.equal(ask(old, 2), 138);
  assert.equal(ask(fresh, 2), 0);
});

test('numbers: the same and older ones are answered 135 with the last', () => {
  const one = node();
  const proof = tokens(one, A, 1);
  assert.deepEqual(verdict(one, update(proof, { sequence: 0xffff }), 1), [0, 0xffff]);
  assert.deepEqual(verdict(one, update(proof, { sequence: 0xffff }), 2), [135, 0xffff]);
  assert.deepEqual(verdict(one, update(proof, { sequence: 0xfffe }), 2), [135, 0xffff]);
  assert.deepEqual(verdict(one, update(proof, { sequence: 3 }), 2), [0, 3], 'it wraps');
});

test('a binding is taken back from home and from away, with the home token alone', () => {
  for (const atHome of [true, false]) {
    const one = node();
    const proof = tokens(one, A, 1);
    one.packet(update(proof, { sequence: 1 }), 1);
    const release = { sequence: 2, lifetime: 0, atHome };
    assert.deepEqual(verdict(one, update(proof, release), 2), [0, 2]);
    assert.equal(bound(one), undefined);
  }
});

test('the answer to a release is signed over the home address, as the release was', () => {
  const one = node();
  const proof = tokens(one, A, 1);
  one.packet(update(proof, { sequence: 1 }), 1);
  one.packet(update(proof, { sequence: 2, lifetime: 0 }), 2);
  const { octets } = one.one('binding-acknowledgement');
  const key = bindingManagementKey(crypto, proof.home.token);
  const signedOver = (careOf: Address) =>
    verifyBindingAuthorization(crypto, octets, key, { careOf, correspondent: SELF });
  assert.deepEqual([signedOver(HOME), signedOver(A)], [true, false]);
});

test('an update cannot be played back after its binding was taken back or ran out', () => {
  for (const end of ['released', 'expired']) {
    const one = node();
    const proof = tokens(one, A, 1);
    const recorded = update(proof, { sequence: 1, lifetime: 1 });
    one.packet(recorded, 1);
    if (end === 'released')
      one.packet(update(proof, { sequence: 2, lifetime: 0, atHome: true }), 2);
    else one.run(10);
    assert.equal(bound(one), undefined);
    assert.equal(verdict(one, recorded, 11)[0], 135, end);
    assert.equal(bound(one), undefined, end);
    assert.deepEqual(verdict(one, update(proof, { sequence: 9 }), 12), [0, 9], 'a newer one may');
  }
});

test('a full cache refuses new ones with 130 and serves the others', () => {
  const one = node(1);
  one.packet(update(tokens(one, A, 1), { sequence: 1 }), 1);
  const second = address('2001:db8:1::200');
  const stranger = tokens(one, B, 1, second);
  const ask = { sequence: 1, home: second, careOf: B };
  assert.equal(verdict(one, update(stranger, ask), 1)[0], 130);
  assert.deepEqual(verdict(one, update(tokens(one, B, 2), { sequence: 2, careOf: B }), 2), [0, 2]);
  assert.equal(bound(one), B);
});

test('home registration is refused with 131 where there is no home agent, and only so often', () => {
  const one = node();
  const octets = homeRegistration(7);
  assert.deepEqual(verdict(one, octets, 1), [131, 7]);
  let answers = 1;
  for (let i = 0; i < 100; i++) answers += one.packet(octets, 1).names().length;
  assert.equal(answers, 10);
  assert.equal(one.counters['mobility.bu_refused'], 101);
});

test('home registration for a home address that is bound is refused with 139; with nonces, not heard', () => {
  const one = node();
  const proof = tokens(one, A, 1);
  one.packet(update(proof, { sequence: 1 }), 1);
  assert.deepEqual(verdict(one, homeRegistration(2), 1), [139, 2]);
  const strange = update(proof, { sequence: 3, homeRegistration: true });
  assert.deepEqual(one.packet(strange, 1).names(), []);
  assert.equal(one.counters['mobility.bu_unauthenticated'], 1);
  assert.equal(bound(one), A);
});

test('bindings never lead a packet back to where it came from', () => {
  const one = node();
  one.packet(update(tokens(one, A, 1), { sequence: 1 }), 1);
  one.packet(update(tokens(one, B, 1, A), { sequence: 1, home: A, careOf: B }), 1);
  const back = update(tokens(one, HOME, 1, B), { sequence: 1, home: B, careOf: HOME });
  assert.deepEqual(one.packet(back, 1).names(), []);
  assert.equal(one.counters['mobility.bu_circular'], 1);
});

test('a thousand updates in one lifetime leave few things to be done later', () => {
  const one = node();
  const proof = tokens(one, A, 1);
  for (let i = 1; i <= 1000; i++) {
    const octets = update(proof, { sequence: i & 0xffff, lifetime: 105 });
    one.packet(octets, 1 + i / 1000);
  }
  let ticks = 0;
  for (let now = one.role.deadline(); now !== undefined; now = one.role.deadline()) {
    one.feed({ kind: 'tick' }, now / 1e6);
    ticks += 1;
  }
  assert.ok(ticks < 200, `${ticks} ticks`);
});

test('a binding in use is asked to be renewed at 95 % of its lifetime', () => {
  const one = node();
  one.packet(update(tokens(one, A, 1), { sequence: 1, lifetime: 25 }), 1);
  assert.equal(one.role.deadline(), at(96));
  const [question] = one.feed({ kind: 'tick' }, 96).outputs;
  assert.ok(question?.kind === 'ask');
  one.feed({ kind: 'answer', id: question.id, use: [{ packets: 0, octets: 0 }] }, 96);
  assert.deepEqual(one.names(), []);
  one.feed({ kind: 'answer', id: question.id, use: [{ packets: 1, octets: 9 }] }, 96);
  assert.equal(one.one('binding-refresh-request').destination, HOME);
});

test('a binding that carried nothing since the last look is let go', () => {
  const one = node();
  const proof = tokens(one, A, 1);
  const look = (sequence: number, packets: readonly number[]): string[] => {
    const start = one.role.deadline() === undefined ? 1 : 96;
    one.packet(update(proof, { sequence, lifetime: 25 }), start);
    const [question] = one.feed({ kind: 'tick' }, one.role.deadline()! / 1e6).outputs;
    assert.ok(question?.kind === 'ask');
    assert.equal(question.entries.length, packets.length);
    const use = packets.map((count) => ({ packets: count, octets: count }));
    one.feed({ kind: 'answer', id: question.id, use }, 97);
    return one.names();
  };
  assert.deepEqual(look(1, [5]), ['binding-refresh-request']);
  assert.deepEqual(look(2, [5]), [], 'the count goes on from binding to binding');
  assert.deepEqual(look(3, [6]), ['binding-refresh-request']);
});

/** An error about a packet to a care-of address of the mobile node. */
const unreachable = (code = 0, careOf = A, home = HOME, source = SELF) =>
  packet(address('2001:db8:2::1'), SELF, [
    {
      layer: 'destination-unreachable',
      code,
      invoking: packet(source, careOf, [
        { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: home },
        { layer: 'udp', sourcePort: 1, destinationPort: 2 },
      ]),
    },
  ]);

/** Feeds an error, and says how many packets have come from the care-of address where it is asked. */
function error(one: ByHand, time: number, heard: number, octets = unreachable()): string[] {
  one.packet(octets, time, { reason: 'icmpv6' });
  const names = one.names();
  for (const output of one.outputs) {
    if (output.kind !== 'ask') continue;
    const use = output.entries.map(() => ({ packets: heard, octets: 0 }));
    one.feed({ kind: 'answer', id: output.id, use }, time);
  }
  return names;
}

function boundAtA(): ByHand {
  const one = node();
  one.packet(update(tokens(one, A, 1), { sequence: 5 }), 1);
  return one;
}

test('a care-of address that is unreachable for seconds, and silent, is given up', () => {
  const one = boundAtA();
  assert.deepEqual(error(one, 10, 7), ['binding-refresh-request'], 'it is asked by its home agent');
  for (const time of [11, 12]) assert.deepEqual(error(one, time, 7), []);
  assert.equal(bound(one), A);
  error(one, 13, 7);
  assert.deepEqual([bound(one), one.counters['mobility.unreachable_dropped']], [undefined, 1]);
});

test('errors that prove nothing, however many, end no binding', () => {
  const forged: Record<string, (one: ByHand) => void> = {
    'in one moment': (one) => {
      for (let i = 0; i < 100; i++) error(one, 10 + i / 100, 7);
    },
    'while packets come from there': (one) => {
      for (let i = 0; i < 100; i++) error(one, 3 + i / 3, i);
    },
    'now and then': (one) => {
      for (const time of [2, 18, 34]) error(one, time, 7);
    },
    'while it registers': (one) => {
      for (let i = 0; i < 10; i++) {
        if (i % 3 === 0) one.packet(update(tokens(one, A, 2 + i), { sequence: 6 + i }), 2 + i);
        error(one, 2 + i, 7);
      }
    },
    'of a port': (one) => {
      for (let i = 0; i < 10; i++) error(one, 2 + i, 7, unreachable(4));
    },
    'about another address': (one) => {
      for (let i = 0; i < 10; i++) error(one, 2 + i, 7, unreachable(0, B));
    },
    'about what another sent': (one) => {
      for (let i = 0; i < 10; i++) error(one, 2 + i, 7, unreachable(0, A, HOME, B));
    },
    'about another node': (one) => {
      for (let i = 0; i < 10; i++) error(one, 2 + i, 7, unreachable(0, A, B));
    },
  };
  for (const [how, feed] of Object.entries(forged)) {
    const one = boundAtA();
    feed(one);
    assert.deepEqual(
      [bound(one), one.counters['mobility.unreachable_dropped']],
      [A, undefined],
      how,
    );
  }
});
