import type { Constants } from '../../core/constants.ts';
import { DuplicateAddressDetection } from '../../core/neighbor-discovery/duplicate-address-detection.ts';
import { NeighborProxy } from '../../core/neighbor-discovery/proxy.ts';
import type { Received } from '../../core/part.ts';
import type { LinkAddress, Output } from '../../core/role.ts';
import { after, type Instant, seconds, sooner } from '../../core/time.ts';
import { type Address, address } from '../../wire/address.ts';

/** A link that is down for as long as a test takes has nobody on it who could have an address. */
const LINK_PATIENCE = seconds(1);
const LINK_LOCAL_PREFIX = address('fe80::').slice(0, 8);

/**
 * Where mobile nodes are on the home link while they are away: nowhere, but their home agent answers
 * for them. A registration with the L bit means two addresses, the home address and the link-local
 * one with the same interface identifier; both are tested, and both are answered for.
 *
 * Supported standards: RFC 6275 sections 6.1.7 (L bit), 10.3.1 and 10.4.1.
 */
export class HomeLinkPresence {
  readonly #link: string;
  readonly #dad: DuplicateAddressDetection;
  readonly #proxy: NeighborProxy;
  /** Home addresses with a link-local address of the same identifier, and that address. */
  readonly #linkLocal = new Map<Address, Address>();
  #up = true;
  /** Addresses whose tests begin when the link comes up, if it does by then: nobody is heard before. */
  readonly #waiting = new Map<Address, Instant>();
  /** Addresses that are stood in for, and that somebody on the link said were its own. */
  readonly #used = new Set<Address>();

  /** @param agent the home agent's address, which advertisements come from. */
  constructor(link: string, agent: Address, constants: Constants) {
    this.#link = link;
    this.#dad = new DuplicateAddressDetection(constants);
    this.#proxy = new NeighborProxy(link, agent, constants);
  }

  deadline(): Instant | undefined {
    const [first] = this.#waiting.values();
    return sooner(sooner(this.#dad.deadline(), first), this.#proxy.deadline());
  }

  /** The home link is up or down, and this is the home agent's address there. */
  setLink(up: boolean, linkAddress: LinkAddress, now: Instant): Output[] {
    this.#proxy.setLinkAddress(linkAddress);
    this.#up = up;
    if (!up) {
      const { outputs, addresses } = this.#dad.cancelAll();
      for (const one of addresses) this.#await(one, now);
      return outputs;
    }
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    return waiting.flatMap((one) => this.#dad.start(this.#link, one, now));
  }

  /** Is the home address anybody else's? `tick` or `received` will say. */
  test(home: Address, compatible: boolean, now: Instant): Output[] {
    this.#setCompatible(home, compatible);
    const addresses = this.#addressesOf(home);
    if (this.#up) return addresses.flatMap((one) => this.#dad.start(this.#link, one, now));
    for (const one of addresses) this.#await(one, now);
    return [];
  }

  /** The test is not to come to anything. */
  cancel(home: Address): Output[] {
    const addresses = this.#addressesOf(home);
    for (const one of addresses) this.#waiting.delete(one);
    return addresses.flatMap((one) => this.#dad.cancel(one));
  }

  /** Answers for the home address from now on. */
  standIn(home: Address, compatible: boolean, now: Instant): Output[] {
    const before = this.#linkLocal.get(home);
    this.#setCompatible(home, compatible);
    const outputs = before === undefined || compatible ? [] : this.#remove(before);
    for (const one of this.#addressesOf(home)) {
      // Its node was home and left again before we heard of it: others may still send to it there.
      if (this.#used.delete(one)) outputs.push(...this.#proxy.claimAgain(one, now));
      outputs.push(...this.#proxy.add(one, now));
    }
    return outputs;
  }

  stepBack(home: Address): Output[] {
    const outputs = this.#addressesOf(home).flatMap((one) => this.#remove(one));
    this.#linkLocal.delete(home);
    return outputs;
  }

  /** Claims what is to be claimed; gives the home addresses that turned out to be nobody else's. */
  tick(now: Instant): { readonly outputs: Output[]; readonly unique: readonly Address[] } {
    const { outputs, unique } = this.#dad.tick(now);
    const alone = [...this.#waiting].filter(([, until]) => until <= now).map(([one]) => one);
    for (const one of alone) this.#waiting.delete(one);
    return { outputs: [...outputs, ...this.#proxy.tick(now)], unique: [...unique, ...alone] };
  }

  /** The home address that a message shows to be somebody else's, by itself or its companion. */
  conflict(received: Received): Address | undefined {
    const taken = this.#dad.conflict(received);
    if (taken === undefined || this.#linkLocal.has(taken)) return taken;
    for (const [home, linkLocal] of this.#linkLocal) if (linkLocal === taken) return home;
    return taken;
  }

  /** Answers who asks for an address that is stood in for. */
  received(received: Received): Output[] {
    const { message, source } = received;
    const advertised = message.layer === 'neighbor-advertisement';
    const used = advertised ? message.targetAddress : source;
    const isOfNeighbor = advertised || message.layer === 'neighbor-solicitation';
    if (isOfNeighbor && this.#proxy.has(used)) this.#used.add(used);
    return this.#proxy.received(received);
  }

  /** A repeat waits no longer than the first. */
  #await(one: Address, now: Instant): void {
    if (!this.#waiting.has(one)) this.#waiting.set(one, after(now, LINK_PATIENCE));
  }

  #remove(one: Address): Output[] {
    this.#used.delete(one);
    return this.#proxy.remove(one);
  }

  #setCompatible(home: Address, compatible: boolean): void {
    if (!compatible) this.#linkLocal.delete(home);
    else this.#linkLocal.set(home, (LINK_LOCAL_PREFIX + home.slice(8)) as Address);
  }

  #addressesOf(home: Address): Address[] {
    const linkLocal = this.#linkLocal.get(home);
    return linkLocal === undefined ? [home] : [home, linkLocal];
  }
}
