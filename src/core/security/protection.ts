/**
 * Which packets between a mobile node and its home agent go through ESP, and what becomes of those
 * that come through it, or should have.
 *
 *     transport mode   registrations and mobile prefix messages:
 *                      IPv6 | Destination Options (home address) | ESP | Binding Update
 *                      IPv6 | Type 2 Routing (home address)      | ESP | Binding Acknowledgement
 *     tunnel mode      all other Mobility Header messages of the home address, Home Test (Init) first:
 *                      IPv6 (care-of address, home agent) | ESP | IPv6 (home address, peer) | ...
 *
 * Associations are found by the home address, which stays, and the tunnel's end follows the care-of
 * address. Keys are configured; there is no IKE.
 *
 * Supported standards: RFC 4303 (by `security/`), RFC 3776 sections 3 and 4, RFC 4877 section 4,
 * RFC 6275 sections 5.1, 5.4 and 10.4.6; RFC 4301 sections 5.1.2 and 5.2 as far as these ask.
 */
import { type Address, formatAddress } from '../../wire/address.ts';
import { ICMPV6, MH_TYPE, PROTOCOL } from '../../wire/numbers.ts';
import { serialisePacket } from '../../wire/packet.ts';
import type { EspAssociations, NodeConfig } from '../config.ts';
import type { ForwardingEntry, Match } from '../forwarding/entry.ts';
import { MAX_PACKET, PacketView } from '../forwarding/packet-view.ts';
import { popIp, withUpper } from '../forwarding/rewrite.ts';
import { count, forward, tell, unforward } from '../part.ts';
import type { Environment, Input, Output } from '../role.ts';
import type { Instant } from '../time.ts';
import { ReceivingAssociation, SendingAssociation } from './associations.ts';
import type { EspContent } from './esp.ts';

type Packet = Extract<Input, { kind: 'packet' }>;

/** More octets than tunnel mode adds: IPv6 header, ESP header, IV, padding, trailer, check value. */
const TUNNEL_OVERHEAD = 40 + 8 + 16 + 16 + 2 + 16;

/** One pair of associations. */
interface Pair {
  readonly mode: 'transport' | 'tunnel';
  readonly out: SendingAssociation;
  readonly in: ReceivingAssociation;
}

/** A mobile node and its home agent, one of which is this node. */
interface Peering {
  readonly home: Address;
  readonly agent: Address;
  /** Which of the two we are. */
  readonly side: 'node' | 'agent';
  readonly transport: Pair;
  readonly tunnel?: Pair;
  /** Where the mobile node is: its end of the tunnel. */
  careOf: Address | undefined;
}

/** An arriving ESP packet without its ESP. */
export interface Unprotected {
  readonly outputs: Output[];
  /** What goes on as if it had come so; absent where nothing does. */
  readonly packet?: Packet;
  /** The home address whose association it came by. */
  readonly provedHome?: Address;
}

/**
 * Messages that are protected from end to end. Tests (types 1 to 4) between the two go through the
 * tunnel like those to any peer, and a Binding Error is sent by who has no binding left to know us by.
 */
const TRANSPORT_MH: ReadonlySet<number | undefined> = new Set([
  MH_TYPE.bindingUpdate,
  MH_TYPE.bindingAcknowledgement,
  MH_TYPE.homeAgentSwitch,
  MH_TYPE.heartbeat,
  MH_TYPE.bindingRevocation,
]);
const TRANSPORT_ICMPV6: ReadonlySet<number | undefined> = new Set([
  ICMPV6.mobilePrefixSolicitation,
  ICMPV6.mobilePrefixAdvertisement,
]);

export class Protection {
  readonly #peerings = new Map<Address, Peering>();
  readonly #bySpi = new Map<number, { readonly peering: Peering; readonly pair: Pair }>();

