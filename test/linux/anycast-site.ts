/**
 * A site whose three servers have an anycast address, which routes lead to their agent (m) with, or to another
 * one (s4) that shares what it knows: the hosts of `ContentSite`, with another file.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { become, ContentSite } from './content-site.ts';

export const SERVICE = '2001:db8:a::80';
/** A dead server is removed after five heartbeats of a second at the most, and then there is one to spare. */
export const FREED_MS = 5 * 1000 + 1000;

const CAREOF = fileURLToPath(new URL('../../bin/careof.js', import.meta.url));

const SERVERS = [1, 2, 3];
const AGENTS = { m: '2001:db8:1::10', s4: '2001:db8:1::14' };
type Agent = keyof typeof AGENTS;

const agentText = (name: Agent, shares: boolean) =>
  `  ${name}: { role: anycast-agent, on: [site], service: "${SERVICE}", own-addresses: { site: ${AGENTS[name]} },
         policy: rotation, shares: ${shares} }`;
const serverText = (n: number, agents: readonly Agent[]) =>
  `  s${n}: { role: anycast-server, on: [site], agents: [${agents}], service: "${SERVICE}", own-addresses: { site: 2001:db8:1::1${n} },
         auth: { rfc4285: { spi: ${256 + n}, key: "hex:0${n}112233445566778899aabbccddeeff" } } }`;

/** @param store a socket by which agents share, where there are several. */
const fileText = (agents: readonly Agent[], store: string) => `store: unix:${store}
links:
  site: { prefix: 2001:db8:1::/64 }
  core: { prefix: 2001:db8:f::/64 }
nodes:
${agents.map((name) => agentText(name, agents.length > 1)).join('\n')}
${SERVERS.map((n) => serverText(n, agents)).join('\n')}
  c: { role: correspondent-node, on: [core] }
`;

export type DataPlane = 'tun' | 'ebpf';

export interface AnycastSiteOptions {
  /** They share where there are several; routes lead to the first. */
  readonly agents?: readonly Agent[];
  readonly dataPlane?: DataPlane;
}

export class AnycastSite extends ContentSite {
  readonly #file = join(this.folder, 'anycast.yaml');
  /** The socket by which its agents share. */
  readonly store = join(this.folder, 'store.sock');
  readonly agents: readonly Agent[];
  readonly #dataPlane: DataPlane;
  readonly web = SERVERS.map((n) => `s${n}`);
  /** What all daemons have said. */
  readonly said: string[] = [];
  readonly daemons = new Map<string, ChildProcess>();

  /** @param name of the test: namespaces are called `cf-NAME-HOST`. */
  constructor(name: string, { agents = ['m'], dataPlane = 'tun' }: AnycastSiteOptions = {}) {
    super(name, { servers: SERVERS.length + agents.length - 1 });
    this.agents = agents;
    this.#dataPlane = dataPlane;
    writeFileSync(this.#file, fileText(agents, this.store), { mode: 0o600 });
    this.lead(agents[0]!);
  }

  /** Routes lead to this agent. */
  lead(agent: Agent): void {
    this.ip('r', `-6 route replace ${SERVICE}/128 via ${AGENTS[agent]}`);
  }

  override up(host: string, said: string[], node = host): ChildProcess {
    const link = node === 'c' ? 'core' : 'site';
    const options = ['--state', join(this.folder, host), '--interface', `${link}=eth0`];
    const child = this.start(
      host,
      [
        ...[process.execPath, CAREOF, 'up', '-c', this.#file, '--node', node],
        ...[...options, '--data-plane', this.#dataPlane],
      ],
      said,
    );
    this.daemons.set(host, child);
    return child;
  }

  /** A careof command on a host, as its operator types it. */
  careof(host: string, command: string, ...more: readonly string[]) {
    const lines: string[] = [];
    const typed = [process.execPath, CAREOF, command, '--socket', this.socket(host), ...more];
    return { lines, child: this.start(host, typed, lines) };
  }

  /** All daemons run, and the agents know so many servers. */
  async settled(servers = 3): Promise<void> {
    for (const agent of this.agents) {
      await become(`all servers are registered with ${agent}`, async () => {
        return ((await this.ask(agent, 'bindings')) as object[] | undefined)?.length === servers;
      });
    }
    for (const host of this.daemons.keys()) {
      await become(`careof runs on ${host}`, async () => {
        return ((await this.ask(host, 'status')) as { ready?: boolean } | undefined)?.ready;
      });
    }
  }

  /** A server dies, with all that runs there. */
  kill(host: string): void {
    const { stdout } = spawnSync('ip', ['netns', 'pids', this.namespace(host)], {
      encoding: 'utf8',
    });
    for (const pid of stdout.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
  }
}
