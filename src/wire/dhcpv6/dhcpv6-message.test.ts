import assert from 'node:assert/strict';
import test from 'node:test';
import { formatAddress } from '../address.ts';
import { fromHex, toHex } from '../hex.ts';
import { decodePart, encodePart } from '../parts.ts';
import { dhcpv6Message } from './dhcpv6-message.ts';

const CLIENT_ID = '0001000a00030001020000000007';
const SERVER_ID = '0002000a00030001020000000001';

// Octets put together by hand from RFC 8415's pictures; tshark shows the same fields.
const REPLY = [
  '07abcdef',
  CLIENT_ID,
  SERVER_ID,
  '00030038000000070000070800000b40', // IA_NA 7: T1 1800 s, T2 2880 s
  '0005001820010db800020000000000000000100000000e1000001c20',
  '000d000c0000616c6c2069732077656c',
  '000e0000',
  '0017001020010db8000200000000000000000001',
  '0056000400001c20', // an option that has no declaration here
].join('');

test('a Reply with an address, a status, name servers and an option of no declaration', () => {
  const octets = fromHex(REPLY)!;
  const parsed = dhcpv6Message.parse(octets);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { messageType, transactionId, options } = parsed.value;
  assert.deepEqual([messageType, transactionId], [7, 0xabcdef]);
  const names = 'client-id server-id ia-na rapid-commit dns-servers unknown';
  assert.equal(options.map((one) => one.option).join(' '), names);
  const ia = options[2];
  assert.ok(ia?.option === 'ia-na');
  assert.deepEqual([ia.iaid, ia.t1, ia.t2], [7, 1800, 2880]);
  const [address, status] = ia.options;
  assert.ok(address?.option === 'ia-address');
  assert.equal(formatAddress(address.address), '2001:db8:2::1000');
  assert.deepEqual([address.preferredLifetime, address.validLifetime], [3600, 7200]);
  assert.ok(status?.option === 'status-code');
  assert.deepEqual([status.status, toHex(status.message)], [0, '616c6c2069732077656c']);
  assert.ok(options[4]?.option === 'dns-servers');
  assert.deepEqual(options[4].servers.map(formatAddress), ['2001:db8:2::1']);
  assert.ok(options[5]?.option === 'unknown' && options[5].type === 86);
  assert.equal(toHex(dhcpv6Message.serialise(parsed.value)), REPLY);
});

test('a Solicit is written as its RFC pictures it', () => {
  const octets = dhcpv6Message.serialise({
    layer: 'dhcpv6',
    messageType: 1,
    transactionId: 0x010203,
    options: [
      { option: 'client-id', duid: fromHex('00030001020000000007')! },
      { option: 'elapsed-time', elapsedTime: 150 },
      { option: 'rapid-commit' },
      { option: 'option-request', codes: [82, 23] },
      { option: 'preference', preference: 255 },
      { option: 'ia-na', iaid: 7, options: [] },
    ],
  });
  assert.equal(
    toHex(octets),
    `01010203${CLIENT_ID}000800020096000e0000` +
      '0006000400520017000700' +
      '01ff0003000c000000070000000000000000',
  );
});

/** Where one option ends and the next begins a message may end too: it has no length of its own. */
test('a message cut anywhere else is an error, and one cut there is written back the same', () => {
  const octets = fromHex(REPLY)!;
  const whole = new Set<number>();
  for (let size = 0; size < octets.length; size++) {
    const cut = octets.subarray(0, size);
    const parsed = dhcpv6Message.parse(cut);
    if (!parsed.ok) {
      assert.ok(parsed.error.offset <= size, `${size}: ${parsed.error.offset}`);
      continue;
    }
    whole.add(size);
    assert.deepEqual(dhcpv6Message.serialise(parsed.value), cut);
  }
  assert.deepEqual([...whole], [4, 18, 32, 92, 96, 116]);
});

test('lengths that do not fit are refused where they stand', () => {
  const refused = (options: string, offset: number) => {
    const parsed = dhcpv6Message.parse(fromHex(`01010203${options}`)!);
    assert.ok(!parsed.ok, options);
    assert.equal(parsed.error.offset, offset, parsed.error.message);
  };
  refused('0008000100', 6); // Elapsed Time of one octet
  refused('0008000300', 6); // more than is left
  refused('000e000100', 6); // Rapid Commit with data
  refused('00060003000000', 10); // half an option code
  refused('0003000b0000000100000000000000', 6); // an IA_NA without T2
  refused('0003001000000001000000000000000000050018', 22); // an address that is not there
});

test('the codec of `careof packet` goes both ways, for relayed messages too', () => {
  const relayed = `0c00${'20010db8000200000000000000000001'}${'fe800000000000000000000000000007'}00090004${'0b000001'}`;
  for (const hex of [REPLY, relayed]) {
    const decoded = decodePart('dhcpv6', fromHex(hex)!);
    assert.ok(decoded.ok);
    const encoded = encodePart('dhcpv6', JSON.parse(JSON.stringify(decoded.value)));
    assert.ok(encoded.ok, JSON.stringify(encoded));
    assert.equal(toHex(encoded.value), hex);
  }
  const wrong = encodePart('dhcpv6', { layers: [{ layer: 'dhcpv6', options: [{ option: 'x' }] }] });
  assert.ok(!wrong.ok && wrong.error.path === 'layers[0].options[0].option');
});
