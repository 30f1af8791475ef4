import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withDaemon as onHost, PLANE, type Rig } from '../../test/still-daemon.ts';
import type { CareofError } from '../cli/careof-error.ts';
import { operatorError } from '../cli/operator-error.ts';
import type { ControlClient } from '../linux/control/control-client.ts';
import type { BindingJson } from './bindings.ts';
import { Daemon } from './daemon.ts';
import { loadHostFile } from './host-file.ts';
import { Log } from './log.ts';
import { placesOf } from './places.ts';
import type { StatusJson } from './status.ts';

const LAPTOP = `this: laptop
links: { home: { prefix: 2001:db8:1::/64 } }
nodes:
  ha: { role: home-agent, on: [home], serves: home, own-addresses: { home: 2001:db8:1::53 } }
  laptop: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
            interfaces: { wlan0: none, wwan0: none },
            auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } } }
`;

const withDaemon = (work: (rig: Rig) => Promise<void>, text = LAPTOP) => onHost(work, text);
const statusOf = async (client: ControlClient) => (await client.request('status')) as StatusJson;
const whats = ({ problems }: StatusJson) => problems.map(({ level, what }) => `${level}: ${what}`);

test('status says who it is and what is wrong: at first, no interface is up', async () => {
  await withDaemon(async ({ client }) => {
    const status = await statusOf(client);
    assert.equal(status.ready, true);
    assert.equal(status.node, 'laptop');
    assert.deepEqual(status.roles, ['mobile-node', 'correspondent-node']);
    assert.deepEqual(status.data_plane, PLANE);
    const states = status.links.map(({ link, state }) => `${link} ${state}`);
    assert.deepEqual(states, ['wlan0 down', 'wwan0 absent']);
    assert.deepEqual(whats(status), [
      'error: the interface wwan0 is not there',
      'error: no interface is up: nothing can be reached',
      'warning: packets go through this process (TUN), not the kernel: this kernel has no tcx',
    ]);
    assert.equal(status.homes![0]!.home, '2001:db8:1::100');
    assert.equal(status.homes![0]!.registered, false);
  });
});

test('a link without a router is an error after three seconds, not before', async () => {
  await withDaemon(async ({ client, host, clock }) => {
    host.setUp(true);
    await statusOf(client);
    clock.seconds += 2;
    assert.ok(!whats(await statusOf(client)).some((text) => text.includes('no router')));
    clock.seconds += 2;
    assert.ok(whats(await statusOf(client)).includes('error: no router on wlan0 for 4 s'));
  });
});

test('a home agent that accepts, falls silent, and refuses', async () => {
  await withDaemon(async ({ client, daemon, clock }) => {
    const config = daemon.host.config.mobileNode!;
    const names = { peer: config.homeAgent!, home: config.home, careof: config.home };
    const tell = (event: Parameters<typeof daemon.ledger.add>[0]) =>
      daemon.ledger.add(event, daemon.clock.now());
    tell({ kind: 'registration.accepted', ...names, lifetime_s: 100 });
    const update = {
      kind: 'signal.sent',
      message: 'Binding Update',
      detail: '',
      octets: 1,
    } as const;
    clock.seconds += 60;
    const bindings = (await client.request('bindings')) as BindingJson[];
    assert.equal(bindings[0]!.remaining_s, 40);
    for (let count = 0; count < 3; count++) {
      tell({ ...update, from: config.home, to: config.homeAgent! });
      clock.seconds += 2;
    }
    const silent = 'error: the home agent 2001:db8:1::53 does not answer for 6 s (3 updates)';
    assert.ok(whats(await statusOf(client)).includes(silent));
    const why = (await client.request('why', { to: '2001:db8:1::53' })) as { sentences: string[] };
    assert.deepEqual(await client.request('why', { to: 'ha' }), why);
    assert.match(why.sentences.join('\n'), /The home agent knows that .* holds it for 34 s more/);
    assert.match(why.sentences.join('\n'), /3 Binding Updates to it since 6 s ago are unanswered/);
    tell({
      ...update,
      kind: 'signal.received',
      message: 'Binding Acknowledgement',
      from: config.homeAgent!,
      to: config.home,
    });
    tell({ kind: 'registration.refused', ...names, reason: 'Not home agent for this mobile node' });
    const refused = whats(await statusOf(client)).find((text) => text.includes('Not home agent'));
    assert.equal(
      refused,
      'error: the home agent 2001:db8:1::53: Not home agent for this mobile node, 0 s ago',
    );
    clock.seconds += 100;
    assert.deepEqual(await client.request('bindings'), []);
  });
});

