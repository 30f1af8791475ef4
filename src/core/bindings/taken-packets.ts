/** The forwarding entries by which a mobile node takes what comes to a care-of address of its own. */

import { type Address, formatAddress } from '../../wire/address.ts';
import { PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import type { MobileNodeConfig } from '../config.ts';
import type { ForwardingEntry } from '../forwarding/entry.ts';
import type { Mechanism } from '../mechanisms.ts';
import type { Place } from '../neighbor-discovery/place.ts';
import { forward, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { arrivingEntryId, tunnelEntryIds } from './home-address-entries.ts';

type Taker = Pick<MobileNodeConfig, 'home' | 'routeOptimisation' | 'udpEncapsulation'>;

/** The care-of addresses whose packets are taken for one home address, and from which home agent. */
export class TakenPackets {
  readonly #config: Taker;
  readonly #without: ReadonlySet<Mechanism>;
  readonly #at = new Set<Address>();
  #agent: Address | undefined;

  constructor(config: Taker, without: ReadonlySet<Mechanism>) {
    this.#config = config;
    this.#without = without;
  }

  /**
   * They are taken at every place that works, so that nothing under way is lost in a move.
   * @param best the one that is or will be in use.
   */
  follow(
    places: readonly Place[],
    best: Place | undefined,
    agent: Address | undefined,
    isBound: (careOf: Address) => boolean,
  ): Output[] {
    const late = this.#without.has('tunnel-while-registering');
    const wanted = places.filter((place) => {
      if (place.atHome || (this.#without.has('make-before-break') && place !== best)) return false;
      return !late || isBound(place.address);
    });
    return this.set(new Set(wanted.map(({ address }) => address)), agent);
  }

  /** They are taken at these addresses from now on, and at no others. */
  set(wanted: ReadonlySet<Address>, agent: Address | undefined): Output[] {
    const outputs = agent === this.#agent ? [] : this.from(agent);
    for (const careOf of this.#at) {
      if (wanted.has(careOf)) continue;
      this.#at.delete(careOf);
      outputs.push(...this.#close(careOf));
    }
    for (const careOf of wanted) {
      if (this.#at.has(careOf)) continue;
      this.#at.add(careOf);
      outputs.push(...this.#open(careOf));
    }
    return outputs;
  }

  /** Another home agent tunnels now, and the last one not any more. */
  from(agent: Address | undefined): Output[] {
    const closed = [...this.#at].flatMap((careOf) => this.#close(careOf));
    this.#agent = agent;
    return [...closed, ...[...this.#at].flatMap((careOf) => this.#open(careOf))];
  }

  #open(careOf: Address): Output[] {
    return forward(...entriesAt(careOf, this.#agent, this.#config));
  }

  #close(careOf: Address): Output[] {
    return unforward(...entriesAt(careOf, this.#agent, this.#config).map(({ id }) => id));
  }
}

/**
 * What comes to a care-of address for the home address: by tunnel from the home agent (RFC 6275
 * section 11.3.3), or from a peer with a Type 2 Routing header (section 6.4).
 */
function entriesAt(
  careOf: Address,
  homeAgent: Address | undefined,
  { home, routeOptimisation, udpEncapsulation }: Taker,
): ForwardingEntry[] {
  const dst = { address: careOf };
  const ends = `${formatAddress(home)}/at/${formatAddress(careOf)}`;
  const [tunnelId, udpId] = tunnelEntryIds(home, careOf);
  const routed: ForwardingEntry = {
    id: arrivingEntryId(home, careOf),
    owner: 'mobile-node',
    at: 'arriving',
    match: { dst, routing2: home },
    do: [{ apply: 'routing-2' }],
  };
  if (homeAgent === undefined) return [routed];
  const src = { address: homeAgent };
  const told = routeOptimisation ? [{ notify: 'tunnelled-from-peer' } as const] : [];
  const tunnelled: ForwardingEntry = {
    id: tunnelId,
    owner: 'mobile-node',
    at: 'arriving',
    match: { src, dst, protocol: PROTOCOL.ipv6, innerDst: home },
    do: [{ pop: 'ipv6' }, ...told],
  };
  if (udpEncapsulation !== true) return [tunnelled, routed];
  const { mobility: port } = UDP_PORT;
  const inUdp = { src, dst, protocol: PROTOCOL.udp, sport: port, dport: port };
  return [
    tunnelled,
    routed,
    {
      id: udpId,
      owner: 'mobile-node',
      at: 'arriving',
      match: { ...inUdp, innerDst: home },
      do: [{ pop: 'udp' }, ...told],
    },
    {
      id: `self/udp-signalling/${ends}`,
      owner: 'mobile-node',
      at: 'arriving',
      match: inUdp,
      do: [{ divert: 'control', reason: 'udp-tunnel' }],
    },
  ];
}
