import type { ProviderName, ProviderPolicy } from '../../core/config.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import { isWithin } from '../../core/neighbor-discovery/router-advertisement.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import type { ProviderPath } from './provider-path.ts';
import type { ProviderPaths } from './provider-paths.ts';
import type { Session } from './session.ts';

/** What a rule may be for: a session's peer, and the port that it began with. */
export type Subject = Pick<Session, 'peer' | 'port'>;

/**
 * Which provider is wanted more, of those that work: by the operator's word, by the policy, and for
 * want of both by the order of the interfaces.
 *
 *     not deprecated > `prefer` (command, rule, list) > cost > bandwidth > order
 *
 * Source: RFC 8028 section 3.3, RFC 6724 section 5 rule 3; seed multihome, figure 3.1 (steps 304 to 308).
 */
export class ProviderChoice {
  readonly #policy: ProviderPolicy;
  readonly #links: readonly string[];
  /** By the operator's word. */
  #preferred: string | undefined;

  constructor(policy: ProviderPolicy, links: readonly string[]) {
    this.#policy = policy;
    this.#links = links;
  }

  get preferred(): string | undefined {
    return this.#preferred;
  }

  /** Use this link from now on; false where there is none of that name. */
  prefer(link: string): boolean {
    if (!this.#links.includes(link)) return false;
    this.#preferred = link;
    return true;
  }

  /** Has anybody said what is wanted? If not, sessions stay where they began. */
  isSaid(to: Subject): boolean {
    const { costs, bandwidths } = this.#policy;
    return this.#wanted(to).length > 0 || costs.length > 0 || bandwidths.length > 0;
  }

  /** The places, best first. @param to what they are for; undefined: anything. */
  ranked(places: readonly Place[], to: Subject | undefined, now: Instant): Place[] {
    const wanted = this.#wanted(to);
    const keys = new Map(places.map((place) => [place, this.#keys(place, wanted, now)]));
    return places.toSorted((a, b) => {
      const [ours, theirs] = [keys.get(a)!, keys.get(b)!];
      const differs = ours.findIndex((key, i) => key !== theirs[i]);
      return differs < 0 ? 0 : ours[differs]! - theirs[differs]!;
    });
  }

  /**
   * By which of our addresses a session should go; undefined: there is nothing better than what it has.
   *
   *     some carry          by policy the best of them; without one its own, else what it goes by now
   *     some answer again   what it goes by now, else the best that has answered twice
   *     none does           any that is not known to be dead, if its own provider is gone
   */
  forSession(
    session: Session,
    places: readonly Place[],
    paths: ProviderPaths,
    now: Instant,
  ): Address | undefined {
    const { peer, identity, by } = session;
    const ranked = this.ranked(places, session, now);
    const path = ({ address }: Place) => paths.get(peer, address);
    const sound = ranked.filter((place) => {
      const known = path(place);
      return known?.health === 'up' && (place.address === by || !known.isDoubtful(now));
    });
    if (sound.length === 0) return againCarrying(by, ranked, path);
    const addresses = sound.map(({ address }) => address);
    if (!addresses.includes(by)) return addresses[0];
    const fresh = sound.filter(({ lifetime }) => !lifetime.isDeprecated(now));
    const best = this.isSaid(session) || fresh.length === 0 ? sound : fresh;
    const has = (own: Address) => best.some(({ address }) => address === own);
    if (!this.isSaid(session)) for (const own of [identity, by]) if (has(own)) return own;
    // What nobody has asked for yet may be no way at all, and is for need alone.
    const asked = (place: Place) => path(place)?.answeredAt !== undefined;
    return best.find((place) => place.address === by || asked(place))?.address;
  }

  /** Smaller is better, the first that differs decides. */
  #keys(place: Place, wanted: readonly ProviderName[], now: Instant): number[] {
    const { costs, bandwidths } = this.#policy;
    const index = wanted.findIndex((name) => isOf(place, name));
    return [
      place.lifetime.isDeprecated(now) ? 1 : 0,
      index < 0 ? wanted.length : index,
      costs.find(({ of }) => isOf(place, of))?.cost ?? 0,
      -(bandwidths.find(({ of }) => isOf(place, of))?.bandwidth ?? 0),
      this.#links.indexOf(place.link),
    ];
  }

  #wanted(to: Subject | undefined): readonly ProviderName[] {
    const { rules, prefer } = this.#policy;
    const rule = to === undefined ? undefined : rules.find((one) => isFor(one, to));
    const said = rule?.prefer ?? prefer;
    return this.#preferred === undefined ? said : [{ link: this.#preferred }, ...said];
  }
}

function againCarrying(
  by: Address,
  ranked: readonly Place[],
  path: (place: Place) => ProviderPath | undefined,
): Address | undefined {
  const answering = ranked.filter((place) => path(place)?.health === 'returning');
  const isAt = ({ address }: Place) => address === by;
  if (answering.some(isAt)) return by;
  const steady = answering.find((place) => path(place)!.isSteady);
  if (steady !== undefined || ranked.some(isAt)) return steady?.address;
  return ranked.find((place) => path(place)?.health === 'up')?.address;
}

const isFor = ({ to, port }: ProviderPolicy['rules'][number], subject: Subject): boolean =>
  (to === undefined || isWithin(subject.peer, to)) && (port === undefined || port === subject.port);

function isOf({ link, address }: Place, name: ProviderName): boolean {
  if (name.link !== undefined && name.link !== link) return false;
  return name.prefix === undefined || isWithin(address, name.prefix);
}
