import { type Address, formatAddress, isIpv4, isUnicastRoutable } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';
import type { BindingUpdate } from '../bindings/judged-update.ts';
import type { ServiceConfig } from '../config.ts';
import { connectionSegment } from '../forwarding/connection-segment.ts';
import type { ForwardingEntry, Hook } from '../forwarding/entry.ts';
import { PacketView } from '../forwarding/packet-view.ts';
import { pushIp } from '../forwarding/rewrite.ts';
import { pushUdp } from '../forwarding/udp-tunnel.ts';
import { NeighborProxy } from '../neighbor-discovery/proxy.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, type PartInput, type Received, tell, unforward } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import type { CheckView, ServiceView } from '../service-view.ts';
import type { Asking } from '../signalling/heartbeats.ts';
import { after, type Instant, milliseconds, seconds, sooner } from '../time.ts';
import { type ClientObserver, Clients, SELF } from './clients/clients.ts';
import { servedClientsIn } from './clients/served-clients.ts';
import { Strays } from './clients/strays.ts';
import type { Member, MembershipChange } from './member.ts';
import { Members } from './members.ts';
import { intoServer } from './over-ipv4.ts';
import { PathErrors } from './path-errors.ts';
import { addressesOf } from './service-addresses.ts';

/**
 * So long after it has begun a holder gives no client to anybody: the servers say meanwhile whom they have,
 * and what is dropped is sent again.
 */
const SETTLING = seconds(1);
/** Home Tests of clients that are not known go to every server, no more often than this. */
const COPY_INTERVAL = milliseconds(10);
const COPIES = 100;

