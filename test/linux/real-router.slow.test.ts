/** A mobile node on a network of others' making: radvd's advertisements, and leases of kea's. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Daemons, withDaemons } from './daemons.ts';
import { until } from './home-and-away.ts';

const radvdFile = (leases: boolean) => `interface vis {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  AdvManagedFlag ${leases ? 'on' : 'off'};
  prefix 2001:db8:2::/64 { AdvOnLink on; AdvAutonomous ${leases ? 'off' : 'on'}; };
};
`;
const keaFile = (folder: string) =>
  JSON.stringify({
    Dhcp6: {
      'interfaces-config': {
        interfaces: ['vis'],
        // It begins before its link-local address is known to be unique.
        'service-sockets-max-retries': 50,
        'service-sockets-retry-wait-time': 200,
      },
      'lease-database': { type: 'memfile', persist: true, name: join(folder, 'leases.csv') },
      'valid-lifetime': 120,
      'preferred-lifetime': 100,
      'renew-timer': 4,
      'rebind-timer': 60,
      subnet6: [
        {
          id: 1,
          subnet: '2001:db8:2::/64',
          interface: 'vis',
          'rapid-commit': true,
          pools: [{ pool: '2001:db8:2::1000-2001:db8:2::1fff' }],
        },
      ],
      'server-id': { type: 'LLT', persist: false },
      loggers: [{ name: 'kea-dhcp6', severity: 'WARN', output_options: [{ output: 'stderr' }] }],
    },
  });

const PROGRAMS = { radvd: '/usr/sbin/radvd', kea: '/usr/sbin/kea-dhcp6' } as const;

/** Runs a program of the router's in the foreground; what it says is shown when it fails. */
function onRouter({ network }: Daemons, folder: string, ...command: readonly string[]) {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', network.namespace('ar'), ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder },
  });
  const said: string[] = [];
  child.stderr!.setEncoding('utf8').on('data', (text: string) => said.push(text));
  child.on(
    'exit',
    (code) => code && console.log(`${command[0]} ended with ${code}: ${said.join('')}`),
  );
}

async function visit(
  t: TestContext,
  leases: boolean,
  work: (daemons: Daemons, careOf: string) => Promise<void>,
) {
  const wanted = leases ? (['radvd', 'kea'] as const) : (['radvd'] as const);
  const missing = wanted.find((name) => !existsSync(PROGRAMS[name]));
  if (missing !== undefined) {
    t.skip(`${missing} is not installed (test/debian.sh)`);
    return;
  }
  await withDaemons(t, { plane: 'tun', name: 'router' }, async (daemons) => {
    const { folder, network } = daemons;
    writeFileSync(join(folder, 'radvd.conf'), radvdFile(leases), { mode: 0o600 });
    const pid = join(folder, 'radvd.pid');
    const radvd = ['-n', '-u', 'root', '-m', 'stderr', '-p', pid, '-C', join(folder, 'radvd.conf')];
    onRouter(daemons, folder, PROGRAMS.radvd, ...radvd);
    if (leases) {
      writeFileSync(join(folder, 'kea.json'), keaFile(folder));
      onRouter(daemons, folder, PROGRAMS.kea, '-c', join(folder, 'kea.json'));
    }
    daemons.up('ha');
    daemons.up('laptop');
    await until('the laptop is at home', daemons.atHome);
    network.ip('laptop', 'link set eth0 down');
    const { careof } = await until('the home agent knows where it is', daemons.bound);
    const ping = ['ping', '-6', '-c', '3', '-i', '0.3', '-W', '5', '-I', '2001:db8:1::100'];
    assert.match(network.inside('laptop', ...ping, '2001:db8:f::80'), / 0% packet loss/);
    t.diagnostic(`care-of address ${careof}`);
    await work(daemons, careof);
  });
}

test("a care-of address of radvd's advertisements", async (t) => {
  await visit(t, false, async (_, careOf) => assert.match(careOf, /^2001:db8:2:/));
});

test("with the M bit a care-of address of kea's, renewed in time", async (t) => {
  await visit(t, true, async ({ folder }, careOf) => {
    assert.match(careOf, /^2001:db8:2::1[0-9a-f]{3}$/);
    /** Valid lifetimes that kea wrote for it, one for each time that it was given. */
    const given = () =>
      readFileSync(join(folder, 'leases.csv'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${careOf},`))
        .map((line) => Number(line.split(',')[2]));
    await until('it is renewed', () => given().length > 1);
    assert.ok(given().every((lifetime) => lifetime > 0));
    t.diagnostic(`leases of ${careOf}: ${given().join(', ')}`);
  });
});
