import type { Binding } from '../../core/bindings/binding-cache.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received, tell } from '../../core/part.ts';
import type { Output, Resolved } from '../../core/role.ts';
import { signal } from '../../core/signalling/signalling.ts';
import { after, type Instant, seconds, sooner } from '../../core/time.ts';
import {
  type Address,
  address,
  formatAddress,
  isUnicastRoutable,
  readAddress,
} from '../../wire/address.ts';
import { walkHeaders } from '../../wire/walk.ts';

/** Packets that tell a node that it has been bound, one a second. */
const KNOCKS = 3;
const KNOCK_INTERVAL = seconds(1);
/** Names of an address that are asked for their addresses, and addresses that are taken of all. */
const MAX_NAMES = 2;
const MAX_NAMED = 8;
/** Silent nodes at once; the one that has been silent longest is forgotten, and begins anew. */
const MAX_SEARCHES = 256;

/** The search for an address at which a silent node can be reached. */
interface Search {
  readonly local: Address;
  readonly tried: Set<Address>;
  /** What DNS says; undefined: it has not been asked. */
  named: readonly Address[] | undefined;
  /** Questions to DNS that are not answered. */
  asked: number;
  knock: { readonly at: Instant; readonly left: number } | undefined;
}

/**
 * Bindings that this node makes itself, for a node that has several addresses and cannot be reached at
 * the one that it is known by: another of its addresses, those first that it has told of under a
 * proof, then those of its name, where that name has the known address too.
 *
 *     silent -> bound to the next address for 10 s -> (its own update) replaced
 *                                                  -> (expired, refused) the next -> none left: told
 *
 * Nobody has proved such an address: it gets no more octets than the node has sent lately (care-of
 * credit), and three packets with a Type 2 Routing header, which make a careof node send its own update.
 * That update wins, whatever its number is.
 *
 * Source: seed multihome, figures 3.3 steps 362 to 370 and 3.4 (which is lost); RFC 4866 section 4.10.
 */
