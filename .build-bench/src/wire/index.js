/** What bytes mean: the public surface of `careof/wire`. */
export * from './address.js';
export { internetChecksum, upperLayerChecksum } from './checksum.js';
export { layersFromJson, layersToJson } from './describe.js';
export { fromHex, toHex } from './hex.js';
export { Declaration, message, } from './message.js';
export * from './numbers.js';
export * from './packet.js';
export { decodePart, encodePart, PARTS } from './parts.js';
export { summarise } from './summary.js';
export { checksumOk, findMobilityOption, fixUpperChecksum, walkHeaders, } from './walk.js';