/** What a holder does beside handing clients out. */
export interface HolderOptions {
  /** A server is not sure to be there: others are given its new clients, if there are others. */
  isSuspected?(member: Member): boolean;
  /** The node itself, which is a server, takes no new clients. */
  isLeaving?(): boolean;
  /** These clients had a server that is there no more. */
  onLost?(clients: readonly Address[], now: Instant): Output[];
  /** Another holder tells of a server no longer: is it there all the same? */
  isThere?(member: Member): boolean;
  /** Other holders have told of the servers and clients that they know. */
  isTold?(): boolean;
  /** Its program did not answer lately: the same. */
  hasFailed?(member: Member): boolean;
  /** What a server is told with the answer to its registration. */
  telling?(registrant: string): MobilityOptionInput[];
  /** What there is to say of its program. */
  checkOf?(member: Member): CheckView | undefined;
  /** How it is asked whether it is there. */
  askingOf?(member: Member): Asking | undefined;
  readonly observer?: ClientObserver;
}

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
  readonly #options: HolderOptions;
  /** Absent where no link is asked for the address. */
  readonly #proxy: NeighborProxy | undefined;
  readonly #strays: Strays;
  readonly #copyLimit = new RateLimit(COPY_INTERVAL, COPIES);
  readonly #pathErrors: PathErrors;
  #heldSince: Instant | undefined;

  /** @param at `arriving` where this node is a server too: its kernel has the address. */
  constructor(config: ServiceConfig, state: NodeState, at: Hook, options: HolderOptions = {}) {
    this.#options = options;
    this.#config = config;
    this.#at = at;
    this.members = new Members(config, state, (one) => options.telling?.(one) ?? []);
    this.clients = new Clients(config, state, at, options.observer);
    const { link, address } = config;
    this.#pathErrors = new PathErrors(config, this.clients, {
      pass: (octets, member) => this.pass(octets, member),
      toOthers: (octets) => this.#others().flatMap((member) => this.pass(octets, member)),
    });
    this.#strays = new Strays(state.env.without, config.quicPorts);
    if (link !== undefined) {
      this.#proxy = new NeighborProxy(link, address, state.constants, 'its holder');
    }
  }

  /** Did the program of a server not answer lately? */
  hasFailed(member: Member): boolean {
    return this.#options.hasFailed?.(member) === true;
  }

  get holds(): boolean {
    return this.#heldSince !== undefined;
  }

  deadline(): Instant | undefined {
    return sooner(
      this.#proxy?.deadline(),
      sooner(this.members.deadline(), this.clients.deadline()),
    );
  }

  /** What there is to say of it. */
  view(): ServiceView {
    const { service, service4, address } = this.#config;
    const given = this.clients.given;
    const servers = this.members.all().map((member) => ({
      address: member.address,
      clients: given.get(member.registrant) ?? 0,
      sessions: member.sessions,
      capacity: member.capacity ?? 1,
      suspected: this.#options.isSuspected?.(member) === true,
      ipv4: member.ipv4 === true,
      check: this.#options.checkOf?.(member),
      asking: this.#options.askingOf?.(member),
    }));
    const serverOf = (client: Address) => this.clients.memberOf(client)?.address;
    const { holds } = this;
    return { service, service4, address, holds, servers, clients: this.clients.size, serverOf };
  }

  /** What comes for the address is ours from now on. */
  hold(reason: string, now: Instant): Output[] {
    if (this.holds) return [];
    this.#heldSince = now;
    this.members.begin(now);
    const { service: home, link } = this.#config;
    return [
      ...forward(...this.#newClients()),
      ...(this.#proxy?.add(home, now) ?? []),
      tell({ kind: 'service.held', home, ...(link && { link }), reason }),
    ];
  }

  /** Another holds it. */
  release(reason: string): Output[] {
    if (!this.holds) return [];
    this.#heldSince = undefined;
    const { service: home, link } = this.#config;
    return [
      ...unforward(...this.#newClients().map(({ id }) => id)),
      ...(this.#proxy?.remove(home) ?? []),
      ...this.members.forgetAll(),
      ...this.clients.keepOwn(),
      tell({ kind: 'service.released', home, ...(link && { link }), reason }),
    ];
  }

  /** Somebody else says that it holds the address, who comes behind us. */
  insist(now: Instant): Output[] {
    return this.#proxy?.claimAgain(this.#config.service, now) ?? [];
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'link':
        if (input.link === this.#config.link) this.#proxy?.setLinkAddress(input.linkAddress);
        return [];
      case 'answer':
        return this.clients.answered(input.id, input.use, now);
      case 'notice':
        if (input.connection !== undefined && addressesOf(this.#config).includes(input.dst)) {
          this.clients.saw(input.src, input.connection, now);
        }
        return [];
      case 'tick':
        return this.#tick(now);
      case 'received':
        return this.holds ? this.#received(input, now) : [];
      default:
        return [];
    }
  }

  #tick(now: Instant): Output[] {
    const isThere = (member: Member) => this.#options.isThere?.(member) === true;
    const { outputs, left } = this.members.expire(now, isThere);
    const lost = left.flatMap((one) => this.lose(one, now));
    return [...outputs, ...lost, ...this.clients.tick(now), ...(this.#proxy?.tick(now) ?? [])];
  }

  /** A server does not answer: it gets nobody any more, and those that it has get others. */
  remove({ registrant }: Member, now: Instant): Output[] {
    const { outputs, left } = this.members.remove(registrant);
    return left === undefined ? outputs : [...outputs, ...this.lose(left, now)];
  }

  /** Clients of a server get another one when they next send. */
  lose({ registrant }: Member, now: Instant): Output[] {
    const clients = [...this.clients.of(registrant)];
    const outputs = this.clients.lose(registrant);
    return [...outputs, ...(this.#options.onLost?.(clients, now) ?? [])];
  }

  #received(received: Received, now: Instant): Output[] {
    const { message, reason, destination, home } = received;
    const { service, address, nearest } = this.#config;
    const isRouted = reason === 'service-client';
    const isUpdate = message.layer === 'binding-update' && message.homeRegistration;
    if (isUpdate && home === service && (destination === address || isRouted)) {
      return this.#joins(received, message, now);
    }
    if (isRouted) return this.#fromClient(received, now);
    if (reason === 'icmpv6' && nearest && destination === service) {
      return this.#pathErrors.overheard(received, now);
    }
    if (isUpdate) return [];
    // Where the kernel has the address, its Mobility Header messages come here straight.
    const isOthers = this.clients.memberOf(received.source)?.registrant !== SELF;
    // What another server passed on is passed on no further.
    if (reason === 'mobility' && destination === service && isOthers && !received.tunnel) {
      return this.#toAll(received, now);
    }
    return this.#proxy?.received(received) ?? [];
  }

  /** A server registers: at this node's address, or at the service's own if routes lead here. */
  #joins(received: Received, update: BindingUpdate, now: Instant): Output[] {
    // Whatever it was sent to, it is this node alone that answers.
    const { address: destination } = this.#config;
    const change = this.members.update({ ...received, destination }, update, now);
    const { joined } = change;
    const told = joined === undefined ? [] : servedClientsIn(update.options);
    const outputs = this.changed(change, now);
    outputs.push(...told.flatMap((client) => this.#adopt(client, joined!, now)));
    return outputs;
  }

  /** A server has come, or is met elsewhere, or has left: its clients go with it. */
  changed({ outputs, joined, left }: MembershipChange, now: Instant): Output[] {
    const lost = left === undefined ? [] : this.clients.lose(left.registrant);
    return [...outputs, ...lost, ...(joined === undefined ? [] : this.#follow(joined, now))];
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
    if (view.protocol === PROTOCOL.mobility && !view.isIpv4) return this.#toAll(received, now);
    if (view.isError) return this.#pathErrors.diverted(view);
    if (!isUnicastRoutable(source)) return [count('service.no_client')];
    if (this.#config.nearest) return this.#fromNearby(received, view, now);
    const isTold = this.#options.isTold?.() === true;
    if (!isTold && now < after(this.#heldSince!, SETTLING)) return [count('service.settling')];
    const segment = connectionSegment(view);
    const { outputs, member } = this.clients.assign(source, this.#sure(source), now, segment);
    if (member === undefined) return outputs;
    return [...outputs, ...this.pass(octets, member)];
  }

  /**
   * The routes of the network led a client here, and maybe in the middle of what it has with another
   * server. That one takes the packet, and has what follows sent to it.
   */
  #fromNearby({ octets, source, tunnel }: Received, view: PacketView, now: Instant): Output[] {
    // Another server asks whose client it is.
    if (tunnel !== undefined) return [count('service.not_ours')];
    const known = this.clients.memberOf(source) !== undefined;
    if (known || !this.#strays.mayBeOthers(source, view, now)) {
      const { outputs, member } = this.clients.assign(source, [this.self], now);
      return member === undefined ? outputs : [...outputs, ...this.pass(octets, member)];
    }
    return [count('service.stray'), ...this.#copies(octets, now)];
  }

  /** Those that are there for certain, and can answer the client; all that can, where none is. */
  #sure(client: Address): Member[] {
    const servers = this.#servers().filter(({ ipv4 }) => ipv4 === true || !isIpv4(client));
    const { isSuspected, hasFailed } = this.#options;
    const sure = servers.filter((one) => !(isSuspected?.(one) || hasFailed?.(one)));
    return sure.length > 0 ? sure : servers;
  }

  /** Those that clients are given to: the node itself too, where it is one. */
  #servers(): Member[] {
    const takes = this.#at === 'arriving' && this.#options.isLeaving?.() !== true;
    return [...this.members.all(), ...(takes ? [this.self] : [])];
  }

  get self(): Member {
    const { address, service4 } = this.#config;
    return { registrant: SELF, address, ...(service4 && { ipv4: true as const }) };
  }

  /** Which server waits for it shows there: no other takes it. */
  #toAll({ octets }: Received, now: Instant): Output[] {
    const copies = this.#copies(octets, now);
    if (copies.length === 0) return [count('service.not_passed_on')];
    return [count('service.passed_on'), ...copies];
  }

  /** The packet to every other server; to none when that was done too often. */
  #copies(octets: Uint8Array, now: Instant): Output[] {
    const others = this.#others();
    if (others.length === 0 || !this.#copyLimit.take(now)) return [];
    return others.flatMap((member) => this.pass(octets, member));
  }

  /** The nearest server needs no word of others: they are there, or take nothing. */
  #others(): Member[] {
    const { nearest, members, address: own } = this.#config;
    if (!nearest) return this.members.all();
    const others = members.filter(({ address }) => address !== own);
    return others.map(({ address }) => ({ registrant: formatAddress(address), address }));
  }

  /** As it came, inside a tunnel; to the node itself by what its kernel does with its own address. */
  pass(octets: Uint8Array, member: Member): Output[] {
    if (member.registrant === SELF) return [{ kind: 'transmit', octets }];
    const into = intoServer(this.#config, member);
    const view = new PacketView(octets);
    const pushed = 'sport' in into ? pushUdp(view, into) : pushIp(view, into);
    return typeof pushed === 'string' ? [] : [{ kind: 'transmit', octets: pushed }];
  }

  #newClients(): ForwardingEntry[] {
    return addressesOf(this.#config).flatMap((address) => this.#newClientsOf(address));
  }

  #newClientsOf(address: Address): ForwardingEntry[] {
    const dst = { address };
    const entry = { owner: 'service', at: this.#at };
    const id = `service/${formatAddress(address)}`;
    const protocol = isIpv4(address) ? PROTOCOL.icmpv4 : PROTOCOL.icmpv6;
    return [
      {
        ...{ ...entry, id: `${id}/new` },
        match: { dst, ...(this.#at === 'leaving' && !isIpv4(address) && { mobility: true }) },
        do: [{ divert: 'control', reason: 'service-client' }],
      },
      // Who tells of an error, or asks whether there is anybody, is no client.
      ...(this.#config.nearest
        ? [{ ...entry, id: `${id}/icmp`, match: { dst, protocol }, do: [] }]
        : []),
    ];
  }
}
