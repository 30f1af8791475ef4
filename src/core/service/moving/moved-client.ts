/**
 * A client that one server hands to another with its connections, in vendor-specific mobility options of
 * proved updates from the one to the other.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-----------------------------------------------+
 *     | Sub-Type = 3  |  Server, 16 octets; Client, 16 octets (IPv4-mapped one of IPv4);
 *     +---------------+- - - - - - - - - - - - - - - - - - - - - - - -
 *     |  Transfer, 4 octets; Total, 4 octets; Offset, 4 octets;
 *     |  octets of the state from there on
 *
 * A message carries a piece of the state in as many such options as it needs. The server that it is for is
 * named since the proof of the message does not cover where it goes to.
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

const AT = { server: 0, client: 16, transfer: 32, total: 36, offset: 40, octets: 44 };
const IN_ONE_OPTION = 204;
/** Octets of state that one message carries, so that it fits a path of 1280 octets. */
export const MAX_PIECE = 4 * IN_ONE_OPTION;
/** Octets of a client's state: what its connections have under way, and what their programs say. */
export const MAX_STATE = 1 << 17;

/** Some octets of the state of a client's connections. */
export interface MovedPiece {
  readonly server: Address;
  readonly client: Address;
  /** Tells one attempt to hand the client on from another. */
  readonly transfer: number;
  /** Octets of the whole state. */
  readonly total: number;
  readonly offset: number;
  readonly octets: Uint8Array;
}

/** How many pieces there are of so much state: one even where there is none of it. */
export const piecesOf = (total: number): number => Math.max(1, Math.ceil(total / MAX_PIECE));

export function movedClientOptions(piece: MovedPiece): MobilityOptionInput[] {
  const { server, client, transfer, total, octets } = piece;
  const options: MobilityOptionInput[] = [];
  for (let from = 0; from === 0 || from < octets.length; from += IN_ONE_OPTION) {
    const part = octets.subarray(from, from + IN_ONE_OPTION);
    const data = new Uint8Array(AT.octets + part.length);
    const view = new DataView(data.buffer);
    data.set(addressOctets(server), AT.server);
    data.set(addressOctets(toMapped(client)), AT.client);
    view.setUint32(AT.transfer, transfer);
    view.setUint32(AT.total, total);
    view.setUint32(AT.offset, piece.offset + from);
    data.set(part, AT.octets);
    options.push(vendorOption('movedClient', data));
  }
  return options;
}

/** Does a message hand a client on, to whichever server? */
export const isMove = (options: readonly MobilityOption[]): boolean =>
  vendorDataIn(options, 'movedClient').length > 0;

/** What a message hands to this server; undefined where it hands it nothing that can be. */
export function movedPieceIn(
  options: readonly MobilityOption[],
  server: Address,
): MovedPiece | undefined {
  let piece: MovedPiece | undefined;
  for (const data of vendorDataIn(options, 'movedClient')) {
    const next = pieceIn(data);
    if (next === undefined || next.server !== server) return undefined;
    if (piece === undefined) piece = next;
    else if (!continues(piece, next)) return undefined;
    else piece = { ...piece, octets: Uint8Array.from([...piece.octets, ...next.octets]) };
  }
  if (piece === undefined || !isUnicastRoutable(piece.client)) return undefined;
  const { total, offset, octets } = piece;
  return total <= MAX_STATE && offset + octets.length <= total ? piece : undefined;
}

function pieceIn(data: Uint8Array): MovedPiece | undefined {
  if (data.length < AT.octets) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return {
    server: readAddress(data, AT.server),
    client: fromMapped(readAddress(data, AT.client)),
    transfer: view.getUint32(AT.transfer),
    total: view.getUint32(AT.total),
    offset: view.getUint32(AT.offset),
    octets: data.slice(AT.octets),
  };
}

const continues = (one: MovedPiece, next: MovedPiece): boolean =>
  next.client === one.client &&
  next.transfer === one.transfer &&
  next.total === one.total &&
  next.offset === one.offset + one.octets.length;
