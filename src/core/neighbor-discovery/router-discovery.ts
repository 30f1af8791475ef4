import { type Address, ALL_ROUTERS, solicitedNode } from '../../wire/address.ts';
import type { Constants } from '../constants.ts';
import { count, type Received } from '../part.ts';
import type { Environment, LinkAddress, Output } from '../role.ts';
import { signal } from '../signalling/signalling.ts';
import { after, type Duration, type Instant, sooner } from '../time.ts';
import { linkAddressOctets, ND_HOP_LIMIT } from './link-layer.ts';
import {
  type Advertisement,
  isSameRouter,
  readAdvertisement,
  wholeAddresses,
} from './router-advertisement.ts';

/** Routers remembered on one link; when full, what new ones say is not taken. */
const MAX_ROUTERS = 16;
/** Promised advertisements that may be missed before the router is asked (RFC 6275 11.5.1). */
const MAX_MISSED = 3;
/** Solicitations without an answer before a neighbour counts as gone (RFC 4861 section 10). */
const MAX_UNICAST_SOLICIT = 3;

interface KnownRouter {
  advertisement: Advertisement;
  /** When it counts as silent: missed advertisements, or its lifetime. */
  silentAt: Instant;
  probes: number;
  /** Something speaks against it, and it has not answered for itself yet. */
  doubted: boolean;
  /** When a doubt may next make it be asked. */
  doubtAt: Instant;
}

/** A router of another link may have the same link-local address, but none the whole one. */
const askedFor = (advertisement: Advertisement): Address =>
  wholeAddresses(advertisement)[0] ?? advertisement.router;

export interface Discovered {
  readonly outputs: Output[];
  /** A router that was not there (or silent) before. */
  readonly found?: Advertisement;
  /** A known router's new word, which may be that it routes no more: lifetimes to be renewed. */
  readonly renewed?: Advertisement;
  /** It was silent, was asked, and did not answer. */
  readonly lost?: Advertisement;
}

/**
 * A host's view of the routers on one link, from the moment the link comes up.
 *
 *     up -> Router Solicitation (at once, then 4 s, 8 s, ... apart) -> advertisement -> found
 *     found -> MAX_MISSED advertisements missed -> asked by Neighbor Solicitation -> lost or found
 *
 * Supported standards: RFC 4861 sections 6.3.4 to 6.3.7 and 7.3, RFC 7559, RFC 6275 section 11.5.1.
 */
export class RouterDiscovery {
  readonly #link: string;
  readonly #constants: Constants;
  readonly #random: Environment['random'];
  readonly #most: number;
  readonly #routers = new Set<KnownRouter>();
  #linkLocal: Address | undefined;
  #linkAddress: LinkAddress | undefined;
  /** The next solicitation, and how long the one after it waits. */
  #solicit: { readonly at: Instant; readonly wait: Duration } | undefined;

  constructor(link: string, constants: Constants, env: Pick<Environment, 'random' | 'without'>) {
    this.#link = link;
    this.#constants = constants;
    this.#random = env.random;
    this.#most = env.without.has('router-limit') ? Number.POSITIVE_INFINITY : MAX_ROUTERS;
  }

  /** The link is up, perhaps another one than before: what was known of routers is void. */
  up(linkAddress: LinkAddress, now: Instant): void {
    this.#linkAddress = linkAddress;
    this.#routers.clear();
    const wait = this.#constants.MAX_RTR_SOLICITATION_DELAY * this.#random();
    this.#ask(after(now, Math.round(wait) as Duration));
  }

  down(): void {
    this.#routers.clear();
    this.#solicit = undefined;
  }

  /** Our link-local address: the source of what we ask. */
  setLinkLocal(address: Address | undefined): void {
    this.#linkLocal = address;
  }