export class ProvisionalBindings {
  readonly #state: NodeState;
  readonly #searches = new Map<Address, Search>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  get size(): number {
    return this.#searches.size;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { knock } of this.#searches.values()) deadline = sooner(deadline, knock?.at);
    return deadline;
  }

  /** Something comes from the node, or it has spoken for itself. */
  end(home: Address): void {
    this.#searches.delete(home);
  }

  /** Nothing gets there: the next address to be bound, or undefined with what is asked to find one. */
  next(
    home: Address,
    local: Address,
    now: Instant,
  ): { readonly binding?: Binding; readonly outputs: Output[] } {
    const { bindings, env } = this.#state;
    const bound = bindings.get(home);
    const speaksForItself = bound !== undefined && bound.provisional !== true;
    if (speaksForItself || env.without.has('provisional-binding')) return { outputs: [] };
    const search = this.#searchFor(home, local);
    const careOf = this.#candidate(home, search);
    if (careOf === undefined) return { outputs: this.#askNames(home, search) };
    search.tried.add(careOf);
    if (bound === undefined && bindings.room('peer') <= 0) {
      return { outputs: [count('mobility.provisional_refused')] };
    }
    search.knock = { at: now, left: KNOCKS };
    const lifetime = this.#state.constants.PROVISIONAL_LIFETIME;
    const expiresAt = after(now, lifetime);
    const base = { scope: 'peer', registrant: '', bindingId: 0, sequence: 0 } as const;
    const binding = { ...base, home, careOf, lifetime, expiresAt, provisional: true } as const;
    const outputs = [
      count('mobility.provisional_bound'),
      tell({
        ...{ kind: 'binding.accepted', scope: 'peer', home, careof: careOf },
        ...{ lifetime_s: lifetime / seconds(1), reason: 'provisional: nothing is delivered' },
        source: 'figure 3.3',
      }),
    ];
    return { binding, outputs };
  }

  #searchFor(home: Address, local: Address): Search {
    const known = this.#searches.get(home);
    if (known !== undefined) return known;
    const oldest = this.#searches.size < MAX_SEARCHES ? undefined : this.#searches.keys().next();
    if (oldest?.value !== undefined) this.#searches.delete(oldest.value);
    const base = { tried: new Set([home]), named: undefined, asked: 0, knock: undefined };
    const search: Search = { local, ...base };
    this.#searches.set(home, search);
    return search;
  }

  #candidate(home: Address, { tried, named }: Search): Address | undefined {
    const told = this.#state.sets.of(home)?.addresses ?? [];
    return [...told, ...(named ?? [])].find(
      (one) => !tried.has(one) && !this.#state.bindings.leadsBack(one, home),
    );
  }

  /** Names are asked for once; then there is nothing left. */
  #askNames(home: Address, search: Search): Output[] {
    if (search.named === undefined) {
      search.named = [];
      search.asked = 1;
      const id = `${NAMES}${formatAddress(home)}`;
      return [{ kind: 'resolve', id, question: { address: home } }];
    }
    return search.asked > 0 ? [] : this.#nothingLeft(home);
  }

  #nothingLeft(home: Address): Output[] {
    const reason = 'it can be reached at no address that is known';
    const event = { kind: 'path.failed', peer: home, home, careof: home, reason } as const;
    return [count('mobility.delivery_failed'), tell(event)];
  }

  /** What DNS says. True with `again`: there may be another address now. */
  resolved(
    id: string,
    { addresses, names }: Resolved,
  ): { readonly again?: Address; readonly local?: Address; readonly outputs: Output[] } {
    const [prefix, text = ''] = [`${id.split('/')[0]}/`, id.split('/')[1]];
    const isOurs = prefix === NAMES || prefix === ADDRESSES;
    const home = isOurs ? address(text) : undefined;
    const search = home === undefined ? undefined : this.#searches.get(home);
    if (home === undefined || search === undefined) return { outputs: [] };
    search.asked -= 1;
    if (prefix === NAMES) {
      const asked = names.slice(0, MAX_NAMES);
      search.asked += asked.length;
      const own = `${ADDRESSES}${formatAddress(home)}`;
      const outputs = asked.map(
        (name): Output => ({ kind: 'resolve', id: own, question: { name } }),
      );
      return asked.length > 0 ? { outputs } : { outputs: this.#nothingLeft(home) };
    }
    // Who may say names of addresses may not be who may say addresses of names.
    const confirmed = addresses.includes(home) ? addresses.filter(isUnicastRoutable) : [];
    search.named = [...(search.named ?? []), ...confirmed].slice(0, MAX_NAMED);
    return { again: home, local: search.local, outputs: [] };
  }

  /** Tells nodes that they have been bound. */
  tick(now: Instant): Output[] {
    return [...this.#searches].flatMap(([home, search]) => {
      const { knock, local } = search;
      if (knock === undefined || now < knock.at) return [];
      const left = knock.left - 1;
      search.knock = left > 0 ? { at: after(knock.at, KNOCK_INTERVAL), left } : undefined;
      const binding = this.#state.bindings.get(home);
      if (binding?.provisional !== true) {
        search.knock = undefined;
        return [];
      }
      return signal({
        source: local,
        destination: binding.careOf,
        layers: [
          { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: home },
          { layer: 'echo-request', identifier: 0, sequence: left, data: new Uint8Array() },
        ],
        detail: 'bound provisionally',
      });
    });
  }

  /**
   * An error about what went by such a binding: whoever is there is not the node. To believe it costs
   * no more than the binding.
   */
  refused({ message, destination }: Received): Address | undefined {
    const isError =
      message.layer === 'destination-unreachable' || message.layer === 'parameter-problem';
    if (!isError) return undefined;
    const { invoking } = message;
    const walk = walkHeaders(invoking);
    if (walk === undefined || walk.routing2At < 0) return undefined;
    if (readAddress(invoking, 8) !== destination) return undefined;
    const home = readAddress(invoking, walk.routing2At + 8);
    const binding = this.#state.bindings.get(home);
    const ours = binding?.provisional === true && binding.careOf === readAddress(invoking, 24);
    return ours ? home : undefined;
  }
}

const NAMES = 'delivery-names/';
const ADDRESSES = 'delivery-addresses/';
