import type { MobileNodeConfig } from '../../core/config.ts';
import { Attachment } from '../../core/neighbor-discovery/attachment.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.ts';
import type { NodeState } from '../../core/node-state.ts';
import { type Part, type PartInput, tell } from '../../core/part.ts';
import type { Command, LinkAddress, Output } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, sooner } from '../../core/time.ts';
import { isLinkLocal } from '../../wire/address.ts';
import { HomeAddress } from './home-address.ts';

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
  readonly #linkAddresses = new Map<string, LinkAddress>();
  readonly #home: HomeAddress;
  /** The place that is in use. */
  #place: Place | undefined;
  #preferred: string | undefined;

  constructor(config: MobileNodeConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    const homePrefix = maskAddress(config.home, config.homePrefixLength);
    this.#attachments = new Map(
      config.links.map((link) => [
        link,
        new Attachment(link, config, (one) => one.prefix === homePrefix, state),
      ]),
    );
    this.#home = new HomeAddress(config, state, this.#linkAddresses);
  }

  deadline(): Instant | undefined {
    let deadline = this.#home.deadline();
    for (const one of this.#attachments.values()) deadline = sooner(deadline, one.deadline());
    return deadline;
  }

  sizes(): TableSizes {
    const attachments = [...this.#attachments.values()];
    const routers = attachments.reduce((sum, { routers }) => sum + routers, 0);
    return { peers: this.#home.peers, routers };
  }

  handle(input: PartInput, now: Instant): Output[] {
    const outputs: Output[] = [];
    if (input.kind === 'restored') this.#home.restore(input.key, input.value);
    if (input.kind === 'start') outputs.push(...this.#home.start());
    if (input.kind === 'link') this.#linkAddresses.set(input.link, input.linkAddress);
    if (input.kind === 'address' && isLinkLocal(input.address)) {
      this.#home.setLinkLocal(input.address);
    }
    if (input.kind === 'command') this.#command(input.command);
    for (const attachment of this.#attachments.values()) {
      outputs.push(...attachment.handle(input, now));
    }
    outputs.push(...this.#home.handle(input, now), ...this.#settle(now));
    return outputs;
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
    const taken = this.#home.takeAt(this.#places(), best, now);
    if (best === undefined)
      return before === undefined ? taken : [...taken, ...this.#home.nowhere()];
    const same = best.link === before?.link && best.address === before.address;
    if (same) return [...taken, ...this.#home.stay(best, now)];
    const reason = before === undefined ? 'no place before' : `was on ${before.link}`;
    return [
      ...taken,
      tell({ kind: 'handover.began', link: best.link, reason }),
      ...this.#home.arrive(best, before !== undefined && this.#works(before), now),
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
