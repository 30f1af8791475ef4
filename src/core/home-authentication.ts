/**
 * How a mobile node and its home agent prove their messages to each other, whatever the method.
 *
 * Supported standards: RFC 4285 sections 5 and 6 (MN-HA authentication option, message identifier).
 */
import type { Layer } from '../wire/packet.ts';
import type { Authentication } from './config.ts';
import type { Cryptography } from './role.ts';
import {
  type AuthenticatedBinding,
  signAuthenticationOption,
  verifyAuthenticationOption,
} from './security/authentication-option.ts';
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
  if (authentication.method === 'none') return NO_PROOF;
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

export type ProofResult = 'proved' | 'missing' | 'wrong';

/** Does the message carry the proof that this method demands? */
export function checkHomeProof(
  authentication: Authentication,
  crypto: Cryptography,
  subject: AuthenticatedBinding,
  message: Layer,
  packet: Uint8Array,
): ProofResult {
  if (authentication.method === 'none') return 'proved';
  const option = optionsOf(message).find((one) => one.option === 'authentication');
  if (option === undefined || option.subtype !== MN_HA) return 'missing';
  if (option.spi !== authentication.spi) return 'wrong';
  return verifyAuthenticationOption(crypto, packet, authentication.key, subject)
    ? 'proved'
    : 'wrong';
}

/** The timestamp in a message's replay protection option. Source: RFC 4285 section 6. */
export function timestampOf(message: Layer): bigint | undefined {
  return optionsOf(message).find((one) => one.option === 'replay-protection')?.timestamp;
}

function optionsOf(message: Layer) {
  return message.layer === 'binding-update' || message.layer === 'binding-acknowledgement'
    ? message.options
    : [];
}
