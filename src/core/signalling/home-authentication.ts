/**
 * How a mobile node and its home agent prove their messages to each other, whatever the method.
 *
 * Supported standards: RFC 4285 sections 5 and 6 (MN-HA authentication option, message identifier);
 * RFC 3776 and RFC 6275 section 5.1 (ESP, of which `protection.ts` is the other half).
 */
import type { Layer } from '../../wire/packet.ts';
import type { Authentication } from '../config.ts';
import type { Received } from '../part.ts';
import type { Cryptography, Environment } from '../role.ts';
import {
  type AuthenticatedBinding,
  signAuthenticationOption,
  verifyAuthenticationOption,
} from '../security/authentication-option.ts';
import { NO_PROOF, type Proof } from './signalling.ts';

/** RFC 4285 section 5.1: the option between mobile node and home agent. */
const MN_HA = 1;
const AUTHENTICATOR_SIZE = 12;

/**
 * The options that prove a message.
 * @param timestamp the sender's time in an update; in an acknowledgement the update's own, or (with
 *   status 144) the home agent's time.
 */
export function homeProof(
  authentication: Authentication,
  crypto: Cryptography,
  subject: AuthenticatedBinding,
  timestamp: bigint,
): Proof {
  if (authentication.method !== 'rfc4285') return NO_PROOF;
  const { spi, key } = authentication;
  return {
    options: [
      { option: 'replay-protection', timestamp },
      {
        option: 'authentication',
        subtype: MN_HA,
        spi,
        authenticationData: new Uint8Array(AUTHENTICATOR_SIZE),
      },
    ],
    sign: (packet) => signAuthenticationOption(crypto, packet, key, subject),
  };
}

/** The number of the security association of RFC 4285 in four octets; none with other methods. */
export function associationNumber(authentication: Authentication): Uint8Array {
  const number = new Uint8Array(authentication.method === 'rfc4285' ? 4 : 0);
  if (authentication.method === 'rfc4285') {
    new DataView(number.buffer).setUint32(0, authentication.spi);
  }
  return number;
}

export type ProofResult = 'proved' | 'missing' | 'wrong';

/** Does the message carry the proof that this method demands? */
export function checkHomeProof(
  authentication: Authentication,
  { crypto, without }: Pick<Environment, 'crypto' | 'without'>,
  subject: AuthenticatedBinding,
  received: Received,
): ProofResult {
  if (authentication.method === 'none') return 'proved';
  if (authentication.method === 'esp') {
    return without.has('esp') ? 'proved' : espProof(subject, received);
  }
  const { message, octets: packet } = received;
  const option = optionsOf(message).find((one) => one.option === 'authentication');
  if (option === undefined || option.subtype !== MN_HA) return 'missing';
  if (option.spi !== authentication.spi) return 'wrong';
  return verifyAuthenticationOption(crypto, packet, authentication.key, subject)
    ? 'proved'
    : 'wrong';
}

/**
 * The association must be the one of this very home address. It does not cover the source address,
 * so an update that binds must name the care-of address in its option, which is covered.
 * Source: RFC 3776 section 3.1, RFC 6275 section 11.7.1.
 */
function espProof({ careOf, home }: AuthenticatedBinding, received: Received): ProofResult {
  const { provedHome, message } = received;
  if (provedHome === undefined) return 'missing';
  if (provedHome !== home) return 'wrong';
  if (message.layer !== 'binding-update' || message.lifetime === 0 || careOf === home) {
    return 'proved';
  }
  const named = message.options.some((one) => one.option === 'alternate-care-of-address');
  return named ? 'proved' : 'missing';
}

/** The timestamp in a message's replay protection option. Source: RFC 4285 section 6. */
export function timestampOf(message: Layer): bigint | undefined {
  return optionsOf(message).find((one) => one.option === 'replay-protection')?.timestamp;
}

function optionsOf(message: Layer) {
  switch (message.layer) {
    case 'binding-update':
    case 'binding-acknowledgement':
    case 'binding-revocation-indication':
    case 'binding-revocation-acknowledgement':
      return message.options;
    default:
      return [];
  }
}
