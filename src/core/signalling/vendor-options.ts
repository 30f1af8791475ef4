/**
 * The frame of the formats that are careof's own: a vendor-specific mobility option (type 19) with our
 * number and a sub-type. Source: docs/registry.md; RFC 5094.
 */
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';

/** The number for examples and documentation (RFC 5612): careof has none of its own. */
const VENDOR_ID = 32_473;
const SUBTYPE = {
  addressSet: 1,
  servedClients: 2,
  movedClient: 3,
  nearPrefixes: 4,
  delegation: 5,
  programFails: 6,
  agent: 7,
} as const;
type Format = keyof typeof SUBTYPE;

/** @param data what stands behind the sub-type. */
export function vendorOption(format: Format, data: Uint8Array): MobilityOptionInput {
  const subtype = SUBTYPE[format];
  return { option: 'vendor-specific', vendorId: VENDOR_ID, subtype, data };
}

/** What stands behind the sub-type in each such option of a message, in order. */
export function vendorDataIn(options: readonly MobilityOption[], format: Format): Uint8Array[] {
  return options.flatMap((one) =>
    one.option === 'vendor-specific' &&
    one.vendorId === VENDOR_ID &&
    one.subtype === SUBTYPE[format]
      ? [one.data]
      : [],
  );
}
