/** Whole packets: what most users of this folder need. `index.ts` has everything. */
export { parsePacket } from './parse-packet.js';
export { receiverFault, unknownOptionFault } from './receiver.js';
export { serialisePacket } from './serialise-packet.js';
