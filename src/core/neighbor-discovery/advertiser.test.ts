import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, ALL_NODES, ALL_ROUTERS, address, UNSPECIFIED } from '../../wire/address.ts';
import { toHex } from '../../wire/hex.ts';
import {
  type LayerOf,
  type NdOptionInput,
  parsePacket,
  serialisePacket,
} from '../../wire/packet.ts';
import type { AdvertisementConfig } from '../config.ts';
import type { Received } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import { type Instant, milliseconds, seconds } from '../time.ts';
import { Advertiser } from './advertiser.ts';

const at = (time: number) => time as Instant;
const ms = (count: number) => at(milliseconds(count));
const ROUTER = address('fe80::1');
const HOST = address('fe80::99');
const ROUTER_LINK = '\x02\0\0\0\0\x01' as LinkAddress;
const HOST_LINK = Uint8Array.of(2, 0, 0, 0, 0, 0x99);

const CONFIG: AdvertisementConfig = {
  link: 'eth0',
  prefix: address('2001:db8:1::'),
  prefixLength: 64,
  minInterval: seconds(3),
  maxInterval: seconds(5),
  solicitedDelay: milliseconds(500),
  routerLifetime: seconds(1800),
  validLifetime: seconds(86_400),
  preferredLifetime: seconds(14_400),
  intervalOption: true,
};

/** An advertiser whose dice always show the same, on a link that is up at 0. */
function running(dice = 0.5, change: Partial<AdvertisementConfig> = {}): Advertiser {
  const advertiser = new Advertiser(
    { ...CONFIG, ...change },
    { random: () => dice, constants: {} },
  );
  advertiser.handle(link(true), at(0));
  advertiser.handle(linkLocal(true), at(0));
  return advertiser;
}

const link = (up: boolean) =>
  ({ kind: 'link', link: 'eth0', up, linkAddress: ROUTER_LINK, mtu: 1500 }) as const;
const linkLocal = (present: boolean, name = 'eth0') =>
  ({ kind: 'address', link: name, address: ROUTER, present }) as const;
const TICK = { kind: 'tick' } as const;

interface Solicited {
  readonly source?: Address;
  readonly option?: boolean;
  readonly hopLimit?: number;
  readonly code?: number;
  readonly link?: string;
}

function solicitation({ source = HOST, option = true, ...change }: Solicited = {}): Received {
  const options: NdOptionInput[] = option
    ? [{ option: 'source-link-layer-address', linkLayerAddress: HOST_LINK }]
    : [];
  const octets = serialisePacket([
    { layer: 'ipv6', source, destination: ALL_ROUTERS, hopLimit: change.hopLimit ?? 255 },
    { layer: 'router-solicitation', code: change.code ?? 0, options },
  ]);
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  const message = parsed.value.at(-1)!;
  return {
    kind: 'received',
    link: change.link ?? 'eth0',
    octets,
    reason: 'icmpv6',
    source,
    destination: ALL_ROUTERS,
    message,
  };
}

interface Sent {
  readonly to: Address;
  readonly link: LinkAddress | undefined;
  readonly message: LayerOf<'router-advertisement'>;
  readonly octets: Uint8Array;
}

function sent(outputs: readonly Output[]): Sent[] {
  return outputs.flatMap((output) => {
    if (output.kind !== 'transmit') return [];
    assert.equal(output.link, 'eth0');
    const parsed = parsePacket(output.octets);
    assert.ok(parsed.ok);
    const [header, message] = parsed.value;
    assert.ok(header?.layer === 'ipv6' && message?.layer === 'router-advertisement');
    assert.equal(header.hopLimit, 255);
    assert.equal(header.source, ROUTER);
    return [{ to: header.destination, link: output.to, message, octets: output.octets }];
  });
}

/** Ticks at each deadline until `end`; gives when something was sent, and to whom. */
function run(advertiser: Advertiser, end: number): [number, Address][] {
  const log: [number, Address][] = [];
  for (let now = advertiser.deadline(); now !== undefined && now <= end; ) {
    for (const { to } of sent(advertiser.handle(TICK, now))) log.push([now / 1000, to]);
    now = advertiser.deadline();
  }
  return log;
}

