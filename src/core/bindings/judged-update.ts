import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS, nameIn } from '../../wire/numbers.ts';
import type { Layer } from '../../wire/packet.ts';
import type { Tunnel } from '../forwarding/execute.ts';
import { type Received, tell } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import {
  bindingAcknowledgement,
  lifetimeOf,
  NO_PROOF,
  type Proof,
} from '../signalling/signalling.ts';
import { answerEnds, inUdp } from '../signalling/udp-signalling.ts';
import { type Duration, NO_TIME } from '../time.ts';
import type { BindingScope } from './binding-cache.ts';

export type BindingUpdate = Extract<Layer, { layer: 'binding-update' }>;

/** A Binding Update with the verdict on it: what is asked, what is granted, whom to answer how. */
export interface JudgedUpdate {
  readonly home: Address;
  readonly careOf: Address;
  /** Granted; 0 takes the binding back. */
  readonly lifetime: Duration;
  readonly sequence: number;
  readonly acknowledge: boolean;
  /** The L bit: the link-local address with the same identifier is the mobile node's too. */
  readonly linkLocal: boolean;
  /** A status of RFC 6275 section 6.1.8. */
  readonly status: number;
  /** The number to answer with: the update's, or with status 135 the last one accepted. */
  readonly answerSequence: number;
  readonly sentTo: Address;
  readonly answerTo: Address;
  /** Where the sender is a neighbour: it is answered there, whatever entries and routes say. */
  readonly neighbor?: { readonly link: string; readonly linkAddress: LinkAddress };
  /** The tunnel inside UDP that it came by: it is answered there. */
  readonly tunnel?: Tunnel;
  /** What proves the answer. */
  readonly proof: Proof;
  /** The care-of address is not proved yet (RFC 4866). */
  readonly unverified?: true;
}

/** The update with no objection to it, or nothing, and what is to be done besides. */
export interface Judgement {
  /** Absent: the update gets no answer. */
  readonly judged?: JudgedUpdate;
  readonly outputs: Output[];
}

/**
 * What an update asks for, taken as if it were granted. The home address stands in the Home Address
 * option or is the source; the care-of address stands in its option or is the source.
 * Source: RFC 6275 sections 9.5.1 and 6.2.5.
 * @param longest the longest lifetime that may be granted.
 */
export function askedBy(
  received: Received,
  update: BindingUpdate,
  longest: Duration,
): JudgedUpdate {
  const home = received.home ?? received.source;
  const alternate = update.options.find((one) => one.option === 'alternate-care-of-address');
  const careOf = alternate?.careOfAddress ?? received.source;
  const asked = lifetimeOf(update.lifetime);
  return {
    home,
    careOf,
    lifetime: careOf === home ? NO_TIME : (Math.min(asked, longest) as Duration),
    sequence: update.sequence,
    acknowledge: update.acknowledge,
    linkLocal: update.linkLocalAddressCompatibility,
    status: BINDING_STATUS.accepted,
    answerSequence: update.sequence,
    sentTo: received.destination,
    answerTo: received.source,
    ...(received.tunnel?.udp && { tunnel: received.tunnel }),
    proof: NO_PROOF,
  };
}

/**
 * The answer that an update gets: an acknowledgement where it asked for one or is refused; from a
 * home agent always. Source: RFC 6275 sections 9.5.4 and 10.3.1.
 */
export function answer(judged: JudgedUpdate, scope: BindingScope): Output[] {
  const { status, home, careOf } = judged;
  const refused = status >= 128;
  if (scope === 'peer' && !judged.acknowledge && !refused) return [];
  const outputs = acknowledge(judged);
  if (!refused) return outputs;
  const source = scope === 'home' ? 'RFC 6275 10.3.1' : 'RFC 6275 9.5.1';
  const event = { kind: 'binding.refused', scope, home, careof: careOf, source } as const;
  return [tell({ ...event, reason: nameOf(status) }), ...outputs];
}

/** The acknowledgement, the way that the update came. */
export function acknowledge(judged: JudgedUpdate): Output[] {
  const { status } = judged;
  const outputs = bindingAcknowledgement({
    from: judged.sentTo,
    to: judged.answerTo,
    home: judged.home,
    status,
    statusName: nameOf(status),
    sequence: judged.answerSequence,
    lifetime: status >= 128 ? NO_TIME : judged.lifetime,
    proof: judged.proof,
    ...judged.neighbor,
  });
  const ends = judged.tunnel && answerEnds(judged.tunnel);
  return ends === undefined ? outputs : inUdp(outputs, ends);
}

const nameOf = (status: number): string => nameIn(BINDING_STATUS, status) ?? `status ${status}`;
