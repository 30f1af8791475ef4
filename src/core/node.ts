import {
  type Address,
  formatAddress,
  isIpv4,
  isLinkLocal,
  isMulticast,
  isUnicastRoutable,
  readAddress,
} from '../wire/address.ts';
import {
  type Layer,
  type LayerName,
  parsePacket,
  receiverFault,
  type WireError,
} from '../wire/packet.ts';
import type { BindingCache } from './bindings/binding-cache.ts';
import type { BindingErrors } from './bindings/binding-errors.ts';
import { EarlyPackets } from './bindings/early-packets.ts';
import type { ForwardingEntry } from './forwarding/entry.ts';
import { parameterProblem } from './icmp-errors.ts';
import type { Mechanism } from './mechanisms.ts';
import { validNeighborMessage } from './neighbor-discovery/link-layer.ts';
import type { NodeState } from './node-state.ts';
import { count, forward, type Part, type PartInput, type Received, unforward } from './part.ts';
import type { AddressSets } from './peers/address-sets.ts';
import type { Input, Output, Role, RoleView } from './role.ts';
import { onward, type Protection } from './security/protection.ts';
import { taken } from './signalling/signalling.ts';
import { unwrap } from './signalling/udp-signalling.ts';
import { sumOfSizes, type TableSizes } from './tables.ts';
import { type Instant, sooner } from './time.ts';

type Packet = Extract<Input, { kind: 'packet' }>;

/** MH messages that may come with a Home Address option (RFC 6275 sections 6.1.7 and 9.3.3). */
const WITH_HOME_ADDRESS: ReadonlySet<string> = new Set([
  'binding-update',
  'binding-revocation-acknowledgement',
]);
/** MH messages that may come with a Type 2 Routing header (RFC 6275 section 9.5.4). */
const WITH_ROUTING_2: ReadonlySet<string> = new Set([
  'binding-acknowledgement',
  'binding-revocation-indication',
]);

/**
 * The control side of one node: reads packets once, refuses what is malformed or misplaced with the
 * answer its RFC demands, and gives the rest to the parts. It also keeps the entries that hand
 * mobility messages for this node to the control side, whatever its roles are.
 *
 * Supported standards: RFC 6275 sections 6.1 (placement), 9.2 (checks), 9.3.1, 9.3.3, 6.4.
 */
export class Node implements Role {
  readonly #parts: readonly Part[];
  readonly #bindings: BindingCache;
  readonly #sets: AddressSets;
  readonly #early: EarlyPackets;
  readonly #errors: BindingErrors;
  readonly #protection: Protection;
  readonly #processes: ReadonlySet<LayerName>;
  readonly #without: ReadonlySet<Mechanism>;
  /** Our addresses with the links that they stand on. */
  readonly #addresses = new Map<Address, Set<string>>();

  /** @param parts share what they share by their constructors; see `createNode`. */
  constructor(parts: readonly Part[], { bindings, sets, errors, protection, env }: NodeState) {
    this.#bindings = bindings;
    this.#sets = sets;
    this.#early = new EarlyPackets(sets, bindings, env);
    this.#parts = parts;
    this.#errors = errors;
    this.#protection = protection;
    this.#without = env.without;
    this.#processes = new Set(parts.flatMap((part) => [...(part.processes ?? [])]));
  }

