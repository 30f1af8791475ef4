/**
 * The control side of each of three hosts is killed in the middle of a transfer and comes back after
 * 5 s: what it held is what it holds, and the transfer goes on.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { BindingJson } from '../../src/daemon/bindings.ts';
import { type Daemons, PLANES, withDaemons } from './daemons.ts';
import { exited, type HostName, until } from './home-and-away.ts';

const HOME = '2001:db8:1::100';
const AWAY = 5000;
/**
 * Milliseconds more than for a stream that no careof touches, since a busy kernel is late too: without a process the
 * kernel carries on; what a process carries waits for it and TCP's next try.
 */
const MOST_LATE = { ebpf: 200, tun: Number.POSITIVE_INFINITY } as const;
/**
 * Octets that are written at once, and say when, by the clock of the machine that all hosts share. So few that a
 * reader that stands still for a second has room for them: they would be late by its window else.
 */
const SIZE = 200;
const server = (at: string) => `require('node:net').createServer((socket) => {
  const timer = setInterval(() => {
    const octets = Buffer.alloc(${SIZE}, 7);
    octets.writeDoubleBE(Number(process.hrtime.bigint()) / 1e6);
    socket.write(octets);
  }, 10);
  socket.on('error', () => {}).on('close', () => clearInterval(timer));
}).listen(7000, '${at}', () => console.log('listens'));`;
/**
 * Goes on with one connection, and says each half second how late something was at the most. What comes while a
 * process stands still is not late: what counts is that it had not come when this one looked the last time.
 */
const client = (to: string, from: string) => `const { connect } = require('node:net');
const now = () => Number(process.hrtime.bigint()) / 1e6;
let looked = now(), last = now(), latest = 0, rest = Buffer.alloc(0);
setInterval(() => {
  const at = now();
  // By then Node has looked at its sockets too, since that time.
  setImmediate(() => { looked = at; });
}, 10);
connect({ port: 7000, host: '${to}', localAddress: '${from}' }).on('data', (octets) => {
  rest = Buffer.concat([rest, octets]);
  for (; rest.length >= ${SIZE}; rest = rest.subarray(${SIZE})) {
    latest = Math.max(latest, looked - rest.readDoubleBE());
  }
  last = now();
}).on('close', () => console.log('closed'));
setInterval(() => {
  console.log(Math.round(latest), Math.round(now() - last));
  latest = 0;
}, 500);`;

interface End {
  readonly host: HostName;
  readonly address: string;
}

const WWW: End = { host: 'www', address: '2001:db8:f::80' };
const LAPTOP: End = { host: 'laptop', address: HOME };
/** Its daemon is never killed, and nothing of its own has to do with a binding. */
const ROUTER: End = { host: 'ar', address: '2001:db8:f::2' };

class Transfer {
  #said = '';

  constructor({ network }: Daemons, [from, to]: readonly [End, End]) {
    const start = ({ host }: End, program: string) => {
      const command = ['netns', 'exec', network.namespace(host), process.execPath, '-e', program];
      const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
      return child.stdout.setEncoding('utf8');
    };
    start(from, server(from.address)).once('data', () => {
      start(to, client(from.address, to.address)).on('data', (text: string) => {
        this.#said += text;
      });
    });
  }

  /** What is heard counts from now on. */
  mark(): void {
    this.#said = '';
  }

  /** Of each half second, in milliseconds: how late something was at the most, and how long nothing had come at its end. */
  heard(): readonly { readonly late: number; readonly silence: number }[] {
    assert.ok(!this.#said.includes('closed'), 'the transfer has ended');
    const lines = this.#said.split('\n').slice(0, -1);
    return lines.map((line) => {
      const [late, silence] = line.split(' ').map(Number) as [number, number];
      return { late, silence };
    });
  }
}

const latestOf = (transfer: Transfer): number =>
  Math.max(...transfer.heard().map(({ late }) => late));

interface Reading {
  readonly bindings: readonly BindingJson[];
  /** Between these, in seconds, it was read. */
  readonly from: number;
  readonly to: number;
}

async function read(daemons: Daemons, host: HostName, count: number): Promise<Reading> {
  return until(`${host} holds ${count} bindings`, () => {
    const from = performance.now() / 1000;
    const bindings = daemons.asked<BindingJson[]>(host, 'bindings') ?? [];
    return bindings.length === count && { bindings, from, to: performance.now() / 1000 };
  });
}

/** Fails unless it is the same, for what is left of its time. */
function compare(host: HostName, before: Reading, after: Reading): string[] {
  return before.bindings.map((was) => {
    const is = after.bindings.find(({ scope, peer }) => scope === was.scope && peer === was.peer);
    assert.ok(is !== undefined, `${host} has lost its ${was.scope} ${was.peer ?? ''}`);
    assert.deepEqual([is.home, is.careof], [was.home, was.careof]);
    assert.ok(is.sequence! >= was.sequence!, `${host}: ${is.sequence} after ${was.sequence}`);
    const most = was.remaining_s - (after.from - before.to);
    const least = was.remaining_s - (after.to - before.from);
    // One that was renewed in the meantime, as on a machine that stood still, may have more.
    const renewed = is.sequence! > was.sequence!;
    const right = is.remaining_s >= least - 1 && (renewed || is.remaining_s <= most + 1);
    assert.ok(right, `${host}: ${is.remaining_s} s, not ${least.toFixed(1)} to ${most.toFixed(1)}`);
    return `${was.scope} ${is.sequence} ${is.remaining_s} s`;
  });
}

for (const plane of PLANES) {
  test(`killed and back after 5 s, each of three hosts holds what it held (${plane})`, async (t) => {
    if (plane === 'tun' && process.env.CAREOF_LONG !== '1') {
      t.skip('takes more than a minute: CAREOF_LONG=1 runs it');
      return;
    }
    await withDaemons(t, { plane, name: 'restart' }, async (daemons) => {
      const { network } = daemons;
      const hosts = ['laptop', 'www', 'ha'] as const;
      const held = { laptop: 2, ha: 1, www: 1 } as const;
      daemons.up('ar');
      const running = {
        laptop: daemons.up('laptop'),
        ha: daemons.up('ha'),
        www: daemons.up('www'),
      };
      await until('the laptop is at home', () => daemons.atHome());
      network.ip('laptop', 'link set eth0 down');
      await read(daemons, 'ha', 1);
      const transfer = new Transfer(daemons, [WWW, LAPTOP]);
      const other = new Transfer(daemons, [ROUTER, ROUTER]);
      for (const host of hosts) {
        const before = await read(daemons, host, held[host]);
        for (const one of [transfer, other]) one.mark();
        running[host].child.kill('SIGKILL');
        await exited(running[host].child);
        await wait(AWAY);
        running[host] = daemons.up(host);
        const same = compare(host, before, await read(daemons, host, held[host]));
        await until('it goes on', () => (transfer.heard().at(-1)?.silence ?? 300) < 300);
        const [late, kernel] = [latestOf(transfer), latestOf(other)];
        const told = `${late} ms late at the most, without careof ${kernel} ms`;
        t.diagnostic(`${plane} ${host}: ${same.join(', ')}; ${told}`);
        assert.ok(late < MOST_LATE[plane] + Math.max(0, kernel), `${host}: ${told}`);
      }
    });
  });
}
