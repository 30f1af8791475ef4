import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, layerOf, packet, type Sent } from '../../../test/by-hand.ts';
import { type Address, ALL_NODES, address, formatAddress } from '../../wire/address.ts';
import { type Dhcpv6Message, dhcpv6Message } from '../../wire/dhcpv6/dhcpv6-message.ts';
import {
  DHCPV6_MESSAGE,
  DHCPV6_STATUS,
  type Dhcpv6MessageName,
} from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Dhcpv6Option, Dhcpv6OptionInput } from '../../wire/dhcpv6/dhcpv6-options.ts';
import { nameIn } from '../../wire/numbers.ts';
import type { NdOptionInput } from '../../wire/packet.ts';
import type { Mechanism } from '../mechanisms.ts';
import { seconds } from '../time.ts';
import { sendDhcpv6 } from './dhcpv6-packets.ts';

const ROUTER = address('fe80::1');
const SELF = address('fe80::ff:fe00:7');
const LEASED = address('2001:db8:a::1000');
const SERVER = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 1);
const ICMP = { reason: 'icmpv6' } as const;

function node(without: readonly Mechanism[] = []): ByHand {
  const one = new ByHand(
    {
      name: 'mn',
      mobileNode: {
        home: address('2001:db8:1::100'),
        homePrefixLength: 64,
        homeAgent: address('2001:db8:1::1'),
        authentication: { method: 'none' },
        links: ['eth0'],
        lifetime: seconds(600),
        dad: 'optimistic',
        routeOptimisation: false,
        maxPeers: 1,
      },
    },
    ['home-registration', ...without],
  );
  return one.feed({ kind: 'start' }, 0).link(0).address(SELF, 0);
}

function advertisement(prefix: string, bits: { autonomous?: boolean; managed?: boolean } = {}) {
  const { autonomous = false, managed = true } = bits;
  const information: NdOptionInput = {
    option: 'prefix-information',
    prefixLength: 64,
    onLink: true,
    autonomous,
    validLifetime: 86_400,
    preferredLifetime: 14_400,
    prefix: address(prefix),
  };
  const layer = { layer: 'router-advertisement', managed, routerLifetime: 1800 } as const;
  return packet(ROUTER, ALL_NODES, [{ ...layer, options: [information] }], 255);
}

interface Asked extends Dhcpv6Message {
  readonly name: string;
}

/** DHCPv6 messages among what was sent. */
function asked(sent: readonly Sent[]): Asked[] {
  return sent.flatMap(({ layers }) => {
    if (layers.at(-1)!.layer !== 'udp') return [];
    const parsed = dhcpv6Message.parse(layerOf(layers, 'udp').payload);
    assert.ok(parsed.ok);
    return [{ ...parsed.value, name: nameIn(DHCPV6_MESSAGE, parsed.value.messageType)! }];
  });
}

/** The one message that the last input or the run up to a moment gave. */
function ask(one: ByHand, end?: number): Asked {
  const sent = end === undefined ? one.sent() : one.run(end).map((each) => each.packet);
  const found = asked(sent);
  assert.equal(found.length, 1, found.map(({ name }) => name).join(', ') || 'nothing');
  return found[0]!;
}

const option = <Name extends Dhcpv6Option['option']>(message: Dhcpv6Message, name: Name) =>
  message.options.find(
    (one): one is Extract<Dhcpv6Option, { option: Name }> => one.option === name,
  )!;

interface Grant {
  readonly address?: Address;
  readonly valid?: number;
  readonly preferred?: number;
  readonly t1?: number;
  readonly t2?: number;
  readonly status?: keyof typeof DHCPV6_STATUS;
  readonly rapid?: boolean;
  readonly more?: readonly Dhcpv6OptionInput[];
  readonly change?: (options: Dhcpv6OptionInput[]) => Dhcpv6OptionInput[];
  readonly transactionId?: number;
  readonly source?: Address;
  readonly server?: Uint8Array;
}

