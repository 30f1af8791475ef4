import { Heap } from '../../core/bindings/heap.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { signal } from '../../core/signalling/signalling.ts';
import { after, type Duration, type Instant } from '../../core/time.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';

/**
 * When the last part of a lifetime begins, in which a binding in use is asked to be renewed: drawn
 * between the two, so that bindings made together are not asked for together.
 */
const REFRESH_SHARE = { least: 0.93, most: 0.97 };

interface LastLook {
  readonly at: Instant;
  readonly home: Address;
  /** Our address that the binding was made with. */
  readonly local: Address;
  readonly expiresAt: Instant;
}

/**
 * Bindings at a correspondent, looked at once before they expire: who is in use is asked to renew.
 *
 * Source: RFC 6275 section 9.5.5.
 */
export class LastLooks {
  readonly #state: NodeState;
  readonly #looks = new Heap<LastLook>((a, b) => a.at < b.at);
  /** Packets that our entries for a bound address had carried when we last looked; no unbound ones. */
  readonly #usedBefore = new Map<Address, number>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  get size(): number {
    return this.#looks.size;
  }

  deadline(): Instant | undefined {
    return this.#looks.peek()?.at;
  }

  /** A binding that has just been made. */
  add(
    { lifetime, ...binding }: Omit<LastLook, 'at'> & { readonly lifetime: Duration },
    now: Instant,
  ): void {
    const { least, most } = REFRESH_SHARE;
    const share = least + (most - least) * this.#state.env.random();
    this.#looks.push({ ...binding, at: after(now, Math.round(lifetime * share) as Duration) });
    this.#shedStale();
  }

  /** The entries of a bound address count from zero again. */
  beginAnew(home: Address): void {
    this.#usedBefore.delete(home);
  }

  tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (let look = this.#looks.peek(); look !== undefined && look.at <= now; ) {
      this.#looks.pop();
      outputs.push(...this.#look(look));
      look = this.#looks.peek();
    }
    return outputs;
  }

  /** A peer that renews all the time must not grow the heap. */
  #shedStale(): void {
    const { bindings } = this.#state;
    const looks = this.#looks;
    if (looks.size < 2 * bindings.size + 64) return;
    const current: LastLook[] = [];
    for (let look = looks.pop(); look !== undefined; look = looks.pop()) {
      if (bindings.get(look.home)?.expiresAt === look.expiresAt) current.push(look);
    }
    // Of looks at one binding for one moment, as after updates in one instant, one is enough.
    for (const look of new Map(current.map((look) => [look.home, look])).values()) looks.push(look);
  }

  /** Is a binding that nobody renewed in use? */
  #look(look: LastLook): Output[] {
    const { home, local, expiresAt } = look;
    const renewed = this.#state.bindings.get(home)?.expiresAt !== expiresAt;
    if (renewed || this.#state.env.without.has('binding-refresh')) return [];
    const id = `${USAGE}${formatAddress(home)}/${formatAddress(local)}`;
    return [{ kind: 'ask', id, entries: this.#state.paths.toPeerIds(home) }];
  }

  /** A binding that carried nothing since we last looked may expire. */
  answered(id: string, use: readonly EntryUse[]): Output[] {
    if (!id.startsWith(USAGE)) return [];
    const packets = use.reduce((sum, one) => sum + one.packets, 0);
    const [home, local] = id.slice(USAGE.length).split('/').map(address);
    const before = this.#usedBefore.get(home!) ?? 0;
    this.#usedBefore.set(home!, packets);
    if (packets <= before) return [];
    return [
      count('mobility.brr_sent'),
      ...signal({
        source: local!,
        destination: home!,
        layers: [{ layer: 'binding-refresh-request' }],
      }),
    ];
  }
}

const USAGE = 'peer-binding-use/';
