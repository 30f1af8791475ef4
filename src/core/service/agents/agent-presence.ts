import {
  type Address,
  formatAddress,
  isIpv4,
  isUnicastRoutable,
  parseAddress,
} from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import { HomeAgentsList } from '../../neighbor-discovery/home-agents-list.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type PartInput } from '../../part.ts';
import type { Output } from '../../role.ts';
import { type SharedEntry, versionText } from '../../shared-store.ts';
import { askAgain } from '../../signalling/signalling.ts';
import { after, type Duration, type Instant, seconds } from '../../time.ts';
import type { Member } from '../member.ts';
import { agentPrefixOf, prefixOf } from '../sharing/shared-records.ts';

/** So often an agent says that it is there, and so long it is believed. */
const INTERVAL: Duration = seconds(10);
const LIFETIME: Duration = seconds(30);
const MAX_PREFERENCE = 0xffff;

/**
 * Which agents of an address there are: those that share what they know say so to each other, by the same store.
 *
 *     service/2001:db8:a::80/agent/2001:db8:1::2 { preference }
 *
 * Servers that have registered here are asked to do so again when there is a new agent: the answer names it.
 *
 * Bounded as the list of home agents of a link is: 128, of which a more preferred one replaces the least preferred.
 */
export class AgentPresence {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #list = new HomeAgentsList();
  readonly #off: boolean;
  readonly #members: () => readonly Member[];
  #nextAt: Instant | undefined;

  /** @param members servers that are registered. */
  constructor(config: ServiceConfig, state: NodeState, members: () => readonly Member[]) {
    this.#members = members;
    this.#config = config;
    this.#state = state;
    this.#off = config.shared !== true || state.env.without.has('shared-bindings');
  }

  deadline(): Instant | undefined {
    return this.#nextAt;
  }

  handle(input: PartInput, now: Instant): Output[] {
    if (this.#off) return [];
    this.#list.expire(now);
    if (input.kind === 'shared' && input.prefix === prefixOf(this.#config.service)) {
      const taken = input.entries.flatMap((entry) => this.#take(entry, now));
      return input.whole && !this.#isToldIn(input.entries) ? [...taken, ...this.#tell(now)] : taken;
    }
    const isDue = this.#nextAt === undefined ? input.kind === 'start' : now >= this.#nextAt;
    return isDue ? this.#tell(now) : [];
  }

  /** Those beside this one. */
  others(): Address[] {
    return this.#list.addresses();
  }

  /** All that there are, this one among them, most preferred first. */
  ordered(): Address[] {
    const { address, preference = 0 } = this.#config;
    return this.#list.ordered({ preference, addresses: [address] }, this.#state.env.random);
  }

  /** What was told while there was no access is lost. */
  #isToldIn(entries: readonly SharedEntry[]): boolean {
    return entries.some(({ key }) => key === this.#key);
  }

  get #key(): string {
    const { service, address } = this.#config;
    return agentPrefixOf(service) + formatAddress(address);
  }

  #tell(now: Instant): Output[] {
    this.#nextAt = after(now, INTERVAL);
    const { preference = 0 } = this.#config;
    const wall = this.#state.env.epoch + now;
    const value = JSON.stringify({ preference });
    const entry = {
      key: this.#key,
      version: versionText(BigInt(wall)),
      value,
      until: wall + LIFETIME,
    };
    return [{ kind: 'share', entry }];
  }

  #take({ key, value, until }: SharedEntry, now: Instant): Output[] {
    const { service, address: own } = this.#config;
    if (!key.startsWith(agentPrefixOf(service))) return [];
    const address = parseAddress(key.slice(agentPrefixOf(service).length));
    const preference = preferenceIn(value);
    const isOne = address !== undefined && isUnicastRoutable(address) && !isIpv4(address);
    if (!isOne || preference === undefined) {
      return [count('service.shared_malformed')];
    }
    const left = Math.min(until - this.#state.env.epoch - now, LIFETIME) as Duration;
    if (address === own || left <= 0) return [];
    const told = { preference, expiresAt: after(now, left), addresses: [address] };
    const isNew = !this.others().includes(address);
    const full = this.#list.note(address, told);
    if (full !== undefined) return [count(full)];
    // What comes through its tunnels is taken by servers to which one that they know has named it.
    const ours = isNew ? this.#members().filter(({ by }) => by === undefined) : [];
    return ours.flatMap((server) => askAgain(own, server.address));
  }
}

function preferenceIn(value: string | undefined): number | undefined {
  const text = /^\{"preference":(\d{1,5})\}$/.exec(value ?? '')?.[1];
  const preference = Number(text ?? Number.NaN);
  return preference <= MAX_PREFERENCE ? preference : undefined;
}
