/** What servers of one address and their agents tell the operator, and how one of them is drained. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withDaemon } from '../../test/still-daemon.ts';
import { drain, endLines, undrain } from '../cli/drain.ts';
import { statusLines } from '../cli/host-status.ts';
import { paintFor } from '../cli/terminal.ts';
import type { Instant } from '../core/time.ts';
import { planOf } from '../lab/plan.ts';
import { readScenario } from '../lab/scenario/read.ts';
import { worldOf } from '../lab/sim/run.ts';
import { address } from '../wire/address.ts';
import { agentsOf } from './agents.ts';
import type { Daemon } from './daemon.ts';
import { Ledger } from './ledger.ts';
import type { LinkJson } from './links.ts';
import { type ServiceJson, serviceOf, serviceProblems, serviceSentences } from './services.ts';
import type { StatusJson } from './status.ts';
import { whyOf } from './why.ts';

const FOLDER = fileURLToPath(new URL('../../scenarios/anycast/', import.meta.url));
const SERVICE = '2001:db8:a::80';
const [S1, S2] = ['2001:db8:e::2', '2001:db8:d::2'];

/** What a daemon in place of the node would know at that second. */
function daemonsAt(file: string, name: string, times: readonly number[]): Daemon[] {
  const read = readScenario(file, readFileSync(FOLDER + file), () => new Uint8Array());
  const scenario = read.ok ? read.value : assert.fail('the scenario is right');
  const planned = planOf(scenario).nodes.find((one) => one.name === name)!;
  const config = planned.config!;
  const { simulation, network, applications } = worldOf(scenario, {});
  network.start(scenario.events);
  applications.start(network.nodes);
  return times.map((second) => {
    const now = (second * 1e6) as Instant;
    simulation.run(now);
    const view = network.nodes.get(name)!.role!.inspect!();
    const ledger = new Ledger(config);
    for (const { at, node, event } of network.events) if (node === name) ledger.add(event, at);
    // What these functions read of a daemon.
    return {
      clock: { now: () => now },
      node: { entries: () => [] },
      ledger,
      host: { config, planned },
      role: { inspect: () => view },
    };
  }) as unknown as Daemon[];
}

const own = (at: string): LinkJson[] => [
  { link: 'l', interface: 'l', state: 'up', addresses: [`${at}/64`] },
];
const whats = (daemon: Daemon, at: string) =>
  [...serviceProblems(daemon, own(at))].map(({ level, what }) => `${level}: ${what}`);

test('an agent tells of its servers and their clients, and of one that is drained and goes', () => {
  const agent = '2001:db8:1::1';
  const [before, gone, back] = daemonsAt('drain.yaml', 'a', [9, 15, 48]) as [
    Daemon,
    Daemon,
    Daemon,
  ];
  const { servers, ...rest } = serviceOf(before)!;
  assert.deepEqual(rest, { service: SERVICE, address: agent, hands_out: true, clients: 4 });
  assert.deepEqual(
    servers.map(({ address: at, state, clients, capacity }) => [at, state, clients, capacity]),
    [
      [S1, 'there', 2, 1],
      [S2, 'there', 2, 1],
    ],
  );
  assert.deepEqual(whats(before, agent), []);
  assert.deepEqual(whats(before, '2001:db8:1::99'), [
    `error: no interface has ${agent}, this node's own address`,
  ]);
  assert.deepEqual(serviceSentences(before, address('2001:db8:f::6')), [
    `2001:db8:f::6 is a client of ${SERVICE}: its server is ${S2}.`,
  ]);
  assert.match(
    serviceSentences(before, address(SERVICE)).join(),
    /one of 2 servers, chosen by rot/,
  );
  const why = whyOf(before, address(SERVICE)).sentences.join(' ');
  assert.match(why, /^2001:db8:a::80 is answered by several servers\. /);
  assert.match(serviceSentences(before, address(S1))[0]!, /2 of 4 clients here are its own/);
  assert.deepEqual(whats(gone, agent), [
    `warning: the server ${S1} is not registered: it was drained, or is gone`,
  ]);
  assert.deepEqual(whats(back, agent), []);
});

