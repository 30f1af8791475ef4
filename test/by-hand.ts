/** One node's control side without a network: inputs are fed by hand, outputs are read. */
import assert from 'node:assert/strict';
import type { NodeConfig } from '../src/core/config.ts';
import { checkActions, shapeOf } from '../src/core/forwarding/shape.ts';
import type { Mechanism } from '../src/core/mechanisms.ts';
import type { NodeState } from '../src/core/node-state.ts';
import type { Environment, Input, LinkAddress, Output, Role } from '../src/core/role.ts';
import { type Instant, seconds } from '../src/core/time.ts';
import { nodeCryptography } from '../src/lab/crypto.ts';
import { createNode } from '../src/roles/create.ts';
import type { Address } from '../src/wire/address.ts';
import {
  type Layer,
  type LayerInput,
  type LayerName,
  type LayerOf,
  parsePacket,
  serialisePacket,
} from '../src/wire/packet.ts';

export const at = (count: number): Instant => Math.round(count * 1e6) as Instant;
export const EPOCH = 1_700_000_000_000_000;

export type PacketChange = Partial<Omit<Extract<Input, { kind: 'packet' }>, 'kind' | 'octets'>>;

export class ByHand {
  readonly role: Role;
  /** Counters raised so far. */
  readonly counters: Record<string, number> = {};
  /** Entries in its forwarding table. */
  readonly entries = new Map<string, Extract<Output, { kind: 'forward' }>['entry']>();
  /** What it stored. */
  readonly store = new Map<string, string>();
  /** What the last input gave. */
  outputs: readonly Output[] = [];

  constructor(
    config: NodeConfig,
    without: readonly Mechanism[] = [],
    epoch = EPOCH,
    shared?: (state: NodeState) => void,
  ) {
    let secret = 0;
    const env: Environment = {
      random: () => 0.5,
      secrets: (count) =>
        Uint8Array.from({ length: count }, () => (secret = (secret * 5 + 7) & 255)),
      crypto: nodeCryptography,
      epoch,
      without: new Set(without),
      constants: {},
    };
    this.role = createNode(config, env, shared);
  }

  feed(input: Input, time: number): this {
    this.outputs = this.role.handle(input, at(time));
    for (const output of this.outputs) {
      if (output.kind === 'count') {
        this.counters[output.counter] = (this.counters[output.counter] ?? 0) + 1;
      } else if (output.kind === 'forward') {
        // A table would throw.
        shapeOf(output.entry.match);
        checkActions(output.entry.do);
        this.entries.set(output.entry.id, output.entry);
      } else if (output.kind === 'unforward') this.entries.delete(output.id);
      else if (output.kind === 'store') {
        if (output.value === undefined) this.store.delete(output.key);
        else this.store.set(output.key, output.value);
      }
    }
    return this;
  }

  packet(octets: Uint8Array, time: number, change: PacketChange = {}): this {
    return this.feed({ kind: 'packet', link: 'eth0', octets, reason: 'mobility', ...change }, time);
  }

  link(time: number, up = true, link = 'eth0'): this {
    const linkAddress = '\x02\0\0\0\0\x07' as LinkAddress;
    return this.feed({ kind: 'link', link, up, linkAddress, mtu: 1500 }, time);
  }

  address(address: Address, time: number, link = 'eth0'): this {
    return this.feed({ kind: 'address', link, address, present: true }, time);
  }

  /** Ticks at each deadline up to `end`; gives what was sent, and when. */
  run(end: number): { readonly time: number; readonly packet: Sent }[] {
    const log: { time: number; packet: Sent }[] = [];
    for (let i = 0; i < 1000; i++) {
      const now = this.role.deadline();
      if (now === undefined || now > at(end)) return log;
      const time = now / seconds(1);
      for (const packet of this.feed({ kind: 'tick' }, time).sent()) log.push({ time, packet });
    }
    throw new Error(`it ticks without end at ${this.role.deadline()! / seconds(1)} s`);
  }

  /** The packets that the last input gave. */
  sent(): Sent[] {
    return this.outputs.flatMap((output) => {
      if (output.kind !== 'transmit') return [];
      const parsed = parsePacket(output.octets);
      assert.ok(parsed.ok, 'what it sends can be read');
      const [header] = parsed.value;
      assert.ok(header?.layer === 'ipv6', 'an IPv6 header');
      const layers = parsed.value;
      const { source, destination, hopLimit } = header;
      return [{ source, destination, hopLimit, layers, octets: output.octets, output }];
    });
  }

  /** Names of the messages that the last input gave. */
  names(): string[] {
    return this.sent().map(({ layers }) => layers.at(-1)!.layer);
  }

  /** The one message of a kind that the last input gave. */
  one<Name extends LayerName>(name: Name): Sent & { readonly message: LayerOf<Name> } {
    const found = this.sent().filter(({ layers }) => layers.at(-1)!.layer === name);
    assert.equal(found.length, 1, `one ${name} of ${this.names().join(', ') || 'nothing'}`);
    return { ...found[0]!, message: layerOf(found[0]!.layers, name) };
  }

  /** Kinds of the events that the last input gave. */
  events(): string[] {
    return this.outputs.flatMap((one) => (one.kind === 'event' ? [one.event.kind] : []));
  }
}

export interface Sent {
  readonly source: Address;
  readonly destination: Address;
  readonly hopLimit: number;
  readonly layers: readonly Layer[];
  readonly octets: Uint8Array;
  readonly output: Extract<Output, { kind: 'transmit' }>;
}

export function layerOf<Name extends LayerName>(
  layers: readonly Layer[],
  name: Name,
): LayerOf<Name> {
  const found = layers.find((layer): layer is LayerOf<Name> => layer.layer === name);
  assert.ok(found !== undefined, `no ${name}`);
  return found;
}

export const packet = (
  source: Address,
  destination: Address,
  layers: readonly LayerInput[],
  hopLimit = 64,
): Uint8Array => serialisePacket([{ layer: 'ipv6', source, destination, hopLimit }, ...layers]);
