/**
 * Removes what a daemon that was killed has left on this host: rules, routes and addresses that bear
 * careof's protocol number, its devices, its nftables tables, its bpffs, its sockets, a store that nobody keeps
 * any more; and puts back the settings that it changed. Nothing else is touched.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ControlClient } from '../linux/control/control-client.ts';
import { ControlError } from '../linux/control/control-server.ts';
import { removeBpf } from '../linux/ebpf/pins.ts';
import { OWN_DEVICES } from '../linux/host/host-links.ts';
import { sweep } from '../linux/host/leftovers.ts';
import { readSettings, SETTINGS_FILE, Settings } from '../linux/host/settings.ts';
import { removeLeftStore } from '../linux/store/store-keeper.ts';
import { Rtnetlink } from '../linux/sys/netlink/rtnetlink.ts';
import { Nftables } from '../linux/sys/nftables.ts';
import { networkNamespace } from './network-namespace.ts';
import { NAMESPACE_FILE, RUN_FOLDER, STORE_FILE } from './places.ts';

/** A daemon that is alive answers within that. */
const PATIENCE_MS = 1000;

/**
 * Cleans, and says what was removed, a line each. Throws ControlError where a daemon runs in this
 * network namespace, SysError where the system does not let it.
 *
 * @param folders of daemons that were started with `--state`.
 */
export async function cleanHost(folders: readonly string[]): Promise<string[]> {
  const dead = [...(await deadFolders()), ...folders];
  for (const folder of folders) await mustBeDead(join(folder, 'control.sock'));
  return [...cleanKernel(), ...dead.flatMap(cleanFolder)];
}

/** Folders of daemons of this namespace that answer no more; throws where one of them answers. */
async function deadFolders(): Promise<string[]> {
  if (!existsSync(RUN_FOLDER)) return [];
  // Whatever else is there belongs to several: what agents share.
  const own = readdirSync(RUN_FOLDER, { withFileTypes: true }).filter(
    (one) => one.isDirectory() || one.name.endsWith('.sock'),
  );
  const names = new Set(own.map(({ name }) => basename(name, '.sock')));
  const here = networkNamespace();
  const dead: string[] = [];
  for (const name of names) {
    const folder = join(RUN_FOLDER, name);
    const elsewhere = noted(folder) !== undefined && noted(folder) !== here;
    if (elsewhere) continue;
    await mustBeDead(`${folder}.sock`);
    dead.push(folder);
  }
  return dead;
}

const noted = (folder: string, name = NAMESPACE_FILE): string | undefined => {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
};

async function mustBeDead(socket: string): Promise<void> {
  let client: ControlClient;
  try {
    client = await ControlClient.open(socket, PATIENCE_MS);
  } catch (cause) {
    if (cause instanceof ControlError && cause.id === 'not-running') return;
    throw cause;
  }
  client.close();
  const hint = 'End it first: careof down';
  throw new ControlError('runs', `a daemon answers at ${socket}: what is here is in use`, hint);
}

/** What the kernel of this namespace has. */
export function cleanKernel(): string[] {
  const done: string[] = [];
  const netlink = new Rtnetlink();
  const nftables = new Nftables();
  try {
    const count = sweep(netlink);
    if (count > 0) done.push(`${count} rules, routes and addresses`);
    for (const name of Object.values(OWN_DEVICES)) {
      const link = netlink.link(name);
      if (link === undefined) continue;
      netlink.deleteLink(link.ifindex);
      done.push(`the device ${name}`);
    }
    for (const family of ['ip6', 'ip'] as const) {
      if (nftables.removeTable({ family, table: 'careof' })) {
        done.push(`the nftables table ${family} careof`);
      }
    }
  } finally {
    netlink.close();
    nftables.close();
  }
  return done;
}

/** What a node keeps in its folder while it runs. */
export function cleanFolder(folder: string): string[] {
  const done: string[] = [];
  const settings = readSettings(join(folder, SETTINGS_FILE));
  if (settings.length > 0) {
    new Settings(folder, (run) => run()).restore();
    done.push(`${settings.length} settings of the kernel, put back`);
  }
  const bpf = join(folder, 'bpf');
  if (removeBpf(bpf)) done.push(`the bpffs at ${bpf}`);
  for (const left of [`${folder}.sock`, join(folder, 'control.sock')]) {
    if (!existsSync(left)) continue;
    rmSync(left);
    done.push(`the socket ${left}`);
  }
  const store = noted(folder, STORE_FILE);
  if (store !== undefined) {
    done.push(...removeLeftStore(store).map((left) => `${left}, of a store that nobody keeps`));
  }
  for (const file of [NAMESPACE_FILE, STORE_FILE]) rmSync(join(folder, file), { force: true });
  return done;
}
