import assert from 'node:assert/strict';
import test from 'node:test';
import {
  address,
  checksumOk,
  decodePart,
  encodePart,
  fixUpperChecksum,
  fromHex,
  layersToJson,
  parsePacket,
  receiverFault,
  serialisePacket,
  toHex,
  type WireError,
  walkHeaders,
} from '../../src/wire/index.ts';
import { lines, list, noVectors, octetsOf, type Vector } from './corpus.ts';
import { accepted, includes } from './judge.ts';
import { fromNeutral, toNeutral } from './neutral.ts';

const skip = noVectors;

function fault(octets: Uint8Array): WireError | undefined {
  const parsed = parsePacket(octets);
  return parsed.ok ? receiverFault(parsed.value) : parsed.error;
}

test('300 packets of scapy are read field by field and written octet by octet', { skip }, () => {
  const vectors = lines('vectors/gen_public.jsonl');
  assert.ok(vectors.length >= 300);
  for (const vector of vectors) {
    accepted(vector);
    assert.equal(toHex(serialisePacket(fromNeutral(vector.fields))), vector.hex, vector.name);
  }
});

test('what captures of other implementations hold is accepted, or refused as it must', {
  skip,
}, () => {
  const files = ['vectors/captures.json', 'vectors/scapy_uts.json'];
  const vectors = files
    .flatMap(list)
    .filter(({ layer }) => layer === undefined || layer === 'ipv6');
  assert.ok(vectors.length >= 90);
  for (const vector of vectors) {
    const rejections = vector.issues?.filter(({ level }) => level === 'reject') ?? [];
    const octets = octetsOf(vector);
    if (vector.expect === 'accept') accepted(vector);
    else if (rejections.every(({ code }) => code === 'upper-checksum')) {
      // TCP and UDP judge their checksums themselves.
      assert.ok(parsePacket(octets).ok, vector.name);
      assert.equal(checksumOk(octets), false, vector.name);
    } else assert.notEqual(fault(octets), undefined, vector.name);
  }
});

test('120 packets of IPv4 with Mobile IPv4 inside are read, and written octet by octet', {
  skip,
}, () => {
  const vectors = lines('vectors/mip4.jsonl');
  assert.ok(vectors.length >= 120);
  for (const vector of vectors) {
    const octets = octetsOf(vector);
    const parsed = parsePacket(octets);
    assert.ok(parsed.ok, `${vector.name}: ${parsed.ok ? '' : parsed.error.message}`);
    const { ip, udp } = vector.fields as { ip: object; udp?: { sport: number; dport: number } };
    const [header, inside] = JSON.parse(JSON.stringify(layersToJson(parsed.value)));
    const { source: src, destination: dst, protocol: proto } = header;
    includes({ src, dst, proto }, ip, vector.name);
    if (udp !== undefined) {
      includes({ sport: inside.sourcePort, dport: inside.destinationPort }, udp, vector.name);
    }
    assert.equal(toHex(serialisePacket(parsed.value)), vector.hex, vector.name);
    assert.ok(checksumOk(octets), vector.name);
  }
});

test("single messages and options of scapy's tests come back from JSON", { skip }, () => {
  const parts = { mh: 'mobility', icmpv6: 'icmpv6', mobopt: 'option', ndopt: 'nd-option' } as const;
  let read = 0;
  for (const vector of list('vectors/scapy_uts.json')) {
    const part = parts[vector.layer as keyof typeof parts];
    if (part === undefined) continue;
    const decoded = decodePart(part, octetsOf(vector));
    if (!decoded.ok) {
      assert.equal(vector.expect, 'reject', `${vector.name}: ${decoded.error.message}`);
      continue;
    }
    read += 1;
    const encoded = encodePart(part, JSON.parse(JSON.stringify(decoded.value)));
    assert.equal(encoded.ok && toHex(encoded.value), vector.hex, vector.name);
  }
  assert.ok(read > 100);
});

