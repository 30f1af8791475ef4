import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../wire/address.ts';
import { type HostPlan, hostPlanOf } from './host-file.ts';
import { differenceOf } from './sync.ts';

const KEY = 'hex:00112233445566778899aabbccddeeff';
const node = (name: string, last: string, auth: string) =>
  `  ${name}: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::${last}, auth: ${auth} }\n`;
const keyed = (key = KEY) => `{ rfc4285: { spi: 256, key: "${key}" } }`;
const pair = (spi: number, key: string) =>
  `{ to-agent: { spi: ${spi}, key: "${key}" }, to-node: { spi: ${spi + 1}, key: "${key}" } }`;
const esp = (octet: string) => `{ esp: { transport: ${pair(4096, `hex:${octet.repeat(48)}`)} } }`;

const MN = node('mn', '100', keyed());

function plan(nodes = MN, agent = '', more = ''): HostPlan {
  const text = `this: ha
links: { home: { prefix: 2001:db8:1::/64 } }
${more}nodes:
  ha: { role: home-agent, on: [home], serves: home${agent} }
${nodes}`;
  const read = hostPlanOf('x.yaml', { octets: Buffer.from(text), open: false }, {});
  return read.ok ? read.value : assert.fail(JSON.stringify(read.error));
}

const words = (before: HostPlan, after: HostPlan) => {
  const { commands, changes, refused } = differenceOf(before, after);
  const served = commands.map((one) =>
    one.do === 'serve' ? `${formatAddress(one.home)} ${one.authentication?.method}` : one.do,
  );
  return { served, changes, refused };
};

test('the same file changes nothing, whatever its order', () => {
  assert.deepEqual(words(plan(), plan()), { served: [], changes: [], refused: [] });
});

test('mobile nodes come, go and get other keys by commands', () => {
  const more = MN + node('guest', '200', keyed());
  assert.deepEqual(words(plan(), plan(more)), {
    served: ['2001:db8:1::200 rfc4285'],
    changes: ['serves 2001:db8:1::200'],
    refused: [],
  });
  assert.deepEqual(words(plan(more), plan()).changes, ['serves 2001:db8:1::200 no more']);
  const other = node('mn', '100', keyed('hex:ff112233445566778899aabbccddeeff'));
  assert.deepEqual(words(plan(), plan(other)).changes, ['2001:db8:1::100 has another key']);
});

test('all else is refused by name, and nothing is done then', () => {
  assert.deepEqual(words(plan(), plan(MN, ', max-bindings: 5')).refused, ['homeAgent.maxBindings']);
  const change = words(plan(), plan(MN, ', ra-interval: [1s, 3s]'));
  assert.deepEqual(change.refused.slice(0, 2), [
    'homeAgent.advertisement.minInterval',
    'homeAgent.advertisement.maxInterval',
  ]);
  assert.deepEqual(words(plan(), plan(MN, '', 'data-plane: tun\n')).refused, ['data-plane']);
  const constants = 'constants: { max-token-lifetime: 10s }\n';
  assert.deepEqual(words(plan(), plan(MN, '', constants)).refused, [
    'constants.MAX_TOKEN_LIFETIME',
  ]);
  const [one, two] = [node('mn', '100', esp('11')), node('mn', '100', esp('22'))];
  assert.deepEqual(words(plan(one), plan(two)).refused, [
    'the security associations of 2001:db8:1::100',
  ]);
  assert.deepEqual(words(plan(one), plan(one)).refused, []);
});
