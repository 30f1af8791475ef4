/**
 * What a server tells the holder of its service address of where it is in the network: prefixes whose
 * clients it is near to, in a vendor-specific mobility option of its registration.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-----------------------------------------------+
 *     | Sub-Type = 4  |  Prefixes: length in bits, 1 octet; address, 16 octets
 *     +---------------+- - - - - - - - - - - - - - - -
 *
 * Source: docs/registry.md; RFC 5094 for the option around it.
 */
import { addressOctets, readAddress } from '../../wire/address.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';
import type { Prefix } from '../forwarding/entry.ts';
import { vendorDataIn, vendorOption } from '../signalling/vendor-options.ts';

/** A prefix whose length is said. */
export type NearPrefix = Required<Prefix>;

const SIZE = 17;
/** As many as fit one option, whose length is an octet. */
export const MAX_NEAR = 14;

/** None, or the one option that tells of them; those beyond MAX_NEAR are left out. */
export function nearPrefixesOptions(prefixes: readonly NearPrefix[]): MobilityOptionInput[] {
  if (prefixes.length === 0) return [];
  const told = prefixes.slice(0, MAX_NEAR);
  const data = new Uint8Array(SIZE * told.length);
  for (const [index, { address, length }] of told.entries()) {
    data[SIZE * index] = length;
    data.set(addressOctets(address), SIZE * index + 1);
  }
  return [vendorOption('nearPrefixes', data)];
}

/** The prefixes that a message tells of; an option that cannot be is passed over. */
export function nearPrefixesIn(options: readonly MobilityOption[]): NearPrefix[] {
  return vendorDataIn(options, 'nearPrefixes')
    .filter((data) => data.length % SIZE === 0)
    .flatMap((data) => {
      const many = Math.min(data.length / SIZE, MAX_NEAR);
      return Array.from({ length: many }, (_, i) => ({
        length: data[SIZE * i]!,
        address: readAddress(data, SIZE * i + 1),
      }));
    })
    .filter(({ length }) => length <= 128)
    .slice(0, MAX_NEAR);
}
