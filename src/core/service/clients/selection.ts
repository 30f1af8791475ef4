import { type Address, addressOctets, toMapped } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import type { Cryptography } from '../../role.ts';
import { type Duration, type Instant, seconds } from '../../time.ts';
import type { Member } from '../member.ts';

/** A server that has just come may get every new client after so long, and few of them before. */
export const EASE_IN: Duration = seconds(30);

/** What a choice is made from. */
export interface Choice {
  readonly client: Address;
  readonly members: readonly Member[];
  /** Clients that were given to each, by registrant. */
  readonly given: ReadonlyMap<string, number>;
}

/**
 * Which of the servers of an address a new client gets. All weigh a server by the sessions that it says it
 * can bear, so that one that can bear none (it is drained) gets none. One that has just come is eased in,
 * where the servers are compared by what they have: else it would get all new clients at once.
 *
 *     rotation    the next in turn
 *     least-load  the smallest share of what it can bear
 *     nearest     of those that say they are near the client, or else of all, as least-load
 *     rendezvous  the highest of a hash of client and server: the same one whoever chooses
 *
 * Source: the anycast seed, Fig 3; RFC 6463 for the sessions; Thaler and Ravishankar 1998 for the hash.
 */
export class Selection {
  readonly #policy: ServiceConfig['policy'];
  readonly #crypto: Cryptography;
  /** Clients so far: where a rotation stands. */
  #turn = 0;

  constructor(policy: ServiceConfig['policy'], crypto: Cryptography) {
    this.#policy = policy;
    this.#crypto = crypto;
  }

  /** Undefined where no server takes any. */
  pick({ client, members, given }: Choice, now: Instant): Member | undefined {
    const open = members.filter(({ capacity = 1 }) => capacity > 0);
    if (open.length === 0) return undefined;
    const turn = this.#turn++;
    switch (this.#policy) {
      case 'rotation':
        return open[turn % open.length];
      case 'least-load':
        return leastLoaded(eased(open, turn, now), given);
      case 'nearest':
        return leastLoaded(eased(nearestTo(client, open), turn, now), given);
      case 'rendezvous':
        return this.byHash(client, open);
    }
  }

  /** Without any memory of clients: each time the same, as long as the servers are the same. */
  byHash(client: Address, members: readonly Member[]): Member | undefined {
    return most(members, ({ registrant, capacity = 1 }) => {
      const name = Array.from(registrant, (letter) => letter.charCodeAt(0));
      const hashed = this.#crypto.sha1(Uint8Array.from([...addressOctets(client), ...name]));
      const share =
        (new DataView(hashed.buffer, hashed.byteOffset).getUint32(0) + 1) / (2 ** 32 + 1);
      return -capacity / Math.log(share);
    });
  }
}

function leastLoaded(
  members: readonly Member[],
  given: ReadonlyMap<string, number>,
): Member | undefined {
  return most(members, ({ registrant, capacity = 1, sessions = 0 }) => {
    return -(Math.max(given.get(registrant) ?? 0, sessions) + 1) / capacity;
  });
}

/** The fractional part of the golden ratio: its multiples are spread evenly over [0, 1). */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Those that this client may get: who has just come is there for a growing share of them. */
function eased(members: readonly Member[], turn: number, now: Instant): readonly Member[] {
  const place = (turn * GOLDEN) % 1;
  const there = members.filter(
    ({ since }) => since === undefined || place < (now - since) / EASE_IN,
  );
  return there.length > 0 ? there : members;
}

/** Those that share the longest of the prefixes that they say they are near; all where none does. */
function nearestTo(client: Address, members: readonly Member[]): readonly Member[] {
  const lengths = members.map(({ near = [] }) =>
    near.reduce((best, { address, length }) => {
      return length > best && sharesBits(client, address, length) ? length : best;
    }, -1),
  );
  const longest = Math.max(...lengths);
  return members.filter((_, index) => lengths[index] === longest);
}

function sharesBits(one: Address, other: Address, length: number): boolean {
  const [a, b] = [addressOctets(toMapped(one)), addressOctets(toMapped(other))];
  for (let bit = 0; bit < length; bit += 8) {
    const mask = length - bit >= 8 ? 0xff : (0xff00 >> (length - bit)) & 0xff;
    if (((a[bit >> 3]! ^ b[bit >> 3]!) & mask) !== 0) return false;
  }
  return true;
}

/** The first of those with the highest value. */
function most(members: readonly Member[], value: (one: Member) => number): Member | undefined {
  let best: { readonly member: Member; readonly value: number } | undefined;
  for (const member of members) {
    const here = value(member);
    if (best === undefined || here > best.value) best = { member, value: here };
  }
  return best?.member;
}
