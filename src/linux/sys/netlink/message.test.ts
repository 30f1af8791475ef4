import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../../wire/address.ts';
import { addAddress, IFA_F, parseInterfaceAddress } from './addresses.ts';
import { changeLink, createVeth, parseLink } from './links.ts';
import {
  type Message,
  MessageWriter,
  nested,
  parseAttributes,
  parseMessages,
  text,
  u8,
  u32,
} from './message.ts';
import { parseNeighbour, replaceNeighbour } from './neighbours.ts';
import type { Request } from './request.ts';
import { addRoute, listRoutes, parseRoute, type Route } from './routes.ts';
import { changeOf } from './rtnetlink.ts';
import { addRule, parseRule, type Rule } from './rules.ts';
import { errorOf } from './socket.ts';

const octets = (...hex: string[]) => Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');

/** A request's octets with sequence number 7, and the message as the kernel would read it. */
function written({ type, flags, write }: Request): { hex: string; message: Message } {
  const writer = new MessageWriter();
  writer.message(type, flags, 7, () => write(writer));
  const [message] = parseMessages(Buffer.from(writer.octets()));
  return { hex: writer.octets().toString('hex'), message: message! };
}

test('a message has its length, its attributes are padded', () => {
  const writer = new MessageWriter();
  writer.message(0x1234, 5, 1, () => {
    writer.structure(4, (into, at) => into.writeUInt32LE(9, at));
    writer.text(3, 'lo');
    writer.nest(4, () => writer.u8(1, 0xff));
  });
  const expected = octets(
    '28000000 3412 0500 01000000 00000000',
    '09000000',
    '0700 0300 6c6f0000',
    '0c00 0480 0500 0100 ff000000',
  );
  assert.equal(writer.octets().toString('hex'), expected.toString('hex'));
});

test('what was written is read', () => {
  const writer = new MessageWriter();
  for (const type of [20, 21]) {
    writer.message(type, 0x600, type, () => {
      writer.u32(1, 0xffffffff);
      writer.u8(2, 7);
      writer.text(3, 'eth0');
      writer.nest(4, () => writer.u32(9, 1500));
    });
  }
  const messages = parseMessages(writer.octets());
  assert.deepEqual(
    messages.map(({ type, flags, sequence }) => [type, flags, sequence]),
    [
      [20, 0x600, 20],
      [21, 0x600, 21],
    ],
  );
  const attributes = parseAttributes(messages[1]!.body);
  assert.equal(u32(attributes, 1), 0xffffffff);
  assert.equal(u8(attributes, 2), 7);
  assert.equal(text(attributes, 3), 'eth0');
  assert.equal(u32(nested(attributes, 4), 9), 1500);
  assert.equal(u32(attributes, 2), undefined, 'shorter than four octets');
  assert.equal(u32(attributes, 99), undefined);
});

test('a buffer that has to grow keeps what it has, and forgets it when cleared', () => {
  const writer = new MessageWriter();
  const large = Buffer.alloc(5000, 0x55);
  writer.message(1, 0, 1, () => writer.attribute(1, large));
  writer.message(2, 0, 2, () => writer.attribute(2, large));
  const [one, two] = parseMessages(writer.octets());
  assert.deepEqual(parseAttributes(one!.body).get(1), Buffer.from(large));
  assert.deepEqual(parseAttributes(two!.body).get(2), Buffer.from(large));
  writer.clear();
  assert.equal(writer.octets().length, 0);
  writer.message(1, 0, 1, () => writer.structure(8, () => {}));
  assert.deepEqual(
    parseMessages(writer.octets())[0]!.body,
    Buffer.alloc(8),
    'nothing is left over',
  );
  writer.clear();
  assert.throws(() => writer.message(1, 0, 1, () => writer.attribute(1, Buffer.alloc(65532))));
});

test('a length that does not fit is refused wherever it is cut', () => {
  const { hex } = written(
    addRoute({ destination: { address: address('fd00::'), length: 64 }, mtu: 1400 }),
  );
  const whole = octets(hex);
  for (let length = 1; length < whole.length; length++) {
    assert.throws(() => parseMessages(whole.subarray(0, length)), RangeError, `${length}`);
  }
  const [message] = parseMessages(whole);
  const read = new Set<string>();
  for (let length = 0; length < message!.body.length; length++) {
    try {
      parseRoute({ ...message!, body: message!.body.subarray(0, length) });
      read.add('a route of fewer attributes');
    } catch (error) {
      assert.ok(error instanceof RangeError);
      read.add('refused');
    }
  }
  assert.deepEqual([...read].sort(), ['a route of fewer attributes', 'refused']);
  const bad = [octets('0f000000 0000 0000 00000000 00000000'), octets('ffffffff', '00'.repeat(12))];
  for (const one of bad) assert.throws(() => parseMessages(one), RangeError);
  assert.throws(() => parseAttributes(octets('0300 0100')), RangeError);
  assert.throws(() => parseAttributes(octets('0900 0100 00000000')), RangeError);
});

