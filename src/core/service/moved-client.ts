/**
 * A client that one server hands to another with its connections, in vendor-specific mobility options of
 * a home registration from the one to the other.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-----------------------------------------------+
 *     | Sub-Type = 3  |  Server, 16 octets; Client, 16 octets;
 *     +---------------+  state of the connections, as much as fits
 *
 * The state goes on in the next such option. The server that it is for is named since the proof of the
 * message does not cover where it goes to.
 *
 * Source: docs/registry.md; RFC 5094 for the option around it.
 */
import { type Address, addressOctets, isUnicastRoutable, readAddress } from '../../wire/address.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';

/** The number for examples and documentation (RFC 5612): careof has none of its own. */
const VENDOR_ID = 32_473;
const SUBTYPE = 3;
const ENDS = 32;
const IN_ONE_OPTION = 216;
/** Octets of state that one message carries, so that it fits a path of 1280 octets. */
export const MAX_STATE = 4 * IN_ONE_OPTION;

export interface MovedClient {
  readonly server: Address;
  readonly client: Address;
  readonly state: Uint8Array;
}

export function movedClientOptions({ server, client, state }: MovedClient): MobilityOptionInput[] {
  const options: MobilityOptionInput[] = [];
  for (let from = 0; from === 0 || from < state.length; from += IN_ONE_OPTION) {
    const part = state.subarray(from, from + IN_ONE_OPTION);
    const data = new Uint8Array(ENDS + part.length);
    data.set(addressOctets(server));
    data.set(addressOctets(client), 16);
    data.set(part, ENDS);
    options.push({ option: 'vendor-specific', vendorId: VENDOR_ID, subtype: SUBTYPE, data });
  }
  return options;
}

/** The client that a message hands to this server; undefined where it hands it none. */
export function movedClientIn(
  options: readonly MobilityOption[],
  server: Address,
): MovedClient | undefined {
  let client: Address | undefined;
  const state: number[] = [];
  for (const one of options) {
    if (one.option !== 'vendor-specific' || one.vendorId !== VENDOR_ID) continue;
    if (one.subtype !== SUBTYPE || one.data.length < ENDS) continue;
    const named = readAddress(one.data, 16);
    client ??= named;
    if (readAddress(one.data, 0) !== server || named !== client) return undefined;
    state.push(...one.data.subarray(ENDS));
  }
  if (client === undefined || !isUnicastRoutable(client)) return undefined;
  return { server, client, state: Uint8Array.from(state) };
}
