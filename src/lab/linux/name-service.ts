/**
 * Names on real hosts: knot serves those of the scenario, and the processes of each host ask it, by a
 * resolv.conf(5) of their own.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, formatAddress } from '../../wire/address.ts';
import { reverseName } from '../dns/dns-message.ts';
import type { Names } from '../dns/name-server.ts';
import { ChildFailure, kill, type Started, startInside } from './children.ts';

/** As many as the system's own resolver looks at. Source: resolv.conf(5), MAXNS. */
const MOST_SERVERS = 3;

/** Is there a name server on this machine that a run can start? */
export const hasNameServer = (): boolean =>
  spawnSync('knotd', ['--version'], { stdio: 'ignore' }).error === undefined;

/** What a host's programs find in their resolv.conf: as often and as long as the simulator asks. */
export function resolverText(servers: readonly Address[]): string {
  const lines = servers.slice(0, MOST_SERVERS).map((one) => `nameserver ${formatAddress(one)}\n`);
  return `${lines.join('')}options timeout:1 attempts:3\n`;
}

/** One zone from the root on, with each name and the names of each address; nothing is to be kept. */
export function zoneText(names: Names, own: Address): string {
  const records = [...names].flatMap(([name, addresses]) =>
    addresses.flatMap((address) => [
      `${name}. AAAA ${formatAddress(address)}`,
      `${reverseName(address)}. PTR ${name}.`,
    ]),
  );
  return [
    '$ORIGIN .',
    '$TTL 0',
    '. SOA ns. hostmaster. 1 3600 600 86400 0',
    '. NS ns.',
    `ns. AAAA ${formatAddress(own)}`,
    ...records,
    '',
  ].join('\n');
}

/** knot.conf(5). It tells the addresses of a name in the order of their octets. */
const configuration = (folder: string): string => `server:
    rundir: "${folder}"
    listen: "::@53"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "${folder}"
template:
  - id: default
    storage: "${folder}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
  - domain: .
    file: names.zone
`;

/** It says so when it answers. */
const READY = /server started/;

export class NameServerProcess {
  /** Settled when it answers; rejected where it ends before. */
  readonly ready: Promise<void>;
  readonly #started: Started;

  /** @param folder its files go here. */
  constructor(
    { node, namespace, folder }: { node: string; namespace: string; folder: string },
    names: Names,
    own: Address,
    onFailure: (cause: Error) => void,
  ) {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'knot.conf');
    writeFileSync(file, configuration(folder));
    writeFileSync(join(folder, 'names.zone'), zoneText(names, own));
    this.#started = startInside(namespace, ['knotd', '-c', file]);
    const { child, complaints } = this.#started;
    child.stdout.resume();
    this.ready = new Promise((resolve, reject) => {
      child.stderr.on('data', (text: string) => {
        if (READY.test(text)) resolve();
      });
      child.on('exit', (code, signal) => {
        const why = complaints.join('\n') || `it ended with ${signal ?? code}`;
        const failure = new ChildFailure(`knotd ended on ${node}: ${why}`);
        reject(failure);
        onFailure(failure);
      });
    });
    this.ready.catch(() => {});
  }

  kill(): void {
    kill(this.#started);
  }
}
