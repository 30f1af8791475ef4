import type { NetworkError } from '../../../core/icmp-messages.ts';
import { after, seconds } from '../../../core/time.ts';
import { Alarm } from '../../simulation.ts';
import type { Kernel } from '../kernel.ts';
import { type Channel, RECEIVE_WINDOW } from './channel.ts';
import type { CloseReason, TcpHandlers, TcpStatistics } from './handlers.ts';
import { Handshake } from './handshake.ts';
import type { MovedConnection } from './moved-connections.ts';
import { Receiver } from './receiver.ts';
import { RetransmissionTimeout } from './retransmission-timeout.ts';
import type { End, Segment } from './segment.ts';
import { type Fill, SendStream } from './send-stream.ts';
import { Sender, type SenderPort } from './sender.ts';

/** Linux: TCP_TIMEWAIT_LEN. */
const TIME_WAIT = seconds(60);
/** Linux: tcp_retries2. */
const RETRIES = 15;

type State = 'syn-sent' | 'syn-received' | 'open' | 'time-wait' | 'closed';

/**
 * One TCP connection.
 *
 *     syn-sent --SYN+ACK--> open         syn-received --ACK--> open
 *     open --both FINs taken, ours first--> time-wait --60 s--> closed
 *     open --both FINs taken, theirs first--> closed        any --RST, give-up--> closed
 *
 * Source: RFC 9293, RFC 7323 (window scale only), RFC 2018, RFC 5961 (blind reset), RFC 4821 section 7.7.
 */
export class TcpConnection {
  readonly local: End;
  readonly remote: End;
  handlers: TcpHandlers = {};
  readonly #kernel: Kernel;
  readonly #channel: Channel;
  readonly #ended: (connection: TcpConnection) => void;
  readonly #retries: number;
  readonly #stream = new SendStream();
  readonly #timeout = new RetransmissionTimeout();
  readonly #receiver: Receiver;
  readonly #handshake: Handshake;
  /** Ends TIME-WAIT. */
  readonly #alarm: Alarm;
  #state: State;
  #sender: Sender | undefined;
  #closing = false;
  #sentAll = false;
  #segmentsRetransmitted = 0;
  #lastError: NetworkError | undefined;

