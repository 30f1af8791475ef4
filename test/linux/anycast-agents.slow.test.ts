/**
 * Three agents of one anycast address, each beside a member of an etcd cluster: agents and members die and are
 * cut off in turn, while servers join and clients come. After the heal all agents know the same.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SharedJson } from '../../src/daemon/shared.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { become, ContentSite } from './content-site.ts';

const CAREOF = fileURLToPath(new URL('../../bin/careof.js', import.meta.url));
const SERVICE = '2001:db8:a::80';
const AGENTS = ['s1', 's2', 's3'] as const;
const SERVERS = ['s4', 's5', 's6'] as const;
const addressOf = (host: string) => `2001:db8:1::1${host.slice(1)}`;
const addressOfClient = (n: number) => `2001:db8:f::${(0x200 + n).toString(16)}`;

/** Each server would rather join another agent. */
const agentsFrom = (n: number) => AGENTS.map((_, i) => AGENTS[(i + n) % AGENTS.length]);

const FILE = `store: [ ${AGENTS.map((host) => `"http://[${addressOf(host)}]:2379"`).join(', ')} ]
links: { site: { prefix: 2001:db8:1::/64 } }
nodes:
${AGENTS.map((host) => `  ${host}: { role: anycast-agent, on: [site], service: "${SERVICE}", shares: true, own-addresses: { site: ${addressOf(host)} } }`).join('\n')}
${SERVERS.map(
  (host, n) =>
    `  ${host}: { role: anycast-server, on: [site], agents: [${agentsFrom(n).join(', ')}], service: "${SERVICE}", own-addresses: { site: ${addressOf(host)} },
        auth: { rfc4285: { spi: ${260 + n}, key: "hex:0${n}112233445566778899aabbccddeeff" } } }`,
).join('\n')}
`;

class AgentsSite extends ContentSite {
  readonly #text = join(this.folder, 'agents.yaml');
  readonly said: string[] = [];
  readonly daemons = new Map<string, ChildProcess>();
  readonly members = new Map<string, ChildProcess>();
  #clients = 0;