  /** Throws RangeError for keys or ciphers that cannot be: the caller has checked its file. */
  constructor(config: NodeConfig, env: Environment) {
    if (env.without.has('esp')) return;
    const { mobileNode, homeAgent } = config;
    if (mobileNode?.authentication.method === 'esp') {
      const { home, homeAgent: agent, authentication } = mobileNode;
      if (agent === undefined) throw new RangeError('configured keys are for one home agent');
      this.#add({ home, agent, side: 'node' }, authentication, env);
    }
    for (const { home, authentication } of homeAgent?.mobileNodes ?? []) {
      if (authentication.method !== 'esp') continue;
      this.#add({ home, agent: homeAgent!.address, side: 'agent' }, authentication, env);
    }
  }

  #add(
    ends: Pick<Peering, 'home' | 'agent' | 'side'>,
    { transport, tunnel }: { transport: EspAssociations; tunnel?: EspAssociations },
    env: Environment,
  ): void {
    const { home, side } = ends;
    const pair = (mode: Pair['mode'], { toAgent, toNode }: EspAssociations): Pair => ({
      mode,
      out: new SendingAssociation(home, side === 'node' ? toAgent : toNode, env),
      in: new ReceivingAssociation(home, side === 'node' ? toNode : toAgent, env),
    });
    const tunnelled = tunnel !== undefined && !env.without.has('esp-tunnel');
    const peering: Peering = {
      ...ends,
      careOf: undefined,
      transport: pair('transport', transport),
      ...(tunnelled && { tunnel: pair('tunnel', tunnel) }),
    };
    this.#peerings.set(home, peering);
    for (const one of pairsOf(peering)) this.#bySpi.set(one.in.spi, { peering, pair: one });
  }

  /** Takes up stored numbers after a restart. */
  restore(key: string, value: string): void {
    if (!key.startsWith('esp/')) return;
    for (const peering of this.#peerings.values()) {
      for (const pair of pairsOf(peering)) {
        pair.out.restore(key, value);
        pair.in.restore(key, value);
      }
    }
  }

  /** What hands ESP packets for one of our addresses to the control side. */
  entriesFor(address: Address): ForwardingEntry[] {
    const dst = { address };
    const { esp: protocol } = PROTOCOL;
    const entry = (name: string, match: Match): ForwardingEntry => ({
      id: `esp/${name}/${formatAddress(address)}`,
      owner: 'protection',
      at: 'arriving',
      match: { dst, protocol, ...match },
      do: [{ divert: 'control', reason: 'esp' }],
      // Ahead of the entry for any Home Address option, which asks for as much.
      priority: 1,
    });
    const entries = new Map<string, ForwardingEntry>();
    for (const { home, agent, side } of this.#peerings.values()) {
      if (side === 'node') {
        entries.set('in', entry('in', { src: { address: agent } }));
        entries.set('routed', entry('routed', { routing2: home }));
      } else if (address === agent) {
        entries.set('to-agent', entry('to-agent', {}));
        // Ahead of the entry that believes the option of a bound home address.
        entries.set(home, entry(`to-agent/${formatAddress(home)}`, { home }));
      }
    }
    return [...entries.values()];
  }

  /**
   * The mobile node is there now (undefined: at home, or nowhere): the end of its tunnel, and the
   * entries that keep what belongs into the tunnel from going, or coming, another way.
   */
  follow(home: Address, careOf: Address | undefined, expiresAt?: Instant): Output[] {
    const peering = this.#peerings.get(home);
    if (peering?.tunnel === undefined) return [];
    const before = peering.careOf;
    peering.careOf = careOf;
    const entries = tunnelEntries(peering, expiresAt);
    if (careOf === undefined) {
      return before === undefined ? [] : unforward(...entries.map(({ id }) => id));
    }
    return forward(...entries);
  }

  /** The outputs with every packet protected that policy says must be. */
  protect(outputs: Output[]): Output[] {
    if (this.#peerings.size === 0) return outputs;
    let grown = 0;
    return outputs.flatMap((output) => {
      if (output.kind !== 'transmit') {
        const more = output.kind === 'event' ? grown : 0;
        grown = 0;
        return [more > 0 ? longer(output, more) : output];
      }
      const packet = new PacketView(output.octets);
      const peering = this.#transportOf(packet, 'sends');
      if (peering === undefined) return [output];
      const { protocol, octets, walk } = packet;
      const content = { protocol: protocol!, octets: octets.subarray(walk!.upperAt) };
      return this.#sealed(peering, peering.transport, content, (esp) => {
        grown = esp.length - content.octets.length;
        return { ...output, octets: withUpper(packet, PROTOCOL.esp, esp) };
      });
    });
  }

  /** Sends a packet that the table kept back through the tunnel to the other end. */
  tunnel({ octets }: Packet): Output[] {
    const { src, dst } = new PacketView(octets);
    if (octets.length > MAX_PACKET - TUNNEL_OVERHEAD) return [count('esp.not_sent')];
    const own = this.#peerings.get(src);
    const peering = own?.side === 'node' ? own : this.#peerings.get(dst);
    const { tunnel, careOf } = peering ?? {};
    if (peering === undefined || tunnel === undefined || careOf === undefined) {
      return [count('esp.not_sent')];
    }
    const [source, destination] =
      peering.side === 'node' ? [careOf, peering.agent] : [peering.agent, careOf];
    const trafficClass = ((octets[0]! & 0x0f) << 4) | (octets[1]! >> 4);
    return this.#sealed(peering, tunnel, { protocol: PROTOCOL.ipv6, octets }, (esp) => ({
      kind: 'transmit',
      octets: serialisePacket([
        { layer: 'ipv6', source, destination, trafficClass, hopLimit: 64 },
        { layer: 'payload', protocol: PROTOCOL.esp, octets: esp },
      ]),
    }));
  }

  #sealed(
    { home, agent, side }: Peering,
    { out }: Pair,
    content: EspContent,
    send: (esp: Uint8Array) => Output,
  ): Output[] {
    const sealed = out.seal(content);
    if (sealed !== undefined) {
      return [...sealed.outputs, count('esp.sent'), send(sealed.octets)];
    }
    const peer = side === 'node' ? agent : home;
    return [
      count('esp.not_sent'),
      tell({ kind: 'association.exhausted', home, peer, spi: out.spi }),
    ];
  }

  /** Takes the ESP off a packet that arrived. */
  open(input: Packet): Unprotected {
    const packet = new PacketView(input.octets);
    const { walk, octets } = packet;
    if (walk === undefined || packet.isPart || walk.end < walk.upperAt + 8) {
      return refused('esp.malformed');
    }
    const spi = new DataView(octets.buffer, octets.byteOffset).getUint32(walk.upperAt);
    const known = this.#bySpi.get(spi);
    if (known === undefined) return refused('esp.unknown_association');
    const { peering, pair } = known;
    const opened = pair.in.open(octets.subarray(walk.upperAt, walk.end));
    if ('refused' in opened) return refused(opened.refused);
    const { content, outputs } = opened;
    // A dummy packet hides how much is said; it is dropped without a word (RFC 4303 section 2.6).
    if (content.protocol === PROTOCOL.noNextHeader) return { outputs };
    const plain = withUpper(packet, content.protocol, content.octets);
    const result =
      pair.mode === 'transport'
        ? this.#fromTransport({ ...input, octets: plain }, peering)
        : fromTunnel({ ...input, octets: plain }, peering);
    return { ...result, outputs: [...outputs, ...result.outputs] };
  }

  /** What stands in the packet must be what the association is for. Source: RFC 4301 section 5.2. */
  #fromTransport(input: Packet, peering: Peering): Unprotected {
    const packet = new PacketView(input.octets);
    if (this.#transportOf(packet, 'receives') !== peering) return refused('esp.outside_selectors');
    const reason = packet.protocol === PROTOCOL.mobility ? 'mobility' : 'icmpv6';
    return { outputs: [], packet: { ...input, reason }, provedHome: peering.home };
  }

  /** Should this packet, which did not come through ESP, have come through it? */
  demands({ octets, tunnel }: Pick<Packet, 'octets' | 'tunnel'>): boolean {
    if (this.#peerings.size === 0) return false;
    const packet = new PacketView(octets);
    if (this.#transportOf(packet, 'receives') !== undefined) return true;
    if (tunnel === undefined || packet.protocol !== PROTOCOL.mobility) return false;
    const from = this.#peerings.get(packet.src);
    const to = this.#peerings.get(packet.dst);
    const peering = to?.side === 'node' ? to : from?.side === 'agent' ? from : undefined;
    return peering?.tunnel !== undefined;
  }

  /** Whose transport associations are for this packet, which we send or receive? */
  #transportOf(packet: PacketView, way: 'sends' | 'receives'): Peering | undefined {
    const { walk, octets, protocol } = packet;
    if (walk === undefined || packet.isPart || walk.upperAt + 3 > octets.length) return undefined;
    const wanted =
      protocol === PROTOCOL.mobility
        ? TRANSPORT_MH.has(octets[walk.upperAt + 2])
        : protocol === PROTOCOL.icmpv6 && TRANSPORT_ICMPV6.has(octets[walk.upperAt]);
    if (!wanted) return undefined;
    const source = packet.home ?? packet.src;
    const destination = packet.routing2 ?? packet.dst;
    const up = this.#peerings.get(source);
    if (up?.agent === destination && (up.side === 'node') === (way === 'sends')) return up;
    const down = this.#peerings.get(destination);
    if (down?.agent === source && (down.side === 'agent') === (way === 'sends')) return down;
    return undefined;
  }
}

