/** A server of a service address, as its holders know it: what its updates say, and what is told of it. */
import type { Address } from '../../wire/address.ts';
import type { BindingUpdate } from '../bindings/judged-update.ts';
import type { ServiceConfig } from '../config.ts';
import type { Output } from '../role.ts';
import type { UdpEnd } from '../signalling/udp-signalling.ts';
import type { Duration, Instant } from '../time.ts';
import { type NearPrefix, nearPrefixesIn } from './near-prefixes.ts';
import { saysIpv4Service } from './service-addresses.ts';

/** A server that answers for the service address just now. */
export interface Member {
  /** The name under which it is in the binding cache; the holder's own is `self`. */
  readonly registrant: string;
  readonly address: Address;
  /** Where it is met instead, inside UDP. */
  readonly udp?: UdpEnd;
  /** Sessions that it can bear, beside what others can; 1 if absent. Zero: it takes no new clients. */
  readonly capacity?: number;
  /** Sessions that it has, as it says. */
  readonly sessions?: number;
  /** Prefixes that it is near to. */
  readonly near?: readonly NearPrefix[];
  /** It answers from the service's IPv4 address too. */
  readonly ipv4?: true;
  /** When it came. */
  readonly since?: Instant;
  /** The agent that took its registration, where several share them; absent: this one. */
  readonly by?: Address;
}

/** What a server has said of itself beside where it is. */
export type Told = Omit<Member, 'registrant' | 'address' | 'udp'>;

/** The last word of a server, as holders that share their servers tell each other. */
export interface MemberRecord {
  readonly registrant: string;
  /** The timestamp of its update; one more, where it was removed after that. */
  readonly version: bigint;
  /** The holder that took it. */
  readonly by: Address;
  /** It did not take its leave: that holder heard nothing of it. */
  readonly silent?: true;
  /** Absent: it is there no more. */
  readonly there?: Omit<Told, 'by'> & {
    readonly address: Address;
    readonly udp?: UdpEnd;
    readonly sequence: number;
    readonly lifetime: Duration;
    readonly expiresAt: Instant;
  };
}

/** What became of an update: a server that joined (or renewed, or moved), or one that left. */
export interface MembershipChange {
  readonly outputs: Output[];
  readonly joined?: Member;
  readonly left?: Member;
}

/** Source: RFC 5555 section 3.1.1, RFC 6463 section 4; docs/registry.md. */
export function saidIn(
  { options }: BindingUpdate,
  config: Pick<ServiceConfig, 'service' | 'service4'>,
): Omit<Told, 'since'> {
  const load = options.find((one) => one.option === 'load-information');
  const near = nearPrefixesIn(options);
  return {
    ...(load && { capacity: load.maximumSessions, sessions: load.sessionsInUse }),
    ...(near.length > 0 && { near }),
    ...(saysIpv4Service(options, config) && { ipv4: true as const }),
  };
}

/** A member is known by the number of its key. */
export const registrantOf = (
  authentication: ServiceConfig['members'][number]['authentication'],
): string => (authentication.method === 'rfc4285' ? `${authentication.spi}` : '');

export function spiOf({ options }: BindingUpdate): string {
  const option = options.find((one) => one.option === 'authentication');
  return option === undefined ? '' : `${option.spi}`;
}