test('a route', () => {
  const route: Route = {
    destination: { address: address('2001:db8:a::5'), length: 128 },
    ifindex: 3,
    via: address('fe80::1'),
    preferredSource: address('2001:db8::1'),
    metric: 20,
    table: 9900,
    protocol: 99,
    type: 'unicast',
    mtu: 1400,
  };
  const { hex, message } = written(addRoute(route));
  const expected = octets(
    '7c000000 1800 0006 07000000 00000000',
    '0a 80 00 00 00 63 00 01 00000000',
    '1400 0100 20010db8000a00000000000000000005',
    '0800 0400 03000000',
    '1400 0500 fe800000000000000000000000000001',
    '1400 0700 20010db8000000000000000000000001',
    '0800 0600 14000000',
    '0800 0f00 ac260000',
    '0c00 0880 0800 0200 78050000',
  );
  assert.equal(hex, expected.toString('hex'));
  assert.deepEqual(parseRoute(message), route);
});

test('an IPv4 route by an IPv6 next hop, and all routes of IPv4', () => {
  const route: Route = {
    destination: { address: address('198.51.100.7'), length: 32 },
    ipv4: true,
    ifindex: 3,
    via: address('2001:db8::1'),
    table: 254,
    protocol: 4,
    type: 'unicast',
  };
  const { hex, message } = written(addRoute(route));
  const expected = octets(
    '4c000000 1800 0006 07000000 00000000',
    '02 20 00 00 fe 04 00 01 00000000',
    '0800 0100 c6336407',
    '0800 0400 03000000',
    '1600 1200 0a00 20010db8000000000000000000000001 0000',
    '0800 0f00 fe000000',
  );
  assert.equal(hex, expected.toString('hex'));
  assert.deepEqual(parseRoute(message), route);
  const all = written(addRoute({ ipv4: true, ifindex: 3, via: address('2001:db8::1') }));
  assert.deepEqual(parseRoute(all.message)?.via, address('2001:db8::1'));
});

test('routes of other kinds', () => {
  const unreachable: Route = { type: 'unreachable', table: 254, metric: 4000, protocol: 4 };
  assert.deepEqual(parseRoute(written(addRoute(unreachable)).message), unreachable);
  const ipv4: Route = {
    destination: { address: address('10.0.0.0'), length: 8 },
    ipv4: true,
    ifindex: 2,
    table: 254,
    protocol: 4,
    type: 'unicast',
    onLink: true,
  };
  const { message } = written(addRoute(ipv4));
  assert.deepEqual(parseRoute(message), ipv4);
  assert.equal(message.body[6], 253, 'scope link');
  const filter = written(listRoutes({ table: 9900, protocol: 99 })).message;
  assert.deepEqual([filter.body[0], filter.body[5]], [10, 99]);
  assert.equal(u32(parseAttributes(filter.body, 12), 15), 9900);
});

test('an address', () => {
  const one = {
    ifindex: 4,
    address: address('2001:db8::5'),
    prefixLength: 64,
    flags: IFA_F.NODAD | IFA_F.NOPREFIXROUTE,
    preferredSeconds: 0,
    protocol: 99,
  };
  const { hex, message } = written(addAddress(one));
  const expected = octets(
    '50000000 1400 0006 07000000 00000000',
    '0a 40 00 00 04000000',
    '1400 0200 20010db8000000000000000000000005',
    '0800 0800 02020000',
    '0500 0b00 63000000',
    '1400 0600 00000000 ffffffff 00000000 00000000',
  );
  assert.equal(hex, expected.toString('hex'));
  assert.deepEqual(parseInterfaceAddress(message), one);
});

