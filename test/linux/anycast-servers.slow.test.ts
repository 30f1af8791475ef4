/**
 * Three nginx behind one anycast address, and many downloads at once: a server is killed, then one of the two agents,
 * then another server is drained as an operator does it. Some clients are correspondent nodes, the others know
 * nothing of bindings.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { AnycastSite, type DataPlane, FREED_MS, SERVICE } from './anycast-site.ts';
import { become } from './content-site.ts';
import type { Outcome } from './downloads.ts';
import { exited } from './home-and-away.ts';
import { Standstill } from './standstill.ts';

const long = process.env.CAREOF_LONG === '1';
const nginx = spawnSync('nginx', ['-v']).status === 0;
const skip = obstacleToNamespaces() ?? (nginx ? false : 'there is no nginx');

const AWARE = 4;
const UNAWARE = 20;
/** Downloads of each client at once. */
const EACH = long ? 9 : 3;
const SIZE = 600_000;
/** Octets a second of each: a download takes 20 s. */
const RATE = 30_000;
/** Until routers notice that an agent is gone. */
const REROUTED_MS = 500;
/** One that is not answered by then is asked again, as an impatient user does. */
const PATIENCE_MS = 300;

const DOWNLOADS = fileURLToPath(new URL('./downloads.ts', import.meta.url));

/** Its servers run nginx. */
class WebSite extends AnycastSite {
  readonly #digests = new Map<string, string>();

  constructor(dataPlane: DataPlane) {
    super('anycast', { agents: ['m', 's4'], dataPlane });
    const content = randomBytes(SIZE);
    const root = join(this.folder, 'www');
    mkdirSync(root, { mode: 0o755 });
    for (const [name, size] of [
      ['large', SIZE],
      ['middle', SIZE / 4],
    ] as const) {
      const octets = content.subarray(0, size);
      writeFileSync(join(root, name), octets);
      this.#digests.set(name, createHash('sha256').update(octets).digest('hex'));
    }
    writeFileSync(join(root, 'small'), 'here');
  }

  /** All of these are whole. */
  check(outcomes: readonly Outcome[], of: string): void {
    const wrong = outcomes.filter(
      ({ error, digest }) => error !== undefined || digest !== this.#digests.get(of),
    );
    assert.deepEqual(wrong, []);
    assert.equal(outcomes.length, (AWARE + UNAWARE) * EACH);
  }

  /** Starts nginx on a server; it says in its answers who it is. */
  serve(host: string): void {
    const folder = join(this.folder, `nginx-${host}`);
    mkdirSync(folder);
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `user root; daemon off; pid ${folder}/pid; error_log stderr; events {}
http { access_log off; client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2;
  fastcgi_temp_path ${folder}/3; uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
  server { listen [::]:80 ipv6only=on; root ${join(this.folder, 'www')};
    limit_rate ${RATE}; keepalive_timeout 0; add_header X-Server ${host}; } }
`,
    );
    this.start(host, ['nginx', '-p', folder, '-c', config], this.said);
  }

  /** Starts requests from addresses of a host. */
  requests(
    host: string,
    addresses: readonly string[],
    what: 'whole' | 'answered',
    of: string,
    n: number,
  ) {
    const lines: string[] = [];
    const url = `http://[${SERVICE}]/${of}`;
    const command = [process.execPath, '--import', 'tsx', DOWNLOADS, what, url, String(n)];
    return new Requests(this.start(host, [...command, ...addresses], lines), lines);
  }
}

/** A process that asks, and what has come of it. */
class Requests {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  readonly #lines: readonly string[];

  constructor(child: ChildProcess, lines: readonly string[]) {
    this.#child = child;
    this.#closed = once(child, 'close').then(([code]) => code);
    this.#lines = lines;
  }

