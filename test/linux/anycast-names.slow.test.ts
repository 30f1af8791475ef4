/** dig asks knot at an anycast address, over UDP and TCP, while servers are drained, come back, and one dies. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { hasNameServer, NameServerProcess } from '../../src/lab/linux/name-service.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { address } from '../../src/wire/address.ts';
import { AnycastSite, type DataPlane, FREED_MS, SERVICE } from './anycast-site.ts';
import { exited } from './home-and-away.ts';

const hasDig = spawnSync('dig', ['-v']).status === 0;
const obstacle = hasNameServer() ? undefined : 'there is no knotd';
const brief = process.env.CAREOF_LONG === '1' ? undefined : 'CAREOF_LONG=1 gives it the time';
const skip = obstacleToNamespaces() ?? obstacle ?? (hasDig ? brief : 'there is no dig') ?? false;

/** Questions of all clients together, at the least. */
const QUESTIONS = 10_000;
/** One call of dig asks so many, one after the other. */
const BATCH = 50;
/** A question that is not answered by then is lost. */
const PATIENCE_MS = 1000;

const CLIENTS = [
  { host: 'c0', aware: true, tcp: false },
  { host: 'c1', aware: true, tcp: true },
  { host: 'old0', aware: false, tcp: false },
  { host: 'old1', aware: false, tcp: true },
] as const;

interface Change {
  readonly what: string;
  readonly at: number;
}

/** One call of dig: who has answered how often, and when it was under way. */
interface Batch {
  readonly host: string;
  readonly from: number;
  readonly to: number;
  readonly answers: readonly string[];
}

class NameSite extends AnycastSite {
  readonly changes: Change[] = [{ what: 'the beginning', at: Date.now() }];
  readonly batches: Batch[] = [];
  readonly #questions = join(this.folder, 'questions');
  #over = false;

  constructor(dataPlane: DataPlane) {
    super('names', { dataPlane });
    writeFileSync(this.#questions, 'who. AAAA\n'.repeat(BATCH));
  }

  changed(what: string): void {
    this.changes.push({ what, at: Date.now() });
  }

  /** Starts the name server of a host, whose answers tell which it is. */
  async serve(host: string): Promise<void> {
    const names = new Map([['who', [address(`2001:db8::${host.slice(1)}`)]]]);
    const place = {
      node: host,
      namespace: this.namespace(host),
      folder: join(this.folder, 'knot', host),
    };
    await new NameServerProcess(place, names, address(SERVICE), () => {}).ready;
  }

  /** The server goes away in good order, and is switched off. */
  async drain(host: string): Promise<void> {
    this.changed(`${host} is drained`);
    const { child, lines } = this.careof(host, 'drain', '--limit', '60s');
    assert.equal(await exited(child), 0, lines.join(''));
    this.kill(host);
    this.daemons.delete(host);
  }

  async comeBack(host: string): Promise<void> {
    this.changed(`${host} is back`);
    this.up(host, this.said);
    await this.serve(host);
    await this.settled();
  }

  /** Asks until it is enough and all changes are over. */
  async questions(host: string, tcp: boolean): Promise<void> {
    for (let asked = 0; asked < QUESTIONS / CLIENTS.length || !this.#over; asked += BATCH) {
      const said: string[] = [];
      const from = Date.now();
      const options = ['+tries=1', '+timeout=1', '+noall', '+answer', tcp ? '+tcp' : '+notcp'];
      const command = ['dig', `@${SERVICE}`, ...options, '-f', this.#questions];
      const child = this.start(host, command, said);
      await new Promise((resolve) => child.once('close', resolve));
      const answers = [...said.join('').matchAll(/AAAA\t2001:db8::(\d)/g)].map(([, n]) => `s${n}`);
      this.batches.push({ host, from, to: Date.now(), answers });
    }
  }

  end(): void {
    this.#over = true;
  }
}

const what = `${QUESTIONS} questions while servers come and go`;
for (const plane of ['tun', 'ebpf'] as const) {
  test(`${what}, by ${plane}`, { skip, timeout: 400_000 }, async () => {
    const site = new NameSite(plane);
    try {
      for (const [index, { host, aware }] of CLIENTS.entries()) {
        site.client(host, index);
        if (aware) site.up(host, site.said, 'c');
      }
      for (const host of ['m', ...site.servers]) site.up(host, site.said);
      await Promise.all(site.servers.map((host) => site.serve(host)));
      await site.settled();
      const asking = CLIENTS.map(({ host, tcp }) => site.questions(host, tcp));
      await wait(2000);
      for (const host of ['s1', 's2']) {
        await site.drain(host);
        await wait(1000);
        await site.comeBack(host);
        await wait(1000);
      }
      site.changed('s3 dies');
      // Its kernel would go on and refuse connections, and dig does not wait between those.
      site.ip('r', 'link set to-s3 down');
      site.kill('s3');
      await wait(FREED_MS + 2000);
      site.end();
      await Promise.all(asking);
      judge(site);
    } catch (cause) {
      console.log(site.said.join(''));
      throw cause;
    } finally {
      site.remove();
    }
  });
}

/** Says what was lost at each change, and whether it may be. */
function judge({ batches, changes }: NameSite): void {
  const many = (of: readonly Batch[]) => of.reduce((sum, { answers }) => sum + answers.length, 0);
  const asked = batches.length * BATCH;
  console.log(`  ${asked} questions, ${asked - many(batches)} without an answer:`);
  for (const [index, { what, at }] of changes.entries()) {
    const next = changes[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const here = batches.filter(({ to }) => to >= at && to < next);
    const servers = ['s1', 's2', 's3'].map((name) => {
      return `${name} ${here.flatMap(({ answers }) => answers).filter((one) => one === name).length}`;
    });
    const lost = CLIENTS.map(({ host }) => {
      const own = here.filter((one) => one.host === host);
      return { host, lost: own.length * BATCH - many(own) };
    });
    const text = lost.filter((one) => one.lost > 0).map((one) => `${one.host} ${one.lost}`);
    console.log(
      `    ${what}: lost ${text.join(', ') || 'none'}; answered by ${servers.join(', ')}`,
    );
    // Each client has one question under way; a dead server costs those of the time until it is removed.
    const most = what.endsWith('dies') ? 1 + Math.ceil(FREED_MS / PATIENCE_MS) : 1;
    for (const one of lost) assert.ok(one.lost <= most, `${what}: ${one.host} lost ${one.lost}`);
  }
}
