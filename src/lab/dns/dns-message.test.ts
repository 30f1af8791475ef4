import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, formatAddress } from '../../wire/address.ts';
import { type DnsMessage, parseDns, reverseName, serialiseDns } from './dns-message.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

/** The example of RFC 3596 section 2.5. */
test('the name of an address', () => {
  assert.equal(
    reverseName(address('4321:0:1:2:3:4:567:89ab')),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  );
});

// An answer as a name server in wide use writes it: the name of the record is a pointer to offset 12.
const ANSWER = hex(`
  1234 8580 0001 0002 0000 0000
  02 6d68 07 6578616d706c65 00 001c 0001
  c00c 001c 0001 0000003c 0010 20010db8000a00000000000000000005
  c00c 001c 0001 0000003c 0010 20010db8000b00000000000000000005`);

test('an answer with two addresses', () => {
  const message = parseDns(ANSWER);
  assert.deepEqual(message?.question, { name: 'mh.example', type: 'AAAA' });
  assert.deepEqual(message.addresses.map(formatAddress), ['2001:db8:a::5', '2001:db8:b::5']);
  assert.equal(message.id, 0x1234);
  assert.ok(message.response);
});

test('what is written is read again', () => {
  const base = { id: 7, code: 0, addresses: [], names: [] };
  const messages: DnsMessage[] = [
    { ...base, response: false, question: { name: 'mh.example', type: 'AAAA' } },
    {
      ...base,
      response: true,
      question: { name: 'mh.example', type: 'AAAA' },
      addresses: [address('2001:db8::1'), address('2001:db8::2')],
    },
    {
      ...base,
      response: true,
      question: { name: reverseName(address('2001:db8::1')), type: 'PTR' },
      names: ['mh.example', 'other.example'],
    },
    { ...base, response: true, code: 3, question: { name: 'no.example', type: 'AAAA' } },
  ];
  for (const message of messages) assert.deepEqual(parseDns(serialiseDns(message)), message);
});

test('every cut is refused, and no flipped bit makes the parser throw', () => {
  for (let size = 0; size < ANSWER.length; size++) {
    assert.equal(parseDns(ANSWER.slice(0, size)), undefined, String(size));
  }
  for (let bit = 0; bit < 8 * ANSWER.length; bit++) {
    const flipped = ANSWER.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    parseDns(flipped);
  }
});

test('a name whose pointers go round is none', () => {
  const round = ANSWER.slice();
  round[12] = 0xc0;
  round[13] = 12;
  assert.equal(parseDns(round), undefined);
});
