/**
 * What errors of the network look like in messages of ICMPv6 and of ICMP: routes and sockets know one kind, and each
 * version of IP says it in its own words.
 *
 * Supported standards: RFC 4443 sections 2.4 and 3, RFC 792, RFC 1191 sections 4 and 7, RFC 1812 sections
 * 4.3.2 and 5.2.7.
 */
import { isMulticast, isUnicastRoutable, UNSPECIFIED } from '../wire/address.ts';
import { destinationOf, isIpv4Packet, lengthOf, sourceOf } from '../wire/ip-fields.ts';
import { ICMPV4, ICMPV6, PROTOCOL } from '../wire/numbers.ts';
import type { Layer, LayerInput } from '../wire/packet.ts';
import { walkPacket } from '../wire/walk.ts';
import { IPV4_HEADER } from '../wire/walk-ipv4.ts';
import { IPV6_HEADER } from './forwarding/packet-view.ts';

/** An error and all that it quotes is no longer than this. Source: RFC 4443 section 2.4 (c). */
const MAX_ERROR = 1280;
/** Source: RFC 1812 section 4.3.2.3. */
const MAX_IPV4_ERROR = 576;
/** Octets of an error before what it quotes, in both versions. */
const ERROR_HEADER = 8;
/** MTUs to try one after the other where a router does not say its own. Source: RFC 1191 section 7. */
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68] as const;

/** What an error says about a packet, with the codes of ICMPv6. */
export type NetworkError =
  | { readonly kind: 'unreachable'; readonly code: number }
  | { readonly kind: 'too-big'; readonly mtu: number }
  | { readonly kind: 'time-exceeded'; readonly code: number }
  | { readonly kind: 'parameter-problem'; readonly code: number; readonly pointer: number };

/** The message that tells the sender of a packet. */
export const errorMessage = (about: Uint8Array, error: NetworkError): LayerInput =>
  isIpv4Packet(about) ? ofIcmpv4(about, error) : ofIcmpv6(about, error);

function ofIcmpv6(about: Uint8Array, error: NetworkError): LayerInput {
  const invoking = about.slice(0, MAX_ERROR - IPV6_HEADER - ERROR_HEADER);
  switch (error.kind) {
    case 'unreachable':
      return { layer: 'destination-unreachable', code: error.code, invoking };
    case 'too-big':
      return { layer: 'packet-too-big', mtu: error.mtu, invoking };
    case 'time-exceeded':
      return { layer: 'time-exceeded', code: error.code, invoking };
    case 'parameter-problem': {
      const { code, pointer } = error;
      return { layer: 'parameter-problem', code, pointer, invoking };
    }
  }
}

/** Codes of Destination Unreachable in ICMP by those in ICMPv6; what is not here is forbidden by somebody. */
const UNREACHABLE: Readonly<Record<number, number>> = { 0: 0, 3: 1, 4: 3 };
const PROHIBITED = 13;
const PROTOCOL_UNREACHABLE = 2;
const FRAGMENTATION_NEEDED = 4;
/** An ICMPv6 Parameter Problem with this code is about a protocol that nobody knows. */
const UNKNOWN_PROTOCOL = 1;

function ofIcmpv4(about: Uint8Array, error: NetworkError): LayerInput {
  const invoking = about.slice(0, MAX_IPV4_ERROR - IPV4_HEADER - ERROR_HEADER);
  const layer = 'icmpv4-destination-unreachable';
  const unreachable = (code: number, nextHopMtu = 0) =>
    ({ layer, code, nextHopMtu, invoking }) as const;
  switch (error.kind) {
    case 'unreachable':
      return unreachable(UNREACHABLE[error.code] ?? PROHIBITED);
    case 'too-big':
      return unreachable(FRAGMENTATION_NEEDED, Math.min(error.mtu, 0xffff));
    case 'time-exceeded':
      return { layer: 'icmpv4-time-exceeded', code: error.code, invoking };
    case 'parameter-problem':
      if (error.code === UNKNOWN_PROTOCOL) return unreachable(PROTOCOL_UNREACHABLE);
      return { layer: 'icmpv4-parameter-problem', pointer: error.pointer, invoking };
  }
}

/** What a message says, and the packet that it says it about; undefined where it is no error. */
export function errorIn(
  message: Layer,
): { readonly error: NetworkError; readonly about: Uint8Array } | undefined {
  const error = errorOf(message);
  return error && 'invoking' in message ? { error, about: message.invoking } : undefined;
}

function errorOf(message: Layer): NetworkError | undefined {
  switch (message.layer) {
    case 'destination-unreachable':
      return { kind: 'unreachable', code: message.code };
    case 'packet-too-big':
      return { kind: 'too-big', mtu: message.mtu };
    case 'time-exceeded':
    case 'icmpv4-time-exceeded':
      return { kind: 'time-exceeded', code: message.code };
    case 'parameter-problem': {
      const { code, pointer } = message;
      return { kind: 'parameter-problem', code, pointer };
    }
    case 'icmpv4-parameter-problem':
      return { kind: 'parameter-problem', code: 0, pointer: message.pointer };
    case 'icmpv4-destination-unreachable': {
      const { code, nextHopMtu, invoking } = message;
      if (code !== FRAGMENTATION_NEEDED) return unreachableOf(code);
      return { kind: 'too-big', mtu: nextHopMtu === 0 ? plateauBelow(invoking) : nextHopMtu };
    }
    default:
      return undefined;
  }
}

const BY_ICMPV4_CODE = new Map(Object.entries(UNREACHABLE).map(([to, from]) => [from, Number(to)]));

function unreachableOf(code: number): NetworkError {
  if (code !== PROTOCOL_UNREACHABLE) {
    return { kind: 'unreachable', code: BY_ICMPV4_CODE.get(code) ?? 1 };
  }
  return { kind: 'parameter-problem', code: UNKNOWN_PROTOCOL, pointer: 0 };
}

/** Source: RFC 1191 section 5. */
function plateauBelow(about: Uint8Array): number {
  const length = about.length < IPV4_HEADER ? 0 : lengthOf(about);
  return PLATEAUS.find((mtu) => mtu < length) ?? PLATEAUS.at(-1)!;
}

/** Source: RFC 4443 section 2.4 (e), RFC 1812 section 4.3.2.7. */
export function mayCauseError(about: Uint8Array, { kind, ...error }: NetworkError): boolean {
  const ipv4 = isIpv4Packet(about);
  const source = sourceOf(about);
  if (ipv4 ? !isUnicastRoutable(source) : source === UNSPECIFIED || isMulticast(source))
    return false;
  const multicastToo =
    kind === 'too-big' || ('code' in error && 'pointer' in error && error.code === 2);
  if ((ipv4 || !multicastToo) && isMulticast(destinationOf(about))) return false;
  const walk = walkPacket(about);
  // Of a packet in parts the first one tells; one whose options cannot be read may be any part, of any error.
  if (ipv4 && walk?.firstFragment !== true) return false;
  if (walk?.protocol !== (ipv4 ? PROTOCOL.icmpv4 : PROTOCOL.icmpv6)) return true;
  const type = about[walk.upperAt] ?? 0;
  if (ipv4) return type === ICMPV4.echoRequest || type === ICMPV4.echoReply;
  return type >= 128 && type !== ICMPV6.redirect;
}
