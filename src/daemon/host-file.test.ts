import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rsaKeyPair } from '../lab/crypto.ts';
import { diagnosticLine } from '../lab/scenario/diagnostic.ts';
import { formatAddress } from '../wire/address.ts';
import { type HostFileOptions, type HostPlan, loadHostFile } from './host-file.ts';

const KEY = '00112233445566778899aabbccddeeff';

/** Files in a folder of their own; each with its mode. */
function inFolder<T>(
  files: Readonly<Record<string, readonly [text: string | Buffer, mode: number]>>,
  work: (folder: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'careof-host-'));
  try {
    for (const [name, [text, mode]] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), mode);
    }
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const AGENT = `this: ha
links:
  home: { prefix: 2001:db8:1::/64 }
interfaces: { home: eth1 }
nodes:
  ha: { role: home-agent, on: [home], serves: home, own-addresses: { home: 2001:db8:1::53 } }
  laptop: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
            auth: { rfc4285: { spi: 256, key: "file:laptop.key" } } }
`;

const LAPTOP = `this: laptop
links:
  home: { prefix: 2001:db8:1::/64 }
nodes:
  ha: { role: home-agent, on: [home], serves: home, own-addresses: { home: 2001:db8:1::53 } }
  laptop: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
            interfaces: { eth0: none, wlan0: none },
            auth: { rfc4285: { spi: 256, key: "hex:${KEY}" } } }
  other:  { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::101,
            auth: { rfc4285: { spi: 257, key: "file:/nowhere/other.key" } } }
`;

function loaded(text: string, mode: number, key: number, options?: HostFileOptions): HostPlan {
  const files = {
    'host.yaml': [text, mode],
    'laptop.key': [Buffer.from(KEY, 'hex'), key],
  } as const;
  return inFolder(files, (folder) => {
    const result = loadHostFile(join(folder, 'host.yaml'), options);
    assert.deepEqual(result.ok ? [] : result.error.map(diagnosticLine), []);
    return result.ok ? result.value : assert.fail();
  });
}

function said(text: string, mode = 0o600, key = 0o600, options?: HostFileOptions): string[] {
  const files = {
    'host.yaml': [text, mode],
    'laptop.key': [Buffer.from(KEY, 'hex'), key],
  } as const;
  return inFolder(files, (folder) => {
    const result = loadHostFile(join(folder, 'host.yaml'), options);
    const lines = result.ok ? [] : result.error.map(diagnosticLine);
    return lines.map((line) => line.replaceAll(`${folder}/`, ''));
  });
}

test('a home agent`s file: who it is, where it stands, whom it serves with which key', () => {
  const { node, settings, config } = loaded(AGENT, 0o644, 0o600);
  assert.equal(node, 'ha');
  assert.deepEqual(settings, { interfaces: { home: 'eth1' } });
  assert.equal(formatAddress(config.homeAgent!.address), '2001:db8:1::53');
  const [served] = config.homeAgent!.mobileNodes;
  assert.equal(formatAddress(served!.home), '2001:db8:1::100');
  assert.ok(served!.authentication.method === 'rfc4285');
  assert.equal(Buffer.from(served!.authentication.key).toString('hex'), KEY);
});

test('a mobile node`s file: keys of other nodes are none of its business', () => {
  const { config } = loaded(LAPTOP, 0o600, 0o600);
  assert.deepEqual(config.mobileNode!.links, ['eth0', 'wlan0']);
  assert.equal(formatAddress(config.mobileNode!.homeAgent!), '2001:db8:1::53');
});

test('a server`s file needs three lines', () => {
  const text =
    'links: { eth0: { prefix: 2001:db8:f::/64 } }\nnodes: { www: { role: correspondent-node, on: [eth0] } }\n';
  const { node, config } = loaded(text, 0o644, 0o600);
  assert.equal(node, 'www');
  assert.equal(config.correspondentNode!.maxBindings, 10_000);
});

test('what agents share by is members of a cluster, or a socket that is no daemon`s', () => {
  const text = (store: string) => `store: ${store}
links: { eth0: { prefix: 2001:db8:f::/64 } }
nodes: { www: { role: correspondent-node, on: [eth0] } }\n`;
  for (const store of ['[ "http://[::1]:2379" ]', 'unix:/run/careof/www.store']) {
    assert.deepEqual(said(text(store)), [], store);
  }
  const faults = ['[]', '[ "::1" ]', '/run/a', 'unix:here', 'unix:/run/careof/www.sock'].map(
    (store) =>
      said(text(store))
        .join('\n')
        .replace(/^.*: store/, 'store'),
  );
  const path = 'is not the path of a socket, such as unix:/run/careof/www.store';
  assert.deepEqual(faults, [
    'store: names none, or more than 9: some that are near are enough',
    'store[0]: is not the URL of an etcd member, such as http://[::1]:2379',
    `store: ${path}`,
    `store: ${path}`,
    'store: is where a daemon has its own socket: let it end otherwise, such as www.store',
  ]);
});

test('--node chooses before `this`', () => {
  const { node } = loaded(LAPTOP, 0o600, 0o600, { node: 'laptop' });
  assert.equal(node, 'laptop');
  const [only, ...more] = said(AGENT, 0o600, 0o600, { node: 'hq' });
  assert.equal(only, 'host.yaml:6:3: nodes: "hq" is no node of this file: did you mean "ha"?');
  assert.deepEqual(more, []);
});