/** The event that tells of a packet, which stands behind it, told of the size that it has now. */
function longer(output: Output, more: number): Output {
  if (output.kind !== 'event' || output.event.kind !== 'signal.sent') return output;
  return { ...output, event: { ...output.event, octets: output.event.octets + more } };
}

const pairsOf = ({ transport, tunnel }: Peering): Pair[] =>
  tunnel === undefined ? [transport] : [transport, tunnel];

const refused = (counter: Parameters<typeof count>[0]): Unprotected => ({
  outputs: [count(counter)],
});

/**
 * Out of the tunnel comes a Mobility Header message of the home address, or nothing. The association
 * proves who sent it, wherever it came from: a node that has just moved need not wait.
 */
function fromTunnel(input: Packet, { home, agent, side, careOf }: Peering): Unprotected {
  const outer = new PacketView(input.octets);
  const octets = outer.protocol === PROTOCOL.ipv6 ? popIp(outer, 'ipv6') : 'malformed';
  if (typeof octets === 'string') return refused('esp.outside_selectors');
  const inner = new PacketView(octets);
  const isFor = side === 'node' ? inner.dst === home : inner.src === home;
  if (!isFor || inner.protocol !== PROTOCOL.mobility) return refused('esp.outside_selectors');
  const provedHome = home;
  if (side === 'node') {
    const tunnel = { src: agent, dst: outer.dst };
    return { outputs: [], packet: { ...input, octets, reason: 'mobility', tunnel }, provedHome };
  }
  // Nobody would know where to send the answer: as with a plain tunnel, the node is told.
  if (careOf === undefined) {
    return { outputs: [], packet: { ...input, reason: 'tunnel-unverified' }, provedHome };
  }
  return { outputs: onward(octets) };
}

