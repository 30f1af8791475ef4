/** Fragments of what tunnels carry: made where one begins, put together where one ends. */
import { fragment, Reassembly } from '../../core/forwarding/fragments.ts';
import { PacketView } from '../../core/forwarding/packet-view.ts';
import type { Address } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { mayBeCut } from '../../wire/walk-ipv4.ts';
import type { Out, PlaneSurroundings } from './surroundings.ts';

/** Upper layers that an entry can only take whole. */
const WHOLE: ReadonlySet<number | undefined> = new Set([
  PROTOCOL.ipv6,
  PROTOCOL.ipv4,
  PROTOCOL.esp,
  PROTOCOL.mobility,
]);

export class TunnelFragments {
  readonly #host: Pick<PlaneSurroundings, 'now' | 'isOwn' | 'send' | 'count'>;
  readonly #cuts: boolean;
  readonly #reassembly = new Reassembly();
  #identification: number;

  /**
   * @param identification of the first packet that is cut.
   * @param cuts whether any may be.
   */
  constructor(
    host: Pick<PlaneSurroundings, 'now' | 'isOwn' | 'send' | 'count'>,
    identification: number,
    cuts: boolean,
  ) {
    this.#host = host;
    this.#identification = identification;
    this.#cuts = cuts;
  }

  /** Packets whose parts wait for others. */
  get waiting(): number {
    return this.#reassembly.size;
  }

  /**
   * Sends a packet in fragments, where this host made it so long and may, or everybody may; else false.
   */
  send(octets: Uint8Array, mtu: number, out: Out | undefined): boolean {
    const host = this.#host;
    const source = sourceOf(octets);
    const allowed = isIpv4Packet(octets) && mayBeCut(octets);
    if (!allowed && !(host.isOwn(source) && this.#cuts)) return false;
    const parts = fragment(octets, mtu, this.#identification++);
    if (parts === undefined) return false;
    host.count('plane.fragmented');
    for (const part of parts) host.send(part, source, destinationOf(part), out);
    return true;
  }

  /**
   * What ends here as a whole must be whole first; other fragments go through one by one. Undefined
   * where parts are missing still.
   * @param tunnelled whether tunnels inside UDP end at an address: their ports are in the first part.
   */
  whole(octets: Uint8Array, tunnelled: (to: Address) => boolean): Uint8Array | undefined {
    const { isPart, protocol, dst } = new PacketView(octets);
    const host = this.#host;
    if (!isPart || !host.isOwn(dst)) return octets;
    if (!WHOLE.has(protocol) && !(protocol === PROTOCOL.udp && tunnelled(dst))) return octets;
    const { failed } = this.#reassembly;
    const packet = this.#reassembly.add(octets, host.now());
    if (packet !== undefined) host.count('plane.reassembled');
    for (let i = failed; i < this.#reassembly.failed; i++) host.count('plane.reassembly_failed');
    return packet;
  }
}