  async ready(): Promise<void> {
    await become('the requests can begin', async () => this.#lines.join('').includes('ready'));
  }

  begin(): void {
    this.#child.kill('SIGUSR2');
  }

  async outcomes(): Promise<Outcome[]> {
    // All that it printed has come by then.
    assert.equal(await this.#closed, 0, this.#lines.join(''));
    const told = this.#lines.join('').trim().split('\n');
    return told.map((line) => JSON.parse(line)).filter(({ ready }) => ready === undefined);
  }
}

type Clients = ReadonlyMap<string, readonly string[]>;
type Asked = readonly [what: 'whole' | 'answered', of: string, number: number];

/** Requests that can begin. */
async function askFromAll(site: WebSite, clients: Clients, [what, of, number]: Asked) {
  const all = [...clients].map(([host, addresses]) =>
    site.requests(host, addresses, what, of, number),
  );
  await Promise.all(all.map((one) => one.ready()));
  return all;
}

async function begun(asking: Promise<readonly Requests[]>): Promise<readonly Requests[]> {
  const all = await asking;
  for (const one of all) one.begin();
  return all;
}

async function outcomesOf(requests: readonly Requests[]): Promise<Outcome[]> {
  return (await Promise.all(requests.map((one) => one.outcomes()))).flat();
}

/** Who has whom: each client asks once. */
async function serversOf(site: WebSite, clients: Clients): Promise<Map<string, string>> {
  const outcomes = await outcomesOf(await begun(askFromAll(site, clients, ['whole', 'small', 1])));
  for (const { error } of outcomes) assert.equal(error, undefined);
  return new Map(outcomes.map(({ from, server }) => [from, server!]));
}

const connectionsOf = (site: WebSite, host: string): string[] =>
  site.inside(host, 'ss', '-Htn', 'state', 'established').split('\n').filter(Boolean);

/** Hosts that ask: some that can be bound, and one with many addresses that cannot. */
function clientsOf(site: WebSite): Clients {
  const clients = new Map<string, string[]>();
  for (let n = 0; n < AWARE; n++) {
    const host = `c${n}`;
    clients.set(host, [site.client(host, n)]);
    site.up(host, site.said, 'c');
  }
  const old = [site.client('old', 0x10)];
  for (let n = 1; n < UNAWARE; n++) {
    const address = `2001:db8:f::${(0x110 + n).toString(16)}`;
    site.ip('old', `addr add ${address}/64 dev eth0 nodad`);
    old.push(address);
  }
  // The path to one of them is narrow, and errors about that come by an agent.
  site.ip('r', `-6 route add ${old[0]}/128 dev core mtu lock 1280`);
  return clients.set('old', old);
}

for (const plane of long ? (['tun', 'ebpf'] as const) : (['tun'] as const)) {
  const what =
    'a server dies, an agent dies, a server is drained: downloads are whole, clients go on';
  test(`${what}, by ${plane}`, { skip, timeout: 300_000 }, async () => {
    const site = new WebSite(plane);
    try {
      const clients = clientsOf(site);
      for (const host of ['m', ...site.web]) site.up(host, site.said);
      for (const host of site.web) site.serve(host);
      // The agent that will be killed keeps what they share.
      await become('m keeps the store', async () => existsSync(site.store));
      site.up('s4', site.said);
      await site.settled();
      await killed(site, clients);
      await agentDied(site, clients);
      await drained(site, clients);
    } catch (cause) {
      console.log(site.said.join(''));
      throw cause;
    } finally {
      site.remove();
    }
  });
}

async function agentDied(site: WebSite, clients: Clients): Promise<void> {
  await serversOf(site, clients);
  const bound = [...clients.keys()].filter((host) => host !== 'old');
  for (const host of bound) {
    await become(`${host} is bound`, async () => {
      return ((await site.ask(host, 'bindings')) as object[]).length > 0;
    });
  }
  const downloads = await begun(askFromAll(site, clients, ['whole', 'middle', EACH]));
  await become('all downloads have begun', async () => {
    const open = site.web.flatMap((host) => connectionsOf(site, host));
    return open.length === (AWARE + UNAWARE) * EACH;
  });
  await become('a server is told that the path to a client is narrow', async () => {
    return (await site.counter('m', 'service.error_passed_on')) > 0;
  });
  const began = Date.now();
  site.daemons.get('m')!.kill('SIGKILL');
  site.daemons.delete('m');
  await wait(REROUTED_MS);
  site.lead('s4');
  const outcomes = await outcomesOf(downloads);
  site.check(outcomes, 'middle');
  const last = outcomes.filter(({ at }) => at > began + REROUTED_MS).length;
  assert.equal(last, outcomes.length, 'none was over before');
  const unaware = outcomes.filter(({ from }) => clients.get('old')!.includes(from)).length;
  console.log(
    `  an agent is killed: ${outcomes.length} downloads of ${SIZE / 4} octets, ${unaware} of them of clients that cannot be bound; resets and errors: 0, digests equal`,
  );
  const { problems } = (await site.ask('s4', 'status')) as { problems: { what: string }[] };
  const ofStore = problems.filter(({ what }) => what.includes('store'));
  assert.deepEqual(ofStore, [], 'the other agent keeps it');
}

async function drained(site: WebSite, clients: Clients): Promise<void> {
  const before = await serversOf(site, clients);
  assert.ok([...before.values()].includes('s1'), 's1 has clients');
  const downloads = await begun(askFromAll(site, clients, ['whole', 'large', EACH]));
  await become('s1 has connections', async () => connectionsOf(site, 's1').length > 0);
  const { child, lines } = site.careof('s1', 'drain', '--limit', '100s');
  const code = await exited(child);
  assert.equal(code, 0, lines.join(''));
  assert.match(lines.join(''), /^\d+ clients? here/);
  assert.match(lines.join(''), /drained: no client is left/);
  const took = Date.now();
  // Its operator switches it off.
  site.daemons.get('s1')!.kill('SIGTERM');
  site.daemons.delete('s1');
  const outcomes = await outcomesOf(downloads);
  site.check(outcomes, 'large');
  const by = (name: string) => outcomes.filter(({ server }) => server === name).length;
  assert.ok(by('s1') > 0, 's1 had downloads');
  const last = Math.max(...outcomes.flatMap(({ server, at }) => (server === 's1' ? [at] : [])));
  console.log(
    `  ${outcomes.length} downloads of ${SIZE} octets, by s1, s2, s3: ${by('s1')}, ${by('s2')}, ${by('s3')}; resets and errors: 0, digests equal; ` +
      `drained ${took - last} ms after the last of s1`,
  );
  const after = await serversOf(site, clients);
  assert.ok(![...after.values()].includes('s1'), 's1 gets nobody');
}

async function killed(site: WebSite, clients: Clients): Promise<void> {
  const before = await serversOf(site, clients);
  const asking = askFromAll(site, clients, ['answered', 'small', PATIENCE_MS]);
  await asking;
  site.kill('s2');
  const at = Date.now();
  const standstill = new Standstill();
  const outcomes = await outcomesOf(await begun(asking));
  const stood = standstill.end();
  const own = outcomes.filter(({ from }) => before.get(from) === 's2');
  assert.ok(own.length > 0, 's2 had clients');
  assert.ok(own.every(({ server }) => server !== 's2'));
  const took = own.map((one) => one.at - at).sort((a, b) => a - b);
  console.log(
    `  a server is killed: the next requests of its ${own.length} clients are answered after ${took[0]} to ${took.at(-1)} ms, ` +
      `the machine stood still for ${stood} ms of it`,
  );
  assert.ok(took.at(-1)! <= FREED_MS + stood, `${took.at(-1)} ms`);
}
