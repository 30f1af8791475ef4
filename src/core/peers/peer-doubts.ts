import { type Address, formatAddress } from '../../wire/address.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { after, type Duration, type Instant, milliseconds, sooner } from '../time.ts';

/** How long a peer is listened to: some packets of a call, some round trips of a download nearby. */
const LISTENING_TIME: Duration = milliseconds(200);

/** What became of a doubt: `lost`, the peer really seems to know no binding for this address. */
export interface DoubtEnded {
  readonly peer: Address;
  readonly careOf: Address;
  readonly lost: boolean;
  readonly outputs: Output[];
}

/**
 * Peers that are said to know no binding of ours. Anybody can say so, but only a peer that knows it
 * goes on sending with our care-of address: the forwarding table counts what comes in that way.
 *
 *     Binding Error 1 -> an entry counts for a moment -> a packet came: the error was a lie
 *                                                     -> none came: it is believed
 *
 * At most one doubt for each peer that holds a binding.
 *
 * Supported standards: RFC 6275 section 11.3.6, and section 6.4 for the packets that are counted.
 */
export class PeerDoubts {
  readonly #home: Address;
  readonly #state: NodeState;
  readonly #doubts = new Map<Address, { readonly careOf: Address; readonly until: Instant }>();

  constructor(home: Address, state: NodeState) {
    this.#home = home;
    this.#state = state;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { until } of this.#doubts.values()) deadline = sooner(deadline, until);
    return deadline;
  }

  /** @param careOf what the peer is registered with. */
  begin(peer: Address, careOf: Address, now: Instant): Output[] {
    if (this.#doubts.has(peer)) return [count('mobility.be_ignored')];
    const until = after(now, LISTENING_TIME);
    this.#doubts.set(peer, { careOf, until });
    // A peer that is away itself sends from its own care-of address.
    const src = { address: this.#state.bindings.get(peer)?.careOf ?? peer };
    return forward({
      id: this.#entryId(peer),
      owner: 'binding-update-list',
      at: 'arriving',
      match: { src, dst: { address: careOf }, routing2: this.#home },
      do: [{ apply: 'routing-2' }],
    });
  }

  /** Asks what came from those that were listened to long enough. */
  tick(now: Instant): Output[] {
    return [...this.#doubts].flatMap(([peer, { until }]): Output[] => {
      if (now < until) return [];
      const id = this.#entryId(peer);
      return [{ kind: 'ask', id, entries: [id] }];
    });
  }

  /** The answer to such a question; undefined where it was none of ours. */
  answered(id: string, packets: number): DoubtEnded | undefined {
    for (const [peer, { careOf }] of this.#doubts) {
      if (this.#entryId(peer) !== id) continue;
      this.#doubts.delete(peer);
      return { peer, careOf, lost: packets === 0, outputs: unforward(id) };
    }
    return undefined;
  }

  #entryId(peer: Address): string {
    return `self/doubt/${formatAddress(this.#home)}/from/${formatAddress(peer)}`;
  }
}