  constructor() {
    super('agents', { servers: AGENTS.length + SERVERS.length });
    writeFileSync(this.#text, FILE, { mode: 0o600 });
    this.client('c', 0);
    this.inside('c', 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=0');
  }

  /** Routes lead to this agent. */
  lead(agent: string): void {
    this.ip('r', `-6 route replace ${SERVICE}/128 via ${addressOf(agent)}`);
  }

  override up(host: string): ChildProcess {
    const options = ['--state', join(this.folder, host), '--interface', 'site=eth0'];
    const command = [process.execPath, CAREOF, 'up', '-c', this.#text, '--node', host];
    const child = this.start(host, [...command, ...options, '--data-plane', 'tun'], this.said);
    this.daemons.set(host, child);
    return child;
  }

  /** A member of the cluster, beside its agent. */
  etcd(host: string): void {
    const url = (port: number, at = host) => `http://[${addressOf(at)}]:${port}`;
    const cluster = AGENTS.map((one) => `${one}=${url(2380, one)}`).join(',');
    const command = [
      ...['etcd', '--name', host, '--data-dir', join(this.folder, `etcd-${host}`)],
      ...['--listen-client-urls', url(2379), '--advertise-client-urls', url(2379)],
      ...['--listen-peer-urls', url(2380), '--initial-advertise-peer-urls', url(2380)],
      ...['--initial-cluster', cluster, '--log-level', 'error'],
    ];
    this.members.set(host, this.start(host, command));
  }

  /** What `careof agents --json` says on each of these. */
  known(agents: readonly string[]): Promise<(SharedJson | undefined)[]> {
    return Promise.all(
      agents.map(async (host) => (await this.ask(host, 'agents')) as SharedJson | undefined),
    );
  }

  /** All of these agents know the same: these servers, and each client so far. */
  async agree(agents: readonly string[], servers: readonly string[]): Promise<SharedJson> {
    const wanted = servers.map((host) => `${260 + SERVERS.indexOf(host as 's4')}`);
    let seen: (SharedJson | undefined)[] = [];
    return await become(`${agents} know ${servers} and ${this.#clients} clients`, async () => {
      seen = await this.known(agents);
      const [first, ...others] = seen;
      if (first === undefined || first.clients < this.#clients) return false;
      const there = first.servers.filter(({ addresses }) => addresses.length > 0);
      if (!wanted.every((spi) => there.some((one) => one.spi === spi))) return false;
      const text = JSON.stringify(first);
      return others.every((one) => JSON.stringify(one) === text) && first;
    }).catch((cause: Error) => assert.fail(`${cause.message}\n${JSON.stringify(seen, null, 1)}`));
  }

  /** Clients that the agents tell of, and that never came. */
  strangers(): string[] {
    const told = this.said.join('').matchAll(/"service.client","peer":"([^"]+)"/g);
    const came = Array.from({ length: this.#clients }, (_, n) => addressOfClient(n));
    return [...new Set([...told].map(([, peer]) => peer!))].filter((one) => !came.includes(one));
  }

  /** New clients, which know nothing of bindings: each is answered. */
  arrive(count: number): void {
    for (let left = count; left > 0; left--) {
      const address = addressOfClient(this.#clients++);
      this.ip('c', `addr add ${address}/64 dev eth0 nodad`);
      // One of three is enough: the first may go to who died, or was cut off, the moment before.
      const patience = ['-c', '3', '-i', '0.3', '-W', '3'];
      this.inside('c', 'ping', '-6', '-q', ...patience, '-I', address, SERVICE);
    }
  }
}

test('agents and members of the cluster die and are cut off in turn, and all agree after', async (t) => {
  const obstacle = obstacleToNamespaces();
  const isThere = spawnSync('etcd', ['--version']).status === 0;
  if (obstacle !== undefined || !isThere) {
    t.skip(obstacle ?? 'no etcd: apt-get install etcd-server');
    return;
  }
  const site = new AgentsSite();
  try {
    for (const host of AGENTS) site.etcd(host);
    for (const host of [...AGENTS, 's4', 's5']) site.up(host);
    site.lead('s1');
    await site.agree(AGENTS, ['s4', 's5']);
    site.arrive(5);
    await site.agree(AGENTS, ['s4', 's5']);

    // A member dies, a server joins, clients come.
    site.members.get('s1')!.kill('SIGKILL');
    site.up('s6');
    site.arrive(5);
    await site.agree(AGENTS, SERVERS);
    site.etcd('s1');

    // An agent is cut off with its member, and both sides serve what they know.
    site.ip('r', 'link set to-s2 nomaster');
    site.arrive(5);
    await site.agree(['s1', 's3'], SERVERS);
    await become('the one that is cut off says so', async () => {
      const { problems } = (await site.ask('s2', 'status')) as { problems: { what: string }[] };
      return problems.some(({ what }) => what.includes('no member of the etcd cluster answers'));
    });
    site.ip('r', 'link set to-s2 master site');
    await site.agree(AGENTS, SERVERS);

    // The agent that routes lead to dies, and comes back.
    site.daemons.get('s1')!.kill('SIGKILL');
    site.lead('s3');
    site.arrive(5);
    await site.agree(['s2', 's3'], SERVERS);
    site.up('s1');
    const { servers, clients } = await site.agree(AGENTS, SERVERS);
    t.diagnostic(`all three agents know ${servers.length} servers and ${clients} clients`);
    // Whoever sends to the address is a client, and a kernel may send what nobody here knows of.
    const strangers = site.strangers();
    if (strangers.length > 0) t.diagnostic(`beside those that came: ${strangers}`);
    assert.ok(clients >= 20);
  } catch (cause) {
    t.diagnostic(site.said.join('').slice(-3000));
    throw cause;
  } finally {
    site.remove();
  }
});
