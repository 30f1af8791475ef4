/** Watches the links for what flows and expectations want to know of packets. */
import type { Instant } from '../../core/time.ts';
import type { Frame, Link } from '../../sim/index.ts';
import { destinationOf, sourceOf } from '../../wire/ip-fields.ts';
import { carried, FlowPaths } from '../flow-paths.ts';
import type { SeenPackets } from '../run-record.ts';
import type { PacketExpectation } from '../scenario/expectations.ts';
import { headersIn } from '../scenario/headers.ts';
import type { Scenario } from '../scenario/read.ts';
import { type FlowEnds, flowKey } from './flow-ends.ts';

export class PacketWatch {
  readonly paths = new Map<string, FlowPaths>();
  readonly #ends: ReadonlyMap<string, FlowEnds>;
  readonly #seen: Map<string, SeenPackets>[];

  constructor(
    scenario: Scenario,
    ends: ReadonlyMap<string, FlowEnds>,
    links: ReadonlyMap<string, Link>,
  ) {
    this.#ends = ends;
    for (const { flow } of ends.values()) this.paths.set(flow, new FlowPaths());
    this.#seen = scenario.expect.packets.map(() => new Map());
    for (const [name, link] of links) {
      const wanted = [...scenario.expect.packets.entries()].filter(([, one]) => one.on === name);
      link.observe({
        sent: (frame, at, sender) => {
          this.#follow(frame, at, sender, 'sender');
          if (wanted.length > 0 && frame.octets.length <= link.mtu) this.#match(frame, at, wanted);
        },
        delivered: (frame, at, receiver) => this.#follow(frame, at, receiver, 'receiver'),
      });
    }
  }

  /** For each `packets` expectation, in order, what matched it. */
  get seen(): readonly (readonly SeenPackets[])[] {
    return this.#seen.map((packets) => [...packets.values()]);
  }

  #follow({ octets }: Frame, at: Instant, node: string, end: 'sender' | 'receiver'): void {
    const packet = carried(octets);
    if (packet === undefined) return;
    const { source, sourcePort, destination, protocol, destinationPort } = packet;
    const ends =
      this.#ends.get(flowKey(destination, protocol, destinationPort)) ??
      this.#ends.get(flowKey(source, protocol, sourcePort));
    // The same key has what comes back to who serves, which is not the flow's.
    if (ends === undefined || ends.served !== (sourcePort === ends.port)) return;
    if (ends[END[end]].name !== node) return;
    this.paths.get(ends.flow)![end].add(packet.path, at);
  }

  #match({ octets }: Frame, at: Instant, wanted: readonly [number, PacketExpectation][]): void {
    let headers: readonly string[] | undefined;
    for (const [index, { at: span, headers: expected }] of wanted) {
      if (span !== undefined && (at < span.from || at >= (span.to ?? Infinity))) continue;
      if (expected !== undefined) {
        headers ??= headersIn(octets);
        if (headers.length !== expected.length) continue;
        if (headers.some((header, place) => header !== expected[place])) continue;
      }
      const [source, destination] = [sourceOf(octets), destinationOf(octets)];
      const key = source + destination;
      const seen = this.#seen[index]!;
      const packets = seen.get(key)?.packets ?? 0;
      seen.set(key, { source, destination, packets: packets + 1 });
    }
  }
}

const END = { sender: 'from', receiver: 'to' } as const;