/** The number that announces a bare header, and what stands before it; options end their header. */
const BARE: { readonly [layer: string]: readonly [number, string] } = {
  mh: [135, ''],
  icmpv6: [58, ''],
  exthdr: [0, ''],
  // A Binding Refresh Request, a Router Advertisement and a Destination Options header around it.
  mobopt: [135, '3b00000000000000'],
  ndopt: [58, '86000000400007080000000000000000'],
  extopt: [60, '3b00'],
};

/** The packet that holds a bare vector, with its lengths and checksum right. */
function around({ layer, hex }: Vector): Uint8Array {
  const [protocol, before] = BARE[layer ?? '']!;
  let text = before;
  // Pad1 before it, so that an option which says too much has nothing behind it.
  while (layer?.endsWith('opt') && (text + hex).length % 16 !== 0) text += '00';
  text += hex;
  const content = fromHex(text)!;
  if (layer === 'mobopt' || layer === 'extopt') content[1] = content.length / 8 - 1;
  const packet = serialisePacket([
    { layer: 'ipv6', source: address('2001:db8::1'), destination: address('2001:db8::2') },
    { layer: 'payload', protocol, octets: content },
  ]);
  fixUpperChecksum(packet);
  return packet;
}

test("single messages and options of scapy's tests hold their fields, wrong ones are refused", {
  skip,
}, () => {
  let judged = 0;
  for (const vector of list('vectors/scapy_uts.json')) {
    if (BARE[vector.layer ?? ''] === undefined) continue;
    const octets = around(vector);
    const parsed = parsePacket(octets);
    judged += 1;
    if (vector.expect === 'reject') {
      assert.notEqual(fault(octets), undefined, vector.name);
      continue;
    }
    assert.ok(parsed.ok, `${vector.name}: ${parsed.ok ? '' : parsed.error.message}`);
    const { chain } = toNeutral(parsed.value) as { chain: { options?: { type: number }[] }[] };
    const { option, chain: wanted } = vector.fields as { option?: object; chain?: object[] };
    if (option !== undefined)
      includes(
        chain[0]?.options?.find(({ type }) => type !== 0),
        option,
        vector.name,
      );
    const { cksum: _, ...header } = (wanted?.[0] ?? {}) as { cksum?: number };
    if (option === undefined) includes(chain[0], header, vector.name);
  }
  assert.ok(judged >= 160, `${judged}`);
});

/** Is this fault what the vector says that a receiver owes? */
function fits(reaction: string, { reply, offset }: WireError): boolean {
  const silentIsRight = /silent/.test(reaction);
  if (reply === undefined) return silentIsRight || /any/.test(reaction);
  if (reply.kind === 'binding-error') return reaction === `binding-error status ${reply.status}`;
  const wanted = /icmp-param-problem(?: code (\d))?.*?(?: pointer (\d+)|$)/.exec(reaction);
  if (wanted === null) return false;
  const [, code, pointer] = wanted;
  return (
    (code === undefined || Number(code) === reply.code) &&
    (pointer === undefined || Number(pointer) === offset)
  );
}

test('648 packets with one fault each get the answer that their RFC owes', { skip }, () => {
  const vectors = lines('bad/malformed_public.jsonl');
  assert.ok(vectors.length >= 648);
  for (const vector of vectors) {
    const octets = octetsOf(vector);
    const found = fault(octets);
    const what = `${vector.name}: ${vector.reaction}; ${JSON.stringify(found)}`;
    if (vector.must === 'tolerate') assert.equal(found, undefined, what);
    if (vector.must !== 'reject') continue;
    assert.ok(found !== undefined, what);
    assert.ok(fits(vector.reaction ?? '', found), what);
    assert.ok(found.offset >= 0 && found.offset <= octets.length, what);
    assert.ok(found.message.length > 10 && found.layer !== '' && found.field !== '', what);
  }
});

test('public fuzzing captures neither crash nor hang', { skip }, () => {
  for (const vector of lines('bad/captured.jsonl')) {
    const found = fault(octetsOf(vector));
    if (vector.must === 'reject') assert.notEqual(found, undefined, vector.name);
    walkHeaders(octetsOf(vector));
  }
});
