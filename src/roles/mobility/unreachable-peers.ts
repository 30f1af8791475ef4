import { homeAddressEntryId } from '../../core/bindings/home-address-entries.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { signal } from '../../core/signalling/signalling.ts';
import { between, type Duration, type Instant, seconds } from '../../core/time.ts';
import { type Address, address, formatAddress, readAddress } from '../../wire/address.ts';
import { walkHeaders } from '../../wire/walk.ts';

/** Errors that count, one a second at most, before a care-of address is given up. */
const ERRORS = 4;
const ERROR_INTERVAL: Duration = seconds(1);
/** Errors further apart than this do not persist; nor is a peer asked more often. */
const FORGOTTEN_AFTER: Duration = seconds(15);
/** RFC 4443 section 3.1: the node itself says that nobody listens at a port, so it is there. */
const PORT_UNREACHABLE = 4;

/** What errors say of one care-of address. */
interface Doubt {
  readonly careOf: Address;
  /** That counted; none where the doubt is over. */
  errors: number;
  last: Instant;
  /** When the peer was last asked to register. */
  readonly askedAt: Instant;
  /** Packets that had come from there when the doubt began; undefined until that is known. */
  heard: number | undefined;
}

/**
 * Care-of addresses of peers that ICMPv6 errors call unreachable.
 *
 *     first error -> doubt: the peer is asked, through its home agent, to register again
 *     doubt, and more errors for some seconds -> has nothing come from there meanwhile? given up
 *     registered again, or something came, or no more errors -> no doubt
 *
 * Anybody can make up such errors, and one alone never ends a binding. At most one doubt for each
 * binding, gone with it.
 *
 * Supported standards: RFC 6275 section 9.3.4; RFC 4443 section 5.2 for why it takes so much.
 */
export class UnreachablePeers {
  readonly #state: NodeState;
  readonly #doubts = new Map<Address, Doubt>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** The binding is made anew. */
  renewed(home: Address): void {
    const doubt = this.#doubts.get(home);
    if (doubt !== undefined) doubt.errors = 0;
  }

  /** The binding is gone. */
  forget(home: Address): void {
    this.#doubts.delete(home);
  }

  /** An error about a packet that went by a binding of ours. Others are not for us to judge. */
  received(received: Received, now: Instant): Output[] {
    const { message } = received;
    if (message.layer !== 'destination-unreachable' || message.code === PORT_UNREACHABLE) return [];
    const { invoking } = message;
    const walk = walkHeaders(invoking);
    if (walk === undefined || walk.routing2At < 0) return [];
    const home = readAddress(invoking, walk.routing2At + 8);
    const careOf = readAddress(invoking, 24);
    const binding = this.#state.bindings.get(home);
    const ours =
      binding?.scope === 'peer' &&
      binding.careOf === careOf &&
      readAddress(invoking, 8) === received.destination;
    const ignored = count('mobility.unreachable_ignored');
    if (!ours || this.#state.env.without.has('persistent-errors')) return [ignored];
    const doubt = this.#doubts.get(home);
    const stands = doubt?.careOf === careOf && doubt.errors > 0;
    if (!stands || between(doubt.last, now) > FORGOTTEN_AFTER) {
      const ask = doubt === undefined || between(doubt.askedAt, now) > FORGOTTEN_AFTER;
      const askedAt = ask ? now : doubt.askedAt;
      this.#doubts.set(home, { careOf, errors: 1, last: now, heard: undefined, askedAt });
      const local = readAddress(invoking, walk.homeAddressAt < 0 ? 8 : walk.homeAddressAt);
      const asked = ask ? this.#askPeer(local, home) : [];
      return [ignored, this.#askUse(home, careOf), ...asked];
    }
    if (between(doubt.last, now) < ERROR_INTERVAL) return [ignored];
    doubt.errors += 1;
    doubt.last = now;
    return doubt.errors < ERRORS ? [ignored] : [ignored, this.#askUse(home, careOf)];
  }

  /** The answer to a question of ours: the home address whose care-of address is given up. */
  answered(id: string, use: readonly EntryUse[]): Address | undefined {
    if (!id.startsWith(PREFIX)) return undefined;
    const home = address(id.slice(PREFIX.length));
    const doubt = this.#doubts.get(home);
    if (doubt === undefined) return undefined;
    const heard = use[0]?.packets ?? 0;
    if (doubt.heard === undefined) {
      doubt.heard = heard;
      if (!this.#state.env.without.has('error-check')) return undefined;
    } else if (doubt.heard !== heard) {
      doubt.errors = 0;
      return undefined;
    }
    return home;
  }

  #askUse(home: Address, careOf: Address): Output {
    const entries = [homeAddressEntryId(home, careOf)];
    return { kind: 'ask', id: PREFIX + formatAddress(home), entries };
  }

  /** RFC 6275 section 6.1.2: a Mobility Header message goes by the home agent. */
  #askPeer(local: Address, home: Address): Output[] {
    if (this.#state.env.without.has('binding-refresh')) return [];
    return [
      count('mobility.brr_sent'),
      ...signal({
        source: local,
        destination: home,
        layers: [{ layer: 'binding-refresh-request' }],
        detail: 'its care-of address is said to be unreachable',
      }),
    ];
  }
}

const PREFIX = 'unreachable-peer/';