  deadline(): Instant | undefined {
    let deadline = this.#early.deadline();
    for (const part of this.#parts) deadline = sooner(deadline, part.deadline());
    return deadline;
  }

  sizes(): TableSizes {
    const own = { 'early-packets': this.#early.size, 'address-sets': this.#sets.size };
    return sumOfSizes([own, ...this.#parts.map((part) => part.sizes?.() ?? {})]);
  }

  inspect(): RoleView {
    const views = this.#parts.map((part) => part.inspect?.());
    return Object.assign({ bindings: this.#bindings.all() }, ...views);
  }

  handle(input: Input, now: Instant): Output[] {
    const outputs = this.#handle(input, now);
    if (this.#early.size === 0) return outputs;
    const late = this.#early.late(now).flatMap((one) => this.#unverified(one, now));
    return [...outputs, ...this.#early.released(now), ...late];
  }

  #handle(input: Input, now: Instant): Output[] {
    if (input.kind === 'packet') return this.#protection.protect(this.#arrived(input, now));
    const own = input.kind === 'address' ? this.#ownAddress(input) : [];
    if (input.kind === 'restored' && !this.#without.has('journal')) {
      this.#protection.restore(input.key, input.value);
    }
    return this.#protection.protect(this.#offer(input, now, own));
  }

  #arrived(input: Packet, now: Instant): Output[] {
    switch (input.reason) {
      case 'esp': {
        const { outputs, packet, provedHome } = this.#protection.open(input);
        return packet === undefined
          ? outputs
          : [...outputs, ...this.#packet(packet, now, provedHome)];
      }
      case 'esp-wanted':
        return this.#protection.tunnel(input);
      case 'udp-tunnel': {
        const unwrapped = unwrap(input, (address) => this.#addresses.has(address));
        return 'refused' in unwrapped
          ? [count(unwrapped.refused)]
          : this.#packet(unwrapped.packet, now);
      }
      case 'esp-missing':
        // What did not come out of a tunnel either is from the node at home, and on its way.
        return input.tunnel === undefined ? onward(input.octets) : [count('esp.unprotected')];
      default:
        return this.#packet(input, now);
    }
  }

  #packet(input: Packet, now: Instant, provedHome?: Address): Output[] {
    if (provedHome === undefined && this.#protection.demands(input)) {
      return [count('esp.unprotected')];
    }
    const parsed = parsePacket(input.octets);
    if (input.reason === 'dhcpv6' || input.reason === 'service-client') {
      const malformed = input.reason === 'dhcpv6' ? 'dhcpv6.malformed' : 'service.malformed';
      return parsed.ok ? this.#offer(view(input, parsed.value), now) : [count(malformed)];
    }
    if (!parsed.ok) return this.#refuse(input, parsed.error, now);
    // Over IPv4 there are clients of a service, and no signalling.
    if (parsed.value[0]?.layer !== 'ipv6') {
      const isTunnel = input.reason === 'tunnel-unverified';
      return [count(isTunnel ? 'mobility.tunnel_unverified' : 'mobility.malformed')];
    }
    const received = view(input, parsed.value, provedHome);
    if (input.reason === 'home-address-unverified' || this.#isUnverified(received)) {
      const parked = this.#early.park(received, now);
      return parked ? [count('mobility.early_parked')] : this.#unverified(received, now);
    }
    if (input.reason === 'routing-2-unknown') return [count('mobility.misplaced_header')];
    if (input.reason === 'mobility') {
      const fault = receiverFault(parsed.value, this.#processes);
      if (fault !== undefined) return this.#refuse(input, fault, now);
      const { layer } = received.message;
      const misplaced =
        (received.home !== undefined && !WITH_HOME_ADDRESS.has(layer)) ||
        (received.routing2 !== undefined && !WITH_ROUTING_2.has(layer));
      if (misplaced) return [count('mobility.misplaced_header')];
      const outputs = this.#offer(received, now, [taken(received)]);
      if (outputs.length === 1) outputs.push(count('mobility.not_taken'));
      return outputs;
    }
    if (!validNeighborMessage(received, this.#without)) return [count('nd.malformed')];
    const outputs = this.#offer(received, now);
    return input.reason === 'tunnel-unverified'
      ? [count('mobility.tunnel_unverified'), ...outputs]
      : outputs;
  }

  #unverified(received: Received, now: Instant): Output[] {
    const counted = count('mobility.home_address_unverified');
    // RFC 6275 section 6.3: nobody can live at such an address, and nobody is told.
    if (received.home === undefined || !isUnicastRoutable(received.home)) return [counted];
    return [counted, ...this.#errors.unknownBinding(received, now)];
  }

  /**
   * Did a message come out of ESP with a Home Address option that no binding stands behind? Its
   * association proves who sent it, not where that node is. Source: RFC 6275 section 9.3.1.
   */
  #isUnverified({ reason, home, source }: Received): boolean {
    if (reason !== 'icmpv6' || home === undefined) return false;
    if (this.#without.has('home-address-check')) return false;
    return this.#bindings.get(home)?.careOf !== source;
  }

  /** An address may stand on two links for a moment, as when an identity moves between them. */
  #ownAddress({ address, link, present }: Extract<Input, { kind: 'address' }>): Output[] {
    if (isIpv4(address) || isLinkLocal(address) || isMulticast(address)) return [];
    const links = this.#addresses.get(address) ?? new Set();
    const before = links.size;
    if (present) links.add(link);
    else links.delete(link);
    if (links.size === 0) this.#addresses.delete(address);
    else this.#addresses.set(address, links);
    this.#sets.setOwn(
      address,
      [...links].some((one) => one !== INTERNAL),
    );
    const ground = groundEntries(address, this.#without);
    const entries = [...ground, ...this.#protection.entriesFor(address)];
    if (before === 0 && links.size > 0) return forward(...entries);
    return links.size === 0 ? unforward(...entries.map((entry) => entry.id)) : [];
  }

  /** What the parts want done, behind what is to be done before. */
  #offer(input: PartInput, now: Instant, outputs: Output[] = []): Output[] {
    for (const part of this.#parts) {
      // One by one: as many as an agent has for all its bindings at once do not fit a call.
      for (const output of part.handle(input, now)) outputs.push(output);
    }
    return outputs;
  }

  #refuse(input: Packet, error: WireError, now: Instant): Output[] {
    const { octets, reason } = input;
    if (reason === 'icmpv6') return [count('nd.malformed')];
    const { reply } = error;
    if (reply?.kind === 'binding-error') {
      const answer = this.#errors.unrecognisedType(octets, now);
      return [count('mobility.unknown_type'), ...this.#backHome(input, answer)];
    }
    if (reply?.kind !== 'parameter-problem') return [count('mobility.malformed')];
    const answer = parameterProblem(octets, reply.code, error.offset, this.#errors.icmpLimit, now);
    return [count('mobility.malformed'), ...this.#backHome(input, answer)];
  }

  /**
   * A mobile node that is home again while its binding stands is told on the link that it is heard
   * on: what is sent to its home address goes to where it was. Source: RFC 6275 section 10.3.2.
   */
  #backHome({ octets, link, from, tunnel }: Packet, answer: readonly Output[]): Output[] {
    const bound = octets.length >= 40 && this.#bindings.get(readAddress(octets, 8));
    if (from === undefined || tunnel !== undefined || !bound || bound.scope !== 'home') {
      return [...answer];
    }
    return answer.map((one) => (one.kind === 'transmit' ? { ...one, link, to: from } : one));
  }
}

/** The link that carries nothing: an address there is only an identity. */
const INTERNAL = 'careof0';

/** Layers behind which another packet begins. */
const TUNNELS: ReadonlySet<LayerName> = new Set(['ipv6', 'ipv4', 'gre']);

function view(input: Packet, layers: readonly Layer[], provedHome?: Address): Received {
  const outer = layers[0];
  if (outer?.layer !== 'ipv6' && outer?.layer !== 'ipv4') {
    throw new RangeError('a packet that was parsed begins with IPv6 or IPv4');
  }
  // Every packet comes by here: field by field, since copying what is left of an object is slow.
  const received: { -readonly [K in keyof Received]: Received[K] } = {
    kind: 'received',
    link: input.link,
    octets: input.octets,
    reason: input.reason,
    source: outer.source,
    destination: outer.destination,
    message: outer,
  };
  if (input.from !== undefined) received.from = input.from;
  if (input.tunnel !== undefined) received.tunnel = input.tunnel;
  if (provedHome !== undefined) received.provedHome = provedHome;
  for (let i = 1; i < layers.length; i++) {
    const layer = layers[i]!;
    // What stands behind a message (octets that nobody needs) is not the message.
    if (layer.layer === 'trailer' || layer.layer === 'no-next-header') continue;
    received.message = layer;
    // A packet inside is nobody's message until it has come out of its tunnel by an entry.
    if (TUNNELS.has(layer.layer)) break;
    if (layer.layer === 'routing-type-2') received.routing2 = layer.homeAddress;
    if (layer.layer !== 'destination-options') continue;
    for (const option of layer.options) {
      if (option.option === 'home-address') received.home = option.homeAddress;
    }
  }
  return received;
}

/** What every address of a careof node needs before any role has said anything. */
function groundEntries(address: Address, without: ReadonlySet<Mechanism>): ForwardingEntry[] {
  const dst = { address };
  const id = (what: string) => `node/${what}/${formatAddress(address)}`;
  return [
    {
      id: id('mobility'),
      owner: 'node',
      at: 'arriving',
      match: { dst, protocol: 135 },
      do: [{ divert: 'control', reason: 'mobility' }],
    },
    {
      id: id('home-address'),
      owner: 'node',
      at: 'arriving',
      match: { dst, home: 'any' },
      do: without.has('home-address-check')
        ? [{ apply: 'home-address' }]
        : [{ divert: 'control', reason: 'home-address-unverified' }],
    },
    {
      id: id('routing-2'),
      owner: 'node',
      at: 'arriving',
      match: { dst, routing2: 'any' },
      do: without.has('routing-2-check')
        ? [{ apply: 'routing-2' }]
        : [{ divert: 'control', reason: 'routing-2-unknown' }],
    },
    {
      id: id('tunnel'),
      owner: 'node',
      at: 'arriving',
      match: { dst, protocol: 41 },
      do: [{ divert: 'control', reason: 'tunnel-unverified' }],
    },
  ];
}