test('a key that others can read is refused, by itself and in the file', () => {
  assert.deepEqual(said(AGENT, 0o600, 0o640), [
    'host.yaml:8:47: nodes.laptop.auth.rfc4285.key: "file:laptop.key" cannot be read: others can read it (mode 640): chmod 600 laptop.key',
  ]);
  assert.deepEqual(said(LAPTOP, 0o644), [
    'host.yaml:8:47: nodes.laptop.auth.rfc4285.key: is a key in a file that others can read: chmod 600 host.yaml, or write "file:/etc/careof/NAME.key" and put it there',
  ]);
  assert.deepEqual(said(LAPTOP, 0o644, 0o600, { readableKeys: true }), []);
  assert.deepEqual(said(AGENT, 0o644, 0o644, { readableKeys: true }), []);
});

const OFFICE = `links: { fibre: { prefix: 2001:db8:1::/64 } }
nodes:
  office: { role: multihomed-host, interfaces: { eth0: none } }
`;

test('the addresses of a host with several providers are made of a key of its own for want of another', () => {
  const asked: string[] = [];
  const demo = readFileSync(new URL('../../scenarios/mobility/demo-key.pem', import.meta.url));
  const ownKey = (node: string) => {
    asked.push(node);
    return new Uint8Array(demo);
  };
  const cgaOf = (text: string, options: HostFileOptions) =>
    loaded(text, 0o600, 0o600, options).config.multihomedHost!.cga;
  const made = cgaOf(OFFICE, { ownKey });
  assert.deepEqual(asked, ['office']);
  assert.deepEqual(made!.privateKey, rsaKeyPair(demo)!.privateKey);
  assert.equal(cgaOf(OFFICE, {}), undefined);
  const none = OFFICE.replace('none } }', 'none }, peers: { rfc4866: false } }');
  assert.equal(cgaOf(none, { ownKey }), undefined);
  assert.deepEqual(asked, ['office']);
  const fails = () => {
    throw new Error('/var/lib/careof cannot be written');
  };
  assert.deepEqual(said(OFFICE, 0o600, 0o600, { ownKey: fails }), [
    'host.yaml:3:11: nodes.office.peers: /var/lib/careof cannot be written',
  ]);
});

test('registrations without proof are refused unless the file allows them', () => {
  const open = AGENT.replace(/,\s+auth: .*/, ' }');
  assert.match(said(open)[0]!, /takes no registration without proof/);
  assert.deepEqual(
    said(open.replace('serves: home', 'serves: home, allow-unauthenticated: true')),
    [],
  );
});

/** What is replaced in the home agent's file, by what, and what is said then. */
const WRONG: readonly (readonly [string, string, string])[] = [
  ['this: ha', 'this: hb', '1:7: this: "hb" is no node of this file: did you mean "ha"?'],
  [
    'this: ha\n',
    '',
    '1:1: does not say which of its nodes this host is: write "this: NODE", or say --node NODE (ha, laptop)',
  ],
  [
    'home: eth1',
    'home: "a/b"',
    '4:21: interfaces.home: is not the name of an interface: 1 to 15 letters without space, "/", ":" and "%"',
  ],
  [
    'home: eth1',
    'hme: eth1',
    '4:15: interfaces.hme: "hme" is no link and no interface of "ha": did you mean "home"?',
  ],
  ['interfaces: {', 'interface: {', '4:1: interface: is no key here: did you mean "interfaces"?'],
  [
    'home: 2001:db8:1::53',
    'home: 2001:db8:2::53',
    '6:76: nodes.ha.own-addresses.home: 2001:db8:2::53 is outside 2001:db8:1::/64, the prefix of "home": write one such as 2001:db8:1::53',
  ],
  [
    '2001:db8:1::100',
    '2001:db8:1::53',
    '6:76: nodes.ha.own-addresses.home: 2001:db8:1::53 is an address of "laptop" already: give each node its own',
  ],
];

test('wrong files are told where and what would be right', () => {
  for (const [from, to, line] of WRONG) {
    assert.ok(AGENT.includes(from), from);
    assert.deepEqual(said(AGENT.replace(from, to)), [`host.yaml:${line}`]);
  }
});

test('a link whose name no interface can have wants one', () => {
  const server = (more: string) =>
    `links: { a-link-of-many-nodes: { prefix: 2001:db8:f::/64 } }\n${more}nodes: { www: { role: correspondent-node, on: [a-link-of-many-nodes] } }\n`;
  assert.match(said(server(''))[0]!, /"a-link-of-many-nodes" is no name of an interface \(15 /);
  assert.deepEqual(said(server('interfaces: { a-link-of-many-nodes: eth0.100 }\n')), []);
});

test('a scenario is taken as it stands, each of its nodes', () => {
  const scenario = new URL('../../scenarios/mobility/two-moves.yaml', import.meta.url).pathname;
  for (const node of ['ha', 'mn', 'cn']) {
    const result = loadHostFile(scenario, { node, readableKeys: true });
    assert.ok(result.ok, node);
    assert.equal(result.value.config.name, node);
  }
});

test('in the lab all hosts know the home address that one of them makes from its key', () => {
  const scenario = new URL('../../scenarios/mobility/key-hand-over.yaml', import.meta.url).pathname;
  const [ha, mn] = ['ha', 'mn'].map((node) => {
    const result = loadHostFile(scenario, { node, readableKeys: true });
    assert.ok(result.ok, node);
    return result.value.config;
  });
  assert.equal(ha?.homeAgent?.mobileNodes[0]?.home, mn?.mobileNode?.home);
});
