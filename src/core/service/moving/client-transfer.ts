import type { Address } from '../../../wire/address.ts';
import { BINDING_STATUS } from '../../../wire/numbers.ts';
import type { LayerOf } from '../../../wire/packet.ts';
import type { ServerConfig } from '../../config.ts';
import type { AgentClock } from '../../home-registration/agent-clock.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { checkHomeProof, homeProof, timestampOf } from '../../signalling/home-authentication.ts';
import { bindingUpdate } from '../../signalling/signalling.ts';
import { after, type Duration, type Instant, milliseconds, seconds, sooner } from '../../time.ts';
import { MAX_PIECE, movedClientOptions, piecesOf } from './moved-client.ts';

/** Updates that wait for their answers at once. */
const WINDOW = 16;
/** What is not answered is sent again after so long, and after twice as long the next time. */
const FIRST_WAIT = milliseconds(200);
/** What has not come over by then stays. */
const LONGEST: Duration = seconds(3);

interface Sent {
  /** Stamps of all updates that have carried the piece, by their sequence numbers: each may be answered. */
  readonly copies: ReadonlyMap<number, bigint>;
  readonly wait: Duration;
  readonly again: Instant;
}

/** What all transfers of a server draw from, so that no answer is taken for another one's. */
export interface Numbers {
  next(): number;
  /** The clock of the server that it goes to. */
  clockOf(server: Address): AgentClock;
}

/** `taken`: the other server has all of it, and goes on with the client. */
export interface TransferProgress {
  readonly outputs: Output[];
  readonly result?: 'taken' | 'refused';
}

/**
 * A client's connections on their way to another server, in home registrations with that server: each
 * carries a piece, is proved and answered, and is sent again until it is. They bind nothing, so the rate of
 * a node's registrations (RFC 6275 section 11.8) is not theirs: a window bounds them.
 *
 *     sending --all answered--> taken        --one refused, or time over--> refused
 *
 * Supported standards: RFC 4285 for the proof; after the multihoming seed's third embodiment.
 */
export class ClientTransfer {
  readonly to: Address;
  readonly #config: ServerConfig;
  readonly #state: NodeState;
  readonly #numbers: Numbers;
  readonly #client: Address;
  readonly #octets: Uint8Array;
  readonly #transfer: number;
  readonly #over: Instant;
  /** Pieces without an answer. */
  readonly #sent = new Map<number, Sent>();
  readonly #answered = new Set<number>();
  #next = 0;

  constructor(
    { config, state, numbers }: Pick<Surroundings, 'config' | 'state' | 'numbers'>,
    { client, to, octets }: Pick<Surroundings, 'client' | 'to' | 'octets'>,
    now: Instant,
  ) {
    this.to = to;
    this.#config = config;
    this.#state = state;
    this.#numbers = numbers;
    this.#client = client;
    this.#octets = octets;
    this.#transfer = Math.floor(state.env.random() * 2 ** 32);
    this.#over = after(now, LONGEST);
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined = this.#over;
    for (const { again } of this.#sent.values()) deadline = sooner(deadline, again);
    return deadline;
  }

  /** Sends as much as may be on its way at once. */
  send(now: Instant): Output[] {
    const outputs: Output[] = [];
    while (this.#sent.size < WINDOW && this.#next < piecesOf(this.#octets.length)) {
      outputs.push(...this.#send(this.#next++, FIRST_WAIT, now));
    }
    return outputs;
  }

  tick(now: Instant): TransferProgress {
    if (now >= this.#over) return { outputs: [], result: 'refused' };
    const due = [...this.#sent].filter(([, { again }]) => now >= again);
    const outputs = due.flatMap(([piece, { wait }]) => {
      const repeated = count('mobility.bu_retransmitted');
      return [repeated, ...this.#send(piece, (2 * wait) as Duration, now)];
    });
    return { outputs };
  }

  /** Undefined: it answers nothing of this. */
  acknowledged(
    received: Received,
    message: LayerOf<'binding-acknowledgement'>,
    now: Instant,
  ): TransferProgress | undefined {
    const { sequence, status } = message;
    const found = [...this.#sent].find(([, { copies }]) => copies.has(sequence));
    if (received.source !== this.to || found === undefined) return undefined;
    const [piece, { copies, wait }] = found;
    const { authentication, service: home, address: careOf } = this.#config;
    const proof = checkHomeProof(authentication, this.#state.env, { careOf, home }, received);
    const stamp = timestampOf(message);
    const isOld = status === BINDING_STATUS.mipv6IdMismatch;
    if (proof !== 'proved' || (!isOld && stamp !== copies.get(sequence))) {
      return { outputs: [count('mobility.ba_unauthenticated')] };
    }
    if (isOld) {
      // A later copy of it is under way.
      if (sequence !== [...copies.keys()].at(-1)) return { outputs: [] };
      // One that overtook it made it old; a clock that differs does so every time.
      if (wait > FIRST_WAIT) this.#numbers.clockOf(this.to).adjust(stamp, now);
      return { outputs: this.#send(piece, (2 * wait) as Duration, now) };
    }
    if (status >= 128) return { outputs: [], result: 'refused' };
    this.#sent.delete(piece);
    this.#answered.add(piece);
    if (this.#answered.size < piecesOf(this.#octets.length)) return { outputs: this.send(now) };
    return { outputs: [], result: 'taken' };
  }

  #send(piece: number, wait: Duration, now: Instant): Output[] {
    const { service: home, address: careOf, authentication, lifetime } = this.#config;
    const stamp = this.#numbers.clockOf(this.to).stamp(now);
    const sequence = this.#numbers.next();
    const copies = new Map(this.#sent.get(piece)?.copies).set(sequence, stamp);
    this.#sent.set(piece, { copies, wait, again: after(now, wait) });
    const offset = piece * MAX_PIECE;
    const octets = this.#octets.subarray(offset, offset + MAX_PIECE);
    const whole = { transfer: this.#transfer, total: this.#octets.length, client: this.#client };
    const update = bindingUpdate({
      ...{ careOf, home, to: this.to, sequence, lifetime, homeRegistration: true },
      told: movedClientOptions({ ...whole, server: this.to, offset, octets }),
      proof: homeProof(authentication, this.#state.env.crypto, { careOf, home }, stamp),
    });
    return [count('mobility.bu_sent'), ...update];
  }
}

interface Surroundings {
  readonly config: ServerConfig;
  readonly state: NodeState;
  readonly numbers: Numbers;
  readonly client: Address;
  readonly to: Address;
  readonly octets: Uint8Array;
}
