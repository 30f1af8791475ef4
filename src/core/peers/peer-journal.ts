/**
 * What a mobile node keeps over a restart of each peer that holds a binding of ours, so that a new life
 * renews it or takes it back: one stored value a peer, with times of the wall clock.
 *
 * Source: RFC 6275 section 11.1 for what a binding update list holds.
 */
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';
import type { Environment, Output } from '../role.ts';
import type { Instant } from '../time.ts';

export interface RememberedPeer {
  readonly peer: Address;
  /** Of the last update that it acknowledged, or that may change what it holds. */
  readonly sequence: number;
  /** Until when it holds our binding. */
  readonly until: Instant;
  /** What it holds; absent: not certain. */
  readonly careOf?: Address;
  /** What proves us to it from now on, as the proof writes it. */
  readonly proof?: string;
}

const keyOf = (home: Address, peer: Address) =>
  `peer/${formatAddress(home)}/${formatAddress(peer)}`;

type Clock = Pick<Environment, 'epoch'>;

export function rememberPeer(home: Address, known: RememberedPeer, { epoch }: Clock): Output {
  const { peer, sequence, until, careOf, proof } = known;
  const held = careOf === undefined ? '' : ` ${formatAddress(careOf)}`;
  const kept = proof === undefined ? '' : ` by=${proof}`;
  const value = `${sequence} ${epoch + until}${held}${kept}`;
  return { kind: 'store', key: keyOf(home, peer), value };
}

export const forgetPeer = (home: Address, peer: Address): Output => ({
  kind: 'store',
  key: keyOf(home, peer),
});

/** The home address whose peer a key is about; undefined: it is about something else. */
export const homeOfPeer = (key: string): Address | undefined =>
  key.startsWith('peer/') ? parseAddress(key.split('/')[1] ?? '') : undefined;

const VALUE = /^(\d{1,5}) (\d{1,16})(?: ([0-9a-f:.]+))?(?: by=(\S+))?$/;

/** The peer that a stored value stands for; undefined where it is none of this home address's. */
export function rememberedPeer(
  home: Address,
  key: string,
  value: string,
  { epoch }: Clock,
): RememberedPeer | undefined {
  const peer = parseAddress(key.split('/')[2] ?? '');
  if (peer === undefined || key !== keyOf(home, peer)) return undefined;
  const [, sequence, until, held, proof] = VALUE.exec(value) ?? [];
  // What is damaged is as good as over: it is known by its key, and goes.
  if (sequence === undefined) return { peer, sequence: 0, until: 0 as Instant };
  const careOf = held === undefined ? undefined : parseAddress(held);
  return {
    peer,
    sequence: Number(sequence) & 0xffff,
    until: (Number(until) - epoch) as Instant,
    ...(careOf && { careOf }),
    ...(proof !== undefined && { proof }),
  };
}
