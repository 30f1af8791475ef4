import type { Address } from '../../../wire/address.ts';
import { PROTOCOL } from '../../../wire/numbers.ts';
import { connectionSegment } from '../../forwarding/connection-segment.ts';
import type { PacketView } from '../../forwarding/packet-view.ts';
import type { Mechanism } from '../../mechanisms.ts';
import { after, type Instant, seconds } from '../../time.ts';

/** So long the other servers may take to say that a client is theirs. */
const ANSWER_TIME = seconds(1);
/** So long it is remembered that none did; then they are asked again. */
const MEMORY = seconds(10);
/** Clients that are asked about at once; the oldest goes. */
const MAX_ASKED = 1000;
const UDP_HEADER = 8;
/** The bit that the first packets of a session have. Source: RFC 8999 section 5.1. */
const LONG_HEADER = 0x80;

/**
 * Which packets of unknown clients at one of several servers of an address may belong to what the client
 * has with another of them: segments of TCP that do not open a connection, and packets of QUIC with a short header,
 * since routes change. When no server has said that the client is its own, the packet is for who it came to, and is
 * refused there.
 *
 * Bounded: 1000 clients, of which the oldest goes.
 *
 * Supported standards: RFC 9293; RFC 8999 section 5 (which packets of QUIC are in the middle of a session).
 */
export class Strays {
  readonly #off: boolean;
  readonly #quicPorts: readonly number[];
  readonly #askedAt = new Map<Address, Instant>();

  /** @param quicPorts UDP ports at which QUIC is spoken. */
  constructor(without: ReadonlySet<Mechanism>, quicPorts: readonly number[] = []) {
    this.#quicPorts = without.has('quic-sessions') ? [] : quicPorts;
    this.#off = without.has('stray-packets');
  }

  /** May another server have what this packet belongs to? */
  mayBeOthers(client: Address, packet: PacketView, now: Instant): boolean {
    if (this.#off || beginsSomething(packet, this.#quicPorts)) return false;
    const asked = this.#askedAt.get(client);
    if (asked === undefined || now >= after(asked, MEMORY)) {
      this.#remember(client, now);
      return true;
    }
    return now < after(asked, ANSWER_TIME);
  }

  #remember(client: Address, now: Instant): void {
    this.#askedAt.delete(client);
    const [oldest] = this.#askedAt.keys();
    if (this.#askedAt.size >= MAX_ASKED && oldest !== undefined) this.#askedAt.delete(oldest);
    this.#askedAt.set(client, now);
  }
}

/** All but TCP and QUIC has no connection that a server could lack. */
function beginsSomething(packet: PacketView, quicPorts: readonly number[]): boolean {
  const { protocol, walk, dport, octets } = packet;
  if (walk === undefined || !walk.firstFragment) return true;
  if (protocol === PROTOCOL.udp && dport !== undefined && quicPorts.includes(dport)) {
    return ((octets[walk.upperAt + UDP_HEADER] ?? 0) & LONG_HEADER) !== 0;
  }
  return protocol !== PROTOCOL.tcp || connectionSegment(packet)?.does === 'begin';
}
