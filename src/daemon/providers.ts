/** What `careof status` and `careof why` say of a host with several providers. */
import type { MultihomingView, SessionView, WhyThere } from '../core/multihoming-view.ts';
import type { ProofMeans } from '../core/peers/peer-proof.ts';
import type { Instant } from '../core/time.ts';
import { type Address, formatAddress } from '../wire/address.ts';
import { secondsSince } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { pairKey } from './ledger.ts';
import { type Problem, words } from './problems.ts';

export interface ProvidersJson {
  readonly providers: readonly ProviderJson[];
  /** By the operator's word. */
  readonly preferred?: string;
  readonly sessions: number;
  /** Those that go by another address than their own. */
  readonly elsewhere: number;
  /** When the first of those ends that have an end; a time of day, UTC. */
  readonly first_end?: string;
}

/** An address of one provider, and how many sessions it carries. */
export interface ProviderJson {
  readonly link: string;
  readonly address: string;
  readonly router?: string;
  readonly carries: number;
}

const viewOf = ({ role }: Daemon): MultihomingView | undefined => role?.inspect?.().multihoming;

export function providersOf(daemon: Daemon): ProvidersJson | undefined {
  const view = viewOf(daemon);
  if (view === undefined) return undefined;
  const { sessions, preferred } = view;
  const ends = sessions.flatMap(({ endsAt }) => endsAt ?? []);
  return {
    providers: view.providers.map(({ link, address, router }) => ({
      link,
      address: formatAddress(address),
      ...(router !== undefined && { router: formatAddress(router) }),
      carries: sessions.filter(({ by }) => by === address).length,
    })),
    ...(preferred !== undefined && { preferred }),
    sessions: sessions.length,
    elsewhere: sessions.filter(({ by, identity }) => by !== identity).length,
    ...(ends.length > 0 && { first_end: timeOfDay(daemon, Math.min(...ends) as Instant) }),
  };
}

/** The links that a provider's router was found on. */
export function routedLinks(daemon: Daemon): ReadonlySet<string> {
  return new Set(viewOf(daemon)?.providers.map(({ link }) => link));
}

export function* providerProblems(daemon: Daemon): Generator<Problem> {
  const view = viewOf(daemon);
  if (view === undefined) return;
  const { sessions, providers } = view;
  const ending = sessions.filter(({ endsAt }) => endsAt !== undefined);
  if (ending.length > 0) {
    const first = timeOfDay(daemon, Math.min(...ending.map(({ endsAt }) => endsAt!)) as Instant);
    const many =
      ending.length === 1 ? 'a session ends' : `${ending.length} sessions end, the first`;
    const what = `${many} at ${first}: the provider of its address is gone, and only tests of that address prove it`;
    const mend =
      'bring that provider back before; peers: { rfc4866: ... } in the file proves later ones';
    yield { level: 'warning', what, mend };
  }
  if (providers.length === 1) {
    const [one] = providers;
    const what = `only ${one!.link} has a provider: when that fails, nothing is left`;
    yield { level: 'warning', what, mend: '`careof neighbors` shows the interfaces' };
  }
  const dead = new Map<Address, number>();
  for (const { paths } of sessions) {
    for (const { own, health } of paths) {
      if (health === 'dead') dead.set(own, (dead.get(own) ?? 0) + 1);
    }
  }
  for (const { link, address } of providers) {
    const many = dead.get(address) ?? 0;
    if (many === 0) continue;
    const what = `nothing gets through from ${formatAddress(address)} on ${link}, to ${many === 1 ? 'a peer' : `${many} peers`}`;
    yield {
      level: 'warning',
      what,
      mend: `ask the provider of ${link}; ping -6 -I ${formatAddress(address)} PEER`,
    };
  }
}

/** Each session with a peer, or of an address of ours. */
export function sessionSentences(daemon: Daemon, to: Address): string[] {
  const view = viewOf(daemon);
  if (view === undefined) return [];
  const own = view.providers.find(({ address }) => address === to);
  return [
    ...(own === undefined
      ? []
      : [`${formatAddress(to)} is this node's own address, from the provider on ${own.link}.`]),
    ...view.sessions
      .filter(({ peer, identity, by }) => peer === to || identity === to || by === to)
      .flatMap((session) => oneSession(daemon, view, session)),
  ];
}

