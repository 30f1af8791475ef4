/**
 * A test bench: one implementation under test, and a tester that is everybody else on its links.
 *
 *     node under test --- link --- tester: routers, and whatever stands behind them
 *
 * The tester answers address resolution for every neighbour, sends what it is told to, and keeps all
 * that the node sends. Time is virtual: it goes on only in `wait` and `until`.
 */
import type { NodeConfig } from '../../src/core/config.ts';
import type { ConstantName } from '../../src/core/constants.ts';
import type { CareofEvent } from '../../src/core/events.ts';
import type { LinkAddress } from '../../src/core/role.ts';
import { after, type Duration, type Instant, seconds } from '../../src/core/time.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { createNode } from '../../src/roles/create.ts';
import { Link, SimNode, Simulation } from '../../src/sim/index.ts';
import { type Frame, isGroup } from '../../src/sim/link.ts';
import { type Address, address, UNSPECIFIED } from '../../src/wire/address.ts';
import {
  type Layer,
  type LayerName,
  type LayerOf,
  parsePacket,
  serialisePacket,
} from '../../src/wire/packet.ts';

/** What the node under test sent. */
export interface Seen {
  readonly at: Instant;
  readonly link: string;
  readonly to: LinkAddress;
  readonly octets: Uint8Array;
  readonly layers: readonly Layer[];
}

/** One interface of the node under test. */
export interface BenchPlug {
  /** The link that it is plugged into at first. */
  readonly link: string;
  /** Addresses with prefix length 64 that it always has. */
  readonly addresses?: readonly Address[];
  /** Is there a default route by the tester's router? */
  readonly routed?: boolean;
}

export interface BenchOptions {
  readonly node: NodeConfig;
  readonly links: readonly string[];
  readonly plugs: Readonly<Record<string, BenchPlug>>;
  readonly forwarding?: boolean;
  readonly constants?: Partial<Record<ConstantName, Duration>>;
  /** Does the tester own this address on the link? It owns all where nothing is said. */
  readonly owns?: (target: Address, link: string) => boolean;
}

/** The tester's router on each link, and its link address. */
export const ROUTER = address('fe80::1');
export const TESTER = '\x02\0\0\0\0\x01' as LinkAddress;
/** The link address of the node under test. */
export const UNDER_TEST = '\x02\0\0\0\0\x99' as LinkAddress;

export class Bench {
  readonly simulation = new Simulation(1);
  readonly node: SimNode;
  /** All that the node sent, in order. */
  readonly seen: Seen[] = [];
  readonly events: { readonly at: Instant; readonly event: CareofEvent }[] = [];
  readonly links: ReadonlyMap<string, Link>;
  readonly #options: BenchOptions;
  readonly #stations = new Map<string, { linkAddress: LinkAddress; node: string }>();

  constructor(options: BenchOptions) {
    this.#options = options;
    const { simulation } = this;
    this.links = new Map(options.links.map((name) => [name, new Link(simulation, name)]));
    for (const [name, link] of this.links) this.#attach(name, link);
    this.node = new SimNode({
      simulation,
      name: 'under-test',
      forwarding: options.forwarding ?? false,
      role: (environment) => createNode(options.node, environment),
      environment: {
        crypto: nodeCryptography,
        epoch: 1_700_000_000_000_000,
        without: new Set(),
        constants: options.constants ?? {},
      },
      onEvent: (event, at) => this.events.push({ at, event }),
      configure: (kernel) => {
        for (const [link, plug] of Object.entries(options.plugs)) {
          for (const one of plug.addresses ?? []) {
            const entry = { prefixLength: 64, optimistic: false, preferred: false };
            kernel.addAddress(link, { address: one, ...entry });
          }
          if (plug.routed !== true) continue;
          const all = { prefix: UNSPECIFIED, prefixLength: 0, origin: 'fixed' } as const;
          kernel.addRoute({ ...all, link, via: ROUTER });
        }
      },
    });
    for (const [name, plug] of Object.entries(options.plugs)) {
      this.node.addInterface(name, this.links.get(plug.link), UNDER_TEST);
    }
    this.node.start();
    this.wait(seconds(3));
  }

  get now(): Instant {
    return this.simulation.now;
  }

  /** Lets time go on. */
  wait(time: Duration): void {
    this.until(after(this.now, time));
  }

  until(moment: Instant): void {
    if (moment > this.now) this.simulation.run(moment);
  }

  /** Sends a packet to the node under test, or to a group of its link. */
  send(octets: Uint8Array, link = this.#options.links[0]!, to = UNDER_TEST): void {
    const station = this.#stations.get(link)!;
    const frame = { from: station.linkAddress, to, octets };
    this.links.get(link)!.send({ ...station, receive: () => {} }, frame);
    this.wait(0 as Duration);
  }

  #attach(name: string, link: Link): void {
    const station = { linkAddress: TESTER, node: 'tester' };
    this.#stations.set(name, station);
    // Frames to the neighbours that it plays have their link addresses, so it watches instead.
    link.attach({ ...station, allGroups: true, receive: () => {} });
    link.observe({
      sent: (frame, at, sender) => {
        if (sender === 'under-test') this.#take(name, frame, at);
      },
    });
  }

  #take(link: string, frame: Frame, at: Instant): void {
    const octets = frame.octets.slice();
    const parsed = parsePacket(octets);
    if (!parsed.ok) throw new Error(`it sent a bad packet: ${parsed.error.message}`);
    const seen = { at, link, to: frame.to, octets, layers: parsed.value };
    this.seen.push(seen);
    const asked = layerIn(seen, 'neighbor-solicitation');
    if (asked !== undefined) this.#answer(link, seen, asked.targetAddress);
  }

  #answer(link: string, seen: Seen, target: Address): void {
    const { source } = layerIn(seen, 'ipv6')!;
    const { owns } = this.#options;
    // Duplicate Address Detection is answered by the items that ask for it.
    if (source === UNSPECIFIED || owns?.(target, link) === false) return;
    const octets = serialisePacket([
      { layer: 'ipv6', source: target, destination: source, hopLimit: 255 },
      {
        layer: 'neighbor-advertisement',
        solicited: true,
        override: true,
        router: target === ROUTER,
        targetAddress: target,
        options: [{ option: 'target-link-layer-address', linkLayerAddress: TESTER_OCTETS }],
      },
    ]);
    this.simulation.at(this.now, () => {
      const station = { ...this.#stations.get(link)!, receive: () => {} };
      this.links.get(link)!.send(station, { from: TESTER, to: UNDER_TEST, octets });
    });
  }
}

const TESTER_OCTETS = Uint8Array.from(TESTER, (letter) => letter.charCodeAt(0));

/** The first layer of a name in a packet. */
export function layerIn<Name extends LayerName>(
  seen: Pick<Seen, 'layers'>,
  name: Name,
): LayerOf<Name> | undefined {
  const found = seen.layers.find((one) => one.layer === name);
  // The name tells the type.
  return found as LayerOf<Name> | undefined;
}

/** The name of the message that a packet carries: of its last layer that is one. */
export function messageOf(seen: Pick<Seen, 'layers'>): LayerName {
  return seen.layers.findLast(({ layer }) => layer !== 'trailer' && layer !== 'no-next-header')!
    .layer;
}

export const isToGroup = ({ to }: Pick<Seen, 'to'>): boolean => isGroup(to);
