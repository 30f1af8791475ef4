/** When a path to a peer counts as carrying, asked by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../test/by-hand.ts';
import { BindingCache } from '../../core/bindings/binding-cache.ts';
import { constantsWith } from '../../core/constants.ts';
import type { NodeState } from '../../core/node-state.ts';
import { AddressSets } from '../../core/peers/address-sets.ts';
import type { Output } from '../../core/role.ts';
import { milliseconds, seconds } from '../../core/time.ts';
import { type Address, address } from '../../wire/address.ts';
import { parsePacket } from '../../wire/packet.ts';
import { ProviderPath } from './provider-path.ts';

const PROBE = {
  interval: milliseconds(250),
  threshold: 3,
  idle: seconds(5),
  hold: seconds(30),
};

const PEER = address('2001:db8:f::1');
/** Another address of the peer. */
const ELSEWHERE = address('2001:db8:e::1');

/** A path, and a peer that answers its questions 20 ms later where `isHeard` says so. */
class Asked {
  readonly path: ProviderPath;
  #cookies = 0;

  constructor() {
    const secrets = () => new Uint8Array(8).fill(this.#cookies++);
    const sets = new AddressSets();
    sets.tell(PEER, { addresses: [ELSEWHERE], parks: false });
    // Of what nodes share, that which a path looks at.
    const state = {
      env: { secrets, random: () => 0.5, without: new Set() },
      constants: constantsWith({}),
      sets,
      bindings: new BindingCache({ home: 0, peer: 0 }),
    } as unknown as NodeState;
    this.path = new ProviderPath(PEER, address('2001:db8:a::1'), PROBE, state, at(0));
    this.path.want(new Set(['home']), at(0));
  }

  /** Asks whatever is due up to `end`; gives when the path was up again, in seconds. */
  run(end: number, isHeard: (time: number) => boolean): number | undefined {
    const { path } = this;
    while (path.dueAt <= at(end)) {
      const now = path.dueAt;
      const asked = path.askAll(now);
      const time = now / seconds(1);
      if (!isHeard(time)) continue;
      path.answered('home', cookieOf(asked), TOKEN, at(time + 0.02));
      if (path.hasHeld(at(time + 0.02)).length > 0) return time;
    }
    return undefined;
  }
}

const TOKEN = { nonceIndex: 1, keygenToken: new Uint8Array(8) };

function cookieOf(outputs: readonly Output[]): Uint8Array {
  const sent = outputs.find((one) => one.kind === 'transmit');
  const parsed = sent && parsePacket(sent.octets);
  const message = parsed?.ok ? parsed.value.at(-1) : undefined;
  assert.ok(message?.layer === 'home-test-init');
  return message.homeInitCookie;
}

/** Where it was asked. */
function wayOf(outputs: readonly Output[]): Address {
  const sent = outputs.find((one) => one.kind === 'transmit');
  const parsed = sent && parsePacket(sent.octets);
  assert.ok(parsed?.ok && parsed.value[0]?.layer === 'ipv6');
  return parsed.value[0].destination;
}

/** A path that died at 1 s. */
function dead(): Asked {
  const one = new Asked();
  one.run(0.5, () => true);
  one.path.die('for the test', at(1));
  return one;
}

test('a path that was dead carries again when it has answered for the hold time', () => {
  const back = dead().run(100, () => true);
  assert.ok(back !== undefined && back >= 34 && back < 37.5, `${back}`);
});

test('an answer that is lost now and then does not begin the hold time anew', () => {
  let asked = 0;
  const back = dead().run(100, () => asked++ % 4 !== 3);
  assert.ok(back !== undefined && back < 38.5, `${back}`);
});

test('a path whose answers take long is dead again as well', () => {
  const one = dead();
  one.run(4, () => false);
  const late = one.path.askAll(at(5));
  one.path.answered('home', cookieOf(late), TOKEN, at(7.5));
  assert.deepEqual([one.path.health, one.path.patience], ['returning', seconds(5)]);
  assert.equal(
    one.run(100, () => false),
    undefined,
  );
  assert.equal(one.path.health, 'dead');
  assert.deepEqual(one.path.hasHeld(at(100)), []);
});

test('a peer that speaks is asked at once, where it was heard', () => {
  const one = dead();
  one.run(20, () => false);
  const before = one.path.dueAt;
  one.path.heard(ELSEWHERE, at(21));
  assert.ok(before > at(22) && one.path.dueAt === at(21));
  const asked = one.path.askAll(at(21));
  assert.equal(wayOf(asked), ELSEWHERE);
  one.path.heard(ELSEWHERE, at(21.1));
  assert.ok(one.path.dueAt > at(22), 'no more often than else');
  one.path.answered('home', cookieOf(asked), TOKEN, at(21.2));
  assert.equal(wayOf(one.path.askAll(one.path.dueAt)), ELSEWHERE, 'it stays where it was answered');
});

test('a path that falls silent while it returns is dead again', () => {
  const one = dead();
  assert.equal(
    one.run(15, () => true),
    undefined,
  );
  assert.equal(one.path.health, 'returning');
  assert.equal(
    one.run(25, () => false),
    undefined,
  );
  assert.equal(one.path.health, 'dead');
  const back = one.run(200, () => true);
  assert.ok(back !== undefined && back >= 55, `${back}`);
});
