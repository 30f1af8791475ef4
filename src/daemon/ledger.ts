/**
 * What a mobile node's events come to: where it is, who holds its binding, who was asked and is
 * silent, what went wrong last. `careof status` and `careof why` are told from it.
 *
 * Tables that peers can fill are bounded; the oldest entry makes room.
 */
import type { NodeConfig } from '../core/config.ts';
import type { CareofEvent, PathKind } from '../core/events.ts';
import type { Instant } from '../core/time.ts';
import { type Address, formatAddress } from '../wire/address.ts';

const MOST_PEERS = 20_000;
/** Refusals that an operator may still want to read. */
const MOST_REFUSALS = 100;

/** One of the interfaces that may carry a mobile node. */
export interface LinkRecord {
  up: boolean;
  /** When it came up or went down. */
  since: Instant;
  router?: Address;
  /** What is sent from there: the care-of address, or the home address at home. */
  address?: Address;
  /** Of `address`: under Duplicate Address Detection, usable, or somebody else's. */
  state?: 'tentative' | 'ready' | 'duplicate';
}

/** A binding of ours at somebody. */
export interface RegistrationRecord {
  readonly home: Address;
  readonly peer: Address;
  careof: Address;
  /** Until when it holds; undefined: there is none. */
  until?: Instant;
  /** When it was accepted last. */
  acceptedAt?: Instant;
  lifetimeSeconds?: number;
  /** Number of the last update. */
  sequence?: number;
  /** What went wrong last, and when; gone when it is mended. */
  trouble?: { readonly at: Instant; readonly text: string };
}

/** What was sent to somebody and not answered. */
export interface SilenceRecord {
  readonly since: Instant;
  count: number;
  last: Instant;
}

export interface PathRecord {
  readonly home: Address;
  readonly peer: Address;
  readonly path: PathKind;
  readonly since: Instant;
  readonly reason?: string;
}

export interface ProofRecord {
  readonly at: Instant;
  /** How long it took, in microseconds. */
  readonly took: number;
}

export interface RefusalRecord {
  readonly at: Instant;
  readonly home: Address;
  readonly careof: Address;
  readonly scope: 'home' | 'peer';
  readonly reason: string;
}

export interface HandoverRecord {
  readonly at: Instant;
  readonly link: string;
  readonly reason: string;
  ended?: Instant;
}

export class Ledger {
  readonly links = new Map<string, LinkRecord>();
  readonly registrations = new Map<string, RegistrationRecord>();
  readonly silences = new Map<Address, SilenceRecord>();
  readonly paths = new Map<string, PathRecord>();
  /** By peer, when it was last shown that both addresses are ours. */
  readonly proofs = new Map<Address, ProofRecord>();
  readonly unaware = new Map<Address, { readonly at: Instant; readonly reason: string }>();
  /** Home addresses that are on their own link now. */
  readonly atHome = new Map<Address, string>();
  readonly exhausted = new Map<string, Instant>();
  refusals: readonly RefusalRecord[] = [];
  handover: HandoverRecord | undefined;
  readonly #homes: Set<Address>;
  #agent: Address | undefined;

  constructor({ mobileNode, anycastServer, contentSlave }: NodeConfig) {
    this.#agent = mobileNode?.homeAgent;
    const service = (anycastServer ?? contentSlave)?.service;
    const homes = [mobileNode?.home, service];
    this.#homes = new Set(homes.filter((home) => home !== undefined));
    for (const link of mobileNode?.links ?? []) {
      this.links.set(link, { up: false, since: 0 as Instant });
    }
  }

  /** The home agent that was asked last: as configured, or as found. */
  get agent(): Address | undefined {
    return this.#agent;
  }

  /** Home addresses of this node, and the address that it serves. */
  get homes(): ReadonlySet<Address> {
    return this.#homes;
  }

