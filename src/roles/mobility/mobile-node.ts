import type { MobileNodeConfig } from '../../core/config.ts';
import { AddressLifetime } from '../../core/neighbor-discovery/address-lifetime.ts';
import { Attachment } from '../../core/neighbor-discovery/attachment.ts';
import { autoconfigured } from '../../core/neighbor-discovery/link-layer.ts';
import { LinkLocalCheck } from '../../core/neighbor-discovery/link-local-check.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Part, type PartInput, tell } from '../../core/part.ts';
import type { Command, LinkAddress, Output } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, sooner } from '../../core/time.ts';
import { type Address, formatAddress, isLinkLocal } from '../../wire/address.ts';
import { HomeAddress } from './home-address.ts';
import { HomeLinkPrefixes } from './home-link-prefixes.ts';
import type { LearntPrefix } from './prefix-discovery.ts';

/** Home addresses at once; a further prefix of the home network is not taken. */
const MAX_HOME_ADDRESSES = 4;

/**
 * Mobile node: keeps its home address in use wherever it is.
 *
 *     a place is found -> home registration -> peers are told (return routability each)
 *     a better place -> the same again; packets to the old place are taken as long as it lasts
 *     home is found -> home registration and peers' bindings are taken back
 *
 * It decides between places; finding them is `Attachment`, what follows for a home address is
 * `HomeAddress`.
 *
 * Supported standards: RFC 6275 sections 11.1 to 11.8.
 */
export class MobileNode implements Part {
  readonly processes = new Set(['binding-revocation-indication'] as const);
  readonly #config: MobileNodeConfig;
  readonly #state: NodeState;
  readonly #attachments: ReadonlyMap<string, Attachment>;
  /** Absent where no address is tested. */
  readonly #checks: ReadonlyMap<string, LinkLocalCheck>;
  readonly #linkAddresses = new Map<string, LinkAddress>();
  /** The configured one first; further ones while the home network is renumbered. */
  #homes: readonly HomeAddress[];
  /** What is heard of the home network's prefixes at home. */
  readonly #homeLink: HomeLinkPrefixes;
  #linkLocal: Address | undefined;
  /** The place that is in use. */
  #place: Place | undefined;
  #preferred: string | undefined;

  constructor(config: MobileNodeConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    this.#attachments = new Map(
      config.links.map((link) => [
        link,
        new Attachment(link, config, ({ prefix }) => this.#homeIn(prefix)?.address, state),
      ]),
    );
    const tested = config.dad === 'off' ? [] : config.links;
    this.#checks = new Map(tested.map((link) => [link, new LinkLocalCheck(link, state.constants)]));
    this.#homes = [new HomeAddress(config, state, this.#linkAddresses)];
    const homes = {
      in: (prefix: Address) => this.#homeIn(prefix),
      room: () => this.#room(),
    };
    this.#homeLink = new HomeLinkPrefixes(config, homes, state);
  }

