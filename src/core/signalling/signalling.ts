/**
 * How this project's roles put control messages together: a packet, and the event that tells of it.
 */
import { type Address, formatAddress } from '../../wire/address.ts';
import {
  type LayerInput,
  type LayerName,
  type MobilityOptionInput,
  serialisePacket,
} from '../../wire/packet.ts';
import { LIFETIME_UNIT } from '../constants.ts';
import type { CareofEvent } from '../events.ts';
import { count, type Received, tell } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import { type Duration, seconds } from '../time.ts';

/** What the authenticating options of a message are and how they are filled in. */
export interface Proof {
  /** Options to append; the authenticating one comes last and holds zeros. */
  readonly options: readonly MobilityOptionInput[];
  /** Fills the authenticator of the finished packet in place, and mends its checksum. */
  sign(packet: Uint8Array): void;
}

/** No proof at all. */
export const NO_PROOF: Proof = { options: [], sign: () => {} };

export interface Signal {
  readonly source: Address;
  readonly destination: Address;
  readonly hopLimit?: number;
  /** Everything behind the IPv6 header. */
  readonly layers: readonly LayerInput[];
  readonly detail?: string;
  /** The RFC's name of the message, where it is not that of the last layer. */
  readonly name?: string;
  readonly proof?: Proof;
  readonly link?: string | undefined;
  readonly nextHop?: Address;
  readonly to?: LinkAddress | undefined;
  /** It will travel in a tunnel (for the reader of the event). */
  readonly tunnelled?: boolean;
}

type Written<T> = { -readonly [K in keyof T]: T[K] };

/** The outputs that send a message and say so. */
export function signal(message: Signal): Output[] {
  const { source, destination, hopLimit = 64, layers, detail = '', proof } = message;
  const octets = serialisePacket([{ layer: 'ipv6', source, destination, hopLimit }, ...layers]);
  proof?.sign(octets);
  // Every message comes by here: field by field, since copying pieces of objects is slow.
  const transmit: Written<Transmit> = { kind: 'transmit', octets };
  if (message.link !== undefined) transmit.link = message.link;
  if (message.nextHop !== undefined) transmit.nextHop = message.nextHop;
  if (message.to !== undefined) transmit.to = message.to;
  const sent: Written<Sent> = {
    kind: 'signal.sent',
    message: message.name ?? messageName(layers.at(-1)!.layer),
    from: source,
    to: destination,
    octets: octets.length,
    detail,
  };
  if (message.tunnelled === true) sent.tunnelled = true;
  return [transmit, { kind: 'event', event: sent }];
}

type Transmit = Extract<Output, { kind: 'transmit' }>;
type Sent = Extract<CareofEvent, { message: string }>;

/** The event that tells of a message that was taken. */
export const taken = (received: Received, detail = ''): Output =>
  tell({
    kind: 'signal.received',
    message: messageName(received.message.layer),
    from: received.source,
    to: received.destination,
    octets: received.octets.length,
    detail,
    ...(received.tunnel === undefined ? {} : { tunnelled: true }),
  });

/** The RFC's name of a message: `care-of-test-init` is `Care-of Test Init`. */
export function messageName(layer: LayerName): string {
  const known = NAMES.get(layer);
  if (known !== undefined) return known;
  const name = layer
    .replace('care-of', 'care_of')
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).replace('_', '-'))
    .join(' ');
  NAMES.set(layer, name);
  return name;
}
/** Names that were asked for before: as many as there are layers at most. */
const NAMES = new Map<LayerName, string>();

export interface BindingUpdateSignal {
  readonly careOf: Address;
  readonly home: Address;
  readonly to: Address;
  readonly sequence: number;
  readonly lifetime: Duration;
  readonly homeRegistration: boolean;
  /** RFC 6275 section 6.1.7: the home address's interface identifier is the link-local one's. */
  readonly linkLocalAddressCompatibility?: boolean;
  /** It leaves from the home address, and says in its option alone where the node is. */
  readonly fromHome?: boolean;
  readonly proof: Proof;
  readonly link?: string;
  /** Options before those of the proof, which covers them. */
  readonly told?: readonly MobilityOptionInput[];
}

/**
 * A Binding Update with Home Address option and Alternate Care-of Address option; from home
 * (`careOf === home`) it carries neither.
 * Source: RFC 6275 sections 6.1.7, 11.7.1, 11.7.2.
 */
export function bindingUpdate(update: BindingUpdateSignal): Output[] {
  const { careOf, home, proof } = update;
  const away = careOf !== home;
  const fromHome = update.fromHome === true;
  const layers: LayerInput[] = [];
  if (away && !fromHome) {
    layers.push({
      layer: 'destination-options',
      options: [{ option: 'home-address', homeAddress: home }],
    });
  }
  layers.push({
    layer: 'binding-update',
    sequence: update.sequence,
    acknowledge: true,
    homeRegistration: update.homeRegistration,
    linkLocalAddressCompatibility: update.linkLocalAddressCompatibility ?? false,
    lifetime: wireLifetime(update.lifetime),
    options: [
      ...(away ? [{ option: 'alternate-care-of-address', careOfAddress: careOf } as const] : []),
      ...(update.told ?? []),
      ...proof.options,
    ],
  });
  return signal({
    source: fromHome ? home : careOf,
    destination: update.to,
    layers,
    detail: `${update.homeRegistration ? 'home ' : ''}seq ${update.sequence} lifetime ${
      update.lifetime / seconds(1)
    } s${away ? ` home ${formatAddress(home)}` : ' (at home)'}`,
    proof,
    ...(update.link === undefined ? {} : { link: update.link }),
  });
}

export interface BindingAcknowledgementSignal {
  /** Where the update was sent to. */
  readonly from: Address;
  /** Where the update came from. */
  readonly to: Address;
  readonly home: Address;
  readonly status: number;
  readonly statusName: string;
  readonly sequence: number;
  readonly lifetime: Duration;
  readonly proof: Proof;
  readonly link?: string;
  readonly linkAddress?: LinkAddress;
}

/**
 * A Binding Acknowledgement, behind a Type 2 Routing header unless it goes to the home address.
 * Source: RFC 6275 sections 6.1.8, 9.5.4.
 */
export function bindingAcknowledgement(answer: BindingAcknowledgementSignal): Output[] {
  const layers: LayerInput[] = [];
  if (answer.to !== answer.home) {
    layers.push({ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: answer.home });
  }
  layers.push({
    layer: 'binding-acknowledgement',
    status: answer.status,
    sequence: answer.sequence,
    lifetime: wireLifetime(answer.lifetime),
    options: answer.proof.options,
  });
  return signal({
    source: answer.from,
    destination: answer.to,
    layers,
    detail: `${answer.statusName} seq ${answer.sequence} lifetime ${answer.lifetime / seconds(1)} s`,
    proof: answer.proof,
    link: answer.link,
    to: answer.linkAddress,
  });
}

/** Asks whoever is registered to register again. Source: RFC 6275 section 6.1.2. */
export const askAgain = (source: Address, destination: Address): Output[] => [
  count('mobility.brr_sent'),
  ...signal({ source, destination, layers: [{ layer: 'binding-refresh-request' }] }),
];

/** Whole units of 4 s, rounded down: nobody is promised more than was meant. */
export function wireLifetime(lifetime: Duration): number {
  return Math.min(0xffff, Math.floor(lifetime / LIFETIME_UNIT));
}

/** The time that a lifetime on the wire stands for. */
export function lifetimeOf(units: number): Duration {
  return (units * LIFETIME_UNIT) as Duration;
}
