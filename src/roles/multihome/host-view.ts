import type { MultihomingView, SessionView, WhyThere } from '../../core/multihoming-view.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import type { Identities } from './identities.ts';
import type { ProviderChoice } from './provider-choice.ts';
import type { ProviderPaths } from './provider-paths.ts';
import type { Session } from './session.ts';
import type { SessionMoves } from './session-moves.ts';

/** What the view is made of. */
export interface Viewed {
  readonly places: readonly Place[];
  readonly sessions: Iterable<Session>;
  readonly identities: Identities;
  readonly paths: ProviderPaths;
  readonly choice: ProviderChoice;
  readonly moves: SessionMoves;
}

/**
 * What a multihomed host says of itself.
 *
 * Source: seed multihome, figure 3.1 (steps 303 to 308), for what it decides by.
 */
export function viewOf(host: Viewed): MultihomingView {
  return {
    providers: host.places.map(({ link, address, router, lifetime: { validUntil } }) => ({
      link,
      address,
      router,
      validUntil,
    })),
    preferred: host.choice.preferred,
    sessions: [...host.sessions].map((session) => sessionView(host, session)),
  };
}

function sessionView(host: Viewed, session: Session): SessionView {
  const { identity, peer, by, boundedUntil: endsAt } = session;
  const list = host.identities.get(identity)?.list;
  const paths = host.paths.of(peer).map((path) => {
    const { own, health, answeredAt, roundTrip, holdsUntil } = path;
    return { own, health, answeredAt, roundTrip, holdsUntil };
  });
  return {
    ...{ identity, peer, by, endsAt, paths },
    why: whyThere(host, session),
    proof: list?.means(peer) ?? 'return-routability',
    heldUntil: list?.get(peer)?.expiresAt,
    wouldEndAt: host.moves.wouldEndAt(session),
  };
}

function whyThere({ places, paths, choice }: Viewed, session: Session): WhyThere {
  const { identity, peer, by } = session;
  const isSaid = choice.isSaid(session);
  if (by === identity) return isSaid ? 'wanted' : 'began';
  if (!places.some(({ address }) => address === identity)) return 'gone';
  const health = paths.get(peer, identity)?.health;
  if (health === 'dead') return 'silent';
  if (health === 'returning') return 'holding';
  return isSaid ? 'wanted' : 'stays';
}
