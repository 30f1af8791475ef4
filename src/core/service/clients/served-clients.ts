/**
 * What a server tells the holder of its service address: the clients that it serves, in vendor-specific
 * mobility options of its registration. So a holder that has just begun sends each client on to the
 * server that has its connections.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-----------------------------------------------+
 *     | Sub-Type = 2  |  Addresses of clients, 16 octets each; IPv4-mapped those of IPv4
 *     +---------------+- - - - - - - - - - - - - - - - - - - - - - - -
 *
 * It is only as good as the proof of its message, which covers all options.
 *
 * Source: docs/registry.md; RFC 5094 for the option around it.
 */
import {
  type Address,
  addressOctets,
  fromMapped,
  isUnicastRoutable,
  readAddress,
  toMapped,
} from '../../../wire/address.ts';
import type { MobilityOption, MobilityOptionInput } from '../../../wire/packet.ts';
import { vendorDataIn, vendorOption } from '../../signalling/vendor-options.ts';

const SIZE = 16;
/** As many as fit one option, whose length is an octet. */
const IN_ONE_OPTION = 15;
/** Clients that one message tells of, so that it fits a path of 1280 octets. */
export const MAX_TOLD = 4 * IN_ONE_OPTION;

/** The options that tell of clients; those beyond MAX_TOLD are left out. */
export function servedClientsOptions(clients: readonly Address[]): MobilityOptionInput[] {
  const options: MobilityOptionInput[] = [];
  const told = clients.slice(0, MAX_TOLD);
  for (let from = 0; from < told.length; from += IN_ONE_OPTION) {
    const some = told.slice(from, from + IN_ONE_OPTION);
    const data = new Uint8Array(SIZE * some.length);
    for (const [index, one] of some.entries()) data.set(addressOctets(toMapped(one)), SIZE * index);
    options.push(vendorOption('servedClients', data));
  }
  return options;
}

/** The clients that a message tells of; an option that cannot be is passed over. */
export function servedClientsIn(options: readonly MobilityOption[]): Address[] {
  return vendorDataIn(options, 'servedClients').flatMap((data) => {
    if (data.length % SIZE !== 0) return [];
    const many = data.length / SIZE;
    const addresses = Array.from({ length: many }, (_, i) =>
      fromMapped(readAddress(data, SIZE * i)),
    );
    return addresses.filter(isUnicastRoutable);
  });
}