/** A packet for somebody else goes on its way, one hop older. Source: RFC 8200 section 3. */
export function onward(octets: Uint8Array): Output[] {
  if (octets[7]! <= 1) return [count('esp.not_sent')];
  const older = octets.slice();
  older[7]! -= 1;
  return [{ kind: 'transmit', octets: older }];
}

/**
 * At the mobile node what leaves from the home address; at the home agent what goes to it, and what
 * comes from it without ESP.
 */
function tunnelEntries({ home, side }: Peering, expiresAt: Instant | undefined): ForwardingEntry[] {
  const { mobility: protocol } = PROTOCOL;
  const end = { owner: 'protection', ...(expiresAt !== undefined && { expiresAt }) };
  const here = { address: home };
  const name = formatAddress(home);
  const into: ForwardingEntry = {
    ...end,
    id: `esp/out/${name}`,
    at: 'leaving',
    match: side === 'node' ? { src: here, protocol } : { dst: here, protocol },
    do: [{ divert: 'control', reason: 'esp-wanted' }],
  };
  if (side === 'node') return [into];
  return [
    into,
    {
      ...end,
      id: `esp/missing/${name}`,
      at: 'arriving',
      match: { src: here, protocol },
      do: [{ divert: 'control', reason: 'esp-missing' }],
    },
  ];
}
