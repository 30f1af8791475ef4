/**
 * A router that advertises itself on one link.
 *
 *     link up and link-local address there -> advertisement after a time drawn from [min, max],
 *                                             and again, and again
 *     solicited by a known neighbour       -> to it alone, after a time drawn from [0, delay]
 *     solicited by anybody else            -> the next one to all comes that early
 *
 * A neighbour that says its link-layer address is answered alone: that disturbs nobody else, waits
 * for no pause between advertisements, and so a node that has just moved knows sooner where it is.
 *
 * Supported standards: RFC 4861 sections 6.1.1 and 6.2, RFC 6275 sections 7.1 to 7.5 and 8.4.
 */
import { type Address, ALL_NODES, isLinkLocal, UNSPECIFIED } from '../../wire/address.ts';
import type { LayerInput, NdOptionInput } from '../../wire/packet.ts';
import type { AdvertisementConfig } from '../config.ts';
import { type Constants, constantsWith } from '../constants.ts';
import { count, type Part, type PartInput, type Received } from '../part.ts';
import type { Command, Environment, LinkAddress, Output } from '../role.ts';
import { signal } from '../signalling/signalling.ts';
import { after, type Duration, type Instant, milliseconds, seconds, sooner } from '../time.ts';
import { linkAddressFrom, linkAddressOctets, ND_HOP_LIMIT } from './link-layer.ts';
import { LinkPrefixes, prefixOption } from './link-prefixes.ts';

/** Specification constants. RFC 4861 section 10: the first few come sooner. */
const MAX_INITIAL_RTR_ADVERTISEMENTS = 3;
const MAX_INITIAL_RTR_ADVERT_INTERVAL = seconds(16);

/** Implementation constants. Hop limit that hosts are told to use. */
const HOP_LIMIT = 64;
/** Answers that wait to go to one neighbour each; more solicitations get one answer to all. */
const MAX_WAITING_ANSWERS = 32;

interface Answer {
  readonly at: Instant;
  readonly to: LinkAddress;
}

export class Advertiser implements Part {
  readonly #config: AdvertisementConfig;
  readonly #constants: Constants;
  readonly #random: Environment['random'];
  readonly #prefixes: LinkPrefixes;
  readonly #shared: boolean;
  #linkAddress: LinkAddress | undefined;
  /** Our link-local address: every advertisement's source. */
  #source: Address | undefined;
  /** The next one to all nodes; undefined while the link or the source is missing. */
  #next: { readonly at: Instant; readonly solicited: boolean } | undefined;
  #lastToAll: Instant | undefined;
  #initial = 0;
  readonly #answers = new Map<Address, Answer>();

  /** @param prefixes where a home agent in this node changes them too. */
  constructor(
    config: AdvertisementConfig,
    env: Pick<Environment, 'random' | 'constants'>,
    prefixes?: LinkPrefixes,
  ) {
    this.#config = config;
    this.#shared = prefixes !== undefined;
    this.#prefixes = prefixes ?? prefixesOf(config);
    this.#constants = constantsWith(env.constants);
    this.#random = env.random;
  }

