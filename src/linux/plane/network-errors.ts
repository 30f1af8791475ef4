/**
 * ICMPv6 errors that the data plane makes: its own, and those about a tunnel or a header that the
 * sender of the packet knows nothing of, told in terms of the packet that it made.
 *
 * Supported standards: RFC 4443 sections 2.4, 3.1 and 3.2, RFC 2473 section 8, RFC 6275 section 9.3.4.
 */
import { MINIMUM_MTU } from '../../core/forwarding/path-mtus.ts';
import { asSent, quotedInside, quotedPacket } from '../../core/forwarding/quoted.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import { milliseconds } from '../../core/time.ts';
import { isMulticast, readAddress, UNSPECIFIED } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { type LayerInput, serialisePacket } from '../../wire/packet.ts';
import { walkHeaders } from '../../wire/walk.ts';
import type { LinuxCounter } from '../counters.ts';
import type { PlaneSurroundings } from './surroundings.ts';

/** Errors a second and at once, as Linux has it: icmp_msgs_per_sec 1000, icmp_msgs_burst 50. */
const ERROR_INTERVAL = milliseconds(1);
const ERROR_BURST = 50;
/** Octets of a packet that an error of at most 1280 may quote. Source: RFC 4443 section 2.4 (c). */
const MAX_QUOTE = MINIMUM_MTU - 48;

const UNREACHABLE = 1;
const TOO_BIG = 2;
const TIME_EXCEEDED = 3;

/** An error to be told to the source of the packet that it is about. */
export interface NetworkError {
  readonly about: Uint8Array;
  readonly message: (invoking: Uint8Array) => LayerInput;
}

type Send = (octets: Uint8Array) => void;

export class ErrorTeller {
  readonly #host: Pick<PlaneSurroundings, 'now' | 'sourceFor' | 'count'>;
  readonly #limit = new RateLimit(ERROR_INTERVAL, ERROR_BURST);

  constructor(host: Pick<PlaneSurroundings, 'now' | 'sourceFor' | 'count'>) {
    this.#host = host;
  }

  packetTooBig(about: Uint8Array, mtu: number, send: Send): void {
    const message = (invoking: Uint8Array): LayerInput => ({
      layer: 'packet-too-big',
      mtu,
      invoking,
    });
    this.#tell({ about, message }, send);
  }

  /** No route. */
  unreachable(about: Uint8Array, send: Send): void {
    const message = (invoking: Uint8Array): LayerInput => ({
      layer: 'destination-unreachable',
      code: 0,
      invoking,
    });
    this.#tell({ about, message }, send);
  }

  /** Tells an error that came from elsewhere; says how that is to be counted. */
  tell(error: NetworkError, send: Send): LinuxCounter {
    return this.#tell(error, send) ? 'plane.error_relayed' : 'plane.error_ignored';
  }

  #tell({ about, message }: NetworkError, send: Send): boolean {
    if (!mayCauseError(about)) return false;
    if (!this.#limit.take(this.#host.now())) {
      this.#host.count('plane.error_suppressed');
      return false;
    }
    const destination = readAddress(about, 8);
    const source = this.#host.sourceFor(destination);
    if (source === undefined) return false;
    const invoking = about.slice(0, MAX_QUOTE);
    send(serialisePacket([{ layer: 'ipv6', source, destination }, message(invoking)]));
    return true;
  }
}

/**
 * What an error says to the one who made the packet that it quotes, where the data plane has changed
 * that packet; undefined where it has not, or where there is nothing that a sender can do.
 *
 * @param message the ICMPv6 message.
 */
export function relayedError(message: Uint8Array): NetworkError | undefined {
  const [type, code] = message;
  const outer = quotedPacket(message.subarray(8));
  if (outer === undefined) return undefined;
  const inside = quotedInside(outer);
  const tunnelled = inside === undefined ? 0 : outer.at;
  const made = asSent(inside ?? outer);
  const added = tunnelled + made.shorter;
  if (added === 0) return undefined;
  const about = made.octets;
  switch (type) {
    case UNREACHABLE: {
      // Of a tunnel the sender knows nothing: to it, its destination is what cannot be reached.
      const told = inside === undefined ? ((code ?? 0) as 0) : 3;
      return {
        about,
        message: (invoking) => ({ layer: 'destination-unreachable', code: told, invoking }),
      };
    }
    case TOO_BIG: {
      const said = new DataView(message.buffer, message.byteOffset).getUint32(4);
      const mtu = Math.max(said - added, MINIMUM_MTU);
      return { about, message: (invoking) => ({ layer: 'packet-too-big', mtu, invoking }) };
    }
    case TIME_EXCEEDED:
      if (inside !== undefined) return undefined;
      return { about, message: (invoking) => ({ layer: 'time-exceeded', invoking }) };
    default:
      // A Parameter Problem points at a header that the sender did not make; the roles see to it.
      return undefined;
  }
}

/** Source: RFC 4443 section 2.4 (e). */
function mayCauseError(about: Uint8Array): boolean {
  if (about.length < 40) return false;
  const source = readAddress(about, 8);
  if (source === UNSPECIFIED || isMulticast(source)) return false;
  const walk = walkHeaders(about);
  if (walk?.protocol !== PROTOCOL.icmpv6) return true;
  const type = about[walk.upperAt] ?? 0;
  return type >= 128 && type !== 137;
}
