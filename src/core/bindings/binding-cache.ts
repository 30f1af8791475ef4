import type { Address } from '../../wire/address.ts';
import type { UdpEnd } from '../signalling/udp-signalling.ts';
import type { Duration, Instant } from '../time.ts';
import { Heap } from './heap.ts';

/** Who keeps the binding for whom: a home agent for its mobile node, or a peer for itself. */
export type BindingScope = 'home' | 'peer';

/** Bindings that one packet may meet one after the other. */
const MAX_CHAIN = 8;

/** One binding: packets for `home` go to `careOf`. Source: RFC 6275 section 9.1. */
export interface Binding {
  readonly scope: BindingScope;
  readonly home: Address;
  /** Who registered it, where several may bind one identity; empty in RFC 6275's common case. */
  readonly registrant: string;
  /** Binding identifier (RFC 5648); 0 where there is one binding. */
  readonly bindingId: number;
  readonly careOf: Address;
  /** Where the node is met instead, inside UDP. */
  readonly udp?: UdpEnd;
  /** Sequence number of the update that made it. */
  readonly sequence: number;
  readonly lifetime: Duration;
  readonly expiresAt: Instant;
  /** We made it ourselves, since the node could not be reached; it has no number, and yields. */
  readonly provisional?: true;
}

/**
 * The binding cache: the one place where a node keeps what it was told of others' care-of addresses.
 *
 * The key is (identity, registrant, binding identifier); the common case is RFC 6275's, the home
 * address alone. Bounded: when it is full a new binding is refused (status 130) and those that are
 * there stay, so that a flood of strangers cannot displace a node that is already served.
 *
 * Supported standards: RFC 6275 sections 9.1, 9.5, 10.1.
 */
export class BindingCache {
  readonly #bindings = new Map<string, Binding>();
  /** How many are bound to each care-of address. */
  readonly #careOfs = new Map<Address, number>();
  readonly #expiries: Readonly<Record<BindingScope, Heap<Expiry>>> = {
    home: new Heap(earlier),
    peer: new Heap(earlier),
  };
  readonly #limits: Readonly<Record<BindingScope, number>>;
  readonly #sizes: Record<BindingScope, number> = { home: 0, peer: 0 };

  /** @param limits the most bindings of each scope: strangers take no room from mobile nodes. */
  constructor(limits: Readonly<Record<BindingScope, number>>) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#bindings.size;
  }

  /** Bindings of a scope. */
  sizeOf(scope: BindingScope): number {
    return this.#sizes[scope];
  }

  /** New bindings of a scope that there is room for. */
  room(scope: BindingScope): number {
    return this.#limits[scope] - this.#sizes[scope];
  }

  get(home: Address, registrant = '', bindingId = 0): Binding | undefined {
    return this.#bindings.get(keyOf(home, registrant, bindingId));
  }

  /**
   * Would packets for `careOf` come to `home` again, by one binding or several? A chain longer than
   * honest nodes make counts as one that does. Source: RFC 6275 section 6.1.7.
   */
  leadsBack(careOf: Address, home: Address): boolean {
    let at = careOf;
    for (let hop = 0; hop < MAX_CHAIN; hop++) {
      const next = this.get(at)?.careOf;
      if (next === undefined) return false;
      if (next === home) return true;
      at = next;
    }
    return true;
  }

  /** Is somebody who is bound reached at this address? */
  isCareOf(address: Address): boolean {
    return this.#careOfs.has(address);
  }

  all(): IterableIterator<Binding> {
    return this.#bindings.values();
  }

  /** Makes or replaces a binding. False: it is new and there is no room. */
  set(binding: Binding): boolean {
    const key = keyOf(binding.home, binding.registrant, binding.bindingId);
    const before = this.#bindings.get(key);
    if (before?.scope !== binding.scope && this.room(binding.scope) <= 0) return false;
    if (before !== undefined) this.#uncount(before);
    this.#sizes[binding.scope] += 1;
    this.#careOfs.set(binding.careOf, (this.#careOfs.get(binding.careOf) ?? 0) + 1);
    this.#bindings.set(key, binding);
    this.#expiries[binding.scope].push({ at: binding.expiresAt, key });
    this.#shedStaleExpiries(binding.scope);
    return true;
  }

  delete(home: Address, registrant = '', bindingId = 0): Binding | undefined {
    const key = keyOf(home, registrant, bindingId);
    const binding = this.#bindings.get(key);
    if (binding !== undefined) this.#drop(key, binding);
    return binding;
  }

  /** Takes out and gives back the bindings of a scope whose lifetime is over. */
  expire(scope: BindingScope, now: Instant): Binding[] {
    const gone: Binding[] = [];
    for (let next = this.deadline(scope); next !== undefined && next <= now; ) {
      const { key } = this.#expiries[scope].pop()!;
      const binding = this.#bindings.get(key)!;
      this.#drop(key, binding);
      gone.push(binding);
      next = this.deadline(scope);
    }
    return gone;
  }

  /** When `expire` will next have something to give. */
  deadline(scope: BindingScope): Instant | undefined {
    const expiries = this.#expiries[scope];
    // A renewed or deleted binding leaves an expiry behind that is nobody's any more.
    for (let top = expiries.peek(); top !== undefined; top = expiries.peek()) {
      if (this.#isCurrent(top, scope)) return top.at;
      expiries.pop();
    }
    return undefined;
  }

  #drop(key: string, binding: Binding): void {
    this.#bindings.delete(key);
    this.#uncount(binding);
  }

  #uncount({ scope, careOf }: Binding): void {
    this.#sizes[scope] -= 1;
    const others = this.#careOfs.get(careOf)! - 1;
    if (others > 0) this.#careOfs.set(careOf, others);
    else this.#careOfs.delete(careOf);
  }

  #isCurrent(expiry: Expiry, scope: BindingScope): boolean {
    const binding = this.#bindings.get(expiry.key);
    return binding?.expiresAt === expiry.at && binding.scope === scope;
  }

  /** A node that renews all the time must not grow the heap: it is rebuilt at twice the bindings. */
  #shedStaleExpiries(scope: BindingScope): void {
    const expiries = this.#expiries[scope];
    if (expiries.size < 2 * this.#bindings.size + 64) return;
    while (expiries.size > 0) expiries.pop();
    for (const [key, binding] of this.#bindings) {
      if (binding.scope === scope) expiries.push({ at: binding.expiresAt, key });
    }
  }
}

interface Expiry {
  readonly at: Instant;
  readonly key: string;
}

const earlier = (a: Expiry, b: Expiry) => a.at < b.at;

function keyOf(home: Address, registrant: string, bindingId: number): string {
  return registrant === '' && bindingId === 0 ? home : `${home}${bindingId}/${registrant}`;
}
