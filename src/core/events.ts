/**
 * What happens, as one typed stream: trace file, sequence chart, hand-over bill, metrics and tests
 * all read these. A driver adds the time and the node's name.
 */
import { type Address, formatAddress, parseAddress } from '../wire/address.ts';
import type { Instant } from './time.ts';

/** The phases of a hand-over as the literature counts them. */
export const PHASES = [
  'movement_detection',
  'address_configuration',
  'home_registration',
  'return_routability',
  'peer_registration',
] as const;
export type Phase = (typeof PHASES)[number];

/** How packets to and from a peer travel. */
export type PathKind = 'direct' | 'tunnelled' | 'udp-tunnelled' | 'route-optimised';

export type CareofEvent =
  | {
      /** A control message left this node or was taken by it; `message` is its RFC name. */
      readonly kind: 'signal.sent' | 'signal.received';
      readonly message: string;
      readonly from: Address;
      readonly to: Address;
      /** The whole packet's size with all headers. */
      readonly octets: number;
      /** The fields that matter to a reader, such as `seq 7 lifetime 420 s`. */
      readonly detail: string;
      readonly tunnelled?: boolean;
    }
  | { readonly kind: 'link.up' | 'link.down'; readonly link: string }
  | {
      readonly kind: 'movement.detected';
      readonly link: string;
      readonly router: Address;
      readonly reason: 'new-link' | 'new-prefix';
    }
  | {
      readonly kind: 'address.tentative' | 'address.ready' | 'address.lost' | 'address.duplicate';
      readonly link: string;
      readonly address: Address;
    }
  | {
      /** One phase of a hand-over is over; phases may overlap. */
      readonly kind: 'handover.phase';
      readonly phase: Phase;
      readonly began: Instant;
      readonly ended: Instant;
      readonly peer?: Address;
    }
  | { readonly kind: 'handover.began'; readonly link: string; readonly reason: string }
  | { readonly kind: 'handover.ended'; readonly careof: Address }
  | {
      /** In a binding cache. */
      readonly kind: 'binding.accepted' | 'binding.deleted' | 'binding.expired' | 'binding.refused';
      readonly scope: 'home' | 'peer';
      readonly home: Address;
      /** Who registered it, where several may bind one identity. */
      readonly registrant?: string;
      readonly careof: Address;
      readonly lifetime_s?: number;
      readonly sequence?: number;
      readonly reason?: string;
      readonly source?: string;
    }
  | {
      /** In a binding update list. */
      readonly kind: 'registration.accepted' | 'registration.refused' | 'registration.lost';
      readonly peer: Address;
      readonly home: Address;
      readonly careof: Address;
      readonly reason?: string;
      readonly lifetime_s?: number;
      /** Of the last update. */
      readonly sequence?: number;
      readonly source?: string;
    }
  | {
      readonly kind: 'path.changed';
      readonly peer: Address;
      readonly home: Address;
      readonly path: PathKind;
      readonly reason?: string;
    }
  | {
      /** Nothing that is known here gets through to a peer, or to the home agent. */
      readonly kind: 'path.failed';
      readonly peer: Address;
      readonly home: Address;
      readonly careof: Address;
      readonly reason: string;
    }
  | {
      /** Which server a client of a service address has now. */
      readonly kind: 'service.client';
      readonly peer: Address;
      readonly home: Address;
      readonly careof: Address;
    }
  | {
      /** A node holds a service address (on its link), or no longer. */
      readonly kind: 'service.held' | 'service.released';
      readonly home: Address;
      readonly link?: string;
      readonly reason: string;
    }
  /** A server has gone away in good order; so many clients could not go elsewhere. */
  | { readonly kind: 'service.drained'; readonly home: Address; readonly left: number }
  | {
      /** The program of a server does not answer: its clients get others. Or it does so again. */
      readonly kind: 'service.fails' | 'service.answers';
      readonly home: Address;
      readonly peer: Address;
      readonly reason?: string;
    }
  | { readonly kind: 'peer.unaware'; readonly peer: Address; readonly reason: string }
  | {
      /** No packet goes through it any more, since no sequence number is left: new keys are wanted. */
      readonly kind: 'association.exhausted';
      readonly home: Address;
      readonly peer: Address;
      readonly spi: number;
    }
  | {
      /** A session with one of our addresses goes by another one, or by its own again. */
      readonly kind: 'session.moved';
      readonly home: Address;
      readonly peer: Address;
      readonly from: Address;
      readonly to: Address;
    }
  | {
      /** It ends then at the latest, unless its own address works again. */
      readonly kind: 'session.bounded';
      readonly home: Address;
      readonly peer: Address;
      readonly until: Instant;
    }
  | {
      /** Nothing gets from this address of ours to the peer and back. */
      readonly kind: 'provider.failed';
      readonly careof: Address;
      readonly peer: Address;
      readonly reason: string;
    }
  /** It has done so again for as long as is asked of it. */
  | { readonly kind: 'provider.returned'; readonly careof: Address; readonly peer: Address }
  | { readonly kind: 'home.ended'; readonly home: Address; readonly reason: string }
  | { readonly kind: 'home.formed'; readonly home: Address; readonly reason: string }
  | { readonly kind: 'home.returned' | 'home.left'; readonly home: Address; readonly link: string }
  | { readonly kind: 'node.started' | 'node.crashed'; readonly reason?: string };

export type EventKind = CareofEvent['kind'];

/** Packets to and from a peer now travel another way. */
export function pathChanged(
  peer: Address,
  home: Address,
  path: PathKind,
  reason?: string,
): CareofEvent {
  const event = { kind: 'path.changed', peer, home, path } as const;
  return reason === undefined ? event : { ...event, reason };
}

/** Keys of events that hold an `Address`. */
const ADDRESS_KEYS: ReadonlySet<string> = new Set([
  'from',
  'to',
  'router',
  'address',
  'peer',
  'careof',
  'home',
]);

/** An event as one flat JSON object with addresses as text. */
export function eventToJson(event: CareofEvent): Record<string, string | number | boolean> {
  const json: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(event) as [string, string | number | boolean][]) {
    json[key] = ADDRESS_KEYS.has(key) ? formatAddress(value as Address) : value;
  }
  return json;
}

/** The event that `eventToJson` gave; addresses that are none stay away. */
export function eventOfJson(json: Readonly<Record<string, unknown>>): CareofEvent {
  const event: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (!ADDRESS_KEYS.has(key)) event[key] = value;
    else if (typeof value === 'string') event[key] = parseAddress(value);
  }
  // What our own daemon told: its kinds and keys are those of this file.
  return event as unknown as CareofEvent;
}
