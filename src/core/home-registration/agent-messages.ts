import type { Address } from '../../wire/address.ts';
import type { Received } from '../part.ts';
import type { Instant } from '../time.ts';
import type { HomeRegistration } from './home-registration.ts';
import type { HomeProgress } from './registration-events.ts';

/** "I know no binding of yours". Source: RFC 6275 section 6.1.9. */
const UNKNOWN_BINDING = 1;

/** What the home agent says of the registration; undefined: it is about something else. */
export function fromAgent(
  received: Received,
  registration: HomeRegistration,
  at: { readonly home: Address; readonly careOf: Address | undefined },
  now: Instant,
): HomeProgress | undefined {
  const { message, destination, tunnel } = received;
  if (message.layer === 'destination-unreachable') {
    return { outputs: registration.unreachable(received, now) };
  }
  if (received.source !== registration.agent) return undefined;
  if (message.layer === 'binding-acknowledgement') {
    return registration.acknowledged(received, message, now);
  }
  if (message.layer === 'binding-revocation-indication') {
    return registration.revoked(received, message, now);
  }
  if (message.layer !== 'binding-error' || message.status !== UNKNOWN_BINDING) return undefined;
  // Inside UDP the home agent may know no more of us than the home address.
  const ours = destination === (tunnel?.udp === undefined ? at.careOf : at.home);
  return ours ? registration.unknownToAgent(now) : { outputs: [] };
}
