import { innerAt } from '../../core/forwarding/packet-view.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Received } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { answerEnds, inUdp, sameEnd, senderOf } from '../../core/signalling/udp-signalling.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { sourceOf } from '../../wire/ip-fields.ts';
import { walkHeaders } from '../../wire/walk.ts';

/**
 * A tunnelled packet from nobody that is registered: dropped (the node counted it). A mobile node of
 * ours whose binding is gone, as after a restart, or is for another tunnel, as when a translator has
 * forgotten it, is told so, or it would send into the void.
 *
 * Anybody can send such a packet in a mobile node's name, so what comes of it is one small answer,
 * within the rate limit of errors; and the node asks again, which needs its proof.
 *
 * Source: RFC 6275 sections 9.3.3, 10.4.5.
 */
export function strangerInTunnel(
  received: Received,
  isOurs: (home: Address) => boolean,
  pending: ReadonlyMap<Address, unknown>,
  { bindings, errors }: NodeState,
  now: Instant,
): Output[] {
  const { octets, source, destination, tunnel } = received;
  const walk = walkHeaders(octets);
  const at = walk === undefined ? -1 : innerAt(octets, walk);
  if (at < 0) return [];
  const home = sourceOf(octets, at);
  if (!isOurs(home) || pending.has(home)) return [];
  const known = bindings.get(home);
  const ends = tunnel && answerEnds(tunnel);
  if (ends === undefined) {
    // In the open from where the node is, which is to be met inside UDP: the two do not agree.
    const disagree = known?.udp !== undefined && known.careOf === source;
    if (known !== undefined && !disagree) return [];
    return errors.unknownBinding({ source, destination, home }, now);
  }
  if (sameEnd(known?.udp, senderOf(tunnel))) return [];
  return inUdp(errors.unknownBinding({ source: home, destination, home }, now), ends);
}
