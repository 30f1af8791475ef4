import { type Address, readAddress } from '../../wire/address.ts';
import { PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { walkHeaders } from '../../wire/walk.ts';
import type { HomeRegistrationConfig } from '../config.ts';
import { PacketView } from '../forwarding/packet-view.ts';
import type { NodeState } from '../node-state.ts';
import type { Received } from '../part.ts';
import type { Output } from '../role.ts';
import { inUdp, toAgentEnds } from '../signalling/udp-signalling.ts';
import { after, type Instant, milliseconds, sooner } from '../time.ts';

export type Way = 'open' | 'udp';

/** So much later than in the open a repeat goes inside UDP, if nothing was answered meanwhile. */
const HEAD_START = milliseconds(300);
/** Networks that are remembered for needing UDP; the oldest is forgotten. */
const MAX_NETWORKS = 16;

/**
 * How a mobile node's updates get to its home agent: in the open, or inside UDP.
 *
 *     open --no answer in time--> again, then inside UDP --answered there--> udp
 *     udp --answered in the open--> open (asked for once more there, so that both agree)
 *
 * The home agent sends the way that the newest update came. Of a pair the one inside UDP is the newer:
 * where both get through, the home agent is told once more in the open; where the answer in the open is
 * lost, both have UDP already. So at no time does one of the two send where the other does not listen
 * for longer than a round trip.
 *
 * Bounded: 16 networks (by the prefix of the care-of address) are remembered for needing UDP, so that
 * a return to one takes no waiting; there both ways are tried at once.
 */
export class AgentWay {
  readonly #config: HomeRegistrationConfig;
  readonly #state: NodeState;
  /** How the home agent sends to this care-of address, as far as it has said. */
  #now: { readonly careOf: Address; readonly way: Way } | undefined;
  /** Prefixes of care-of addresses with which nothing else got through. */
  readonly #networks = new Set<string>();
  /** Until when the home agent counts as taking nothing inside UDP. */
  #closed: { readonly agent: Address; readonly until: Instant } | undefined;
  /** The newest update that went inside UDP, while it waits for an answer. */
  #asked: { readonly octets: Uint8Array; readonly sequence: number } | undefined;
  /** Number of the newest update in the open. */
  #openSequence: number | undefined;
  #keepAliveAt: Instant | undefined;
  /** When the update that waits is to go inside UDP too. */
  #udpAt: Instant | undefined;

  constructor(config: HomeRegistrationConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
  }

  deadline(): Instant | undefined {
    return sooner(this.#keepAliveAt, this.#udpAt);
  }

  /** Are packets to this care-of address to go inside UDP? */
  isUdp(careOf: Address): boolean {
    return this.#now?.careOf === careOf && this.#now.way === 'udp';
  }

  /** Does an update inside UDP wait for its answer? */
  get asks(): boolean {
    return this.#asked !== undefined;
  }

  /**
   * Is an update to go inside UDP too, now or somewhat later (`isDue`)?
   * @param repeat how often it was sent for want of an answer.
   */
  triesUdp(careOf: Address, agent: Address, repeat: number, now: Instant): boolean {
    const { env } = this.#state;
    if (this.#config.udpEncapsulation !== true || env.without.has('udp-encapsulation'))
      return false;
    if (careOf === this.#config.home) return false;
    const closed = this.#closed;
    if (closed?.agent === agent && now < closed.until) return false;
    const needed = this.isUdp(careOf) || this.#networks.has(networkOf(careOf));
    if (!needed && repeat === 0) return false;
    this.#udpAt = needed ? now : after(now, HEAD_START);
    return true;
  }

  /** Is an update to go inside UDP now? */
  isDue(now: Instant): boolean {
    if (this.#udpAt === undefined || now < this.#udpAt) return false;
    this.#udpAt = undefined;
    return true;
  }

  /** An update for this target goes in the open alone: no answer inside UDP is one to it. */
  begin(): void {
    this.#asked = undefined;
    this.#udpAt = undefined;
  }

  /** An update went in the open. */
  sentOpen(sequence: number): void {
    this.#openSequence = sequence;
  }

  /** Does a late answer show that the open way works after all? Told once for each update. */
  shownOpen(careOf: Address, way: Way, sequence: number): boolean {
    if (way !== 'open' || !this.isUdp(careOf) || sequence !== this.#openSequence) return false;
    this.#openSequence = undefined;
    return true;
  }

  /** The update inside UDP. */
  sent(outputs: readonly Output[], careOf: Address, agent: Address, sequence: number): Output[] {
    const packet = outputs.find((one) => one.kind === 'transmit');
    if (packet !== undefined) this.#asked = { octets: packet.octets, sequence };
    return inUdp(outputs, toAgentEnds(careOf, agent));
  }

  /**
   * An update was accepted, by an answer that came this way. `changed`: packets go another way from now
   * on; `again`: the home agent is to be told once more, in the open.
   */
  accepted(careOf: Address, way: Way, sequence: number, now: Instant) {
    this.#udpAt = undefined;
    const before = this.isUdp(careOf) ? 'udp' : 'open';
    const asked = this.#asked;
    this.#now = { careOf, way };
    const network = networkOf(careOf);
    this.#networks.delete(network);
    if (way === 'udp') this.#remember(network);
    // What was sent later inside UDP may have been taken since, and its answer be lost.
    const again = way === 'open' && asked !== undefined && asked.sequence !== sequence;
    if (way === 'open' || asked?.sequence === sequence) this.#asked = undefined;
    const alive = way === 'udp' && !this.#state.env.without.has('udp-keep-alive');
    this.#keepAliveAt = alive ? after(now, this.#state.constants.NATKATIMEOUT) : undefined;
    return { changed: before !== way, again };
  }

  #remember(network: string): void {
    if (this.#state.env.without.has('path-memory')) return;
    this.#networks.add(network);
    if (this.#networks.size > MAX_NETWORKS)
      this.#networks.delete(this.#networks.values().next().value!);
  }

  /** Nothing is held any more, or it is held for another place. */
  stop(): void {
    this.#now = undefined;
    this.#asked = undefined;
    this.#udpAt = undefined;
    this.#keepAliveAt = undefined;
  }

  /**
   * What keeps translators from forgetting us: an empty packet from the home address to the home agent,
   * which goes the way that all such packets go.
   */
  keepAlive(agent: Address | undefined, now: Instant): Output[] {
    if (this.#keepAliveAt === undefined || now < this.#keepAliveAt || agent === undefined)
      return [];
    this.#keepAliveAt = after(now, this.#state.constants.NATKATIMEOUT);
    const ends = { source: this.#config.home, destination: agent };
    return [
      { kind: 'count', counter: 'udp.kept_alive' },
      { kind: 'transmit', octets: serialisePacket([{ layer: 'ipv6', ...ends, hopLimit: 64 }]) },
    ];
  }

  /**
   * "Port unreachable": the home agent takes nothing inside UDP. Believed only of the very update that
   * waits for its answer, whose octets nobody knows who has not seen it. True: it is so.
   */
  closed(received: Received, agent: Address, now: Instant): boolean {
    const { message, source, destination } = received;
    if (message.layer !== 'destination-unreachable' || this.#asked === undefined) return false;
    if (source !== agent || message.code !== PORT_UNREACHABLE) return false;
    if (!this.#isAsked(message.invoking, destination, agent)) return false;
    this.#asked = undefined;
    this.#closed = { agent, until: after(now, this.#state.constants.UNAWARE_TIME) };
    return true;
  }

  #isAsked(invoking: Uint8Array, careOf: Address, agent: Address): boolean {
    const walk = walkHeaders(invoking);
    if (walk?.protocol !== PROTOCOL.udp) return false;
    const at = walk.upperAt + 8;
    const quoted = invoking.subarray(at);
    const asked = this.#asked!.octets;
    const same = asked.every((octet, i) => octet === quoted[i]);
    const { sport, dport } = new PacketView(invoking);
    const ports = sport === UDP_PORT.mobility && dport === UDP_PORT.mobility;
    return (
      same && ports && readAddress(invoking, 8) === careOf && readAddress(invoking, 24) === agent
    );
  }
}

/** RFC 4443 section 3.1. */
const PORT_UNREACHABLE = 4;

/** The first 64 bits of a care-of address. */
const networkOf = (careOf: Address): string => careOf.slice(0, 8);