  add(event: CareofEvent, now: Instant): void {
    switch (event.kind) {
      case 'link.up':
      case 'link.down':
        this.links.set(event.link, { up: event.kind === 'link.up', since: now });
        break;
      case 'movement.detected':
        Object.assign(this.#link(event.link, now), { router: event.router });
        break;
      case 'address.tentative':
      case 'address.ready':
      case 'address.duplicate':
      case 'address.lost':
        this.#address(event, now);
        break;
      case 'home.returned':
        this.atHome.set(event.home, event.link);
        break;
      case 'home.left':
        this.atHome.delete(event.home);
        break;
      case 'home.formed':
        this.#homes.add(event.home);
        break;
      case 'home.ended':
        this.#homes.delete(event.home);
        break;
      case 'handover.began':
        this.handover = { at: now, link: event.link, reason: event.reason };
        break;
      case 'handover.ended':
        if (this.handover !== undefined) this.handover.ended ??= now;
        break;
      case 'binding.refused':
        this.#refused(event, now);
        break;
      case 'association.exhausted':
        keep(this.exhausted, `${formatAddress(event.peer)} ${event.spi}`, now);
        break;
      default:
        this.#signalling(event, now);
    }
  }

  #signalling(event: CareofEvent, now: Instant): void {
    switch (event.kind) {
      case 'signal.sent':
        if (event.message === 'Binding Update') this.#asked(event.to, now);
        if (isHomeUpdate(event)) this.#agent = event.to;
        break;
      case 'signal.received':
        if (event.message === 'Binding Acknowledgement') this.silences.delete(event.from);
        break;
      case 'registration.accepted':
      case 'registration.refused':
      case 'registration.lost':
        this.#registration(event, now);
        break;
      case 'handover.phase':
        if (event.phase === 'return_routability' && event.peer !== undefined) {
          keep(this.proofs, event.peer, { at: event.ended, took: event.ended - event.began });
        }
        break;
      case 'path.changed': {
        const { home, peer, path, reason } = event;
        const record = { home, peer, path, since: now, ...(reason !== undefined && { reason }) };
        keep(this.paths, pairKey(home, peer), record);
        break;
      }
      case 'peer.unaware':
        keep(this.unaware, event.peer, { at: now, reason: event.reason });
        break;
    }
  }

  #link(link: string, now: Instant): LinkRecord {
    const record = this.links.get(link) ?? { up: true, since: now };
    this.links.set(link, record);
    return record;
  }

  #address(
    { kind, link, address }: Extract<CareofEvent, { link: string; address: Address }>,
    now: Instant,
  ): void {
    const record = this.#link(link, now);
    if (kind === 'address.lost') {
      if (record.address !== address) return;
      delete record.address;
      delete record.state;
    } else {
      record.address = address;
      record.state = STATE[kind];
    }
  }

  #asked(peer: Address, now: Instant): void {
    const before = this.silences.get(peer);
    if (before === undefined) keep(this.silences, peer, { since: now, count: 1, last: now });
    else {
      before.count += 1;
      before.last = now;
    }
  }

  #registration(event: RegistrationEvent, now: Instant): void {
    const { peer, home, careof } = event;
    const key = pairKey(home, peer);
    const record = this.registrations.get(key) ?? { home, peer, careof };
    keep(this.registrations, key, record);
    if (event.kind === 'registration.accepted') {
      const { lifetime_s = 0, sequence } = event;
      this.silences.delete(peer);
      this.unaware.delete(peer);
      delete record.trouble;
      record.careof = careof;
      record.acceptedAt = now;
      record.lifetimeSeconds = lifetime_s;
      if (sequence !== undefined) record.sequence = sequence;
      record.until = (now + Math.round(lifetime_s * 1e6)) as Instant;
      return;
    }
    if (event.kind === 'registration.lost') {
      delete record.until;
      record.trouble = { at: now, text: event.reason ?? 'its lifetime is over' };
      if (event.reason?.startsWith('taken back') === true) this.registrations.delete(key);
      return;
    }
    record.trouble = { at: now, text: event.reason ?? 'refused' };
  }

  #refused(event: BindingEvent, now: Instant): void {
    const { home, careof, scope, reason = 'without a reason' } = event;
    const refusal = { at: now, home, careof, scope, reason };
    this.refusals = [...this.refusals, refusal].slice(-MOST_REFUSALS);
  }
}

type BindingEvent = Extract<CareofEvent, { scope: 'home' | 'peer' }>;
type RegistrationEvent = Extract<
  CareofEvent,
  { kind: 'registration.accepted' | 'registration.refused' | 'registration.lost' }
>;

const STATE = {
  'address.tentative': 'tentative',
  'address.ready': 'ready',
  'address.duplicate': 'duplicate',
} as const;

/** A registration at a home agent; updates to peers are told without the word. */
const isHomeUpdate = ({ message, detail }: { message: string; detail?: string }): boolean =>
  message === 'Binding Update' && detail?.startsWith('home ') === true;

export const pairKey = (home: Address, peer: Address): string => `${home}${peer}`;

/** Puts an entry in; it counts as the newest. */
function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MOST_PEERS) map.delete(map.keys().next().value!);
}