/** A server's answer. */
function answer(name: Dhcpv6MessageName, to: Dhcpv6Message, grant: Grant = {}): Uint8Array {
  const { valid = 1000, preferred = 800, t1 = 400, t2 = 640, status } = grant;
  const leased = {
    option: 'ia-address',
    address: grant.address ?? LEASED,
    preferredLifetime: preferred,
    validLifetime: valid,
  } as const;
  const refused = status && ({ option: 'status-code', status: DHCPV6_STATUS[status] } as const);
  const iaid = option(to, 'ia-na')?.iaid ?? 0;
  const options: Dhcpv6OptionInput[] = [
    { option: 'client-id', duid: option(to, 'client-id').duid },
    { option: 'server-id', duid: grant.server ?? SERVER },
    { option: 'ia-na', iaid, t1, t2, options: [refused ?? leased] },
    ...(grant.rapid === true ? [{ option: 'rapid-commit' } as const] : []),
    ...(grant.more ?? []),
  ];
  const [sent] = sendDhcpv6({
    from: 'server',
    link: 'eth0',
    source: grant.source ?? ROUTER,
    destination: SELF,
    message: name,
    transactionId: grant.transactionId ?? to.transactionId,
    options: grant.change?.(options) ?? options,
  });
  assert.ok(sent?.kind === 'transmit');
  return sent.octets;
}

const DHCP = { reason: 'dhcpv6' } as const;

/** Addresses that the kernel was given (+) and lost (-), of what the last input gave. */
const addresses = (one: ByHand) =>
  one.outputs.flatMap((output) =>
    output.kind === 'address' && output.link === 'eth0'
      ? [`${output.action === 'add' ? '+' : '-'}${formatAddress(output.address)}`]
      : [],
  );

/** A node that was leased an address at 2 s. */
function leased(grant: Grant = {}): ByHand {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  const solicit = ask(one, 2);
  one.packet(answer('reply', solicit, { rapid: true, ...grant }), 2, DHCP);
  assert.deepEqual(addresses(one), ['+2001:db8:a::1000']);
  return one;
}

test('M bit: Solicit after a drawn delay, with all that it must have', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  assert.deepEqual(addresses(one), [], 'no A bit: nothing is made up');
  const log = one.run(1.6);
  assert.equal(log[0]?.time, 1.5, 'half of SOL_MAX_DELAY');
  const { packet: sent } = log[0];
  assert.deepEqual([sent.source, formatAddress(sent.destination)], [SELF, 'ff02::1:2']);
  const { sourcePort, destinationPort } = layerOf(sent.layers, 'udp');
  assert.deepEqual([sourcePort, destinationPort], [546, 547]);
  const [solicit] = asked([sent]);
  assert.equal(
    solicit!.options.map((each) => each.option).join(' '),
    'client-id elapsed-time rapid-commit option-request ia-na',
  );
  assert.deepEqual([...option(solicit!, 'client-id').duid], [0, 3, 0, 1, 2, 0, 0, 0, 0, 7]);
});

test('a Solicit is repeated with doubled waits, the same transaction and the time elapsed', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  const log = one.run(20);
  const times = log.map(({ time }) => time);
  assert.deepEqual(times, [1.5, 2.55, 4.65, 8.85, 17.25]);
  const all = asked(log.map((each) => each.packet));
  assert.equal(new Set(all.map(({ transactionId }) => transactionId)).size, 1);
  assert.deepEqual(
    all.map((each) => option(each, 'elapsed-time').elapsedTime),
    [0, 105, 315, 735, 1575],
  );
  assert.deepEqual([one.counters['dhcpv6.sent'], one.counters['dhcpv6.retransmitted']], [5, 4]);
});

test('of the servers that answer in time the most preferred is asked; 255 at once', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  const solicit = ask(one, 1.6);
  const other = Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 2);
  const preference = (value: number) => ({ option: 'preference', preference: value }) as const;
  one.packet(answer('advertise', solicit, { more: [preference(1)] }), 1.7, DHCP);
  one.packet(answer('advertise', solicit, { server: other, more: [preference(9)] }), 1.8, DHCP);
  one.packet(answer('advertise', solicit, { status: 'noAddrsAvail' }), 1.8, DHCP);
  assert.deepEqual(asked(one.sent()), [], 'the first wait is kept to');
  const request = ask(one, 2.6);
  assert.equal(request.name, 'request');
  assert.deepEqual(option(request, 'server-id').duid, other);
  const [wanted] = option(request, 'ia-na').options;
  assert.ok(wanted?.option === 'ia-address' && wanted.address === LEASED);
  one.packet(answer('reply', request, { server: other }), 2.7, DHCP);
  assert.deepEqual(addresses(one), ['+2001:db8:a::1000']);

  const two = node();
  two.packet(advertisement('2001:db8:a::'), 1, ICMP);
  two.packet(answer('advertise', ask(two, 1.6), { more: [preference(255)] }), 1.7, DHCP);
  assert.equal(ask(two).name, 'request');
});