test('a rule', () => {
  const rule: Rule = {
    priority: 100,
    from: { address: address('2001:db8::'), length: 64 },
    arrivedBy: 'careof0',
    mark: 0xca,
    markMask: 0xff,
    invert: true,
    table: 9901,
    protocol: 99,
  };
  const { hex, message } = written(addRule(rule));
  const expected = octets(
    '64000000 2000 0006 07000000 00000000',
    '0a 00 40 00 00 00 00 01 02000000',
    '1400 0200 20010db8000000000000000000000000',
    '0c00 0300 636172656f663000',
    '0800 0600 64000000',
    '0800 0a00 ca000000',
    '0800 1000 ff000000',
    '0800 0f00 ad260000',
    '0500 1500 63000000',
  );
  assert.equal(hex, expected.toString('hex'));
  assert.deepEqual(parseRule(message), rule);
  const others: Rule[] = [
    { priority: 1, action: 'goto', target: 7 },
    { priority: 2, action: 'nop' },
    { priority: 3, table: 254, suppressPrefixLength: 0, findSource: true, protocolNumber: 41 },
    { priority: 4, to: { address: address('10.0.0.1'), length: 32 }, ipv4: true, table: 5 },
  ];
  for (const one of others) assert.deepEqual(parseRule(written(addRule(one)).message), one);
});

test('a neighbour, and an address that is proxied', () => {
  const linkAddress = '\x02\x00\x00\x00\x00\x09' as never;
  const one = { ifindex: 4, address: address('fe80::9'), linkAddress, router: true, protocol: 99 };
  const read = parseNeighbour(written(replaceNeighbour(one)).message);
  assert.deepEqual(read, { ...one, state: 0x80 });
  const proxied = { ifindex: 4, address: address('2001:db8::5'), proxy: true };
  const { hex, message } = written(replaceNeighbour(proxied));
  const expected = octets(
    '30000000 1c00 0005 07000000 00000000',
    '0a 00 0000 04000000 0000 08 00',
    '1400 0100 20010db8000000000000000000000005',
  );
  assert.equal(hex, expected.toString('hex'));
  assert.deepEqual(parseNeighbour(message), { ...proxied, state: 0 });
});

test('a change of a link, and a cable with an end in another namespace', () => {
  const { hex } = written(changeLink(5, { up: true, mtu: 1280, addressGeneration: 'none' }));
  const expected = octets(
    '38000000 1300 0000 07000000 00000000',
    '00 00 0000 05000000 01000000 01000000',
    '0800 0400 00050000',
    '1000 1a80 0c00 0a80 0500 0800 01000000',
  );
  assert.equal(hex, expected.toString('hex'));
  const { message } = written(createVeth({ name: 'a' }, { name: 'b', namespace: 9 }));
  assert.equal(parseLink(message)!.kind, 'veth');
  const data = nested(nested(parseAttributes(message.body, 16), 18), 2);
  const peer = parseAttributes(data.get(1)!, 16);
  assert.deepEqual([text(peer, 3), u32(peer, 28)], ['b', 9]);
});

test('an error says which request failed and what the kernel has to say', () => {
  const request = addRoute({ destination: { address: address('fd00::'), length: 64 }, table: 7 });
  const said = Buffer.from('Nexthop has invalid gateway\0');
  const capped = Buffer.concat([
    octets('eaffffff', '88000000 1800 0506 07000000 00000000'),
    octets('2000 0100'),
    said,
  ]);
  const error = errorOf({ type: 2, flags: 0x300, sequence: 7, body: capped }, request)!;
  assert.equal(error.code, 'EINVAL');
  assert.equal(
    error.message,
    'add route fd00::/64 in table 7: the kernel does not take these values (EINVAL, errno 22); ' +
      'the kernel says: Nexthop has invalid gateway',
  );
  const success = { type: 2, flags: 0, sequence: 7, body: Buffer.alloc(20) };
  assert.equal(errorOf(success, request), undefined);
  assert.equal(errorOf({ ...success, body: Buffer.alloc(2) }, request), undefined);
  const short = { ...success, body: octets('ffffffff') };
  assert.equal(errorOf(short, request)!.code, 'EPERM');
});

test('notifications of other things are passed over', () => {
  assert.equal(changeOf({ type: 52, flags: 0, sequence: 0, body: Buffer.alloc(0) }), undefined);
  const { message } = written(
    addAddress({ ifindex: 1, address: address('::1'), prefixLength: 128 }),
  );
  assert.equal(changeOf(message)!.kind, 'address');
  assert.deepEqual(changeOf({ ...message, type: 21 }), {
    kind: 'address',
    present: false,
    address: { ifindex: 1, address: address('::1'), prefixLength: 128, flags: 0 },
  });
});
