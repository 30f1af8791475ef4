/**
 * What an anycast agent says of itself in its acknowledgements, in a vendor-specific mobility option. What proves
 * the message covers it, and does not cover where the packet came from: so nobody can send on an agent's answer
 * as their own.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-+-------------+-------------------------------+
 *     | Sub-Type = 7  |S|  Reserved   |  Agents, 16 octets each
 *     +---------------+-+-------------+- - - - - - - - - - - - - - - -
 *
 * Source: docs/registry.md; RFC 5094 for the option around it.
 */
import {
  type Address,
  addressOctets,
  IPV6_SIZE,
  isUnicastRoutable,
  readAddress,
} from '../../../wire/address.ts';
import type { MobilityOption, MobilityOptionInput } from '../../../wire/packet.ts';
import { vendorDataIn, vendorOption } from '../../signalling/vendor-options.ts';

const SHARES = 0x80;
/** Agents in an option, the one that sends it among them. */
export const MAX_NAMED_AGENTS = 8;

/** An agent, as it says itself. */
export interface AgentSays {
  readonly address: Address;
  /** What one of the agents knows all of them know: it is enough to join one. */
  readonly shares: boolean;
  /** Those that it shares with: they send on what their clients send, too. */
  readonly others: readonly Address[];
}

export function agentOption({ address, shares, others }: AgentSays): MobilityOptionInput {
  const agents = [address, ...others].slice(0, MAX_NAMED_AGENTS);
  const octets = agents.flatMap((one) => [...addressOctets(one)]);
  return vendorOption('agent', Uint8Array.of(shares ? SHARES : 0, ...octets));
}

/** Undefined where there is none that can be read. */
export function agentIn(options: readonly MobilityOption[]): AgentSays | undefined {
  const [data] = vendorDataIn(options, 'agent');
  const many = data === undefined ? 0 : (data.length - 1) / IPV6_SIZE;
  if (data === undefined || !Number.isInteger(many) || many < 1) return undefined;
  if (many > MAX_NAMED_AGENTS) return undefined;
  const agents = Array.from({ length: many }, (_, i) => readAddress(data, 1 + i * IPV6_SIZE));
  const [address, ...others] = agents;
  if (address === undefined || !agents.every(isUnicastRoutable)) return undefined;
  return { address, shares: (data[0]! & SHARES) !== 0, others };
}