test('a server that answers no Request is given up after ten', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  const best = { option: 'preference', preference: 255 } as const;
  one.packet(answer('advertise', ask(one, 1.6), { more: [best] }), 2, DHCP);
  assert.equal(ask(one).name, 'request');
  // 1 + 2 + 4 + 8 + 16 + 30 x 5 s
  const names = asked(one.run(200).map((each) => each.packet)).map(({ name }) => name);
  assert.equal(names.indexOf('solicit'), 9, names.join(' '));
});

test('Renew at T1, Rebind at T2, and without an answer the address ends with its lifetime', () => {
  const one = leased({ t1: 400, t2: 640, valid: 1000 });
  const log = one.run(1001.9).filter(({ packet: sent }) => asked([sent]).length > 0);
  const told = log.map(({ time, packet: sent }) => [time, asked([sent])[0]!.name]);
  assert.deepEqual(told.slice(0, 3), [
    [402, 'renew'],
    [412, 'renew'],
    [432, 'renew'],
  ]);
  const rebinds = told.filter(([, name]) => name === 'rebind');
  assert.deepEqual(rebinds[0], [642, 'rebind']);
  assert.equal(option(asked([log.at(-1)!.packet])[0]!, 'server-id'), undefined, 'any server');
  one.feed({ kind: 'tick' }, 1002);
  assert.deepEqual(addresses(one), ['-2001:db8:a::1000']);
  assert.equal(ask(one, 1003).name, 'solicit');
});

test('what a Renew brings: longer, gone, or to be asked for anew', () => {
  const renewed = leased();
  renewed.packet(answer('reply', ask(renewed, 402), { t1: 500 }), 402.1, DHCP);
  assert.deepEqual(addresses(renewed), [], 'the address stays');
  assert.equal(renewed.role.deadline(), at(902.1));

  const gone = leased();
  gone.packet(answer('reply', ask(gone, 402), { valid: 0, preferred: 0 }), 402.1, DHCP);
  assert.deepEqual(addresses(gone), ['-2001:db8:a::1000']);

  const unknown = leased();
  unknown.packet(answer('reply', ask(unknown, 402), { status: 'noBinding' }), 402.1, DHCP);
  assert.deepEqual(addresses(unknown), []);
  const request = ask(unknown);
  assert.equal(request.name, 'request');
  unknown.packet(answer('reply', request), 402.2, DHCP);
  assert.deepEqual(addresses(unknown), [], 'the same address again');
});

test('back on the link: Confirm; said to be elsewhere: Solicit; no answer: used as before', () => {
  const back = () => {
    const one = leased();
    one.link(10, false);
    assert.deepEqual(addresses(one), ['-2001:db8:a::1000']);
    one.link(11).packet(advertisement('2001:db8:a::'), 11, ICMP);
    return one;
  };
  const here = back();
  const success = { option: 'status-code', status: 0 } as const;
  const confirm = ask(here, 12);
  assert.equal(confirm.name, 'confirm');
  const change = (options: Dhcpv6OptionInput[]) => [...options.slice(0, 2), success];
  here.packet(answer('reply', confirm, { change }), 12, DHCP);
  assert.deepEqual(addresses(here), ['+2001:db8:a::1000']);
  assert.equal(here.role.deadline(), at(13), 'DAD once more; T1 stands at 402 s');

  const elsewhere = back();
  const notOnLink = { option: 'status-code', status: DHCPV6_STATUS.notOnLink } as const;
  const refuse = (options: Dhcpv6OptionInput[]) => [...options.slice(0, 2), notOnLink];
  elsewhere.packet(answer('reply', ask(elsewhere, 12), { change: refuse }), 12, DHCP);
  assert.deepEqual(addresses(elsewhere), []);
  assert.equal(ask(elsewhere, 13).name, 'solicit');

  const silent = back();
  const log = silent.run(21.6);
  assert.deepEqual(
    log.filter(({ packet: sent }) => asked([sent]).length > 0).map(({ time }) => time),
    [11.5, 12.5, 14.5, 18.5],
  );
  assert.ok(silent.entries.size > 0);
  assert.deepEqual(addresses(silent), ['+2001:db8:a::1000'], '10 s after the first one');
});

