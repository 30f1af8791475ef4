/**
 * TCP segments of one flow that follow each other, on their way into the host's stack: it takes them as
 * one packet of many segments, as it takes those that receive offload has put together.
 *
 * Source: net/ipv4/tcp_offload.c of Linux, tcp_gro_receive, whose conditions these are.
 */
import { type LargePacket, pseudoSum } from '../sys/large-packet.ts';
import { CWR, FIN_PSH, GSO, type Offload, setWord, TCP, wordAt } from '../sys/offloads.ts';

const IPV6_HEADER = 40;
const MAX_PAYLOAD = 65_000;
/** The longest train; the kernel takes as many as a packet has room for. */
export const MAX_CARS = 48;
const ACK = 0x10;
const PSH = 0x08;

/** May others follow it, or may it follow others? */
function mayJoin({ head, payload, offload }: LargePacket): boolean {
  const { type, checksumStart } = offload;
  if (type !== GSO.none || checksumStart !== IPV6_HEADER || payload.length === 0) return false;
  return (head[checksumStart + TCP.flags]! & ~(PSH | CWR)) === ACK;
}

export class PacketTrain {
  readonly #cars: LargePacket[];
  #octets: number;
  #open: boolean;

  constructor(first: LargePacket) {
    this.#cars = [first];
    this.#octets = first.payload.length;
    this.#open = mayJoin(first) && !this.#isPushed(first);
  }

  get payloads(): readonly Uint8Array[] {
    return this.#cars.map(({ payload }) => payload);
  }

  /** Hangs a packet on; false where it does not follow. */
  add(packet: LargePacket): boolean {
    const [first] = this.#cars as [LargePacket];
    const { payload } = packet;
    if (!this.#open || this.#cars.length === MAX_CARS || !mayJoin(packet)) return false;
    if (payload.length > first.payload.length || this.#octets + payload.length > MAX_PAYLOAD) {
      return false;
    }
    if (!follows(first.head, packet.head, this.#octets)) return false;
    this.#cars.push(packet);
    this.#octets += payload.length;
    this.#open = payload.length === first.payload.length && !this.#isPushed(packet);
    return true;
  }

  /** The headers of all of it, and what is left to be done. */
  front(): { readonly head: Uint8Array; readonly offload: Offload } {
    const [first] = this.#cars as [LargePacket];
    if (this.#cars.length === 1) return first;
    const last = this.#cars.at(-1)!;
    const head = first.head.slice();
    setWord(head, 4, head.length + this.#octets - IPV6_HEADER);
    head[IPV6_HEADER + TCP.flags]! |= last.head[IPV6_HEADER + TCP.flags]! & FIN_PSH;
    setWord(head, first.offload.checksumField, pseudoSum(first, head.length + this.#octets));
    return { head, offload: { ...first.offload, type: GSO.tcp6, segment: first.payload.length } };
  }

  #isPushed = ({ head, offload }: LargePacket): boolean =>
    (head[offload.checksumStart + TCP.flags]! & FIN_PSH) !== 0;
}

/** Are the headers those of the first, `octets` later? */
function follows(first: Uint8Array, next: Uint8Array, octets: number): boolean {
  if (first.length !== next.length) return false;
  if ((sequenceOf(first) + octets) >>> 0 !== sequenceOf(next)) return false;
  for (let at = 0; at < first.length; at++) {
    if (first[at] !== next[at] && !DIFFERS.has(at)) return false;
  }
  return ((first[FLAGS]! ^ next[FLAGS]!) & ~PSH) === 0 && (next[FLAGS]! & CWR) === 0;
}

const FLAGS = IPV6_HEADER + TCP.flags;
const sequenceOf = (head: Uint8Array): number =>
  ((wordAt(head, IPV6_HEADER + TCP.sequence) << 16) |
    wordAt(head, IPV6_HEADER + TCP.sequence + 2)) >>>
  0;
const places = (at: number, count: number) => Array.from({ length: count }, (_, i) => at + i);
/** Payload Length, sequence number, flags, checksum. */
const DIFFERS: ReadonlySet<number> = new Set([
  ...places(4, 2),
  ...places(IPV6_HEADER + TCP.sequence, 4),
  FLAGS,
  ...places(IPV6_HEADER + TCP.checksum, 2),
]);