  deadline(): Instant | undefined {
    let deadline = this.#homeLink.deadline();
    for (const one of this.#homes) deadline = sooner(deadline, one.deadline());
    for (const one of this.#attachments.values()) deadline = sooner(deadline, one.deadline());
    for (const one of this.#checks.values()) deadline = sooner(deadline, one.deadline());
    return deadline;
  }

  sizes(): TableSizes {
    const attachments = [...this.#attachments.values()];
    const routers = attachments.reduce((sum, { routers }) => sum + routers, 0);
    const peers = this.#homes.reduce((sum, home) => sum + home.peers, 0);
    return { peers, routers };
  }

  handle(input: PartInput, now: Instant): Output[] {
    const outputs: Output[] = [];
    if (input.kind === 'restored') {
      const { key, value } = input;
      outputs.push(...this.#homes.flatMap((home) => home.restore(key, value, now)));
    }
    if (input.kind === 'start') outputs.push(...this.#homes.flatMap((home) => home.start()));
    if (input.kind === 'link') this.#linkAddresses.set(input.link, input.linkAddress);
    if (input.kind === 'address' && isLinkLocal(input.address)) {
      this.#linkLocal = input.address;
      for (const home of this.#homes) home.setLinkLocal(input.address);
    }
    if (input.kind === 'command') this.#command(input.command);
    for (const [link, attachment] of this.#attachments) {
      outputs.push(...attachment.handle(input, now));
      const check = this.#checks.get(link);
      outputs.push(...(check?.handle(input, attachment.network, now) ?? []));
    }
    outputs.push(...this.#offer(input, now), ...this.#settle(now));
    outputs.push(...this.#hear(input, now), ...this.#renumber(now));
    return [...outputs, ...this.#homes.flatMap((home) => home.toAgent(now))];
  }

  /** A message is for one home address: the one that makes something of it. */
  #offer(input: PartInput, now: Instant): Output[] {
    if (input.kind !== 'received') return this.#homes.flatMap((home) => home.handle(input, now));
    let answer: Output[] | undefined;
    for (const home of this.#homes) {
      const outputs = home.handle(input, now);
      if (outputs.some(({ kind }) => kind !== 'count')) return outputs;
      // Refused by some and taken in silence by one, it was for that one.
      if (answer === undefined || outputs.length < answer.length) answer = outputs;
    }
    return answer ?? [];
  }

  #homeIn(prefix: Address): HomeAddress | undefined {
    return this.#homes.find((home) => home.isIn(prefix));
  }

  /** At home the advertisements on the link say which prefixes there are. */
  #hear(input: PartInput, now: Instant): Output[] {
    const place = this.#place;
    const link = place?.atHome === true ? place.link : undefined;
    const { outputs, prefixes } = this.#homeLink.handle(input, link, now);
    return [...outputs, ...prefixes.flatMap((learnt) => this.#form(this.#homes[0], learnt, now))];
  }

  /** Home addresses in prefixes that were learnt are made; those that are over are given up. */
  #renumber(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const home of this.#homes) {
      for (const learnt of home.takeLearnt()) outputs.push(...this.#form(home, learnt, now));
    }
    const over = this.#homes.filter((home) => home.prefixes.isOver(now));
    if (over.length === 0) return outputs;
    this.#homes = this.#homes.filter((home) => !over.includes(home));
    return [...outputs, ...over.flatMap((home) => home.end())];
  }

  /** For further home addresses: none where ESP, whose associations are of one, must prove them. */
  #room(): number {
    if (this.#config.authentication.method === 'esp') return 0;
    return MAX_HOME_ADDRESSES - this.#homes.length;
  }

  /** The interface identifier stays, the old address too, for the sessions that it has. */
  #form(by: HomeAddress | undefined, learnt: LearntPrefix, now: Instant): Output[] {
    const agent = learnt.agent ?? by?.agent;
    if (agent === undefined || this.#homeIn(learnt.prefix) !== undefined) return [];
    if (this.#room() === 0) return [count('prefix.list_full')];
    const home = autoconfigured(learnt.prefix, this.#config.home.slice(8));
    // What proves one home address to peers proves no other: return routability does for this one.
    const { peers: _, ...config } = this.#config;
    const homeAgent = config.homeAgent && agent;
    const made = new HomeAddress({ ...config, home, homeAgent }, this.#state, this.#linkAddresses);
    if (this.#linkLocal !== undefined) made.setLinkLocal(this.#linkLocal);
    this.#homes = [...this.#homes, made];
    const reason = `the home network has the prefix ${formatAddress(learnt.prefix)}`;
    const place = this.#place;
    return [
      tell({ kind: 'home.formed', home, reason }),
      ...made.begin(agent, new AddressLifetime(learnt, now), now),
      ...made.takeAt(this.#places(), place, now),
      ...(place === undefined ? [] : made.arrive(place, false, now)),
    ];
  }

  #command(command: Command): void {
    if (command.do === 'prefer' && this.#attachments.has(command.link)) {
      this.#preferred = command.link;
    }
  }

  /** Is the place in use still the best one? If not, the hand-over begins here. */
  #settle(now: Instant): Output[] {
    const best = this.#best(now);
    const before = this.#place;
    this.#place = best;
    const homes = this.#homes;
    const taken = homes.flatMap((home) => home.takeAt(this.#places(), best, now));
    if (best === undefined) {
      return before === undefined ? taken : [...taken, ...homes.flatMap((home) => home.nowhere())];
    }
    const same = best.link === before?.link && best.address === before.address;
    if (same) return [...taken, ...homes.flatMap((home) => home.stay(best, now))];
    const works = before !== undefined && this.#works(before);
    const reason = before === undefined ? 'no place before' : `was on ${before.link}`;
    return [
      ...taken,
      tell({ kind: 'handover.began', link: best.link, reason }),
      ...homes.flatMap((home) => home.arrive(best, works, now)),
    ];
  }

  #places(): Place[] {
    return [...this.#attachments.values()].flatMap(({ place }) => place ?? []);
  }

  /**
   * The preferred link, else the first of the configured ones that has brought us somewhere; a
   * deprecated address only where there is no other (RFC 4862 section 5.5.4).
   */
  #best(now: Instant): Place | undefined {
    let deprecated: Place | undefined;
    const links = [
      ...(this.#preferred === undefined ? [] : [this.#preferred]),
      ...this.#config.links,
    ];
    for (const link of links) {
      const place = this.#attachments.get(link)?.place;
      if (place === undefined) continue;
      if (place.atHome || !place.lifetime.isDeprecated(now)) return place;
      deprecated ??= place;
    }
    return deprecated;
  }

  #works(place: Place): boolean {
    if (this.#state.env.without.has('make-before-break')) return false;
    return this.#attachments.get(place.link)?.place?.address === place.address;
  }
}
