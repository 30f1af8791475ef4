/**
 * What the control side has to do with tunnels inside UDP: signalling goes through them like data, and
 * what no entry takes out of one is looked at here.
 *
 * Anybody can send such a datagram with any outer source, so the outer source proves nothing. What is
 * inside is judged as if it had come in the open: an update by its own proof, data by the entry of a
 * registered pair of outer address and port. Of the rest nothing is kept and next to nothing answered.
 */
import type { Address } from '../../wire/address.ts';
import { formatAddress } from '../../wire/address.ts';
import { ICMPV6, PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import type { Counter } from '../counters.ts';
import type { ForwardingEntry } from '../forwarding/entry.ts';
import type { Tunnel } from '../forwarding/execute.ts';
import { overheadOf } from '../forwarding/overhead.ts';
import { PacketView } from '../forwarding/packet-view.ts';
import { popUdp, pushUdp, type UdpEnds } from '../forwarding/udp-tunnel.ts';
import type { Input, Output } from '../role.ts';

type Packet = Extract<Input, { kind: 'packet' }>;

/** Where a node is met from outside: the address and port that datagrams from it come from. */
export interface UdpEnd {
  readonly address: Address;
  readonly port: number;
}

export const sameEnd = (one: UdpEnd | undefined, other: UdpEnd | undefined): boolean =>
  one?.address === other?.address && one?.port === other?.port;

/** The sender of a packet that came inside UDP. */
export const senderOf = (tunnel: Tunnel | undefined): UdpEnd | undefined =>
  tunnel?.udp && { address: tunnel.src, port: tunnel.udp.sport };

/** From a mobile node to its home agent. */
export const toAgentEnds = (careOf: Address, agent: Address): UdpEnds => ({
  ...{ src: careOf, dst: agent },
  ...{ sport: UDP_PORT.mobility, dport: UDP_PORT.mobility },
});

/** From a home agent to where it meets its mobile node. */
export const toNodeEnds = (agent: Address, { address, port }: UdpEnd): UdpEnds => ({
  ...{ src: agent, dst: address },
  ...{ sport: UDP_PORT.mobility, dport: port },
});

/** Back to where a packet came from. */
export const answerEnds = ({ src, dst, udp }: Tunnel): UdpEnds | undefined =>
  udp && { src: dst, dst: src, sport: udp.dport, dport: udp.sport };

/** The outputs with every message inside UDP, and told of so. */
export function inUdp(outputs: readonly Output[], ends: UdpEnds): Output[] {
  const more = overheadOf({ push: 'udp', ...ends });
  return outputs.map((output) => {
    if (output.kind === 'transmit')
      return { kind: 'transmit', octets: around(output.octets, ends) };
    if (output.kind !== 'event' || output.event.kind !== 'signal.sent') return output;
    const { octets, detail } = output.event;
    const told = { octets: octets + more, detail: `${detail} (in UDP)` };
    return { ...output, event: { ...output.event, ...told, tunnelled: true } };
  });
}

/** Throws RangeError where a message of our own would be longer than a packet can be. */
function around(octets: Uint8Array, ends: UdpEnds): Uint8Array {
  const packet = pushUdp(new PacketView(octets), ends);
  if (typeof packet === 'string') throw new RangeError(`a message that is ${packet} for UDP`);
  return packet;
}

/** What hands datagrams for tunnels to the control side, where no entry takes their packets out. */
export function udpTunnelEntry(address: Address): ForwardingEntry {
  return {
    id: `udp-tunnel/${formatAddress(address)}`,
    owner: 'udp-tunnel',
    at: 'arriving',
    match: { dst: { address }, protocol: PROTOCOL.udp, dport: UDP_PORT.mobility },
    do: [{ divert: 'control', reason: 'udp-tunnel' }],
  };
}

/** Messages of a mobile node and its home agent to each other that are no Mobility Header ones. */
const SIGNALLING_ICMPV6: ReadonlySet<number | undefined> = new Set([
  ICMPV6.mobilePrefixSolicitation,
  ICMPV6.mobilePrefixAdvertisement,
]);

/**
 * Takes a packet out of UDP that no entry was for. `packet` goes on as if it had come so: a message
 * to this node comes out; of data the whole datagram is left, as of any tunnel from nobody known.
 *
 * @param isOwn over IPv4 the address of this node inside is another than the one outside.
 */
export function unwrap(
  input: Packet,
  isOwn: (address: Address) => boolean,
): { readonly packet: Packet } | { readonly refused: Counter } {
  const outer = new PacketView(input.octets);
  const octets = popUdp(outer);
  if (typeof octets === 'string') return { refused: 'udp.malformed' };
  const { src, dst, sport, dport } = outer;
  const udp = { sport: sport!, dport: dport! };
  const inner = new PacketView(octets);
  const tunnel = { src, dst, udp };
  // A message that is for this node was put into the tunnel by the tunnel's other end.
  const isHere = inner.dst === dst || (outer.isIpv4 && isOwn(inner.dst));
  if (!isHere || inner.walk === undefined) {
    return { packet: { ...input, reason: 'tunnel-unverified', tunnel } };
  }
  if (inner.protocol === PROTOCOL.mobility) {
    return { packet: { ...input, octets, reason: 'mobility', tunnel } };
  }
  const type = inner.protocol === PROTOCOL.icmpv6 ? octets[inner.walk.upperAt] : undefined;
  if (SIGNALLING_ICMPV6.has(type))
    return { packet: { ...input, octets, reason: 'icmpv6', tunnel } };
  return { packet: { ...input, reason: 'tunnel-unverified', tunnel } };
}
