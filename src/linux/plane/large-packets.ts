/**
 * TCP packets of many segments, and those without a checksum yet, on their way through the table: they
 * meet it once, by their headers alone, and go on as they came wherever they can.
 */
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { execute, leavingEntry, type Outcome } from '../../core/forwarding/execute.ts';
import { overhead } from '../../core/forwarding/overhead.ts';
import { MAX_PACKET } from '../../core/forwarding/packet-view.ts';
import type { PathMtus } from '../../core/forwarding/path-mtus.ts';
import type { ForwardingTable } from '../../core/forwarding/table.ts';
import { type Address, readAddress } from '../../wire/address.ts';
import {
  headAlone,
  joined,
  type LargePacket,
  largePacket,
  longestOf,
  withHead,
} from '../sys/large-packet.ts';
import { finished, type Offload } from '../sys/offloads.ts';
import type { Out, PlaneSurroundings } from './surroundings.ts';

/** What the plane does with what comes out. */
export interface LargeParts {
  /** What becomes of it but for going on: notices, drops. */
  ended(outcome: Outcome): void;
  /** One segment; `made` as it came to the table, `octets` what it has become. */
  sendOn(made: Uint8Array, octets: Uint8Array, out: Out | undefined): void;
}

export class LargePackets {
  readonly #host: PlaneSurroundings;
  readonly #table: ForwardingTable;
  readonly #pathMtus: PathMtus;
  readonly #parts: LargeParts;

  constructor(
    host: PlaneSurroundings,
    table: ForwardingTable,
    pathMtus: PathMtus,
    parts: LargeParts,
  ) {
    this.#host = host;
    this.#table = table;
    this.#pathMtus = pathMtus;
    this.#parts = parts;
  }

  /** Sends one; false where each segment must meet the table by itself. */
  leaving(octets: Uint8Array, offload: Offload): boolean {
    const host = this.#host;
    const made = largePacket(octets, offload);
    if (made === undefined) return false;
    const alone = headAlone(made);
    const entry = leavingEntry(this.#table, alone, host.now());
    if (entry !== undefined && !isForHeads(entry, octets.length)) return false;
    const outcome = execute(this.#table, 'leaving', alone, host.now(), made.payload.length);
    this.#parts.ended(outcome);
    if (outcome.kind === 'drop') return true;
    const out = outcome.kind === 'continue' ? outcome.out : undefined;
    const isChanged = outcome.kind === 'continue' && outcome.octets !== alone;
    const packet = isChanged ? withHead(made, outcome.octets) : made;
    const source = readAddress(packet.head, 8);
    const destination = readAddress(packet.head, 24);
    const learned = this.#learned(destination, isChanged);
    const straight = out === undefined && longestOf(packet) <= learned && !host.isOwn(destination);
    if (straight && host.sendLarge(packet, source, destination)) host.count('plane.sent');
    else this.#sendSegments(packet, isChanged ? finished(octets, offload) : undefined, out);
    return true;
  }

  /** What the path takes at once; what is sent as it was made needs no proof of that. */
  #learned(destination: Address, isChanged: boolean): number {
    const now = this.#host.now();
    if (isChanged) return this.#pathMtus.atOnce(destination, now);
    return this.#pathMtus.to(destination, Number.POSITIVE_INFINITY, now);
  }

  /** What becomes of one that came by a link; undefined where it must be finished first. */
  arriving(
    octets: Uint8Array,
    offload: Offload,
  ): { readonly outcome: Outcome; readonly packet: LargePacket } | undefined {
    const made = largePacket(octets, offload);
    if (made === undefined) return undefined;
    const { payload } = made;
    const now = this.#host.now();
    const outcome = execute(this.#table, 'arriving', headAlone(made), now, payload.length);
    const changed = outcome.kind === 'continue' || outcome.kind === 'divert';
    return { outcome, packet: changed ? withHead(made, outcome.octets) : made };
  }

  /** @param made the same segments as they came to the table, if that has changed them. */
  #sendSegments(
    packet: LargePacket,
    made: readonly Uint8Array[] | undefined,
    out: Out | undefined,
  ): void {
    const host = this.#host;
    const segments = finished(joined(packet), packet.offload);
    if (segments.length === 0) {
      host.count('plane.malformed');
      return;
    }
    const source = readAddress(packet.head, 8);
    const destination = readAddress(packet.head, 24);
    const learned = this.#learned(destination, made !== undefined);
    const straight = segments[0]!.length <= learned && !host.isOwn(destination);
    const sent = straight ? host.sendMany(segments, source, destination, out) : 0;
    for (let i = 0; i < sent; i++) host.count('plane.sent');
    if (sent === segments.length) return;
    const parts = made ?? segments;
    for (let i = sent; i < segments.length; i++) this.#parts.sendOn(parts[i]!, segments[i]!, out);
  }
}

/** Can an entry be done to the headers of a packet of so many octets, without the rest? */
function isForHeads(entry: ForwardingEntry, octets: number): boolean {
  if (entry.credit !== undefined || octets + overhead(entry) > MAX_PACKET) return false;
  return entry.do.every(
    (action) => !('divert' in action || ('push' in action && action.push !== 'ipv6')),
  );
}
