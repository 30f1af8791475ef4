import { type Address, isIpv4 } from '../../../wire/address.ts';
import type { LayerName } from '../../../wire/packet.ts';
import type { ServiceConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type Received } from '../../part.ts';
import { BindingUpdateList } from '../../peers/binding-update-list.ts';
import type { Output } from '../../role.ts';
import { after, type Instant, milliseconds, NO_TIME, seconds, sooner } from '../../time.ts';
import type { Clients } from './clients.ts';

/** Clients are freed one after the other, so that many make no flood. */
const INTERVAL = milliseconds(10);
/** Within this an agent asks a lost server itself, and says that its own clients there have none. */
const OTHERS_PATIENCE = seconds(2);
/** What clients answer with. */
const ANSWERS: ReadonlySet<LayerName> = new Set([
  'home-test',
  'binding-acknowledgement',
  'binding-error',
  'parameter-problem',
]);

/**
 * Clients whose server is dead are told so by the holder of the address: it proves that it receives
 * there, and takes their binding back (lifetime 0). Without that they would send to the dead server for as
 * long as its binding lives.
 *
 * Those that come by way of another agent are told by that one, since Home Tests of theirs come there. Where
 * nobody hears of them from it in OTHERS_PATIENCE it is dead too, and they come here now.
 *
 * Bounded: the clients that the holder remembers; 100 a second are begun with.
 *
 * Supported standards: RFC 6275 sections 5.2.6, 11.7.1 (a binding is taken back by the home token alone).
 */
export class FreedClients {
  readonly #list: BindingUpdateList;
  readonly #state: NodeState;
  readonly #home: Address;
  readonly #clients: () => Clients;
  readonly #isOthers: (client: Address) => boolean;
  readonly #waiting = new Set<Address>();
  /** Those of other agents, and when they are looked at. */
  readonly #others = new Map<Address, Instant>();
  #nextAt: Instant | undefined;

  /** @param isOthers was it said last that the client comes by way of another agent? */
  constructor(
    { service: home, maxClients: maxPeers, delegation }: ServiceConfig,
    state: NodeState,
    clients: () => Clients,
    isOthers: (client: Address) => boolean,
  ) {
    this.#state = state;
    this.#home = home;
    this.#clients = clients;
    this.#isOthers = isOthers;
    const identity = { home, lifetime: NO_TIME, allowed: () => NO_TIME };
    const list = { home, maxPeers, ...(delegation && { delegation }) };
    const cameHome = ({ destination }: Received) => destination === home;
    this.#list = new BindingUpdateList(list, identity, cameHome, state);
  }

  deadline(): Instant | undefined {
    const [othersAt] = this.#others.values();
    return sooner(othersAt, sooner(this.#list.deadline(), this.#nextAt));
  }

  get size(): number {
    return this.#list.size + this.#waiting.size + this.#others.size;
  }

  free(clients: readonly Address[], now: Instant): Output[] {
    if (this.#state.env.without.has('client-freeing')) return [];
    // Those of IPv4 have no binding.
    for (const client of clients.filter((one) => !isIpv4(one))) {
      if (this.#isOthers(client)) this.#others.set(client, after(now, OTHERS_PATIENCE));
      else this.#waiting.add(client);
    }
    this.#nextAt ??= now;
    return this.#begin(now);
  }

  tick(now: Instant): Output[] {
    // Who has asked for another server in the meantime has one: that one's word is not taken back.
    const given = [...this.#list.all()].filter(([client]) => this.#clients().memberOf(client));
    const abandoned = given.flatMap(([client]) => this.#list.abandon(client));
    return [...abandoned, ...this.#begin(now), ...this.#list.tick(now)];
  }

  /** What a client that is being freed says; undefined: it is none of those. */
  received(received: Received, now: Instant): Output[] | undefined {
    // What it sends for its next server has not to wait until it has heard of the end of the last.
    if (!ANSWERS.has(received.message.layer)) return undefined;
    if (this.#list.get(received.source)?.asking !== true) return undefined;
    const outputs = this.#list.received(received, now);
    const freed = this.#list.get(received.source)?.asking !== true;
    const answered = received.message.layer === 'binding-acknowledgement';
    return freed && answered ? [...outputs, count('service.client_freed')] : outputs;
  }

  #begin(now: Instant): Output[] {
    for (const [client, at] of this.#others) {
      if (now < at) break;
      this.#others.delete(client);
      if (!this.#isOthers(client)) continue;
      this.#waiting.add(client);
      this.#nextAt ??= now;
    }
    const outputs: Output[] = [];
    while (this.#nextAt !== undefined && now >= this.#nextAt) {
      const [client] = this.#waiting;
      this.#nextAt = client === undefined ? undefined : after(this.#nextAt, INTERVAL);
      if (client === undefined) break;
      this.#waiting.delete(client);
      if (this.#clients().memberOf(client)) continue;
      outputs.push(...this.#list.move(client, this.#home, now, true));
    }
    return outputs;
  }
}