  constructor(
    kernel: Kernel,
    channel: Channel,
    state: 'syn-sent' | 'syn-received',
    ended: (connection: TcpConnection) => void,
    retries = RETRIES,
  ) {
    this.#kernel = kernel;
    this.#channel = channel;
    this.local = channel.local;
    this.remote = channel.remote;
    this.#state = state;
    this.#ended = ended;
    this.#retries = retries;
    const { simulation } = kernel;
    const answers = state === 'syn-received';
    const failed = (reason: CloseReason) => this.finish(reason);
    this.#handshake = new Handshake(simulation, channel, answers, this.#timeout, failed);
    this.#alarm = new Alarm(simulation, () => this.finish('closed'));
    this.#receiver = new Receiver(simulation, {
      deliver: (octets, offset) => this.handlers.onData?.(octets, offset, this),
      acknowledge: () => this.#acknowledge(),
    });
  }

  get statistics(): TcpStatistics {
    return {
      acknowledged: Math.min(this.#sender?.oldest ?? 0, this.#stream.length),
      received: this.#receiver.received,
      segmentsSent: this.#channel.segmentsSent,
      segmentsRetransmitted: this.#segmentsRetransmitted,
      roundTrip: this.#timeout.roundTrip,
      segmentSize: this.#sender?.segment ?? 0,
      congestionWindow: this.#sender?.congestionWindow ?? 0,
      lastError: this.#lastError,
    };
  }

  /** Appends octets to what is sent. They must not change afterwards. */
  write(octets: Uint8Array): void {
    this.#append(() => this.#stream.write(octets));
  }

  /** Appends octets that are made when they are sent. */
  generate(length: number, fill: Fill): void {
    this.#append(() => this.#stream.generate(length, fill));
  }

  #append(write: () => void): void {
    if (this.#closing) throw new RangeError('the connection is closed for writing');
    write();
    this.#sender?.pump();
  }

  /** Ends this half of the connection when all is sent. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#sender?.close();
  }

  /** Ends the connection at once, with RST. */
  abort(): void {
    if (this.#sender !== undefined && this.#state === 'open') {
      this.#channel.sendReset(this.#sender.highest, this.#receiver.expected);
    }
    this.finish('aborted');
  }

  /** Sends the first SYN, or answers one. */
  start(syn?: Segment): void {
    if (syn !== undefined) this.#channel.meet(syn);
    this.#handshake.send();
  }

  /**
   * What another node needs to go on with it. Undefined: it does not stand, one end is closed, there is a
   * gap in what came, or more than `most` octets are not acknowledged.
   */
  snapshot(most: number): MovedConnection | undefined {
    const sender = this.#sender;
    const { ended, received, spans } = this.#receiver;
    const stands = this.#state === 'open' && !this.#closing && !ended && spans.length === 0;
    if (!stands || sender === undefined || this.#stream.length - sender.oldest > most) {
      return undefined;
    }
    const unacknowledged = new Uint8Array(this.#stream.length - sender.oldest);
    this.#stream.read(sender.oldest, unacknowledged);
    return {
      ...this.#channel.agreed,
      ...{ localPort: this.local.port, remotePort: this.remote.port },
      ...{ acknowledged: sender.oldest, received, window: sender.peerWindow, unacknowledged },
    };
  }

  /** Goes on where another node stopped. */
  resume(moved: MovedConnection): void {
    this.#channel.resume(moved);
    this.#receiver.startAt(moved.received);
    this.#stream.startAt(moved.acknowledged);
    this.#stream.write(moved.unacknowledged);
    this.#begin(moved.window, moved.acknowledged);
    this.#acknowledge();
  }

  /** Takes a segment. */
  receive(segment: Segment): void {
    if (this.#state === 'syn-sent') this.#receiveInSynSent(segment);
    else if (this.#state === 'syn-received') this.#receiveInSynReceived(segment);
    else this.#receiveOpen(segment);
  }

  /** Has the segment that begins there been sent, and not been acknowledged? RFC 5927 section 4.1. */
  isUnderWay(sequence: number): boolean {
    const sender = this.#sender;
    if (sender === undefined) return this.#channel.isInitial(sequence);
    const offset = this.#channel.offsetOf(sequence, sender.oldest);
    return offset >= sender.oldest && offset <= sender.highest;
  }

  /** An error about a segment of this connection. */
  failed(error: NetworkError, sequence: number | undefined): void {
    this.#lastError = error;
    if (error.kind === 'too-big') {
      // Source: RFC 8201 section 5.4.
      if (this.#resizeTo(this.#channel.pathSegment())) this.#sender!.sendAnew();
      return;
    }
    // RFC 5927 section 4.1: believe only what quotes something that is under way.
    const connecting = this.#state === 'syn-sent' && this.#channel.isInitial(sequence);
    if (connecting && error.kind !== 'time-exceeded') this.finish('unreachable');
  }

  /** Ends it for a reason, and says so; nothing is sent. */
  finish(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    const reported = this.#state === 'time-wait';
    this.halt();
    this.#ended(this);
    if (!reported) this.handlers.onClose?.(reason, this);
  }

  /** Ends it without a word: the node is dead. */
  halt(): void {
    this.#state = 'closed';
    this.#alarm.set(undefined);
    this.#handshake.halt();
    this.#receiver.halt();
    this.#sender?.halt();
  }

  #receiveInSynSent(segment: Segment): void {
    const { syn, ack, rst } = segment;
    if (!this.#channel.acknowledgesSyn(segment)) {
      if (ack && !rst) this.#channel.rejectAcknowledgement(segment);
      return;
    }
    if (rst) this.finish('refused');
    if (rst || !syn) return;
    this.#channel.meet(segment);
    this.#open(segment);
    this.#acknowledge();
    this.handlers.onConnect?.(this);
  }

  #receiveInSynReceived(segment: Segment): void {
    if (segment.rst) {
      if (this.#channel.distance(segment.sequence, 0) === 0) this.finish('reset');
    } else if (segment.syn) this.#handshake.send();
    else if (this.#channel.acknowledgesSyn(segment)) {
      this.#open(segment);
      this.handlers.onConnect?.(this);
      this.#receiveOpen(segment);
    }
  }

  /** The handshake is over. */
  #open(segment: Segment): void {
    this.#handshake.done();
    this.#begin(this.#channel.windowOf(segment), 0);
  }

  #begin(window: number, from: number): void {
    this.#state = 'open';
    this.#sender = new Sender(this.#kernel.simulation, this.#stream, this.#port, {
      segment: this.#channel.segmentSize(),
      ...{ window, from },
      retries: this.#retries,
      timeout: this.#timeout,
    });
    if (this.#closing) this.#sender.close();
    else this.#sender.pump();
  }

  readonly #port: SenderPort = {
    transmit: (...what) => this.#transmit(...what),
    finished: () => this.#sent(),
    gaveUp: () => this.finish('time-out'),
    stopped: () => this.#suspectBlackHole(),
  };

  #receiveOpen(segment: Segment): void {
    const { payload, syn, ack, fin, rst } = segment;
    const distance = this.#channel.distance(segment.sequence, this.#receiver.expected);
    const length = payload.length + (fin ? 1 : 0);
    if (rst) {
      // RFC 5961 section 3.2: exactly the next octet, or the sender has to prove itself.
      if (distance === 0) this.finish('reset');
      else if (distance > 0 && distance < RECEIVE_WINDOW) this.#acknowledge();
      return;
    }
    if (syn || distance > RECEIVE_WINDOW || distance < -RECEIVE_WINDOW) {
      this.#acknowledge();
      return;
    }
    const old = length > 0 ? distance + length <= 0 : distance < 0;
    if (old) this.#acknowledge();
    if (!ack) return;
    const acknowledges = this.#takeAcknowledgement(segment, length === 0);
    if (!acknowledges || length === 0 || old || this.#state !== 'open') return;
    this.#takeData(this.#receiver.expected + distance, payload, fin);
  }

  /** False: it acknowledges what was never sent, and nothing of it counts. */
  #takeAcknowledgement(segment: Segment, bare: boolean): boolean {
    const sender = this.#sender!;
    const offset = this.#channel.offsetOf(segment.acknowledgement, sender.oldest);
    if (offset > sender.highest) {
      this.#acknowledge();
      return false;
    }
    const window = this.#channel.windowOf(segment);
    const spans = this.#channel.spansOf(segment, sender.oldest);
    sender.acknowledged({ offset, window, bare, spans });
    return true;
  }

  #takeData(start: number, payload: Uint8Array, fin: boolean): void {
    const before = this.#receiver.ended;
    this.#receiver.take(start, payload, fin);
    if (before || !this.#receiver.ended) return;
    const first = this.#sentAll;
    if (this.handlers.onEnd !== undefined) this.handlers.onEnd(this);
    else this.close();
    if (first) this.#bothEnded(true);
  }

  #sent(): void {
    this.#sentAll = true;
    if (this.#receiver.ended) this.#bothEnded(false);
  }

  /** RFC 9293 section 3.6: who closed first waits, lest its last acknowledgement is lost. */
  #bothEnded(first: boolean): void {
    if (!first) {
      this.finish('closed');
      return;
    }
    this.#state = 'time-wait';
    this.#alarm.set(after(this.#kernel.simulation.now, TIME_WAIT));
    this.handlers.onClose?.('closed', this);
  }

  #acknowledge(): void {
    const { expected, spans } = this.#receiver;
    this.#receiver.acknowledged();
    this.#channel.sendAcknowledgement(this.#sender?.highest ?? 0, expected, spans);
  }

  #transmit(offset: number, length: number, fin: boolean, again: boolean): boolean {
    const { expected } = this.#receiver;
    const sent = this.#channel.sendData(offset, length, fin, expected, (into) =>
      this.#stream.read(offset, into),
    );
    if (typeof sent === 'object' && this.#resizeTo(sent.mtu - this.#channel.headers)) return false;
    this.#receiver.acknowledged();
    if (again) {
      this.#segmentsRetransmitted++;
      this.#kernel.count('kernel.tcp_retransmitted');
    }
    return true;
  }

  /** Packets that every path carries are tried, as Linux does where net.ipv4.tcp_mtu_probing is 1. */
  #suspectBlackHole(): void {
    if (this.#kernel.without.has('black-hole-detection')) return;
    if (this.#resizeTo(this.#channel.leastSegment)) this.#kernel.count('kernel.tcp_black_hole');
  }

  /** Says whether segments became smaller. */
  #resizeTo(segment: number): boolean {
    if (this.#sender === undefined || segment >= this.#sender.segment || segment < 1) return false;
    this.#sender.resize(segment);
    return true;
  }
}