function oneSession(daemon: Daemon, view: MultihomingView, session: SessionView): string[] {
  const { identity, peer, by, why } = session;
  const [own, name] = [formatAddress(identity), formatAddress(peer)];
  const link = view.providers.find(({ address }) => address === by)?.link;
  const on = link === undefined ? 'which has no provider now' : `the provider on ${link}`;
  return [
    `The session ${own} - ${name} goes by ${formatAddress(by)} (${on}): ${WHY[why]}.`,
    ...holdSentence(daemon, session),
    ...pathSentences(daemon, view, session),
    ...refusalSentences(daemon, session),
  ];
}

const WHY: Readonly<Record<WhyThere, string>> = {
  began: 'it began with that address',
  wanted: 'of the providers that work, this one is wanted first',
  gone: 'the provider of its own address is gone',
  silent: 'nothing gets through from its own address',
  holding: 'its own address carries again, but has not for long enough',
  stays: 'it went there, and nothing calls it back',
};

const PROOF: Readonly<Record<ProofMeans, string>> = {
  'return-routability': 'tests of both addresses (return routability)',
  cga: 'the key that the address is made of, shown when it is first needed',
  'permanent-token': 'the token that the peer gave for the key of the address',
  'configured-key': 'the key that both were given',
};

/** What proves it, and how long that lasts. */
function holdSentence(daemon: Daemon, session: SessionView): string[] {
  const { proof, endsAt, wouldEndAt, heldUntil, by, identity } = session;
  const now = daemon.clock.now();
  const proved = `What proves it: ${PROOF[proof]}.`;
  if (endsAt !== undefined) {
    return [
      proved,
      `It ends at ${timeOfDay(daemon, endsAt)} unless its own provider is back before: no test of its address is answered any more. A key (rfc4866) or a shared one would have no such end.`,
    ];
  }
  const held =
    by === identity || heldUntil === undefined || heldUntil <= now
      ? []
      : [`The peer holds the binding until ${timeOfDay(daemon, heldUntil)}; it is renewed before.`];
  const would =
    wouldEndAt === undefined || wouldEndAt <= now
      ? []
      : [
          `If its provider failed now, it would go on by another until ${timeOfDay(daemon, wouldEndAt)}.`,
        ];
  return [proved, ...held, ...would];
}

function pathSentences(
  { clock }: Daemon,
  { providers }: MultihomingView,
  { paths }: SessionView,
): string[] {
  const now = clock.now();
  return paths
    .filter(({ own }) => providers.some(({ address }) => address === own))
    .map(({ own, health, answeredAt, roundTrip, holdsUntil }) => {
      const last =
        answeredAt === undefined
          ? 'has never been answered'
          : `was last answered ${secondsSince(answeredAt, now)} s ago${roundTrip === undefined ? '' : `, in ${Math.round(roundTrip / 1000)} ms`}`;
      const state =
        health === 'up'
          ? 'can carry'
          : health === 'dead'
            ? 'does not carry'
            : `carries again, used in ${Math.ceil(Math.max(0, (holdsUntil ?? now) - now) / 1e6)} s`;
      return `From ${formatAddress(own)} it ${state}; a test ${last}.`;
    });
}

/** What the peer refused last, and what there is to do. */
function refusalSentences({ ledger, clock }: Daemon, { identity, peer }: SessionView): string[] {
  const now = clock.now();
  const unaware = ledger.unaware.get(peer);
  const trouble = ledger.registrations.get(pairKey(identity, peer))?.trouble;
  if (unaware !== undefined) {
    return [
      `The peer knows nothing of bindings (${unaware.reason}, ${secondsSince(unaware.at, now)} s ago): this session ends with its provider. careof as a correspondent node there would keep it.`,
    ];
  }
  if (trouble === undefined || trouble.text.startsWith('taken back')) return [];
  const ago = `${secondsSince(trouble.at, now)} s ago`;
  return [`What went wrong last, ${ago}: ${words(trouble.text)}. ${remedy(trouble.text)}`];
}

function remedy(text: string): string {
  if (/silent|answers no/.test(text))
    return 'It is told again while it may hold a binding; is the peer there?';
  if (/cga/i.test(text))
    return 'The key of the address was not believed: compare it with that of the file.';
  return 'Packets go from its own address meanwhile.';
}

/** By the wall clock as it was set when the process started. */
function timeOfDay({ clock }: Daemon, then: Instant): string {
  return `${new Date((clock.epoch + then) / 1000).toISOString().slice(11, 19)} UTC`;
}
