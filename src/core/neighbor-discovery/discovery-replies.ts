import { type Address, formatAddress, isUnicastRoutable } from '../../wire/address.ts';
import { count, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Environment, Output } from '../role.ts';
import { signal, taken } from '../signalling/signalling.ts';
import { type Instant, milliseconds } from '../time.ts';

/** Replies a second and at once: anybody can ask in anybody's name. */
const INTERVAL = milliseconds(50);
const BURST = 20;

/**
 * Says which home agents there are, to whoever asks: 20 times a second and no more.
 *
 * Supported standards: RFC 6275 sections 6.6 and 10.5.
 */
export class DiscoveryReplies {
  readonly #limit: RateLimit;

  constructor({ without }: Pick<Environment, 'without'>) {
    const endless = without.has('answer-limit');
    this.#limit = new RateLimit(INTERVAL, endless ? Number.POSITIVE_INFINITY : BURST);
  }

  /** @param reply `from`: an address of this agent, never the anycast one; `agents`: best first. */
  answer(
    received: Received,
    reply: {
      readonly identifier: number;
      readonly from: Address;
      agents(): readonly Address[];
    },
    now: Instant,
  ): Output[] {
    const { source } = received;
    if (!isUnicastRoutable(source)) return [count('discovery.request_refused')];
    if (!this.#limit.take(now)) return [count('discovery.reply_suppressed')];
    const { identifier, from } = reply;
    const homeAgentAddresses = [...reply.agents()];
    return [
      taken(received),
      count('discovery.reply_sent'),
      ...signal({
        source: from,
        destination: source,
        layers: [{ layer: 'home-agent-address-discovery-reply', identifier, homeAgentAddresses }],
        detail: homeAgentAddresses.map(formatAddress).join(', '),
      }),
    ];
  }
}
