/**
 * A site of three nginx behind one address: 300 clients are handed out, with CAREOF_LONG=1, and outlive who did it.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { nginxCommand } from '../../src/lab/linux/agent/nginx.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { formatAddress } from '../../src/wire/address.ts';
import { become, ContentSite, SERVICE } from './content-site.ts';
import { type Client, ManyClients } from './many-clients.ts';

/** Three hundred clients take minutes, thirty more than one: CAREOF_CLIENTS=30. */
const COUNT = Number(process.env.CAREOF_CLIENTS ?? 300);
const brief = process.env.CAREOF_LONG === '1' ? undefined : 'CAREOF_LONG=1 gives it the time';
const skip = obstacleToNamespaces() ?? brief ?? false;
const long = COUNT > 100;
const SERVERS = 3;
/** Octets a second of each download, and how long one takes. */
const [RATE, SECONDS] = [2000, long ? 120 : 60];
/** Of a client's binding at its server, in seconds; tokens last no longer. */
const LIFETIME = 12;
const CONSTANTS = 'max-token-lifetime: 10s, service-heartbeat-interval: 500ms';
const FILE = Buffer.from('one address, several servers. '.repeat(RATE * SECONDS)).subarray(
  0,
  RATE * SECONDS,
);
const DIGEST = createHash('sha256').update(FILE).digest('hex');

interface Download {
  readonly client: Client;
  /** Octets so far, and the longest silence between two pieces, in milliseconds. */
  octets: number;
  silence: number;
  over: boolean;
  readonly end: Promise<End>;
}

/** How a download ended; the updates that its client had accepted by then, and bindings that ended. */
interface End {
  readonly code: number | null;
  readonly digest: string;
  readonly renewed: number;
  readonly lost: number;
}

function download(clients: ManyClients, client: Client): Download {
  const curl = clients.start(client, 'curl', '-sSg', '-m', '600', `http://[${SERVICE}]/file`);
  const came = createHash('sha256');
  let last: number | undefined;
  const one = { client, octets: 0, silence: 0, over: false };
  const end = new Promise<End>((resolve) => {
    curl.once('close', (code) => {
      all.over = true;
      const { accepted: renewed, ended: lost } = client;
      resolve({ code, digest: came.digest('hex'), renewed, lost });
    });
  });
  const all = Object.assign(one, { end });
  curl.stdout!.on('data', (octets: Buffer) => {
    const now = performance.now();
    all.silence = Math.max(all.silence, now - (last ?? now));
    last = now;
    all.octets += octets.length;
    came.update(octets);
  });
  return all;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** What the interface of a host has sent and received, octets; and TCP packets that came to it. */
function load(site: ContentSite, host: string): { octets: number; segments: number } {
  const [link] = JSON.parse(site.ip(host, '-s -j link show dev eth0'));
  const { rx, tx } = link.stats64;
  const counter = JSON.parse(site.inside(host, 'nft', '-j', 'list counter netdev watch segments'));
  const found = counter.nftables.find((one: object) => 'counter' in one).counter;
  return { octets: rx.bytes + tx.bytes, segments: found.packets };
}

/** TCP for the address of the site is counted as it comes in. */
function countSegments(site: ContentSite, host: string): void {
  const chain = '{ type filter hook ingress device eth0 priority -500; }';
  const rule = `ip6 daddr ${SERVICE} meta l4proto tcp counter name segments`;
  for (const command of [
    'add table netdev watch',
    'add counter netdev watch segments',
    `add chain netdev watch in ${chain}`,
    `add rule netdev watch in ${rule}`,
  ]) {
    site.inside(host, 'nft', command);
  }
}

/** Every server has the file, and serves it as nginx does. */
async function serve(site: ContentSite): Promise<void> {
  for (const server of site.servers) {
    const folder = join(site.folder, `${server}-www`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), FILE);
    site.start(server, nginxCommand(folder, '[::]:80', RATE));
    await become(`nginx of ${server} runs`, async () => existsSync(join(folder, 'pid')));
  }
}

test(`${COUNT} clients of ${SERVERS} nginx, and the end of the master`, { skip }, async () => {
  const site = new ContentSite('hand-off', {
    servers: SERVERS,
    clientLifetime: `${LIFETIME}s`,
    constants: CONSTANTS,
  });
  let clients: ManyClients | undefined;
  try {
    const said: string[] = [];
    const master = site.up('m', said);
    for (const server of site.servers) site.up(server, said);
    countSegments(site, 'm');
    const hub = { hub: site.namespace('r'), bridge: 'core', router: '2001:db8:f::fe' };
    clients = new ManyClients({ name: 'visitor', count: COUNT, ...hub, folder: site.folder });
    await serve(site);
    const bound = async () => ((await site.ask('m', 'bindings')) as object[] | undefined)?.length;
    await become('all servers are registered', async () => (await bound()) === SERVERS);

    const downloads: Download[] = [];
    for (const client of clients.all) {
      downloads.push(download(clients, client));
      await wait(20);
    }
    const unbound = () => clients!.all.filter(({ careOf }) => careOf === undefined).length;
    await become('every client is bound to a server', async () => unbound() === 0);

    const shares = new Map<string, number>();
    for (const { careOf } of clients.all) {
      const server = formatAddress(careOf!);
      shares.set(server, (shares.get(server) ?? 0) + 1);
    }
    const share = COUNT / SERVERS;
    const deviation = Math.max(...[...shares.values()].map((one) => Math.abs(one / share - 1)));
    assert.equal(shares.size, SERVERS);
    assert.ok(deviation < 0.05, `${[...shares.values()].join(', ')} clients of ${share} each`);

    // What was on its way to the master when the last client was bound.
    await wait(1000);
    const octets = () => sum(downloads.map((one) => one.octets));
    const [first, carried] = [load(site, 'm'), octets()];
    await wait(5000);
    const [second, served] = [load(site, 'm'), octets() - carried];
    const passed = second.octets - first.octets;
    assert.equal(second.segments - first.segments, 0, 'no segment of a bound client');
    assert.ok(passed < 0.05 * served, `${passed} octets by the master, ${served} served`);

    assert.ok(!downloads.some(({ over }) => over), 'all of them still run');
    for (const one of clients.all) Object.assign(one, { accepted: 0, ended: 0 });
    master.kill('SIGKILL');
    const renewals: number[] = [];
    let lapsed = 0;
    for (const { client, end } of downloads) {
      const { code, digest, renewed, lost } = await end;
      assert.deepEqual([code, digest], [0, DIGEST], client.address + said.join(''));
      renewals.push(renewed);
      lapsed += lost;
    }
    const least = Math.min(...renewals);
    assert.ok(least >= 3, `a client heard of its server ${least} times after the master's end`);
    const frozen = Math.max(...downloads.map((one) => one.silence));
    const counts = [...shares].map(([server, count]) => `${server} ${count}`).join(', ');
    console.log(`  ${counts}: ${(100 * deviation).toFixed(1)} % off at the most
  the master: ${passed} octets and no segment, while ${served} octets were served
  without it: each binding renewed ${least} times or more; ${lapsed} lapsed until then
  longest silence of a download that gets its octets once a second: ${frozen.toFixed(0)} ms`);
  } finally {
    clients?.remove();
    site.remove();
  }
});