test('a watcher hears what was and what comes, with times of the node and of the machine', async () => {
  await withDaemon(async ({ client, host, clock }) => {
    const heard: Record<string, unknown>[] = [];
    const first = await client.watch(
      'watch',
      { past: true },
      { onEvent: (event) => heard.push(event), onEnd: () => {} },
    );
    assert.deepEqual(first, {
      node: 'laptop',
      epoch_us: 1000e6,
      boottime_of_start_ns: '1000000000000',
      missed: 0,
    });
    clock.seconds += 5;
    host.setUp(true);
    while (!heard.some(({ kind }) => kind === 'link.up')) await client.request('sizes');
    const up = heard.find(({ kind }) => kind === 'link.up')!;
    assert.equal(heard[0]!.kind, 'node.started');
    assert.equal(up.t_us, 5e6);
    assert.equal(up.boottime_us, 1005e6);
    assert.equal(up.link, 'wlan0');
  });
});

test('who is to be watched has an IPv6 address; why is asked of any', async () => {
  const agent = LAPTOP.replace('this: laptop', 'this: ha\ninterfaces: { home: eth0 }').replace(
    'interfaces: { wlan0: none, wwan0: none },',
    '',
  );
  await withDaemon(async ({ client }) => {
    const watch = (peer: string) => client.request('command', { command: { do: 'watch', peer } });
    await assert.rejects(watch('192.0.2.1'), { id: 'no-address' });
    assert.deepEqual(await watch('2001:db8:1::100'), {});
    const { to } = (await client.request('why', { to: '192.0.2.1' })) as { to: string };
    assert.equal(to, '192.0.2.1');
  }, agent);
});

test('commands are checked before they reach the role', async () => {
  await withDaemon(async ({ client }) => {
    const command = (word: object) => client.request('command', { command: word });
    assert.deepEqual(await command({ do: 'prefer', link: 'wwan0' }), {});
    await assert.rejects(command({ do: 'prefer', link: 'wlan1' }), {
      id: 'no-such-link',
      hint: 'did you mean "wlan0"?',
    });
    await assert.rejects(command({ do: 'revoke', home: '2001:db8:1::100' }), { id: 'wrong-role' });
    await assert.rejects(client.request('why', { to: 'nobody' }), { id: 'no-address' });
    await assert.rejects(client.request('stats'), {
      id: 'unknown-request',
      hint: 'did you mean "status"?',
    });
  });
});

const TWO_PROVIDERS = `this: laptop
links: { office: { prefix: 2001:db8:1::/64 } }
nodes:
  laptop: { role: multihomed-host, interfaces: { wlan0: none, wwan0: none } }
`;

test('a host with several providers takes the word which one to prefer, and tells of them', async () => {
  await withDaemon(async ({ client, host }) => {
    host.setUp(true);
    const command = (link: string) =>
      client.request('command', { command: { do: 'prefer', link } });
    assert.deepEqual(await command('wwan0'), {});
    await assert.rejects(command('wlan1'), { id: 'no-such-link', hint: 'did you mean "wlan0"?' });
    const { multihoming, roles, tables } = await statusOf(client);
    assert.deepEqual(roles, ['multihomed-host', 'correspondent-node']);
    const nothing = { providers: [], sessions: 0, elsewhere: 0 };
    assert.deepEqual(multihoming, { ...nothing, preferred: 'wwan0' });
    assert.equal(tables.find(({ table }) => table === 'sessions')?.limit, 1024);
  }, TWO_PROVIDERS);
});

test('down asks for the end, and leave goes with it', async () => {
  await withDaemon(async ({ client, downs, daemon, host }) => {
    await client.request('down', { leave: true });
    while (downs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(downs, [{ leave: true }]);
    daemon.stop({ leave: true });
    assert.deepEqual(host.closed, { leave: true });
  });
});

test('what a host is not fit for is told in a line, and nothing stays behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'careof-daemon-'));
  try {
    const file = join(folder, 'host.yaml');
    writeFileSync(file, LAPTOP, { mode: 0o600 });
    const loaded = loadHostFile(file);
    const places = placesOf('laptop', join(folder, 'state'));
    const cause = Object.assign(new Error('there is no kernel program'), { hint: 'build it' });
    const daemon = new Daemon({
      host: loaded.ok ? loaded.value : assert.fail('the file is right'),
      places,
      log: new Log({ level: 'error', node: 'n', form: 'json', write: () => {}, now: () => 0 }),
      clocks: { bootTime: () => 1n, wallTime: () => 0, bootId: 'x' },
      version: '1.2.3',
      onDown: () => {},
      openHost: () => {
        throw cause;
      },
    });
    await assert.rejects(daemon.start(), cause);
    assert.deepEqual(readdirSync(join(folder, 'state')), ['journal']);
    const told = operatorError(cause) as CareofError;
    assert.deepEqual([told.message, told.hint], ['there is no kernel program', 'build it']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a host that is not given back in whole is noted for who cleans up', async () => {
  await withDaemon(async ({ daemon, host, client, folder, downs }) => {
    const { note } = (await client.request('down')) as { note: string };
    while (downs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    host.close = () => {
      throw new Error('the kernel is busy');
    };
    assert.throws(() => daemon.stop({ leave: false }), /busy/);
    assert.ok(existsSync(note));
    assert.ok(!existsSync(join(folder, 'state', 'control.sock')), 'nobody answers any more');
  });
});