  deadline(): Instant | undefined {
    let deadline = this.#next?.at;
    for (const { at } of this.#answers.values()) deadline = sooner(deadline, at);
    return deadline;
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'link':
        if (input.link !== this.#config.link) return [];
        this.#linkAddress = input.up ? input.linkAddress : undefined;
        this.#begin(now);
        return [];
      case 'address':
        if (input.link !== this.#config.link || !isLinkLocal(input.address)) return [];
        if (input.present) this.#source ??= input.address;
        else if (this.#source === input.address) this.#source = undefined;
        this.#begin(now);
        return [];
      case 'received':
        return this.#received(input, now);
      case 'command':
        this.#renumber(input.command, now);
        return [];
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  /** Starts what has all that it needs, stops what lacks something, leaves alone what runs. */
  #begin(now: Instant): void {
    if (this.#linkAddress === undefined || this.#source === undefined) {
      this.#next = undefined;
      this.#answers.clear();
      return;
    }
    if (this.#next !== undefined) return;
    this.#initial = MAX_INITIAL_RTR_ADVERTISEMENTS;
    this.#schedule(now);
  }

  /** Source: RFC 4861 section 6.2.4. */
  #schedule(now: Instant): void {
    const { minInterval, maxInterval } = this.#config;
    const drawn = minInterval + this.#draw((maxInterval - minInterval) as Duration);
    const early = this.#initial > 0;
    const interval = early ? Math.min(drawn, MAX_INITIAL_RTR_ADVERT_INTERVAL) : drawn;
    if (early) this.#initial -= 1;
    this.#next = { at: after(now, interval as Duration), solicited: false };
  }

  #tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    if (this.#next !== undefined && now >= this.#next.at) {
      const { solicited } = this.#next;
      outputs.push(...this.#advertise(ALL_NODES, undefined, solicited, now));
      this.#lastToAll = now;
      this.#answers.clear(); // those that waited have heard it
      this.#schedule(now);
    }
    for (const [host, { at, to }] of this.#answers) {
      if (now < at) continue;
      this.#answers.delete(host);
      outputs.push(...this.#advertise(host, to, true, now));
    }
    return outputs;
  }

  #received(received: Received, now: Instant): Output[] {
    const { message, source } = received;
    if (message.layer !== 'router-solicitation' || received.link !== this.#config.link) return [];
    const option = message.options.find((one) => one.option === 'source-link-layer-address');
    // The parser has checked checksum and lengths. Source: RFC 4861 section 6.1.1.
    const valid =
      received.octets[7] === ND_HOP_LIMIT &&
      message.code === 0 &&
      received.tunnel === undefined &&
      (source !== UNSPECIFIED || option === undefined);
    if (!valid) return [count('nd.malformed')];
    if (this.#next === undefined) return [];
    const to = option && linkAddressFrom(option.linkLayerAddress.subarray(0, 6));
    this.#answer(source, to, now);
    return [];
  }

  /** Source: RFC 4861 section 6.2.6. */
  #answer(host: Address, to: LinkAddress | undefined, now: Instant): void {
    const next = this.#next!;
    const delay = this.#draw(this.#config.solicitedDelay);
    if (this.#answers.has(host)) return;
    const at = after(now, delay);
    if (to !== undefined && this.#answers.size < MAX_WAITING_ANSWERS) {
      this.#answers.set(host, { at, to });
      return;
    }
    const pause = this.#constants.MIN_DELAY_BETWEEN_RAS;
    const last = this.#lastToAll;
    const paused = last !== undefined && now < after(last, pause);
    const toAll = paused ? after(after(last, pause), delay) : at;
    // Where the one to all comes first, it serves: it also takes back the answers that wait.
    if (toAll < next.at) this.#next = { at: toAll, solicited: true };
  }

  #advertise(
    destination: Address,
    to: LinkAddress | undefined,
    solicited: boolean,
    now: Instant,
  ): Output[] {
    const outputs = signal({
      source: this.#source!,
      destination,
      hopLimit: ND_HOP_LIMIT,
      layers: [this.#message(now)],
      link: this.#config.link,
      ...(to === undefined ? {} : { to }),
    });
    // Those that nobody asked for may come every 50 ms: a trace of them would hide all else.
    const told = solicited ? outputs : outputs.filter(({ kind }) => kind !== 'event');
    return [count('nd.ra_sent'), ...told];
  }

  /** Source: RFC 4861 section 6.2.3, RFC 6275 section 7. */
  #message(now: Instant): LayerInput {
    const config = this.#config;
    const options: NdOptionInput[] = [
      {
        option: 'source-link-layer-address',
        linkLayerAddress: linkAddressOctets(this.#linkAddress!),
      },
    ];
    if (config.mtu !== undefined) options.push({ option: 'mtu', mtu: config.mtu });
    for (const one of this.#prefixes.list(now)) options.push(prefixOption(one));
    if (config.intervalOption) {
      const advertisementInterval = Math.ceil(config.maxInterval / milliseconds(1));
      options.push({ option: 'advertisement-interval', advertisementInterval });
    }
    options.push(...homeAgentInformation(config));
    return {
      layer: 'router-advertisement',
      curHopLimit: HOP_LIMIT,
      managed: config.managed ?? false,
      homeAgent: config.homeAgent !== undefined,
      routerLifetime: wholeSeconds(config.routerLifetime, 0xffff),
      options,
    };
  }

  /** What has changed is told without delay. */
  #renumber(command: Command, now: Instant): void {
    if (command.do !== 'renumber' || command.link !== this.#config.link) return;
    if (!this.#shared) this.#prefixes.renumber(command.change, now);
    if (this.#next !== undefined) this.#next = { at: now, solicited: false };
  }

  /** A time drawn evenly from 0 to `most`. */
  #draw(most: Duration): Duration {
    return Math.round(this.#random() * most) as Duration;
  }
}

/** What an advertisement says from the start. */
export function prefixesOf(config: AdvertisementConfig): LinkPrefixes {
  const { prefix, prefixLength: length, homeAgent, ...lifetimes } = config;
  return new LinkPrefixes({ prefix, length, address: homeAgent?.address, ...lifetimes });
}

/**
 * Left out where it would say what its absence says: preference 0, and the router's lifetime.
 * Source: RFC 6275 section 7.4.
 */
function homeAgentInformation(config: AdvertisementConfig): NdOptionInput[] {
  const { homeAgent, routerLifetime, validLifetime } = config;
  if (homeAgent === undefined) return [];
  if (homeAgent.preference === 0 && routerLifetime > 0) return [];
  // A home agent that is no default router has the router lifetime 0, which is forbidden here.
  const lifetime = routerLifetime > 0 ? routerLifetime : validLifetime;
  return [
    {
      option: 'home-agent-information',
      homeAgentPreference: homeAgent.preference,
      homeAgentLifetime: Math.max(1, wholeSeconds(lifetime, 0xffff)),
    },
  ];
}

const wholeSeconds = (time: Duration, most: number): number =>
  Math.min(most, Math.floor(time / seconds(1)));