test('unasked it advertises after a time drawn between the intervals', () => {
  for (const [dice, interval] of [
    [0, 3000],
    [0.5, 4000],
    [0.999999, 5000],
  ] as const) {
    const times = run(running(dice), seconds(17)).map(([time]) => Math.round(time));
    assert.deepEqual(times.slice(0, 3), [interval, 2 * interval, 3 * interval]);
  }
});

test('the first three intervals are 16 s at most', () => {
  const slow = running(0.5, { minInterval: seconds(200), maxInterval: seconds(600) });
  const times = run(slow, seconds(1000)).map(([time]) => time);
  assert.deepEqual(times, [16_000, 32_000, 48_000, 448_000, 848_000]);
});

test('it needs a link that is up and its link-local address, and stops without', () => {
  const advertiser = new Advertiser(CONFIG, { random: () => 0, constants: {} });
  advertiser.handle(linkLocal(true, 'eth1'), at(0));
  advertiser.handle(link(true), at(0));
  assert.equal(advertiser.deadline(), undefined);
  assert.deepEqual(advertiser.handle(solicitation(), at(5)), []);
  advertiser.handle(linkLocal(true), at(10));
  assert.equal(advertiser.deadline(), 10 + seconds(3));
  advertiser.handle(link(true), at(20));
  assert.equal(advertiser.deadline(), 10 + seconds(3), 'what runs is left alone');
  advertiser.handle(link(false), at(30));
  assert.equal(advertiser.deadline(), undefined);
  advertiser.handle(link(true), at(40));
  assert.equal(advertiser.deadline(), 40 + seconds(3));
  advertiser.handle(linkLocal(false), at(50));
  assert.equal(advertiser.deadline(), undefined);
  assert.deepEqual(advertiser.handle(TICK, at(seconds(9))), []);
});

test('a late tick makes no burst', () => {
  const advertiser = running(0.5);
  assert.equal(sent(advertiser.handle(TICK, at(seconds(60)))).length, 1);
  assert.equal(advertiser.deadline(), seconds(64));
});

test('a host that says its link-layer address is answered alone, and told of in an event', () => {
  const advertiser = running(0.5);
  assert.deepEqual(advertiser.handle(solicitation(), ms(1000)), []);
  assert.equal(advertiser.deadline(), ms(1250));
  assert.deepEqual(advertiser.handle(TICK, at(ms(1250) - 1)), []);
  const outputs = advertiser.handle(TICK, ms(1250));
  const [answer] = sent(outputs);
  assert.equal(answer?.to, HOST);
  assert.equal(answer?.link, String.fromCharCode(...HOST_LINK));
  assert.deepEqual(
    outputs.map(({ kind }) => kind),
    ['count', 'transmit', 'event'],
  );
  assert.deepEqual(run(advertiser, ms(4000)), [[4000, ALL_NODES]], 'the schedule stands');
});

test('others make the next one to all come sooner, which begins the interval anew', () => {
  for (const one of [{ source: UNSPECIFIED, option: false }, { option: false }]) {
    const advertiser = running(0.5);
    advertiser.handle(solicitation(one), ms(1000));
    assert.deepEqual(run(advertiser, ms(5300)), [
      [1250, ALL_NODES],
      [5250, ALL_NODES],
    ]);
  }
});

test('between two to all there is MIN_DELAY_BETWEEN_RAS', () => {
  const advertiser = running(0.1);
  const anonymous = solicitation({ source: UNSPECIFIED, option: false });
  advertiser.handle(anonymous, ms(1000));
  assert.deepEqual(run(advertiser, ms(1100)), [[1050, ALL_NODES]]);
  advertiser.handle(anonymous, at(ms(1080) - 1));
  assert.equal(advertiser.deadline(), ms(1130), '30 ms after the last, and 50 ms of delay');
  advertiser.handle(anonymous, ms(1081));
  assert.equal(advertiser.deadline(), ms(1130), 'a second one changes nothing');
  assert.deepEqual(run(advertiser, ms(1200)), [[1130, ALL_NODES]]);
  advertiser.handle(anonymous, ms(1160));
  assert.equal(advertiser.deadline(), ms(1210), 'exactly 30 ms later: no pause');
});

