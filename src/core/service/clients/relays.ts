import { type Address, formatAddress, isIpv4 } from '../../../wire/address.ts';
import type { AnycastServerConfig } from '../../config.ts';
import type { ForwardingEntry } from '../../forwarding/entry.ts';
import type { NodeState } from '../../node-state.ts';
import { count, forward, unforward } from '../../part.ts';
import type { Output } from '../../role.ts';
import { after, type Instant, seconds, sooner } from '../../time.ts';
import { Join } from '../join.ts';
import { wayToAgent } from '../over-ipv4.ts';
import { addressesOf, tunnelledProtocol } from '../service-addresses.ts';
import { type Clients, SELF } from './clients.ts';

/** Another server is told of a client that it passes on no more often than this. */
const TELL_INTERVAL = seconds(15);
/** A server that passes nothing on for so long is registered with no longer. */
const IDLE = seconds(60);
/** Clients of which one server was told; those beyond are told of again and again. */
const MAX_REMEMBERED = 10_000;

interface Relay {
  readonly join: Join;
  usedAt: Instant;
  /** When it was last told of a client. */
  readonly told: Map<Address, Instant>;
}

/**
 * What comes to one of the servers of an address by its agents, and by other servers that the routes of
 * the network have led its clients' packets to. Such a server is registered with as a holder of the
 * address is, and so told whose clients they are: it sends on what comes from them.
 *
 * Bounded: one registration with each of the configured servers.
 *
 * Supported standards: after RFC 6275 sections 10.4.2, 11.3.3.
 */
export class Relays {
  readonly #config: AnycastServerConfig;
  readonly #others: readonly Address[];
  readonly #clients: Clients;
  readonly #state: NodeState;
  readonly #relays = new Map<Address, Relay>();
  /** Entries of the tunnels that are taken. */
  #open: ReadonlySet<string> = new Set();

  /** @param others the other servers of the address. */
  constructor(
    config: AnycastServerConfig,
    others: readonly Address[],
    clients: Clients,
    state: NodeState,
  ) {
    this.#config = config;
    this.#others = others;
    this.#clients = clients;
    this.#state = state;
  }

  /** What agents and other servers send through tunnels is taken at this address, and of nobody else. */
  open(agents: readonly Address[], at: Address): Output[] {
    const straight = this.#config.overIpv4 === undefined ? agents : [];
    const entries = [
      ...[...straight, ...this.#others].flatMap((one) =>
        addressesOf(this.#config).map((service) => this.#entry(one, at, service)),
      ),
      ...agents.flatMap((one) => wayToAgent(this.#config, one, at)),
    ];
    const ids = new Set(entries.map(({ id }) => id));
    const closed = [...this.#open].filter((id) => !ids.has(id));
    this.#open = ids;
    return [...unforward(...closed), ...forward(...entries)];
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { join, usedAt } of this.#relays.values()) {
      deadline = sooner(deadline, sooner(join.deadline(), after(usedAt, IDLE)));
    }
    return deadline;
  }

  /** The registrations with other servers. */
  joins(): Join[] {
    return [...this.#relays.values()].map(({ join }) => join);
  }

  /** A client's packet came through a tunnel; undefined: not from another server. */
  heard(entry: string, client: Address, now: Instant): Output[] | undefined {
    const by = this.#others.find((other) =>
      addressesOf(this.#config).some((service) => idOf(other, service) === entry),
    );
    if (by === undefined) return undefined;
    // It asks all of us; only the client's own server takes it.
    if (this.#clients.memberOf(client)?.registrant !== SELF) return [];
    const relay = this.#relays.get(by) ?? this.#begin(by, now);
    relay.usedAt = now;
    const told = relay.told.get(client);
    if (told !== undefined && now < after(told, TELL_INTERVAL)) return [];
    if (relay.told.size < MAX_REMEMBERED) relay.told.set(client, now);
    return [count('service.relayed'), ...relay.join.renew(now, [client])];
  }

  tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [other, { join, usedAt }] of this.#relays) {
      if (now < after(usedAt, IDLE)) outputs.push(...join.tick(now));
      else {
        join.rest();
        this.#relays.delete(other);
      }
    }
    return outputs;
  }

  #begin(holder: Address, now: Instant): Relay {
    const ends = { holder, careOf: this.#config.address };
    const join = new Join(this.#config, ends, this.#state);
    const relay: Relay = { join, usedAt: now, told: new Map() };
    this.#relays.set(holder, relay);
    return relay;
  }

  #entry(holder: Address, address: Address, service: Address): ForwardingEntry {
    return {
      id: idOf(holder, service),
      owner: 'service',
      at: 'arriving',
      match: {
        ...{ src: { address: holder }, dst: { address } },
        protocol: tunnelledProtocol(service),
        innerDst: service,
      },
      do: [{ pop: 'ipv6' }, { notify: 'tunnelled-from-peer' }],
    };
  }
}

const idOf = (holder: Address, service: Address) =>
  `service/from/${formatAddress(holder)}${isIpv4(service) ? '/ipv4' : ''}`;
