/**
 * What the holder of a service address tells a server whose program does not answer, in a vendor-specific mobility
 * option of its acknowledgement: others have its clients now, and it is to bind none of them to itself.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-----------------------------------------------+
 *     | Sub-Type = 6  |
 *     +---------------+
 *
 * Source: docs/registry.md; RFC 5094 for the option around it.
 */
import type { MobilityOption, MobilityOptionInput } from '../../../wire/packet.ts';
import { vendorDataIn, vendorOption } from '../../signalling/vendor-options.ts';

export const PROGRAM_FAILS: MobilityOptionInput = vendorOption('programFails', new Uint8Array());

export const saysProgramFails = (options: readonly MobilityOption[]): boolean =>
  vendorDataIn(options, 'programFails').length > 0;
