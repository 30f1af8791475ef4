import { type Address, formatAddress } from '../../../wire/address.ts';
import { fromTunnelId } from '../../bindings/home-agent-entries.ts';
import type { ServiceConfig } from '../../config.ts';
import type { EntryUse } from '../../forwarding/entry.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type PartInput } from '../../part.ts';
import type { Output } from '../../role.ts';
import { after, type Instant, seconds, sooner } from '../../time.ts';
import type { Member } from '../member.ts';
import { endOf } from '../over-ipv4.ts';
import { addressesOf } from '../service-addresses.ts';

/** A server that was asked for its silence is not asked for it again before so long. */
const PAUSE = seconds(10);

/** A request that a server is to answer. */
interface Awaited {
  readonly member: Member;
  /** What the tunnel had carried back before; undefined: its entry is being asked. */
  before: number | undefined;
  until: Instant;
  /** Nothing came in time. */
  silent: boolean;
}

/**
 * Does anything come back from a server that was sent the first packet of a client? Servers whose answers go by
 * their agent show by them that they are there, and nobody has to ask. One that shows nothing within TUNNEL_SILENCE
 * is asked: what is slow is not dead.
 *
 *     first packet of a client, or of a connection -> how much has come back so far?
 *       -> (TUNNEL_SILENCE) -> more by now: it is there
 *                           -> no more:     it is doubted; no such look again for PAUSE
 *
 * A server of which nothing has ever come back this way answers its clients straight, and is not doubted. Two looks
 * at one counter are all that it costs, whoever sends how much.
 *
 * Bounded: one request for each server that is registered.
 *
 * Supported standards: none; after the anycast seed, p. 11 (second way) and its claim 21.
 */
export class TunnelSilence {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  /** By registrant. */
  readonly #awaited = new Map<string, Awaited>();
  readonly #onSilence: (member: Member, now: Instant) => Output[];
  readonly #prefix: string;

  /** @param onSilence nothing came back from a server from which something did before. */
  constructor(
    config: ServiceConfig,
    state: NodeState,
    onSilence: (member: Member, now: Instant) => Output[],
  ) {
    this.#config = config;
    this.#state = state;
    this.#onSilence = onSilence;
    this.#prefix = `service/returned/${formatAddress(config.service)}/`;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { until } of this.#awaited.values()) deadline = sooner(deadline, until);
    return deadline;
  }

  /**
   * To be given what the holder of the address was given, after it.
   *
   * @param memberOf the server of a client.
   */
  handle(
    input: PartInput,
    memberOf: (client: Address) => Member | undefined,
    now: Instant,
  ): Output[] {
    switch (input.kind) {
      case 'received':
        return input.reason === 'service-client' ? this.#begun(memberOf(input.source), now) : [];
      case 'notice': {
        const isOurs = addressesOf(this.#config).includes(input.dst);
        return isOurs && input.connection?.does === 'begin'
          ? this.#begun(memberOf(input.src), now)
          : [];
      }
      case 'answer':
        return this.#answered(input.id, input.use, now);
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  /** A server was sent what it is to answer. */
  #begun(member: Member | undefined, now: Instant): Output[] {
    if (member === undefined || this.#state.env.without.has('tunnel-silence')) return [];
    if (this.#awaited.has(member.registrant)) return [];
    const until = after(now, this.#state.constants.TUNNEL_SILENCE);
    this.#awaited.set(member.registrant, { member, before: undefined, until, silent: false });
    return this.#look(member);
  }

  #look(member: Member): Output[] {
    const entries = addressesOf(this.#config).map((one) => fromTunnelId(one, endOf(member)));
    return [{ kind: 'ask', id: this.#prefix + member.registrant, entries }];
  }

  #tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [registrant, { member, until, silent }] of this.#awaited) {
      if (now < until) continue;
      if (silent) this.#awaited.delete(registrant);
      else outputs.push(...this.#look(member));
    }
    return outputs;
  }

  #answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    if (!id.startsWith(this.#prefix)) return [];
    const registrant = id.slice(this.#prefix.length);
    const awaited = this.#awaited.get(registrant);
    const packets = use.reduce((sum, one) => sum + one.packets, 0);
    if (awaited === undefined || awaited.silent) return [];
    if (awaited.before === undefined) {
      awaited.before = packets;
      return [];
    }
    // Less than before: it is registered anew, and its entry as well.
    if (packets !== awaited.before || packets === 0) {
      this.#awaited.delete(registrant);
      return [];
    }
    awaited.silent = true;
    awaited.until = after(now, PAUSE);
    return [count('service.tunnel_silent'), ...this.#onSilence(awaited.member, now)];
  }
}
