/**
 * Many hosts on a bridge, each with one address and a correspondent node, all driven by this process: a
 * `LinuxNode` in a namespace takes a hundredth of what a daemon does. Nothing may block this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instant } from '../../src/core/time.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { LinuxNode } from '../../src/linux/linux-node.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import {
  createNamespace,
  deleteNamespace,
  descriptorOfNamespace,
  inNamespace,
  listNamespaces,
} from '../../src/linux/sys/namespace.ts';
import type { Link } from '../../src/linux/sys/netlink/links.ts';
import { Rtnetlink } from '../../src/linux/sys/netlink/rtnetlink.ts';
import { createNode } from '../../src/roles/create.ts';
import { type Address, address, formatAddress } from '../../src/wire/address.ts';

/** No Duplicate Address Detection (<linux/if_addr.h> IFA_F_NODAD). */
const NO_DAD = 0x02;
const LINK = 'eth0';

/** One of them: what it was told of the servers. */
export interface Client {
  readonly address: string;
  readonly namespace: string;
  /** Who was bound last. */
  careOf: Address | undefined;
  /** Updates accepted, and bindings that ended. */
  accepted: number;
  ended: number;
}

export interface ManyClientsOptions {
  /** Of the test: namespaces are called `cf-NAME-N`. */
  readonly name: string;
  readonly count: number;
  /** The namespace of the bridge, its name, and the router behind it. */
  readonly hub: string;
  readonly bridge: string;
  readonly router: string;
  /** State folders are made in it. */
  readonly folder: string;
}

export class ManyClients {
  readonly all: readonly Client[];
  readonly #options: ManyClientsOptions;
  readonly #nodes: LinuxNode[] = [];
  readonly #children = new Set<ChildProcess>();
  readonly #start = bootTime();

  constructor(options: ManyClientsOptions) {
    this.#options = options;
    this.#sweep();
    const hub = inNamespace(options.hub, () => new Rtnetlink());
    const bridge = hub.link(options.bridge)!;
    this.all = Array.from({ length: options.count }, (_, index) => this.#make(hub, bridge, index));
    hub.close();
  }

  /** Starts a program on a client; its standard output is piped. */
  start({ namespace }: Client, program: string, ...args: readonly string[]): ChildProcess {
    const child = inNamespace(namespace, () =>
      spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Nothing of them is left, started or not. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const node of this.#nodes) node.close({ leave: false });
    this.#sweep();
  }

  #make(hub: Rtnetlink, bridge: Link, index: number): Client {
    const namespace = `cf-${this.#options.name}-${index}`;
    createNamespace(namespace);
    const there = descriptorOfNamespace(namespace);
    hub.createVeth({ name: `c-${index}` }, { name: LINK, namespace: there.fd });
    there.close();
    hub.setLink(hub.link(`c-${index}`)!.ifindex, { up: true, master: bridge.ifindex });
    const own = address(`2001:db8:f::1:${index.toString(16)}`);
    const netlink = inNamespace(namespace, () => new Rtnetlink());
    netlink.setLink(netlink.link('lo')!.ifindex, { up: true });
    inNamespace(namespace, () => writeFileSync(`/proc/sys/net/ipv6/conf/${LINK}/accept_ra`, '0'));
    const { ifindex, linkAddress } = netlink.link(LINK)!;
    netlink.setLink(ifindex, { up: true });
    netlink.addAddress({ ifindex, address: own, prefixLength: 64, flags: NO_DAD });
    const via = address(this.#options.router);
    netlink.addRoute({ ifindex, via });
    // The kernel has room for 1024 neighbours that it finds out about, in all namespaces together.
    netlink.replaceNeighbour({ ifindex, address: via, linkAddress: bridge.linkAddress! });
    hub.replaceNeighbour({ ifindex: bridge.ifindex, address: own, linkAddress: linkAddress! });
    netlink.close();
    const client = { namespace, address: formatAddress(own), accepted: 0, ended: 0 };
    const one: Client = { ...client, careOf: undefined };
    this.#nodes.push(this.#drive(one));
    return one;
  }

  #drive(client: Client): LinuxNode {
    const node = new LinuxNode({
      config: { name: client.namespace, correspondentNode: { maxBindings: 10 } },
      createNode,
      crypto: nodeCryptography,
      clock: {
        now: () => Math.floor(Number(bootTime() - this.#start) / 1e3) as Instant,
        ...{ epoch: 0, bootTimeOfStart: this.#start },
      },
      journal: { entries: () => [], store: () => {} },
      links: [LINK],
      dataPlane: 'tun',
      namespace: client.namespace,
      stateFolder: join(this.#options.folder, client.namespace),
      onEvent: (event) => {
        if (event.kind === 'binding.accepted') {
          client.careOf = event.careof;
          client.accepted += 1;
        } else if (event.kind === 'binding.expired' || event.kind === 'binding.deleted') {
          client.ended += 1;
        }
      },
    });
    node.start();
    return node;
  }

  #sweep(): void {
    const prefix = `cf-${this.#options.name}-`;
    for (const name of listNamespaces()) if (name.startsWith(prefix)) deleteNamespace(name);
  }
}
