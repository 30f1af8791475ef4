/**
 * Errors of ICMPv6 and ICMP that the data plane makes: its own, and those about a tunnel or a header that the
 * sender of the packet knows nothing of, told in terms of the packet that it made.
 *
 * Supported standards: RFC 4443 sections 2.4, 3.1 and 3.2, RFC 792, RFC 1191, RFC 2473 section 8, RFC 6275
 * section 9.3.4.
 */
import { minimumMtu } from '../../core/forwarding/path-mtus.ts';
import { asSent, quotedInside, quotedPacket } from '../../core/forwarding/quoted.ts';
import {
  errorIn,
  errorMessage,
  mayCauseError,
  type NetworkError,
} from '../../core/icmp-messages.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import { milliseconds } from '../../core/time.ts';
import { ipHeader, leastHeader, sourceOf } from '../../wire/ip-fields.ts';
import { parsePacket, serialisePacket } from '../../wire/packet.ts';
import type { LinuxCounter } from '../counters.ts';
import type { PlaneSurroundings } from './surroundings.ts';

/** Errors a second and at once, as Linux has it: icmp_msgs_per_sec 1000, icmp_msgs_burst 50. */
const ERROR_INTERVAL = milliseconds(1);
const ERROR_BURST = 50;

/** An error to be told to the source of the packet that it is about. */
export interface ErrorAbout {
  readonly about: Uint8Array;
  readonly error: NetworkError;
}

type Send = (octets: Uint8Array) => void;

export class ErrorTeller {
  readonly #host: Pick<PlaneSurroundings, 'now' | 'sourceFor' | 'count'>;
  readonly #limit = new RateLimit(ERROR_INTERVAL, ERROR_BURST);

  constructor(host: Pick<PlaneSurroundings, 'now' | 'sourceFor' | 'count'>) {
    this.#host = host;
  }

  packetTooBig(about: Uint8Array, mtu: number, send: Send): void {
    this.#tell({ about, error: { kind: 'too-big', mtu } }, send);
  }

  /** No route. */
  unreachable(about: Uint8Array, send: Send): void {
    this.#tell({ about, error: { kind: 'unreachable', code: 0 } }, send);
  }

  /** Tells an error that came from elsewhere; says how that is to be counted. */
  tell(error: ErrorAbout, send: Send): LinuxCounter {
    return this.#tell(error, send) ? 'plane.error_relayed' : 'plane.error_ignored';
  }

  #tell({ about, error }: ErrorAbout, send: Send): boolean {
    if (about.length < leastHeader(about) || !mayCauseError(about, error)) return false;
    if (!this.#limit.take(this.#host.now())) {
      this.#host.count('plane.error_suppressed');
      return false;
    }
    const destination = sourceOf(about);
    const source = this.#host.sourceFor(destination);
    if (source === undefined) return false;
    send(serialisePacket([ipHeader(source, destination), errorMessage(about, error)]));
    return true;
  }
}

/** An error about a packet that this host sent. */
export interface HeardError {
  readonly error: NetworkError;
  /** The packet as it is quoted. */
  readonly about: Uint8Array;
  /**
   * What it says to the one who made that packet, where the data plane has changed it; undefined where it has
   * not, or where there is nothing that a sender can do.
   */
  readonly relayed: ErrorAbout | undefined;
}

/** Reads an error in a packet for this host; undefined where it is none, or quotes too little. */
export function heardError(octets: Uint8Array): HeardError | undefined {
  const parsed = parsePacket(octets);
  const said = parsed.ok ? parsed.value.map(errorIn).find((one) => one !== undefined) : undefined;
  if (said === undefined || said.about.length < leastHeader(said.about)) return undefined;
  return { ...said, relayed: relayedError(said) };
}

function relayedError({ about, error }: ErrorAbout): ErrorAbout | undefined {
  const outer = quotedPacket(about);
  if (outer === undefined) return undefined;
  const inside = quotedInside(outer);
  const tunnelled = inside === undefined ? 0 : about.length - inside.octets.length;
  const made = asSent(inside ?? outer);
  const added = tunnelled + made.shorter;
  if (added === 0) return undefined;
  switch (error.kind) {
    case 'unreachable':
      // Of a tunnel the sender knows nothing: to it, its destination is what cannot be reached.
      return {
        about: made.octets,
        error: inside === undefined ? error : { kind: 'unreachable', code: 3 },
      };
    case 'too-big': {
      const mtu = Math.max(error.mtu - added, minimumMtu((inside ?? outer).destination));
      return { about: made.octets, error: { kind: 'too-big', mtu } };
    }
    case 'time-exceeded':
      return inside === undefined ? { about: made.octets, error } : undefined;
    case 'parameter-problem':
      // It points at a header that the sender did not make; the roles see to it.
      return undefined;
  }
}
