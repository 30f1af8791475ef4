import type { Address } from '../../../wire/address.ts';
import type { Constants } from '../../constants.ts';
import type { ConnectionSegment } from '../../forwarding/connection-segment.ts';
import { after, type Duration, type Instant, sooner } from '../../time.ts';

/** Connections of one client that are followed; one with more is forgotten only when it is idle. */
const MAX_FOLLOWED = 16;

/** A client one of whose connections has ended. */
interface Ending {
  /** When it is looked at. */
  readonly at: Instant;
  /** Its entry is being asked what it has carried. */
  readonly asked?: true;
  /** What that was at the first look. */
  readonly packets?: number;
}

/**
 * Which clients have no connection any more, as far as can be seen where their packets go by: of a client
 * that its server answers straight, that is its own half alone. So a client that has closed its last connection
 * lingers, since its server may send on for long; what acknowledges that shows that it does.
 *
 *     begins -> open --close (FIN)--> lingers CONNECTION_LINGER, silent in the second half -> over
 *                    --reset (RST)--> lingers RESET_LINGER, the same                       -> over
 *
 * A client is followed from its first segment on. One that began with something else, or has more connections
 * than are followed, is forgotten only when it is idle.
 *
 * Bounded: 16 connections of each client that is remembered.
 *
 * Supported standards: RFC 9293 section 3.6 (half-closed connections).
 */
export class EndedClients {
  /** Connections that stand, by what tells them apart: the ports. */
  readonly #open = new Map<Address, number[]>();
  /** In order of time, each: all of one list wait equally long. */
  readonly #lingering = { close: new Map<Address, Ending>(), reset: new Map<Address, Ending>() };
  readonly #half: { readonly close: Duration; readonly reset: Duration };
  readonly #off: boolean;

  constructor({ CONNECTION_LINGER, RESET_LINGER }: Constants, off: boolean) {
    this.#off = off;
    const half = (whole: Duration) => Math.ceil(whole / 2) as Duration;
    this.#half = { close: half(CONNECTION_LINGER), reset: half(RESET_LINGER) };
  }

  deadline(): Instant | undefined {
    const { close, reset } = this.#lingering;
    return sooner(first(close)?.at, first(reset)?.at);
  }

  /** A client that nothing is known of begins with this; undefined: with something else. */
  begin(client: Address, segment: ConnectionSegment | undefined): void {
    if (this.#off || segment?.does !== 'begin') return;
    this.#open.set(client, [keyOf(segment)]);
  }

  /** A segment of a client that is known. */
  saw(client: Address, segment: ConnectionSegment, now: Instant): void {
    const open = this.#open.get(client);
    if (open === undefined) return;
    const at = open.indexOf(keyOf(segment));
    if (segment.does === 'begin') {
      if (at < 0) open.push(keyOf(segment));
      if (open.length > MAX_FOLLOWED) this.forget(client);
      return;
    }
    if (at >= 0) open.splice(at, 1);
    const list = this.#lingering[segment.does];
    list.delete(client);
    list.set(client, { at: after(now, this.#half[segment.does]) });
  }

  /** Those whose entries are to be asked now, so many at most. */
  due(now: Instant, most: number): Address[] {
    const due = new Set<Address>();
    for (const does of ['close', 'reset'] as const) {
      const list = this.#lingering[does];
      for (const [client, ending] of list) {
        if (ending.at > now || due.size >= most) break;
        due.add(client);
        list.delete(client);
        list.set(client, { ...ending, at: after(now, this.#half[does]), asked: true });
      }
    }
    return [...due];
  }

  /** What the entry of such a client has carried. True: nothing of it is left. */
  looked(client: Address, packets: number): boolean {
    const isOpen = this.#open.get(client)?.length !== 0;
    let isOver = !isOpen;
    for (const list of [this.#lingering.close, this.#lingering.reset]) {
      const ending = list.get(client);
      if (ending === undefined) continue;
      const isSilent = ending.asked === true && ending.packets === packets;
      // Whoever has another connection lingers when that one ends.
      if (isOpen || isSilent) list.delete(client);
      else {
        isOver = false;
        if (ending.asked) list.set(client, { at: ending.at, packets });
      }
    }
    return isOver;
  }

  forget(client: Address): void {
    this.#open.delete(client);
    this.#lingering.close.delete(client);
    this.#lingering.reset.delete(client);
  }
}

const keyOf = ({ sport, dport }: ConnectionSegment): number => sport * 0x1_0000 + dport;

function first(list: ReadonlyMap<Address, Ending>): Ending | undefined {
  for (const ending of list.values()) return ending;
  return undefined;
}
