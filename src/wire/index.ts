/** What bytes mean: the public surface of `careof/wire`. */
export * from './address.ts';
export { internetChecksum, upperLayerChecksum } from './checksum.ts';
export { type DescriptionError, layersFromJson, layersToJson } from './describe.ts';
export * from './dhcpv6/dhcpv6-message.ts';
export * from './dhcpv6/dhcpv6-numbers.ts';
export type { Dhcpv6Option, Dhcpv6OptionInput } from './dhcpv6/dhcpv6-options.ts';
export type { Json } from './field.ts';
export { fromHex, toHex } from './hex.ts';
export {
  type AnyDeclaration,
  Declaration,
  type InputOf,
  message,
  type ValueOf,
} from './message.ts';
export * from './numbers.ts';
export * from './packet.ts';
export { decodePart, encodePart, PARTS, type Part } from './parts.ts';
export type { WireReason } from './result.ts';
export { summarise } from './summary.ts';
export {
  checksumOk,
  findMobilityOption,
  fixUpperChecksum,
  type HeaderWalk,
  walkHeaders,
  walkPacket,
} from './walk.ts';
