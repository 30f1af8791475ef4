/**
 * How long a mobile node takes from `careof up` to its first registration on the link: the start of the
 * process, its file, the data plane, a router, an address.
 *
 *     mobile (`careof up`) --wlan0-- cable --near-- router (this process), which advertises
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { LinuxNode } from '../../src/linux/linux-node.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import { inNamespace } from '../../src/linux/sys/namespace.ts';
import { Rtnetlink } from '../../src/linux/sys/netlink/rtnetlink.ts';
import { PacketSocket } from '../../src/linux/sys/packet-socket.ts';
import { Poller } from '../../src/linux/sys/poller.ts';
import { createNode } from '../../src/roles/create.ts';
import { address } from '../../src/wire/address.ts';
import { PROTOCOL } from '../../src/wire/numbers.ts';
import { type Measurement, median } from '../measure.ts';

const RUNS = 11;
const PATIENCE_MS = 20_000;
const AIM_MS = 500;
const CAREOF = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const FILE = `this: mn
links:
  home: { prefix: 2001:db8:1::/64 }
nodes:
  ha: { role: home-agent, on: [home], serves: home, own-addresses: { home: 2001:db8:1::1 } }
  mn: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
        interfaces: { wlan0: none }, dad: optimistic,
        auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } } }
`;

export async function* start(): AsyncGenerator<Measurement> {
  for (const dataPlane of ['ebpf', 'tun'] as const) {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) times.push(await once(dataPlane));
    const name = `careof up to the first registration sent, median: ${dataPlane}`;
    yield { name, value: median(times), unit: 'ms', aim: { most: AIM_MS } };
  }
}

/** Milliseconds of one start. */
async function once(dataPlane: string): Promise<number> {
  const names = {
    mobile: `careof-bench-${process.pid}-mobile`,
    router: `careof-bench-${process.pid}-router`,
  };
  const folder = mkdtempSync(join(tmpdir(), 'careof-bench-'));
  const poller = new Poller();
  let router: LinuxNode | undefined;
  try {
    cable(names);
    router = routerIn(names.router, folder);
    writeFileSync(join(folder, 'mn.yaml'), FILE, { mode: 0o600 });
    mkdirSync(join(folder, 'mn'));
    const registered = firstRegistration(poller, names.router);
    const began = performance.now();
    const options = ['-c', join(folder, 'mn.yaml'), '--state', join(folder, 'mn')];
    const command = [CAREOF, 'up', ...options, '--data-plane', dataPlane];
    const child = spawn(
      'nsenter',
      [`--net=/run/netns/${names.mobile}`, process.execPath, ...command],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    try {
      return (await registered) - began;
    } finally {
      child.kill('SIGTERM');
      await new Promise((go) => child.once('exit', go));
    }
  } finally {
    router?.close({ leave: false });
    poller.close();
    for (const name of Object.values(names)) spawnSync('ip', ['netns', 'delete', name]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function cable({ mobile, router }: { readonly mobile: string; readonly router: string }): void {
  const ip = (text: string) => execFileSync('ip', text.split(' '));
  for (const name of [mobile, router]) ip(`netns add ${name}`);
  ip(`link add name wlan0 netns ${mobile} type veth peer name near netns ${router}`);
  ip(`-n ${router} addr add 2001:db8:2::1/64 dev near nodad`);
  ip(`-n ${router} link set near up`);
  ip(`-n ${mobile} link set wlan0 up`);
}

/** A router that advertises as a node finds it that waits for nothing else. */
function routerIn(namespace: string, folder: string): LinuxNode {
  const origin = bootTime();
  const node = new LinuxNode({
    config: {
      name: 'ar',
      accessRouter: {
        advertisements: [
          {
            link: 'near',
            prefix: address('2001:db8:2::'),
            prefixLength: 64,
            minInterval: milliseconds(50),
            maxInterval: milliseconds(100),
            solicitedDelay: milliseconds(0),
            routerLifetime: seconds(1800),
            validLifetime: seconds(86_400),
            preferredLifetime: seconds(14_400),
            intervalOption: true,
          },
        ],
      },
    },
    createNode,
    crypto: nodeCryptography,
    clock: {
      now: () => Number((bootTime() - origin) / 1000n) as Instant,
      epoch: Date.now() * 1000,
      bootTimeOfStart: origin,
    },
    journal: { entries: () => [], store: () => {} },
    dataPlane: 'tun',
    links: ['near'],
    namespace,
    stateFolder: join(folder, 'router'),
    onEvent: () => {},
  });
  node.start();
  return node;
}

/** When a packet with Destination Options, which only a registration has here, comes by the link. */
function firstRegistration(poller: Poller, namespace: string): Promise<number> {
  const nextHeader = { code: 0x30, k: 20 };
  const isOptions = { code: 0x15, jf: 1, k: PROTOCOL.destinationOptions };
  const filter = [nextHeader, isOptions, { code: 0x06, k: 0xffff }, { code: 0x06, k: 0 }];
  const socket = inNamespace(namespace, () => {
    const netlink = new Rtnetlink();
    const { ifindex } = netlink.link('near')!;
    netlink.close();
    return new PacketSocket(ifindex, filter);
  });
  return new Promise<number>((resolve, reject) => {
    const late = () => reject(new Error(`no registration within ${PATIENCE_MS} ms`));
    const timer = setTimeout(late, PATIENCE_MS);
    poller.watch(socket.fd, () => {
      clearTimeout(timer);
      resolve(performance.now());
    });
  });
}
