import { type Address, addressOctets, addressOf } from '../../wire/address.ts';
import { after, type Duration, type Instant, seconds } from '../time.ts';

interface Held {
  /** Whose it is; undefined: nobody's, since somebody was found to use it unasked. */
  readonly client: string | undefined;
  readonly until: Instant;
}

/** How often a full pool looks for leases that have ended. */
const SWEEP_INTERVAL: Duration = seconds(1);

/**
 * The addresses that a DHCPv6 server leases: so many in a row, each to one client at a time.
 *
 * Bounded by its size: a full pool refuses new clients, and those that are there keep what they have.
 *
 * Source: RFC 8415 section 18.3.
 */
export class LeasePool {
  readonly #first: Address;
  readonly #size: number;
  readonly #held = new Map<number, Held>();
  readonly #byClient = new Map<string, number>();
  /** No index below this is free. */
  #lowest = 0;
  #sweptAt: Instant | undefined;

  constructor(first: Address, size: number) {
    this.#first = first;
    this.#size = size;
  }

  get leases(): number {
    return this.#byClient.size;
  }

  /** The address that a client has. */
  of(client: string, now: Instant): Address | undefined {
    const index = this.#byClient.get(client);
    if (index === undefined || this.#held.get(index)!.until <= now) return undefined;
    return this.#address(index);
  }

  /** The address that a client has or could have: the wanted one where it is free. */
  offer(client: string, wanted: Address | undefined, now: Instant): Address | undefined {
    const has = this.of(client, now);
    if (has !== undefined) return has;
    const index = wanted === undefined ? undefined : this.#index(wanted);
    if (index !== undefined && this.#isFree(index, now)) return this.#address(index);
    if (this.#held.size >= this.#size) this.#sweep(now);
    while (this.#lowest < this.#size && this.#held.has(this.#lowest)) this.#lowest += 1;
    return this.#lowest < this.#size ? this.#address(this.#lowest) : undefined;
  }

  /** The client has the address until then; it must be one that `offer` named. */
  lease(client: string, address: Address, until: Instant): void {
    const before = this.#byClient.get(client);
    if (before !== undefined) this.#free(before);
    const index = this.#index(address)!;
    const stale = this.#held.get(index)?.client;
    if (stale !== undefined) this.#byClient.delete(stale);
    this.#held.set(index, { client, until });
    this.#byClient.set(client, index);
  }

  /** Takes a lease back; false where the client has no such lease. */
  release(client: string, address: Address, now: Instant): boolean {
    if (this.of(client, now) !== address) return false;
    this.#free(this.#byClient.get(client)!);
    return true;
  }

  /** Somebody uses the address unasked: nobody gets it until then. */
  quarantine(client: string, address: Address, until: Instant, now: Instant): boolean {
    if (!this.release(client, address, now)) return false;
    this.#held.set(this.#index(address)!, { client: undefined, until });
    return true;
  }

  #isFree(index: number, now: Instant): boolean {
    const held = this.#held.get(index);
    return held === undefined || held.until <= now;
  }

  #free(index: number): void {
    const held = this.#held.get(index);
    this.#held.delete(index);
    if (held?.client !== undefined) this.#byClient.delete(held.client);
    this.#lowest = Math.min(this.#lowest, index);
  }

  #sweep(now: Instant): void {
    if (this.#sweptAt !== undefined && now < after(this.#sweptAt, SWEEP_INTERVAL)) return;
    this.#sweptAt = now;
    for (const [index, { until }] of this.#held) if (until <= now) this.#free(index);
  }

  #address(index: number): Address {
    const octets = addressOctets(this.#first);
    const view = new DataView(octets.buffer);
    view.setUint32(12, view.getUint32(12) + index);
    return addressOf(octets);
  }

  #index(address: Address): number | undefined {
    if (address.slice(0, 12) !== this.#first.slice(0, 12)) return undefined;
    const last = (one: Address) => new DataView(addressOctets(one).buffer).getUint32(12);
    const index = last(address) - last(this.#first);
    return index >= 0 && index < this.#size ? index : undefined;
  }
}
