import type { Address } from '../../wire/address.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { Output, Secrets } from '../role.ts';
import { equalOctets } from '../security/constant-time.ts';
import { signal } from './signalling.ts';

/** Octets of each question that only who got it can repeat. */
const COOKIE = 8;

/**
 * What every node answers, whatever it knows of mobility: is anybody there? Each question is drawn anew, so that
 * nobody can answer in the place of another without having seen it.
 *
 * Source: RFC 4443 sections 4.1, 4.2.
 */
export interface EchoQuestion {
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** A question that nobody can guess. */
export function drawQuestion(secrets: Secrets): EchoQuestion {
  const octets = secrets(4 + COOKIE);
  const view = new DataView(octets.buffer, octets.byteOffset);
  return { identifier: view.getUint16(0), sequence: view.getUint16(2), data: octets.slice(4) };
}

/** Sends it. */
export const askByEcho = (
  question: EchoQuestion,
  source: Address,
  destination: Address,
): Output[] =>
  signal({
    source,
    destination,
    layers: [{ layer: 'echo-request', ...question }],
    detail: 'is it there?',
  });

/** Does a reply answer the question? A reply with another identifier is some other program's. */
export function readReply(
  { identifier, sequence, data }: EchoQuestion,
  reply: LayerOf<'echo-reply'>,
): 'answer' | 'forged' | 'of others' {
  if (reply.identifier !== identifier) return 'of others';
  return reply.sequence === sequence && equalOctets(reply.data, data) ? 'answer' : 'forged';
}
