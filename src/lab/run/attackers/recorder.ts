/** Keeps a message that it overhears, and sends it again later, octet for octet, or to another node. */
import { PacketView } from '../../../core/forwarding/packet-view.ts';
import { pushUdp } from '../../../core/forwarding/udp-tunnel.ts';
import { addressOctets, parseAddress } from '../../../wire/address.ts';
import { UDP_PORT } from '../../../wire/numbers.ts';
import { fixUpperChecksum, walkHeaders } from '../../../wire/walk.ts';
import type { Replayed } from '../../scenario/attacks.ts';
import type { Hands } from './attacker.ts';
import { innermost } from './overheard.ts';

/** Where it stands in an IPv6 header. */
const DESTINATION = 24;

export class Recorder {
  readonly #attack: Replayed;
  readonly #hands: Hands;
  #kept: Uint8Array | undefined;

  constructor(attack: Replayed, hands: Hands) {
    this.#attack = attack;
    this.#hands = hands;
  }

  hear(octets: Uint8Array): void {
    const { message, to, heard } = this.#attack;
    if (heard === 'first' && this.#kept !== undefined) return;
    if (walkHeaders(octets) === undefined) return;
    const packet = innermost(octets);
    if (packet?.message.layer !== message) return;
    if (to !== undefined && packet.destination !== this.#hands.address(to)) return;
    this.#kept = octets.slice();
  }

  begin(): void {
    if (this.#kept === undefined) return;
    const { udpSource, at } = this.#attack;
    const octets = this.#kept.slice();
    if (at !== undefined) this.#readdress(octets, at);
    this.#hands.send(udpSource === undefined ? octets : this.#inUdp(octets, udpSource));
  }

  /** No proof of a registration covers where it goes to. */
  #readdress(octets: Uint8Array, to: string): void {
    const address = this.#hands.address(to) ?? parseAddress(to);
    if (address === undefined) return;
    octets.set(addressOctets(address), DESTINATION);
    fixUpperChecksum(octets);
  }

  #inUdp(octets: Uint8Array, from: string): Uint8Array {
    const { mobility: port } = UDP_PORT;
    const packet = new PacketView(octets);
    const src = this.#hands.address(from);
    if (src === undefined) return octets;
    const outer = pushUdp(packet, { src, dst: packet.dst, sport: port, dport: port });
    return typeof outer === 'string' ? octets : outer;
  }
}
