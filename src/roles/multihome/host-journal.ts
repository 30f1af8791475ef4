/**
 * What a multihomed host keeps of each session over a restart: by which address it goes, how long its
 * identity is valid, and the home token, which cannot be asked for anew where the identity's provider is
 * gone. One stored value a session, with times of the wall clock; what a peer holds is beside it
 * (`core/peers/peer-journal.ts`).
 *
 *     session/2001:db8:a::1/2001:db8:f::2 = 2001:db8:b::1 1767225600000000 7:00112233aabbccdd:1764599600000000
 *     prefer = wlan0
 *
 * Source: RFC 6275 section 11.1 for what is known of a binding, section 5.2.7 for how long a token holds.
 */
import type { TimedToken } from '../../core/peers/routability-test.ts';
import type { Environment, Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';
import { fromHex, toHex } from '../../wire/hex.ts';

export interface RememberedSession {
  readonly identity: Address;
  readonly peer: Address;
  /** Our address that carried it. */
  readonly by: Address;
  /** The port that it began with, where a rule is for that. */
  readonly port: number | undefined;
  /** Until when the identity may be used. */
  readonly validUntil: Instant;
  readonly token?: TimedToken;
}

type Clock = Pick<Environment, 'epoch'>;

const keyOf = (identity: Address, peer: Address) =>
  `session/${formatAddress(identity)}/${formatAddress(peer)}`;

export function rememberSession(session: RememberedSession, { epoch }: Clock): Output {
  const { identity, peer, by, port, validUntil, token } = session;
  const proof =
    token === undefined
      ? ''
      : ` ${token.nonceIndex}:${toHex(token.keygenToken)}:${epoch + token.until}`;
  const value = `${formatAddress(by)} ${epoch + validUntil}${proof}${port === undefined ? '' : ` port=${port}`}`;
  return { kind: 'store', key: keyOf(identity, peer), value };
}

export const forgetSession = (identity: Address, peer: Address): Output => ({
  kind: 'store',
  key: keyOf(identity, peer),
});

/** The operator's word which link to prefer, kept until there is another. */
export const rememberPreferred = (link: string): Output => ({
  kind: 'store',
  key: PREFERRED,
  value: link,
});

export const PREFERRED = 'prefer';

/** Is it about a session, or meant to be? */
export const isOfSession = (key: string): boolean => key.startsWith('session/');

const VALUE = /^(\S+) (\d{1,16})(?: (\d{1,5}):([0-9a-f]{16}):(\d{1,16}))?(?: port=(\d{1,5}))?$/;

/** The session that a stored value stands for; undefined where it is none, or damaged. */
export function rememberedSession(
  key: string,
  value: string,
  { epoch }: Clock,
): RememberedSession | undefined {
  const [kind, ...ends] = key.split('/');
  const [identity, peer] = ends.map(parseAddress);
  const [, held = '', valid, nonce, token, until, about] = VALUE.exec(value) ?? [];
  const by = parseAddress(held);
  if (kind !== 'session' || !identity || !peer || !by) return undefined;
  const port = about === undefined ? undefined : Number(about);
  const known = { identity, peer, by, port, validUntil: (Number(valid) - epoch) as Instant };
  const keygenToken = token === undefined ? undefined : fromHex(token);
  if (keygenToken === undefined) return known;
  const nonceIndex = Number(nonce) & 0xffff;
  return {
    ...known,
    token: { nonceIndex, keygenToken, until: (Number(until) - epoch) as Instant },
  };
}