test('on another link the lease is forgotten; when this one is home, it is released', () => {
  const moved = leased();
  moved.link(10, false).link(11).packet(advertisement('2001:db8:b::'), 11, ICMP);
  assert.equal(ask(moved, 12).name, 'solicit');

  const one = leased();
  const change = packet(
    address('fe80::2'),
    ALL_NODES,
    [
      {
        layer: 'router-advertisement',
        routerLifetime: 1800,
        options: [
          {
            option: 'prefix-information',
            prefixLength: 64,
            onLink: true,
            autonomous: true,
            validLifetime: 86_400,
            preferredLifetime: 14_400,
            prefix: address('2001:db8:1::'),
          },
        ],
      },
    ],
    255,
  );
  one.packet(change, 10, ICMP);
  const release = ask(one);
  assert.equal(release.name, 'release');
  assert.deepEqual(option(release, 'server-id').duid, SERVER);
  const again = asked(one.run(100).map((each) => each.packet)).map(({ name }) => name);
  assert.deepEqual(again, ['release', 'release', 'release'], 'four in all');
});

test('an address that somebody has is declined, and another is asked for', () => {
  const one = leased();
  const claim = { layer: 'neighbor-advertisement', targetAddress: LEASED } as const;
  one.packet(packet(ROUTER, ALL_NODES, [claim], 255), 2.1, ICMP);
  assert.deepEqual(addresses(one), ['-2001:db8:a::1000']);
  const decline = ask(one);
  assert.equal(decline.name, 'decline');
  one.packet(answer('reply', decline), 2.2, DHCP);
  const solicit = ask(one, 3.3);
  assert.equal(solicit.name, 'solicit');
  one.packet(
    answer('reply', solicit, { rapid: true, address: address('2001:db8:a::1001') }),
    3.4,
    DHCP,
  );
  assert.deepEqual(addresses(one), ['+2001:db8:a::1001']);
});

test('what does not answer us is counted and changes nothing', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  const solicit = ask(one, 1.6);
  const rapid = true;
  const id = (duid: Uint8Array) => (options: Dhcpv6OptionInput[]) =>
    options.map((each) => (each.option === 'client-id' ? { ...each, duid } : each));
  const unexpected: readonly Grant[] = [
    { rapid, transactionId: solicit.transactionId ^ 1 },
    { rapid, change: id(SERVER) },
    { rapid, change: (options) => options.filter((each) => each.option !== 'server-id') },
    { rapid, change: (options) => options.filter((each) => each.option !== 'client-id') },
    { rapid: false },
  ];
  for (const grant of unexpected) one.packet(answer('reply', solicit, grant), 1.7, DHCP);
  assert.equal(one.counters['dhcpv6.unexpected'], unexpected.length);
  const good = answer('reply', solicit, { rapid });
  one.packet(answer('reply', solicit, { rapid, source: address('2001:db8::9') }), 1.7, DHCP);
  one.packet(good, 1.7, { ...DHCP, tunnel: { src: ROUTER, dst: SELF } });
  const damaged = good.slice();
  damaged[damaged.length - 5]! ^= 1;
  one.packet(damaged, 1.7, DHCP);
  one.packet(good.slice(0, 60), 1.7, DHCP);
  assert.equal(one.counters['dhcpv6.malformed'], 4);
  one.packet(answer('reply', solicit, { rapid, preferred: 2000 }), 1.7, DHCP);
  one.packet(answer('reply', solicit, { rapid, t1: 700 }), 1.7, DHCP);
  assert.deepEqual(addresses(one), [], 'lifetimes and times that contradict each other');
  one.packet(good, 1.8, DHCP);
  assert.deepEqual(addresses(one), ['+2001:db8:a::1000']);
  one.packet(good, 1.9, DHCP);
  assert.deepEqual(addresses(one), [], 'nothing waits any more');
});

test('A and M bit: the address that is made up is the place, the leased one stands beside it', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::', { autonomous: true }), 1, ICMP);
  assert.deepEqual(addresses(one), ['+2001:db8:a::ff:fe00:7']);
  const began = one.outputs.some(
    (output) => output.kind === 'event' && output.event.kind === 'handover.began',
  );
  assert.ok(began);
  const [solicit] = asked(one.run(2).map((each) => each.packet));
  one.packet(answer('reply', solicit!, { rapid: true }), 2, DHCP);
  assert.deepEqual(addresses(one), ['+2001:db8:a::1000']);
  assert.ok(!one.events().includes('handover.began'));
  one.link(5, false);
  assert.deepEqual(addresses(one), ['-2001:db8:a::ff:fe00:7', '-2001:db8:a::1000']);
});

test('without the mechanism the M bit says nothing', () => {
  const one = node(['stateful-addresses']);
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  assert.deepEqual(asked(one.run(20).map((each) => each.packet)), []);
});
