import { type Address, solicitedNode, UNSPECIFIED } from '../../wire/address.ts';
import { type Constants, DUP_ADDR_DETECT_TRANSMITS } from '../constants.ts';
import type { Received } from '../part.ts';
import type { Output } from '../role.ts';
import { signal } from '../signalling/signalling.ts';
import { after, type Instant } from '../time.ts';
import { ND_HOP_LIMIT } from './link-layer.ts';

/** How an address came out of Duplicate Address Detection. */
export type DadResult = 'unique' | 'duplicate';

interface Probe {
  readonly address: Address;
  readonly link: string;
  sent: number;
  nextAt: Instant;
}

/**
 * Duplicate Address Detection for any number of addresses: a mobile node's care-of addresses, and
 * the home addresses that a home agent is asked to stand in for.
 *
 *     start -> Neighbor Solicitation from `::` -> RETRANS_TIMER of silence -> unique
 *                                              -> an answer, or another's probe -> duplicate
 *
 * Supported standards: RFC 4862 section 5.4, RFC 6275 section 10.3.1 (for the home agent).
 */
export class DuplicateAddressDetection {
  readonly #constants: Constants;
  /** The next one first: all wait for equally long. */
  readonly #probes = new Map<Address, Probe>();

  constructor(constants: Constants) {
    this.#constants = constants;
  }

  has(address: Address): boolean {
    return this.#probes.has(address);
  }

  start(link: string, address: Address, now: Instant): Output[] {
    const probe: Probe = { address, link, sent: 0, nextAt: now };
    const group = solicitedNode(address);
    return [{ kind: 'group', action: 'join', link, group }, ...this.#solicit(probe, now)];
  }

  cancel(address: Address): Output[] {
    const probe = this.#probes.get(address);
    if (probe === undefined) return [];
    this.#probes.delete(address);
    const group = solicitedNode(address);
    return [{ kind: 'group', action: 'leave', link: probe.link, group }];
  }

  /** The link is down, and silence says nothing: the addresses whose tests are to begin again. */
  cancelAll(): { readonly outputs: Output[]; readonly addresses: readonly Address[] } {
    const addresses = [...this.#probes.keys()];
    return { outputs: addresses.flatMap((address) => this.cancel(address)), addresses };
  }

  deadline(): Instant | undefined {
    return this.#probes.values().next().value?.nextAt;
  }

  /** The address that a message shows to be somebody else's, if it is one under test. */
  conflict(received: Received): Address | undefined {
    const { message, source, link } = received;
    const isProbe = message.layer === 'neighbor-solicitation' && source === UNSPECIFIED;
    if (!isProbe && message.layer !== 'neighbor-advertisement') return undefined;
    return this.#probes.get(message.targetAddress)?.link === link
      ? message.targetAddress
      : undefined;
  }

  /** What has come to an end: addresses that nobody claimed. To be called at `deadline()`. */
  tick(now: Instant): { readonly outputs: Output[]; readonly unique: Address[] } {
    const outputs: Output[] = [];
    const unique: Address[] = [];
    for (const probe of this.#probes.values()) {
      if (now < probe.nextAt) break;
      if (probe.sent < DUP_ADDR_DETECT_TRANSMITS) outputs.push(...this.#solicit(probe, now));
      else {
        outputs.push(...this.cancel(probe.address));
        unique.push(probe.address);
      }
    }
    return { outputs, unique };
  }

  #solicit(probe: Probe, now: Instant): Output[] {
    probe.sent += 1;
    probe.nextAt = after(now, this.#constants.RETRANS_TIMER);
    this.#probes.delete(probe.address);
    this.#probes.set(probe.address, probe);
    return signal({
      source: UNSPECIFIED,
      destination: solicitedNode(probe.address),
      hopLimit: ND_HOP_LIMIT,
      layers: [{ layer: 'neighbor-solicitation', targetAddress: probe.address }],
      detail: 'is this address in use?',
      link: probe.link,
    });
  }
}
