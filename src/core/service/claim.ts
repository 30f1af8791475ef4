import type { Address } from '../../wire/address.ts';
import type { ServiceConfig } from '../config.ts';
import type { Received } from '../part.ts';

/**
 * Who says in this message that it holds the service address: somebody else's Neighbor Advertisement for
 * it. It proves nothing, as Neighbor Discovery does not; what follows of it does.
 */
export function claimOf(received: Received, { service, link }: ServiceConfig): Address | undefined {
  const { message, source } = received;
  if (received.link !== link || message.layer !== 'neighbor-advertisement') return undefined;
  return message.targetAddress === service ? source : undefined;
}