  /** Routers that are there now, as they last described themselves. */
  routers(): Advertisement[] {
    return [...this.#routers].map((router) => router.advertisement);
  }

  get size(): number {
    return this.#routers.size;
  }

  deadline(): Instant | undefined {
    let deadline = this.#linkLocal === undefined ? undefined : this.#solicit?.at;
    for (const { silentAt } of this.#routers) deadline = sooner(deadline, silentAt);
    return deadline;
  }

  tick(now: Instant): Discovered {
    const outputs: Output[] = [];
    if (this.#solicit !== undefined && now >= this.#solicit.at && this.#linkLocal !== undefined) {
      outputs.push(...this.#sendSolicitation());
      const { wait } = this.#solicit;
      this.#solicit = { at: after(now, wait), wait: this.#slower(wait) };
    }
    for (const router of this.#routers) {
      if (now < router.silentAt) continue;
      const promised = router.advertisement.interval !== undefined || router.doubted;
      if (!promised || router.probes >= MAX_UNICAST_SOLICIT) {
        this.#routers.delete(router);
        if (this.#solicit === undefined) this.#ask(now);
        return { outputs, lost: router.advertisement };
      }
      router.probes += 1;
      router.silentAt = after(now, this.#constants.RETRANS_TIMER);
      outputs.push(...this.#probe(router.advertisement));
    }
    return { outputs };
  }

  received(received: Received, now: Instant): Discovered {
    if (received.link !== this.#link) return { outputs: [] };
    if (received.message.layer === 'neighbor-advertisement') {
      const { targetAddress } = received.message;
      for (const router of this.#routers) {
        const answers = router.probes > 0 && askedFor(router.advertisement) === targetAddress;
        if (answers) this.#heard(router, now);
      }
      return { outputs: [] };
    }
    if (received.message.layer !== 'router-advertisement') return { outputs: [] };
    const advertisement = readAdvertisement(received, now);
    if (advertisement === undefined) return { outputs: [count('nd.ra_refused')] };
    return this.#advertised(advertisement, now);
  }

  /** Something speaks against a router: it is asked at once, once in a while. RFC 6275 section 11.5.1. */
  doubt(advertisement: Advertisement, now: Instant): void {
    const router = this.#known(advertisement);
    if (router === undefined || router.probes > 0 || now < router.doubtAt) return;
    router.doubted = true;
    router.silentAt = now;
    router.doubtAt = after(now, (MAX_UNICAST_SOLICIT * this.#constants.RETRANS_TIMER) as Duration);
  }

  #advertised(advertisement: Advertisement, now: Instant): Discovered {
    const outputs = [count('nd.ra_received')];
    const known = this.#known(advertisement);
    // RFC 7559 section 2.1: one that does not route leaves the node without a default router.
    if (advertisement.routerLifetime > 0) this.#solicit = undefined;
    else if (known === undefined && advertisement.prefixes.length === 0) return { outputs };
    if (known !== undefined) {
      known.advertisement = advertisement;
      this.#heard(known, now);
      return { outputs, renewed: advertisement };
    }
    if (this.#routers.size >= this.#most) return { outputs: [count('nd.ra_refused')] };
    const router = { advertisement, silentAt: now, probes: 0, doubted: false, doubtAt: now };
    this.#heard(router, now);
    this.#routers.add(router);
    return { outputs, found: advertisement };
  }

  #known(advertisement: Advertisement): KnownRouter | undefined {
    return [...this.#routers].find((one) => isSameRouter(one.advertisement, advertisement));
  }

  #heard(router: KnownRouter, now: Instant): void {
    const { interval, routerLifetime, prefixes } = router.advertisement;
    // One that does not route is remembered for the sake of its prefixes.
    const valid = Math.max(0, ...prefixes.map(({ validLifetime }) => validLifetime));
    const lifetime = routerLifetime > 0 ? routerLifetime : valid;
    const wait = interval === undefined ? lifetime : MAX_MISSED * interval;
    router.silentAt = after(now, Math.min(wait, lifetime) as Duration);
    router.probes = 0;
    router.doubted = false;
  }

  /** Begins to ask anew. */
  #ask(at: Instant): void {
    const first = this.#constants.RTR_SOLICITATION_INTERVAL;
    this.#solicit = { at, wait: (first + this.#jitter(first)) as Duration };
  }

  /** Twice as long, up to the maximum. Source: RFC 7559 section 2, RFC 8415 section 15. */
  #slower(wait: Duration): Duration {
    const most = this.#constants.MAX_RTR_SOLICITATION_INTERVAL;
    const doubled = 2 * wait + this.#jitter(wait);
    return (doubled > most ? most + this.#jitter(most) : doubled) as Duration;
  }

  /** Up to a tenth more or less, so that nodes which began together do not go on together. */
  #jitter(wait: Duration): number {
    return Math.round((this.#random() - 0.5) * 0.2 * wait);
  }

  #sendSolicitation(): Output[] {
    return signal({
      source: this.#linkLocal!,
      destination: ALL_ROUTERS,
      hopLimit: ND_HOP_LIMIT,
      layers: [{ layer: 'router-solicitation', options: this.#sourceOption() }],
      link: this.#link,
    });
  }

  /** Is a router that fell silent still there? RFC 4861 section 7.3.3. */
  #probe(advertisement: Advertisement): Output[] {
    if (this.#linkLocal === undefined) return [];
    const targetAddress = askedFor(advertisement);
    const { linkAddress } = advertisement;
    return signal({
      source: this.#linkLocal,
      destination: linkAddress === undefined ? solicitedNode(targetAddress) : targetAddress,
      ...(linkAddress === undefined ? {} : { to: linkAddress }),
      hopLimit: ND_HOP_LIMIT,
      layers: [{ layer: 'neighbor-solicitation', targetAddress, options: this.#sourceOption() }],
      detail: 'is the router still there?',
      link: this.#link,
    });
  }

  #sourceOption() {
    if (this.#linkAddress === undefined) return [];
    const linkLayerAddress = linkAddressOctets(this.#linkAddress);
    return [{ option: 'source-link-layer-address', linkLayerAddress } as const];
  }
}
