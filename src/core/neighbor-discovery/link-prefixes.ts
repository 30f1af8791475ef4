import type { Address } from '../../wire/address.ts';
import type { NdOptionInput } from '../../wire/packet.ts';
import { after, between, type Duration, type Instant, seconds } from '../time.ts';
import type { Lifetimes } from './address-lifetime.ts';
import { autoconfigured } from './link-layer.ts';
import { maskAddress } from './router-advertisement.ts';

/** Prefixes that a router advertises on one link. */
export const MAX_LINK_PREFIXES = 8;
/** All ones on the wire: without end. */
const INFINITE: Duration = seconds(0xffff_ffff);

/** A prefix as it is advertised at some moment; the lifetimes are those that are left then. */
export interface LinkPrefix extends Lifetimes {
  readonly prefix: Address;
  readonly length: number;
  /** This router's own address in it, where it is a home agent's link. */
  readonly address: Address | undefined;
  /** May hosts make addresses of it themselves (the A bit)? */
  readonly autonomous: boolean;
}

/** What is to become of the prefixes of a link. */
export interface Renumbering {
  /** A new prefix of 64 bits beside those that are there. */
  readonly to?: Address;
  /** What is left to those that are there, from now on. */
  readonly valid: Duration;
  readonly preferred: Duration;
}

/** A prefix as it is kept, with lifetimes that do not age. */
export interface KeptPrefix {
  /** As it is said anew with each advertisement; a prefix that is to go counts down instead. */
  readonly said: LinkPrefix;
  readonly ends?: { readonly valid: Instant; readonly preferred: Instant };
}

/**
 * The prefixes that a router advertises on one link, and how long they are good: what its
 * advertisements, its home agent and its mobile prefix advertisements say is one and the same.
 *
 * Bounded: when it is full a further prefix is not taken.
 *
 * Source: RFC 4861 section 6.2.1 (fixed lifetimes, or lifetimes that decrement in real time),
 * RFC 6275 section 10.6.
 */
export class LinkPrefixes {
  #all: readonly KeptPrefix[];

  constructor(first: Pick<LinkPrefix, 'prefix' | 'length' | 'address'> & Partial<LinkPrefix>) {
    const { prefix, length, address } = first;
    const { validLifetime = INFINITE, preferredLifetime = INFINITE } = first;
    const { autonomous = true } = first;
    const said = { prefix, length, address, autonomous, validLifetime, preferredLifetime };
    this.#all = [{ said }];
  }

  /** All of them, for a journal. */
  get kept(): readonly KeptPrefix[] {
    return this.#all;
  }

  /** Takes up what a journal has kept, in the stead of what was configured. */
  restore(kept: readonly KeptPrefix[]): void {
    this.#all = kept;
  }

  /** Those that are valid. */
  list(now: Instant): LinkPrefix[] {
    return this.#all.map((one) => at(one, now)).filter(({ validLifetime }) => validLifetime > 0);
  }

  /** The valid prefix that an address is in. */
  of(address: Address, now: Instant): LinkPrefix | undefined {
    for (const kept of this.#all) {
      const { prefix, length } = kept.said;
      if (maskAddress(address, length) !== prefix) continue;
      const one = at(kept, now);
      if (one.validLifetime > 0) return one;
    }
    return undefined;
  }

  /** Gives the prefixes that are there an end, and adds one. Says which was added. */
  renumber({ to, valid, preferred }: Renumbering, now: Instant): LinkPrefix | undefined {
    const ends = { valid: after(now, valid), preferred: after(now, preferred) };
    const isNew = to !== undefined && this.#all.every(({ said }) => said.prefix !== to);
    const [first] = this.#all;
    const left = this.#all.filter((one) => (one.ends?.valid ?? Number.POSITIVE_INFINITY) > now);
    this.#all = left.map((one) => (one.said.prefix === to ? one : { ...one, ends }));
    if (!isNew || left.length >= MAX_LINK_PREFIXES) return undefined;
    const { said } = first!;
    const address = said.address && autoconfigured(to, said.address.slice(8));
    this.#all = [...this.#all, { said: { ...said, prefix: to, length: 64, address } }];
    return this.of(to, now);
  }
}

function at({ said, ends }: KeptPrefix, now: Instant): LinkPrefix {
  if (ends === undefined) return said;
  const validLifetime = between(now, ends.valid);
  return { ...said, validLifetime, preferredLifetime: between(now, ends.preferred) };
}

/**
 * How an advertisement, on the link or mobile, tells of a prefix: with the R bit and the whole
 * address where it is a home agent's. Source: RFC 6275 sections 7.2, 10.6.1.
 */
export function prefixOption(one: LinkPrefix): NdOptionInput {
  return {
    option: 'prefix-information',
    prefixLength: one.length,
    onLink: true,
    autonomous: one.autonomous,
    routerAddress: one.address !== undefined,
    validLifetime: wholeSeconds(one.validLifetime),
    preferredLifetime: wholeSeconds(one.preferredLifetime),
    prefix: one.address ?? one.prefix,
  };
}

const wholeSeconds = (time: Duration): number =>
  Math.min(0xffff_ffff, Math.floor(time / seconds(1)));
