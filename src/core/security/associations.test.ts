import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';
import type { EspAssociation } from '../config.ts';
import type { Mechanism } from '../mechanisms.ts';
import type { Environment, Output } from '../role.ts';
import { ReceivingAssociation, SendingAssociation } from './associations.ts';
import { espKeySize } from './esp-algorithms.ts';

const HOME = address('2001:db8:1::100');
const CONTENT = { protocol: 135, octets: Uint8Array.of(1, 2, 3) };
const association: EspAssociation = {
  spi: 4096,
  algorithm: 'aes-gcm-128',
  key: new Uint8Array(espKeySize('aes-gcm-128')).fill(9),
};

function environment(...without: Mechanism[]): Environment {
  let secret = 0;
  return {
    random: () => 0.5,
    secrets: (count) => new Uint8Array(count).fill(++secret),
    crypto,
    epoch: 0,
    without: new Set(without),
    constants: {},
  };
}
const sender = () => new SendingAssociation(HOME, association, environment());
const receiver = (...without: Mechanism[]) =>
  new ReceivingAssociation(HOME, association, environment(...without));

const sequenceOf = (octets: Uint8Array) => new DataView(octets.buffer).getUint32(4);
/** The values that outputs store, by their keys. */
const stored = (outputs: readonly Output[]) =>
  outputs.flatMap((one) => (one.kind === 'store' ? [[one.key, one.value!] as const] : []));

test('numbers are set aside 64 at a time, and a restart goes on behind them', () => {
  const first = sender();
  const stores: string[] = [];
  for (let i = 1; i <= 65; i++) {
    const { octets, outputs } = first.seal(CONTENT)!;
    assert.equal(sequenceOf(octets), i);
    for (const [key, value] of stored(outputs)) stores.push(`${i}: ${key} ${value}`);
  }
  const key = 'esp/sent/2001:db8:1::100/4096';
  assert.deepEqual(stores, [`1: ${key} 64`, `65: ${key} 128`]);
  const second = sender();
  second.restore(key, '128');
  const { octets, outputs } = second.seal(CONTENT)!;
  assert.equal(sequenceOf(octets), 129);
  assert.deepEqual(stored(outputs), [[key, '192']]);
});

test('a damaged store, or that of another association, changes nothing', () => {
  const one = sender();
  for (const value of ['', '-5', '1e9', 'x', '99999999999']) {
    one.restore('esp/sent/2001:db8:1::100/4096', value);
  }
  one.restore('esp/sent/2001:db8:1::100/4097', '500');
  assert.equal(sequenceOf(one.seal(CONTENT)!.octets), 1);
});

test('the last number is used, and none after it', () => {
  const one = sender();
  one.restore('esp/sent/2001:db8:1::100/4096', `${2 ** 32 - 3}`);
  const last = one.seal(CONTENT)!;
  assert.deepEqual(stored(last.outputs)[0]![1], `${2 ** 32 - 1}`);
  assert.equal(sequenceOf(one.seal(CONTENT)!.octets), 2 ** 32 - 1);
  assert.equal(one.seal(CONTENT), undefined);
  assert.equal(one.seal(CONTENT), undefined);
  const again = sender();
  again.restore('esp/sent/2001:db8:1::100/4096', `${2 ** 32 - 1}`);
  assert.equal(again.seal(CONTENT), undefined);
});

test('no two packets have one initialisation vector', () => {
  const one = sender();
  const ivs = [1, 2, 3].map(() => one.seal(CONTENT)!.octets.slice(8, 16).join());
  assert.equal(new Set(ivs).size, 3);
});

test('what was taken is refused the second time, and by the next life', () => {
  const from = sender();
  const packets = [1, 2, 3].map(() => from.seal(CONTENT)!.octets);
  const first = receiver();
  const opened = packets.map((packet) => first.open(packet));
  const stores = opened.flatMap((one) => ('outputs' in one ? stored(one.outputs) : []));
  const key = 'esp/received/2001:db8:1::100/4096';
  assert.deepEqual(
    stores,
    [1, 2, 3].map((n) => [key, `${n}`]),
  );
  for (const packet of packets) assert.deepEqual(first.open(packet), { refused: 'esp.replayed' });
  const second = receiver();
  second.restore(key, '3');
  for (const packet of packets) assert.deepEqual(second.open(packet), { refused: 'esp.replayed' });
  const next = second.open(from.seal(CONTENT)!.octets);
  assert.ok('content' in next);
  assert.deepEqual(next.content, CONTENT);
});

test('a forged number does not move the window', () => {
  const from = sender();
  const packet = from.seal(CONTENT)!.octets;
  const forged = packet.slice();
  forged.set([0xff, 0xff, 0xff, 0xff], 4);
  const one = receiver();
  assert.deepEqual(one.open(forged), { refused: 'esp.wrong_check_value' });
  assert.ok('content' in one.open(packet));
});

test('without the mechanism anything that is proved is taken, again and again', () => {
  const packet = sender().seal(CONTENT)!.octets;
  const one = receiver('replay-protection');
  assert.ok('content' in one.open(packet));
  assert.ok('content' in one.open(packet));
});

test('octets that are no ESP packet', () => {
  for (let size = 0; size < 8; size++) {
    assert.deepEqual(receiver().open(new Uint8Array(size)), { refused: 'esp.malformed' });
  }
});