test('an agent tells of a server that does not answer, and when it has none', () => {
  const agent = '2001:db8:1::1';
  const [silent] = daemonsAt('server-dies.yaml', 'a', [13.5]) as [Daemon];
  assert.match(whats(silent, agent).join(), new RegExp(`${S1} does not answer: it gets no new`));
  assert.equal(serviceOf(silent)!.servers.find(({ address: at }) => at === S1)!.state, 'silent');
  const [none] = daemonsAt('server-dies.yaml', 'a', [0.001]) as [Daemon];
  assert.deepEqual(whats(none, agent), ['error: no server has registered: new clients get none']);
});

test('an agent tells how it asks a server whether it is there', () => {
  const [at5] = daemonsAt('echo-watch.yaml', 'a', [5]) as [Daemon];
  const said = (server: string) => serviceSentences(at5, address(server))[1]!;
  assert.match(said(S1), /^It is asked by echo requests whether it is there: its kernel answers/);
  assert.equal(said(S2), 'It is asked by heartbeats whether it is there.');
});

test('an agent tells of a server whose program does not answer, and what to try', () => {
  const agent = '2001:db8:1::1';
  const [first, out] = daemonsAt('service-check.yaml', 'a', [10.5, 15]) as [Daemon, Daemon];
  const problems = (daemon: Daemon) => [...serviceProblems(daemon, own(agent))];
  const of = `warning: TCP port 80 of the server ${S1} refuses connections for`;
  assert.deepEqual(whats(first, agent), [`${of} 0.5 s (1 check): it gets no new clients`]);
  assert.equal(problems(out).length, 1);
  assert.match(problems(out)[0]!.what, /its clients have others, and it gets no new ones$/);
  assert.equal(problems(out)[0]!.mend, `nc -zv ${SERVICE} 80, there`);
  assert.equal(serviceOf(out)!.servers.find(({ address: at }) => at === S1)!.state, 'failing');
  assert.match(serviceSentences(out, address(S1)).join(' '), /Its program refuses connections:/);
  assert.match(serviceSentences(out, address(SERVICE)).join(' '), /one of 1 servers/);
});

test('a server tells of the clients that it has, and what became of its drain', () => {
  const [before, over] = daemonsAt('drain.yaml', 's1', [9, 15]) as [Daemon, Daemon];
  assert.equal(serviceOf(before)!.own_clients, 2);
  assert.match(
    serviceSentences(before, address(SERVICE)).join(' '),
    /2 clients of it are served here/,
  );
  const { own_clients: left, drain: drained } = serviceOf(over)!;
  assert.equal(left, 0);
  assert.deepEqual(drained, { state: 'over', left: 0, moving: 0, remaining_s: 0, clients: [] });
  assert.deepEqual(whats(over, S1), ['warning: this server is drained: it gets no new clients']);
});

const AUTH = (n: number) =>
  `auth: { rfc4285: { spi: ${256 + n}, key: "hex:0${n}112233445566778899aabbccddeeff" } }`;
const SERVER = `this: s1
links: { wlan0: { prefix: 2001:db8:e::/64 }, west: { prefix: 2001:db8:d::/64 }, site: { prefix: 2001:db8:1::/64 } }
nodes:
  a:  { role: anycast-agent, on: [site], service: "${SERVICE}" }
  s1: { role: anycast-server, on: [wlan0], agents: [a], service: "${SERVICE}", ${AUTH(1)} }
  s2: { role: anycast-server, on: [west], agents: [a], service: "${SERVICE}", ${AUTH(2)} }
`;

/** Lines that were printed meanwhile. @param onLine after each of them. */
async function printed(work: () => Promise<number>, onLine = () => {}) {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => {
    lines.push(line);
    onLine();
  };
  try {
    return { code: await work(), lines };
  } finally {
    console.log = log;
  }
}

test('careof drain waits until no client is left, and undrain lets the server serve again', async () => {
  await withDaemon(async ({ client, socket, clock, host }) => {
    const status = async () => (await client.request('status')) as StatusJson;
    assert.deepEqual((await status()).roles, ['anycast-server']);
    const drained = await printed(
      () => drain({ socket, limit: '5s' }),
      () => {
        clock.seconds += 1;
        host.events.alarm();
      },
    );
    assert.equal(drained.code, 0);
    assert.match(
      drained.lines[0]!,
      /^0 clients here, 0 on the way to other servers; until .* 5 s$/,
    );
    assert.match(drained.lines.at(-1)!, /^drained: no client is left/);
    const said = statusLines(await status(), paintFor(process.stdout)).join('\n');
    assert.match(said, /drain: over, 0 clients left/);
    assert.match(said, /this server is drained: it gets no new clients/);
    assert.equal((await printed(() => undrain({ socket }))).code, 0);
    assert.equal(((await client.request('service')) as ServiceJson).drain, undefined);
  }, SERVER);
});

