import type { HomeAgentConfig } from '../../core/config.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import { DiscoveryReplies } from '../../core/neighbor-discovery/discovery-replies.ts';
import { HomeAgentsList } from '../../core/neighbor-discovery/home-agents-list.ts';
import type { LinkPrefixes } from '../../core/neighbor-discovery/link-prefixes.ts';
import { readAdvertisement } from '../../core/neighbor-discovery/router-advertisement.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type PartInput, type Received } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';

/**
 * Tells mobile nodes which home agents there are: keeps the home agents list of the home link and
 * answers what comes to the home agents' anycast address.
 *
 * Supported standards: RFC 6275 sections 10.5 and 10.5.1; the R bit of RFC 3963 is not looked at.
 */
export class HomeAgentDirectory {
  readonly #config: HomeAgentConfig;
  readonly #state: NodeState;
  readonly #prefixes: LinkPrefixes;
  readonly #list = new HomeAgentsList();
  readonly #replies: DiscoveryReplies;

  constructor(config: HomeAgentConfig, state: NodeState, prefixes: LinkPrefixes) {
    this.#prefixes = prefixes;
    this.#config = config;
    this.#state = state;
    this.#replies = new DiscoveryReplies(state.env);
  }

  deadline(): Instant | undefined {
    return this.#list.deadline();
  }

  handle(input: PartInput, now: Instant): Output[] {
    this.#list.expire(now);
    if (input.kind === 'start') return this.answerAnycast(this.#config.prefix);
    if (input.kind !== 'received') return [];
    if (input.message.layer === 'home-agent-address-discovery-request') {
      return this.#asked(input, input.message.identifier, now);
    }
    if (input.message.layer !== 'router-advertisement') return [];
    if (input.link !== this.#config.link) return [];
    return this.#heard(input, now);
  }

  /** The anycast address needs no Duplicate Address Detection: others have it too. */
  answerAnycast(prefix: Address): Output[] {
    if (this.#state.env.without.has('home-agent-discovery')) return [];
    const { link, prefixLength } = this.#config;
    const address = homeAgentsAnycast(prefix);
    return [{ kind: 'address', action: 'add', link, address, prefixLength, anycast: true }];
  }

  #heard(received: Received, now: Instant): Output[] {
    const advertisement = readAdvertisement(received, now);
    if (advertisement === undefined) return [count('nd.ra_refused')];
    const left = this.#list.hear(advertisement, now);
    return left === undefined ? [] : [count(left)];
  }

  /** The reply's source is an address of this agent, never the anycast one. */
  #asked(received: Received, identifier: number, now: Instant): Output[] {
    const { advertisement } = this.#config;
    const { destination } = received;
    const about = this.#prefixes.of(destination, now);
    const address = about?.address;
    const isAnycast = about !== undefined && destination === homeAgentsAnycast(about.prefix);
    if (!isAnycast || address === undefined) return [count('discovery.request_refused')];
    const preference = advertisement?.homeAgent?.preference ?? 0;
    const own = { preference, addresses: [address] };
    const agents = () => this.#list.ordered(own, this.#state.env.random);
    return this.#replies.answer(received, { identifier, from: address, agents }, now);
  }
}
