/**
 * What careof nodes tell each other about themselves beside a binding, in a vendor-specific mobility
 * option of an update and of its acknowledgement: their other addresses, and whether they hold early
 * packets back. Nodes of other makes pass the option over.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-+-------------+-------------------------------+
 *     | Sub-Type = 1  |P|  Reserved   |  Addresses, 16 octets each
 *     +---------------+-+-------------+- - - - - - - - - - - - - - - -
 *
 * It is only as good as the proof of its message, which covers all options.
 *
 * Source: docs/registry.md; RFC 5094 for the option around it.
 */
import { type Address, addressOctets, isUnicastRoutable, readAddress } from '../../wire/address.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';
import { vendorDataIn, vendorOption } from '../signalling/vendor-options.ts';

const PARKS = 0x80;
const SIZE = 16;
/** More addresses than that are none that a node needs. */
export const MAX_SET = 8;

export interface AddressSet {
  /** Other addresses of the node, most wanted first. */
  readonly addresses: readonly Address[];
  /** It holds packets back for a moment whose Home Address option no binding stands behind yet. */
  readonly parks: boolean;
}

/** The option that tells of a set; addresses beyond MAX_SET are left out. */
export function addressSetOption({ addresses, parks }: AddressSet): MobilityOptionInput {
  const told = addresses.slice(0, MAX_SET);
  const data = new Uint8Array(1 + SIZE * told.length);
  data[0] = parks ? PARKS : 0;
  for (const [index, one] of told.entries()) data.set(addressOctets(one), 1 + SIZE * index);
  return vendorOption('addressSet', data);
}

/** The set that a message tells of; undefined where it tells none, or one that cannot be. */
export function addressSetIn(options: readonly MobilityOption[]): AddressSet | undefined {
  const [data] = vendorDataIn(options, 'addressSet');
  if (data === undefined) return undefined;
  const many = (data.length - 1) / SIZE;
  if (!Number.isInteger(many) || many < 0 || many > MAX_SET) return undefined;
  const addresses = Array.from({ length: many }, (_, index) => readAddress(data, 1 + SIZE * index));
  if (!addresses.every(isUnicastRoutable)) return undefined;
  return { addresses, parks: (data[0]! & PARKS) !== 0 };
}
