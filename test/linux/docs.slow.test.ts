/** The pages of docs/ for operators, followed to the letter on hosts in namespaces. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { nginxCommand } from '../../src/lab/linux/agent/nginx.ts';
import { unmountBpf } from '../../src/linux/sys/bpf.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { HOSTS, HomeAndAway, type HostName } from './home-and-away.ts';
import { type Block, follow, followPage, LOG, Shell } from './pages.ts';

/** Routers whose links are in the middle of somebody's page. */
const ROUTERS = {
  ha: { link: 'eth1', prefix: '2001:db8:1::' },
  ar: { link: 'vis', prefix: '2001:db8:2::' },
} as const;

const routerText = (prefix: string, link: string) => `links: { access: { prefix: ${prefix}/64 } }
nodes: { r: { role: access-router, on: [access], own-addresses: { access: ${prefix}1 },
              advertises: [access], ra-interval: [1s, 2s] } }
interfaces: { access: ${link} }
`;

/** A network on which pages are followed, to their ends. */
class Pages {
  readonly network: HomeAndAway;
  readonly folder: string;
  readonly #shells: Shell[] = [];
  readonly #ends: [Shell, Block][] = [];

  constructor(name: string) {
    this.network = new HomeAndAway(name);
    this.folder = mkdtempSync(join(tmpdir(), `cf-${name}-`));
  }

  /** Has it announce its prefix. */
  route(host: keyof typeof ROUTERS): void {
    const { prefix, link } = ROUTERS[host];
    const file = join(this.folder, `${host}.yaml`);
    writeFileSync(file, routerText(prefix, link));
    this.network.start(host, ['up', '-c', file, '--state', join(this.folder, host)]);
  }

  async shell(host: HostName): Promise<Shell> {
    const one = new Shell(this.network.namespace(host));
    this.#shells.push(one);
    await one.prepare();
    return one;
  }

  async follow(shell: Shell, page: string): Promise<void> {
    this.#ends.push([shell, await followPage(shell, page)]);
  }

  /** The pages' last blocks, the last page's first; nothing is left then. */
  async end(): Promise<void> {
    for (const [one, end] of this.#ends.reverse()) {
      await follow(one, end, undefined);
      const { code, text } = await one.type('ip link show careof0');
      assert.equal(code, 1, `${text}\n${(await one.type(LOG)).text}`);
    }
  }

  remove(): void {
    for (const one of this.#shells) one.close();
    this.network.remove();
    for (const host of HOSTS) unmountBpf(join(this.folder, host, 'bpf'));
    rmSync(this.folder, { recursive: true });
  }
}

async function withPages(t: TestContext, name: string, work: (pages: Pages) => Promise<void>) {
  const obstacle = obstacleToNamespaces();
  if (obstacle !== undefined) {
    t.skip(obstacle);
    return;
  }
  const pages = new Pages(name);
  try {
    await work(pages);
  } finally {
    pages.remove();
  }
}

test('the pages of Mobile IPv6, followed to the letter', async (t: TestContext) => {
  await withPages(t, 'docs', async (pages) => {
    pages.route('ar');
    const [ha, laptop, www] = await Promise.all([
      pages.shell('ha'),
      pages.shell('laptop'),
      pages.shell('www'),
    ]);
    await pages.follow(ha, 'run-a-home-agent.md');
    const key = (await ha.type('base64 /etc/careof/laptop.key')).text.trim();
    await laptop.type(`mkdir /etc/careof; echo ${key} | base64 -d > /etc/careof/laptop.key`);
    await pages.follow(www, 'make-a-server-a-correspondent-node.md');
    await pages.follow(laptop, 'run-a-mobile-node.md');
    await pages.end();
  });
});

test('the page of two providers, followed to the letter', async (t: TestContext) => {
  await withPages(t, 'providers', async (pages) => {
    for (const host of ['ha', 'ar'] as const) {
      pages.route(host);
      dropForeign(pages.network, host);
    }
    const [office, www] = await Promise.all([pages.shell('laptop'), pages.shell('www')]);
    // The page's address of the server, and what it gets there.
    writeFileSync(join(pages.folder, 'file'), randomBytes(20_000_000));
    const nginx = nginxCommand(pages.folder, '[::]:8080', 100_000).join(' ');
    await www.type(`${nginx} > /dev/null &`);
    await pages.follow(www, 'make-a-server-a-correspondent-node.md');
    await pages.follow(office, 'run-a-site-with-two-providers.md');
    const same = `cmp -n $(stat -c %s /run/download) /run/download ${pages.folder}/file`;
    const { code, text } = await office.type(`kill $!; wait $!; ${same}`);
    assert.equal(code, 0, `what has come is not what was sent: ${text}`);
    // Nobody can have begun with an address of the kernel's own.
    const wanted = await office.type('ip -6 -o addr show dev wlan0 scope global -deprecated');
    assert.equal(wanted.text.trim().split('\n').length, 1, wanted.text);
    await pages.end();
  });
});

/** As a provider does: nothing from others' addresses comes in by its customers. */
function dropForeign(network: HomeAndAway, host: keyof typeof ROUTERS): void {
  const { prefix, link } = ROUTERS[host];
  network.inside(host, 'nft', 'add table ip6 filter');
  const chain = '{ type filter hook forward priority 0; }';
  network.inside(host, 'nft', `add chain ip6 filter forward ${chain}`);
  const foreign = `iifname ${link} ip6 saddr != ${prefix}/64`;
  network.inside(host, 'nft', `add rule ip6 filter forward ${foreign} drop`);
}
