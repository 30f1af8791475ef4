/** What the tester of a mobile node remembers: what it was sent, and what it gave out. */
import { bindingManagementKey } from '../../src/core/security/return-routability.ts';
import { after, type Instant, seconds } from '../../src/core/time.ts';
import { nodeCryptography as crypto } from '../../src/lab/crypto.ts';
import type { Address } from '../../src/wire/address.ts';
import type { LayerOf } from '../../src/wire/packet.ts';
import { layerIn, type Seen } from './bench.ts';
import { HOME } from './mobile-node-addresses.ts';

export interface TestAnswer {
  readonly step: number;
  readonly peer: Address;
  readonly kind: 'HoT' | 'CoT';
  readonly index: number;
  readonly token: Uint8Array;
  /** Had the node asked for it with this cookie, and was it sent as it should be? */
  readonly asked: boolean;
}

/** A step that was matched or sent, and the packet. */
export interface Happened {
  readonly n: number;
  readonly message: string;
  readonly octets: Uint8Array;
  readonly seen?: Seen;
  readonly at: Instant;
  /** Where the tester sent it. */
  readonly to?: Address;
}

const LIFETIME_UNIT = 4;

export class Memory {
  readonly happened: Happened[] = [];
  readonly answers: TestAnswer[] = [];
  /** Until when each holds a binding of the node: what the tester granted. */
  readonly grantedUntil = new Map<Address, Instant>();
  /** Until when addresses on each link are valid, as they were advertised. */
  readonly validUntil = new Map<string, Instant>();
  /** Sequence number of the last Echo Request. */
  lastSequence: number | undefined;
  /** When the node was last advised to refresh a binding. */
  refreshAt: Instant | undefined;
  /** When the other mobile node last told of its binding. */
  updatedAt: Instant | undefined;
  #made = 0;

  readonly now: () => Instant;

  constructor(now: () => Instant) {
    this.now = now;
  }

  /** A number that was not used before. */
  next(): number {
    this.#made += 1;
    return this.#made;
  }

  /** The packet of a step, or the last one of its kind. */
  last(message: string, n?: number): Happened | undefined {
    return this.happened.findLast(
      (one) => one.message === message && (n === undefined || one.n === n),
    );
  }

  /** What the tester sent since it last sent such a message, or ever. */
  since(message: string): string[] {
    const sent = this.happened.filter(({ seen }) => seen === undefined).map((one) => one.message);
    return sent.slice(sent.lastIndexOf(message) + 1);
  }

  /** The last one that the node sent. */
  lastSeen(message: string): Seen | undefined {
    return this.happened.findLast((one) => one.message === message && one.seen !== undefined)?.seen;
  }

  /** The last one that the node sent to somebody. */
  lastTo(message: string, peer: Address, n?: number): Seen | undefined {
    return this.happened.findLast(
      ({ message: is, seen, n: step }) =>
        is === message &&
        seen !== undefined &&
        innermost(seen).destination === peer &&
        (n === undefined || step === n),
    )?.seen;
  }

  /** Counts what was promised to the node. @param units of 4 s. */
  grant(by: Address, units: number, now: Instant): void {
    this.grantedUntil.set(by, after(now, seconds(units * LIFETIME_UNIT)));
  }

  /** The key of an update, from the tokens whose indices it names. */
  keyOf(seen: Seen): Uint8Array | undefined {
    const update = layerIn(seen, 'binding-update');
    const nonce = update?.options.find((one) => one.option === 'nonce-indices');
    const peer = innermost(seen).destination;
    const token = (kind: 'HoT' | 'CoT', index: number | undefined) =>
      this.answers.find((one) => one.kind === kind && one.peer === peer && one.index === index)
        ?.token;
    const home = token('HoT', nonce?.homeNonceIndex);
    if (home === undefined) return undefined;
    // At home the home address is proof enough.
    if (innermost(seen).source === HOME) return bindingManagementKey(crypto, home);
    const careOf = token('CoT', nonce?.careOfNonceIndex);
    return careOf && bindingManagementKey(crypto, home, careOf);
  }
}

/** The IPv6 header of the packet itself, inside the tunnel if it is in one. */
export function innermost({ layers }: Pick<Seen, 'layers'>): LayerOf<'ipv6'> {
  return layers.findLast((one): one is LayerOf<'ipv6'> => one.layer === 'ipv6')!;
}

/** The home address that a packet's Home Address option names. */
export function homeOption({ layers }: Pick<Seen, 'layers'>): Address | undefined {
  for (const layer of layers) {
    if (layer.layer !== 'destination-options') continue;
    for (const one of layer.options) if (one.option === 'home-address') return one.homeAddress;
  }
  return undefined;
}