test('an answer that would come after the next one to all is not sent', () => {
  const advertiser = running(0.5);
  advertiser.handle(solicitation(), ms(3750));
  assert.deepEqual(run(advertiser, ms(5000)), [[4000, ALL_NODES]]);
  advertiser.handle(solicitation(), ms(7749));
  assert.deepEqual(run(advertiser, ms(9000)), [
    [7999, HOST],
    [8000, ALL_NODES],
  ]);
});

test('a host that asks again while its answer waits gets one', () => {
  const advertiser = running(0.5);
  advertiser.handle(solicitation(), ms(1000));
  advertiser.handle(solicitation(), ms(1100));
  assert.deepEqual(run(advertiser, ms(3000)), [[1250, HOST]]);
});

test('a crowd that asks at once gets one answer, to all', () => {
  const advertiser = running(0.5);
  for (let i = 0; i < 100; i++) {
    advertiser.handle(solicitation({ source: address(`fe80::${i + 100}`) }), ms(1000));
  }
  const times = run(advertiser, ms(1300));
  assert.deepEqual(times, [[1250, ALL_NODES]], 'all at the same time, so one serves all');
});

test('solicitations that RFC 4861 section 6.1.1 refuses are counted and not answered', () => {
  for (const wrong of [{ hopLimit: 254 }, { code: 1 }, { source: UNSPECIFIED }]) {
    const advertiser = running(0.5);
    const outputs = advertiser.handle(solicitation(wrong), ms(1000));
    assert.deepEqual(outputs, [{ kind: 'count', counter: 'nd.malformed' }]);
    assert.equal(advertiser.deadline(), ms(4000));
  }
  const advertiser = running(0.5);
  const tunnelled = { ...solicitation(), tunnel: { src: HOST, dst: ROUTER } };
  assert.equal(advertiser.handle(tunnelled, ms(1000)).length, 1);
  assert.deepEqual(advertiser.handle(solicitation({ link: 'eth1' }), ms(1000)), []);
});

test('what an access router says', () => {
  const [first] = sent(running(0).handle(TICK, ms(3000)));
  const { message, octets } = first!;
  assert.equal(first?.link, undefined);
  assert.equal(message.curHopLimit, 64);
  assert.equal(message.homeAgent, false);
  assert.equal(message.routerLifetime, 1800);
  // ICMPv6 after its checksum: header, own link address, prefix (L and A), 5000 ms.
  assert.equal(
    toHex(octets.subarray(44)),
    '4000070800000000000000000101020000000001' +
      '030440c000015180000038400000000020010db8000100000000000000000000' +
      '0701000000001388',
  );
});

test('what a home agent says: H, R with its whole address, its preference', () => {
  const homeAgent = { address: address('2001:db8:1::1'), preference: 10 };
  const [first] = sent(running(0, { homeAgent, mtu: 1400 }).handle(TICK, ms(3000)));
  assert.equal(first?.message.homeAgent, true);
  const options = Object.fromEntries(first!.message.options.map((one) => [one.option, one]));
  const prefix = options['prefix-information'];
  assert.ok(prefix?.option === 'prefix-information');
  assert.equal(prefix.routerAddress, true);
  assert.equal(prefix.prefix, homeAgent.address);
  const information = options['home-agent-information'];
  assert.ok(information?.option === 'home-agent-information');
  assert.equal(information.homeAgentPreference, 10);
  assert.equal(information.homeAgentLifetime, 1800);
  assert.equal(options.mtu?.option === 'mtu' && options.mtu.mtu, 1400);
});

test('the Home Agent Information option stands only where it says something', () => {
  const lifetimes = (preference: number, routerLifetime: number) => {
    const homeAgent = { address: address('2001:db8:1::1'), preference };
    const advertiser = running(0, { homeAgent, routerLifetime: seconds(routerLifetime) });
    const [first] = sent(advertiser.handle(TICK, ms(3000)));
    return first!.message.options.flatMap((one) =>
      one.option === 'home-agent-information' ? [one.homeAgentLifetime] : [],
    );
  };
  assert.deepEqual(lifetimes(0, 1800), []);
  assert.deepEqual(lifetimes(1, 1800), [1800]);
  assert.deepEqual(lifetimes(0, 0), [65_535], 'no default router, and yet a home agent');
});
