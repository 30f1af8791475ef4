/** Whole packets: what most users of this folder need. `index.ts` has everything. */

export type { DestinationOption, DestinationOptionInput } from './extension/options-headers.ts';
export type { NdOption, NdOptionInput } from './icmpv6/nd-options.ts';
export type {
  Icmpv6Message,
  Layer,
  LayerInput,
  LayerName,
  LayerOf,
  MobilityMessage,
} from './layer.ts';
export type { MobilityOption, MobilityOptionInput } from './mobility/mobility-options.ts';
export { parsePacket } from './parse-packet.ts';
export { receiverFault, unknownOptionFault } from './receiver.ts';
export type { Result, WireError, WireReply } from './result.ts';
export { serialisePacket } from './serialise-packet.ts';