test('a drain that somebody calls off is told, and one that nothing stands behind is refused', async () => {
  await withDaemon(async ({ client, socket }) => {
    const waiting = printed(() => drain({ socket, limit: '1h' }));
    for (;;) {
      if (((await client.request('service')) as ServiceJson).drain !== undefined) break;
    }
    await client.request('command', { command: { do: 'undrain' } });
    assert.deepEqual((await waiting).lines.at(-1), 'somebody has called it off: this server stays');
    assert.equal((await waiting).code, 1);
    await assert.rejects(drain({ socket, limit: '5' }), { id: 'wrong-limit' });
    await assert.rejects(drain({ socket, limit: '5s', interface: 'wlan1' }), {
      ...{ id: 'no-such-link', hint: 'did you mean "wlan0"?' },
    });
    const command = { do: 'drain', within: 'soon' };
    await assert.rejects(client.request('command', { command }), { id: 'wrong-time' });
  }, SERVER);
  const agent = SERVER.replace('this: s1', 'this: a').replace('on: [site]', 'on: [wlan0]');
  await withDaemon(async ({ socket }) => {
    await assert.rejects(drain({ socket, limit: '5s' }), { id: 'wrong-role' });
    await assert.rejects(undrain({ socket }), { id: 'wrong-role' });
  }, agent);
});

test('clients that could not go elsewhere are named', () => {
  const told = { state: 'over', left: 3, moving: 0, remaining_s: 0 } as const;
  assert.deepEqual(endLines({ ...told, clients: ['2001:db8:f::1', '2001:db8:f::2'] }), [
    'drained, but 3 clients could not go elsewhere, and are told to ask again:',
    '  2001:db8:f::1',
    '  2001:db8:f::2',
    '  and 1 more',
    '  -> their connections end with this server; careof undrain lets it serve on',
  ]);
});

test('a server tells which agents it has found, by which way, and that there is none', () => {
  const at = { held: 5, lost: 18, back: 50 };
  const [held, lost, back] = daemonsAt('join-comes-to-a-server.yaml', 's1', Object.values(at)) as [
    Daemon,
    Daemon,
    Daemon,
  ];
  const agent = '2001:db8:1::1';
  const rows = (daemon: Daemon) => agentsOf(daemon).map(({ agent: of, state }) => [of, state]);
  assert.deepEqual(rows(held), [[agent, 'registered']]);
  assert.deepEqual(whats(held, S1), []);
  assert.deepEqual(serviceSentences(held, address(agent)), [
    `${agent} is an agent of ${SERVICE}, found by anycast.`,
  ]);
  assert.deepEqual(rows(lost), [[SERVICE, 'silent']], 'whoever answers there');
  const none = `error: no agent of ${SERVICE} is found by anycast: this server gets no clients`;
  assert.deepEqual(whats(lost, S1), [none]);
  assert.deepEqual(rows(back), [[agent, 'registered']]);
});

test('an agent tells of its IPv4 address, of clients there, and where no server answers from it', () => {
  const agent = '2001:db8:1::1';
  const [at5] = daemonsAt('ipv4-clients.yaml', 'a', [5]) as [Daemon];
  assert.equal(serviceOf(at5)!.ipv4_service, '192.0.2.80');
  assert.deepEqual(whats(at5, agent), []);
  assert.match(whyOf(at5, address('192.0.2.80')).sentences[0]!, /^192\.0\.2\.80 is answered by/);
  assert.match(
    serviceSentences(at5, address('198.51.100.2'))[0]!,
    /^198\.51\.100\.2 is a client of 192\.0\.2\.80: its server is /,
  );
  const view = at5.role!.inspect!();
  const service = view.service!;
  const servers = service.servers.map((server) => ({ ...server, ipv4: false }));
  const inspect = () => ({ ...view, service: { ...service, servers } });
  const none = { ...at5, role: { inspect } } as unknown as Daemon;
  assert.deepEqual(whats(none, agent), [
    'error: no server answers from 192.0.2.80: IPv4 clients get none',
  ]);
});
