/** Small networks for tests: nodes with fixed addresses and routes, on links that can be watched. */
import { type Instant, milliseconds } from '../core/time.ts';
import { type Address, address, isIpv4 } from '../wire/address.ts';
import { type Layer, parsePacket } from '../wire/packet.ts';
import type { TcpConnection } from './kernel/tcp/connection.ts';
import { isPattern, pattern } from './kernel/tcp/send-stream.ts';
import { Link, type LinkOptions, type LossReason } from './link.ts';
import { SimNode } from './node.ts';
import type { SimNodeOptions } from './node-options.ts';
import { Simulation } from './simulation.ts';

/** An interface as a test writes it down. */
export interface Plug {
  readonly link?: Link;
  /** Addresses with prefix length 64; those of IPv4 are whole ones. */
  readonly addresses?: readonly string[];
  /** Prefixes with their next hops, such as `{ '::/0': 'fe80::1' }`. */
  readonly routes?: { readonly [prefix: string]: string };
}

/** A node that runs already, with these interfaces. */
export function nodeOn(
  simulation: Simulation,
  name: string,
  plugs: { readonly [name: string]: Plug },
  more: Partial<SimNodeOptions> = {},
): SimNode {
  const node = new SimNode({
    simulation,
    name,
    configure: (kernel) => {
      for (const [link, { addresses = [], routes = {} }] of Object.entries(plugs)) {
        for (const one of addresses) {
          const own = address(one);
          const entry = { optimistic: false, preferred: false };
          kernel.addAddress(link, { address: own, prefixLength: isIpv4(own) ? 32 : 64, ...entry });
        }
        for (const [prefix, via] of Object.entries(routes)) {
          const [start, length] = prefix.split('/');
          kernel.addRoute({
            prefix: address(start!),
            prefixLength: Number(length),
            link,
            via: address(via),
            origin: 'fixed',
          });
        }
      }
    },
    ...more,
  });
  for (const [plug, { link }] of Object.entries(plugs)) node.addInterface(plug, link);
  node.start();
  return node;
}

/** A packet seen on a link. */
export interface Seen {
  readonly at: Instant;
  readonly sender: string;
  readonly octets: Uint8Array;
  readonly layers: readonly Layer[];
}

/**
 * Records what is sent on a link, each packet taken apart. Throws where one is malformed, unless it
 * comes from the node that may send such.
 */
export function watch(link: Link, careless?: string): Seen[] {
  const seen: Seen[] = [];
  link.observe({
    sent: (frame, at, sender) => {
      const octets = frame.octets.slice();
      const parsed = parsePacket(octets);
      if (!parsed.ok && sender === careless) return;
      if (!parsed.ok) throw new Error(`${sender} sent a bad packet: ${parsed.error.message}`);
      seen.push({ at, sender, octets, layers: parsed.value });
    },
  });
  return seen;
}

/** Counts the frames that a link loses, by reason. */
export function countLosses(link: Link): Partial<Record<LossReason, number>> {
  const losses: Partial<Record<LossReason, number>> = {};
  link.observe({
    lost: (_frame, _at, _sender, reason) => {
      losses[reason] = (losses[reason] ?? 0) + 1;
    },
  });
  return losses;
}

/** The first layer of a name in a packet. */
export function layerIn<Name extends Layer['layer']>(
  seen: Pick<Seen, 'layers'> | undefined,
  name: Name,
): Extract<Layer, { layer: Name }> | undefined {
  const found = seen?.layers.find((one) => one.layer === name);
  // The name tells the type.
  return found as Extract<Layer, { layer: Name }> | undefined;
}

/** Packets that have a layer of a name. */
export const having = (seen: readonly Seen[], name: Layer['layer']): Seen[] =>
  seen.filter(({ layers }) => layers.some((one) => one.layer === name));

/** The node's address on an interface that is not link-local. */
export function addressOn(node: SimNode, name = 'eth0'): Address {
  const on = node.kernel.interfaces.get(name)!;
  return [...on.addresses.keys()].find((one) => one !== on.linkLocal)!;
}

/** The address of b in a pair. */
export const SERVER = address('2001:db8:1::b');

/** Hosts a and b on one link, with a delay of 5 ms where the options say nothing else. */
export function pair(options: Partial<LinkOptions> & { mtu?: number } = {}, seed = 1) {
  const simulation = new Simulation(seed);
  const link = new Link(simulation, 'lan', { delay: milliseconds(5), ...options });
  const a = nodeOn(simulation, 'a', { eth0: { link, addresses: ['2001:db8:1::a'] } });
  const b = nodeOn(simulation, 'b', { eth0: { link, addresses: ['2001:db8:1::b'] } });
  return { simulation, link, a, b };
}

/** Counts what a connection gets, and checks each octet. */
export class Sink {
  octets = 0;
  wrong = 0;
  lastAt = 0;
  closed: string[] = [];

  take(simulation: Simulation, connection: TcpConnection): void {
    connection.handlers = {
      onData: (octets, offset) => {
        if (offset !== this.octets || !isPattern(octets, offset)) this.wrong++;
        this.octets += octets.length;
        this.lastAt = simulation.now;
      },
      onClose: (reason) => this.closed.push(`server ${reason}`),
    };
  }
}

/** Sends `size` octets from a to b, and closes. */
export function transfer(
  { simulation, a, b }: { simulation: Simulation; a: SimNode; b: SimNode },
  size: number,
  retries?: number,
) {
  const sink = new Sink();
  b.kernel.tcp.listen(80, (connection) => sink.take(simulation, connection));
  const connection = a.kernel.tcp.connect(SERVER, 80, {
    onConnect: (one) => {
      one.generate(size, pattern);
      one.close();
    },
    onClose: (reason) => sink.closed.push(`client ${reason}`),
    ...(retries !== undefined && { retries }),
  });
  return { sink, connection };
}
