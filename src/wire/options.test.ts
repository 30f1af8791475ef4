import assert from 'node:assert/strict';
import test from 'node:test';
import { address } from './address.ts';
import { toHex } from './hex.ts';
import type { MobilityOptionInput } from './mobility/mobility-options.ts';
import { parsePacket, serialisePacket } from './packet.ts';

const HOME = address('2001:db8:1::100');
const ENDS = { layer: 'ipv6', source: HOME, destination: address('2001:db8:9::1') } as const;

/** The options of a Binding Update as they come to stand, in hex from octet 12 of the header. */
function laidOut(...options: readonly MobilityOptionInput[]): string {
  return toHex(serialisePacket([ENDS, { layer: 'binding-update', options }]).subarray(52));
}

/** Where the option of a type begins, counted from the Mobility Header. */
function offsetOf(type: string, ...options: readonly MobilityOptionInput[]): number {
  return 12 + laidOut(...options).indexOf(type) / 2;
}

const A = address('2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff');
const FILLERS: readonly (readonly MobilityOptionInput[])[] = Array.from({ length: 8 }, (_, size) =>
  size === 0 ? [] : [{ option: 'unknown', type: 200, data: new Uint8Array(size).fill(0xee) }],
);

test('each option stands where its RFC aligns it, whatever comes before', () => {
  const octets = (size: number) => new Uint8Array(size).fill(0xab);
  const cases: readonly (readonly [string, number, number, MobilityOptionInput])[] = [
    ['0202abab', 2, 0, { option: 'binding-refresh-advice', refreshInterval: 0xabab }],
    ['0310', 8, 6, { option: 'alternate-care-of-address', careOfAddress: A }],
    ['0404abab', 2, 0, { option: 'nonce-indices', homeNonceIndex: 0xabab }],
    ['050cabab', 8, 2, { option: 'binding-authorization-data', authenticator: octets(12) }],
    ['0612', 8, 4, { option: 'mobile-network-prefix', prefix: A }],
    ['0909', 4, 1, { option: 'authentication', authenticationData: octets(4) }],
    ['0a08abab', 8, 2, { option: 'replay-protection', timestamp: 0xababababababababn }],
  ];
  for (const [start, n, y, option] of cases) {
    for (const filler of FILLERS) {
      const offset = offsetOf(start, ...filler, option);
      assert.equal(offset % n, y, `${option.option} behind ${JSON.stringify(filler)}`);
    }
  }
});

test('the header ends on a multiple of 8, and nothing follows the authorization data', () => {
  const proof = {
    option: 'binding-authorization-data',
    authenticator: new Uint8Array(12).fill(0xab),
  } as const;
  for (const filler of FILLERS) {
    assert.equal((laidOut(...filler).length / 2 + 12) % 8, 0);
    assert.match(laidOut(...filler, proof), /050c(ab){12}$/);
  }
});

test('a gap of one octet is Pad1, a wider one PadN', () => {
  const one = { option: 'unknown', type: 200, data: new Uint8Array(1) } as const;
  assert.equal(laidOut(one), 'c8010000');
  assert.equal(laidOut({ ...one, data: new Uint8Array() }), 'c8000100');
});

test('with headerLen given, options stand exactly as listed', () => {
  const octets = serialisePacket([
    ENDS,
    {
      layer: 'destination-options',
      headerLen: 2,
      options: [
        { option: 'home-address', homeAddress: HOME }, // misaligned, on purpose
        { option: 'padn', data: Uint8Array.of(7, 7) },
      ],
    },
    { layer: 'binding-update' },
  ]);
  assert.equal(toHex(octets.subarray(40, 44)), '8702c910');
  assert.equal(toHex(octets.subarray(60, 64)), '01020707');
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  assert.deepEqual(serialisePacket(parsed.value), octets);
});

test('an option of more than 255 octets, or of another header, is our mistake', () => {
  const long = { option: 'unknown', type: 200, data: new Uint8Array(256) } as const;
  assert.throws(() => laidOut(long), /256 octets; 255 fit/);
  // A cast, since the types refuse it too.
  const foreign = { option: 'home-address', homeAddress: HOME } as unknown as MobilityOptionInput;
  assert.throws(() => laidOut(foreign), /home-address is no option of this header/);
});
