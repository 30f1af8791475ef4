import { type Address, formatAddress } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import type { ServiceConfig } from '../config.ts';
import type { ForwardingEntry, Hook } from '../forwarding/entry.ts';
import { PacketView } from '../forwarding/packet-view.ts';
import { pushIpv6 } from '../forwarding/rewrite.ts';
import { NeighborProxy } from '../neighbor-discovery/proxy.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, type PartInput, type Received, tell, unforward } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { after, type Instant, milliseconds, seconds, sooner } from '../time.ts';
import { Clients, SELF } from './clients.ts';
import { type Member, Members } from './members.ts';
import { servedClientsIn } from './served-clients.ts';

/**
 * So long after it has begun a holder gives no client to anybody: the servers say meanwhile whom they have,
 * and what is dropped is sent again.
 */
const SETTLING = seconds(1);
/** Home Tests of clients that are not known go to every server, no more often than this. */
const COPY_INTERVAL = milliseconds(10);
const COPIES = 100;

/**
 * Holds a service address on its link, and hands each client that sends to it to one of the servers.
 *
 *     nothing -> hold -> (the servers register, and say whom they serve) -> clients are given to servers
 *     hold -> release, where another holds it that comes before this one
 *
 * Supported standards: after the multihoming seed's third embodiment (Figs 4, 5); RFC 6275 section 10.4.1
 * for the address on the link.
 */
export class ServiceHolder {
  readonly members: Members;
  readonly clients: Clients;
  readonly #config: ServiceConfig;
  readonly #at: Hook;
  readonly #proxy: NeighborProxy;
  readonly #copies = new RateLimit(COPY_INTERVAL, COPIES);
  #heldSince: Instant | undefined;

  /** @param at `arriving` where this node is a server too: its kernel has the address. */
  constructor(config: ServiceConfig, state: NodeState, at: Hook) {
    this.#config = config;
    this.#at = at;
    this.members = new Members(config, state);
    this.clients = new Clients(config, state, at);
    this.#proxy = new NeighborProxy(config.link, config.address, state.constants, 'its holder');
  }

  get holds(): boolean {
    return this.#heldSince !== undefined;
  }

  deadline(): Instant | undefined {
    return sooner(this.#proxy.deadline(), sooner(this.members.deadline(), this.clients.deadline()));
  }

  /** What comes for the address is ours from now on. */
  hold(reason: string, now: Instant): Output[] {
    if (this.holds) return [];
    this.#heldSince = now;
    this.members.begin(now);
    const { service: home, link } = this.#config;
    return [
      ...forward(this.#newClients()),
      ...this.#proxy.add(home, now),
      tell({ kind: 'service.held', home, link, reason }),
    ];
  }

  /** Another holds it. */
  release(reason: string): Output[] {
    if (!this.holds) return [];
    this.#heldSince = undefined;
    const { service: home, link } = this.#config;
    return [
      ...unforward(this.#newClients().id),
      ...this.#proxy.remove(home),
      ...this.members.forgetAll(),
      ...this.clients.keepOwn(),
      tell({ kind: 'service.released', home, link, reason }),
    ];
  }

  /** Somebody else says that it holds the address, who comes behind us. */
  insist(now: Instant): Output[] {
    return this.#proxy.claimAgain(this.#config.service, now);
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'link':
        if (input.link === this.#config.link) this.#proxy.setLinkAddress(input.linkAddress);
        return [];
      case 'answer':
        return this.clients.answered(input.id, input.use, now);
      case 'tick':
        return this.#tick(now);
      case 'received':
        return this.holds ? this.#received(input, now) : [];
      default:
        return [];
    }
  }

  #tick(now: Instant): Output[] {
    const { outputs, left } = this.members.expire(now);
    const lost = left.flatMap(({ registrant }) => this.clients.lose(registrant));
    return [...outputs, ...lost, ...this.clients.tick(now), ...this.#proxy.tick(now)];
  }

  #received(received: Received, now: Instant): Output[] {
    const { message, reason, destination, home } = received;
    const { service, address } = this.#config;
    if (reason === 'service-client') return this.#fromClient(received, now);
    if (message.layer === 'binding-update' && message.homeRegistration) {
      if (destination !== address || home !== service) return [];
      const { outputs, joined, left } = this.members.update(received, message, now);
      if (left !== undefined) outputs.push(...this.clients.lose(left.registrant));
      const told = joined === undefined ? [] : servedClientsIn(message.options);
      outputs.push(...told.flatMap((client) => this.#adopt(client, joined!, now)));
      if (joined !== undefined) outputs.push(...this.#follow(joined, now));
      return outputs;
    }
    // Where the kernel has the address, its Mobility Header messages come here straight.
    const isOthers = this.clients.memberOf(received.source)?.registrant !== SELF;
    if (reason === 'mobility' && destination === service && isOthers) {
      return this.#toAll(received, now);
    }
    return this.#proxy.received(received);
  }

  /** A server is met elsewhere now, and with it its clients. */
  #follow(member: Member, now: Instant): Output[] {
    return [...this.clients.of(member.registrant)].flatMap((client) =>
      this.clients.give(client, member, now),
    );
  }

  /** A server has this client: the latest word counts, since clients are handed on. */
  #adopt(client: Address, member: Member, now: Instant): Output[] {
    return [count('service.client_told'), ...this.clients.give(client, member, now)];
  }

  /** The first packet of a client, or what comes from one that was forgotten. */
  #fromClient(received: Received, now: Instant): Output[] {
    const { octets, source } = received;
    const view = new PacketView(octets);
    if (view.protocol === PROTOCOL.mobility) return this.#toAll(received, now);
    if (now < after(this.#heldSince!, SETTLING)) return [count('service.settling')];
    const { outputs, member } = this.clients.assign(source, this.#servers(), now);
    if (member === undefined) return outputs;
    return [...outputs, ...this.#pass(octets, member)];
  }

  /** Those that clients are given to: the node itself too, where it is one. */
  #servers(): Member[] {
    const self = { registrant: SELF, address: this.#config.address };
    return [...this.members.all(), ...(this.#at === 'arriving' ? [self] : [])];
  }

  /** Which server waits for it shows there: no other takes it. */
  #toAll(received: Received, now: Instant): Output[] {
    const members = this.members.all();
    if (members.length === 0 || !this.#copies.take(now)) return [count('service.not_passed_on')];
    return [
      count('service.passed_on'),
      ...members.flatMap((member) => this.#pass(received.octets, member)),
    ];
  }

  /** As it came, inside a tunnel; to the node itself by what its kernel does with its own address. */
  #pass(octets: Uint8Array, { registrant, address }: Member): Output[] {
    if (registrant === SELF) return [{ kind: 'transmit', octets }];
    const pushed = pushIpv6(new PacketView(octets), this.#config.address, address);
    return typeof pushed === 'string' ? [] : [{ kind: 'transmit', octets: pushed }];
  }

  #newClients(): ForwardingEntry {
    const { service } = this.#config;
    return {
      id: `service/${formatAddress(service)}/new`,
      owner: 'service',
      at: this.#at,
      match: { dst: { address: service }, ...(this.#at === 'leaving' && { mobility: true }) },
      do: [{ divert: 'control', reason: 'service-client' }],
    };
  }
}
