import { MINIMUM_MTU } from '../../../core/forwarding/path-mtus.ts';
import { isIpv4 } from '../../../wire/address.ts';
import type { Sent } from '../ip-output.ts';
import type { Kernel } from '../kernel.ts';
import type { Agreed } from './moved-connections.ts';
import type { Span } from './scoreboard.ts';
import {
  dataPacket,
  type End,
  headersOf,
  type Segment,
  type SegmentInput,
  segmentPacket,
} from './segment.ts';

/** Implementation constants. What a receiver takes ahead; 20 Mbit/s x 100 ms need 250 000. */
export const RECEIVE_WINDOW = 2 ** 20;
const RECEIVE_SCALE = 7;
/** A tunnel's header, and one Home Address option or Type 2 Routing header inside. */
const IDENTITY_RESERVE = 40 + 24;
/** What every IPv4 host takes. Source: RFC 791 section 3.1, RFC 9293 section 3.7.1. */
const IPV4_EVERYWHERE = 576;

/**
 * What a connection's two ends agreed on, and how its segments are made: offsets in streams become
 * sequence numbers here, and windows are scaled.
 *
 * Source: RFC 9293 section 3.4, RFC 7323 section 2, RFC 2018 section 2.
 */
export class Channel {
  readonly local: End;
  readonly remote: End;
  /** Octets of a segment's headers without options. */
  readonly headers: number;
  /** Segments of so many octets pass everywhere. */
  readonly leastSegment: number;
  segmentsSent = 0;
  readonly #kernel: Kernel;
  #initial: number;
  #peerInitial = 0;
  #peerScale = 0;
  #scaled = true;
  #selective = true;
  #template: Uint8Array | undefined;
  #peerSegment: number;

  constructor(kernel: Kernel, local: End, remote: End) {
    this.#kernel = kernel;
    this.local = local;
    this.remote = remote;
    this.headers = headersOf(local);
    this.leastSegment = (isIpv4(local.address) ? IPV4_EVERYWHERE : MINIMUM_MTU) - this.headers;
    this.#peerSegment = this.leastSegment;
    this.#initial = Math.floor(kernel.random() * 2 ** 32);
  }

  /** Takes what a SYN says of the other end. */
  meet(syn: Segment): void {
    this.#peerInitial = syn.sequence;
    this.#selective = syn.sackPermitted;
    this.#scaled = syn.windowScale !== undefined;
    this.#peerScale = syn.windowScale ?? 0;
    this.#peerSegment = syn.maximumSegmentSize ?? this.leastSegment;
  }

  /** What the two ends agreed on, for another node to go on with. */
  get agreed(): Agreed {
    return {
      initial: this.#initial,
      peerInitial: this.#peerInitial,
      peerScale: this.#peerScale,
      peerSegment: this.#peerSegment,
      scaled: this.#scaled,
      selective: this.#selective,
    };
  }

  /** Goes on with what another node agreed on. */
  resume(agreed: Agreed): void {
    this.#initial = agreed.initial;
    this.#peerInitial = agreed.peerInitial;
    this.#peerScale = agreed.peerScale;
    this.#peerSegment = agreed.peerSegment;
    this.#scaled = agreed.scaled;
    this.#selective = agreed.selective;
  }

  /** The octets that a segment may carry now. */
  segmentSize(): number {
    return Math.min(this.#peerSegment, this.pathSegment());
  }

  /** The octets of a segment that the path carries now. */
  pathSegment(): number {
    const probe = segmentPacket(this.local, this.remote, { sequence: 0, ack: true });
    return (this.#kernel.output.mtuFor(probe) ?? MINIMUM_MTU) - this.headers;
  }

  /**
   * What the other end is told to send at most. Packets to a home address grow on their way when it
   * is away: a peer that knows this from the start causes no Packet Too Big at each first move.
   */
  #offeredSegment(): number {
    const size = this.pathSegment();
    const linkMtu = this.#kernel.mtuOfIdentity(this.local.address);
    return linkMtu === undefined ? size : Math.min(size, linkMtu - IDENTITY_RESERVE - this.headers);
  }

  /** The window that a segment gives. That of a SYN is never scaled (RFC 7323 section 2.2). */
  windowOf({ syn, window }: Segment): number {
    return syn ? window : window << this.#peerScale;
  }

  /** Does it acknowledge the SYN and nothing else? */
  acknowledgesSyn({ ack, acknowledgement }: Segment): boolean {
    return ack && acknowledgement === this.#sequenceOf(0);
  }

  /** Is it the sequence number of the SYN? */
  isInitial(sequence: number | undefined): boolean {
    return sequence === this.#initial;
  }

  /** The offset in the own stream that an acknowledgement number means, near a known one. */
  offsetOf(acknowledgement: number, near: number): number {
    return near + ((acknowledgement - this.#sequenceOf(near)) | 0);
  }

  /** What the other end has beyond its acknowledgement. */
  spansOf({ blocks }: Segment, near: number): Span[] {
    return blocks.map(([from, to]) => ({
      start: this.offsetOf(from, near),
      end: this.offsetOf(to, near),
    }));
  }

  /** How far behind `expected`, an offset of the other end's stream, a sequence number lies. */
  distance(sequence: number, expected: number): number {
    return (sequence - this.#peerSequenceOf(expected)) | 0;
  }

  /** Sends a SYN; `answers`: to the one of the other end. */
  sendSyn(answers: boolean): Sent {
    return this.#send({
      sequence: this.#initial,
      syn: true,
      ...(answers && { ack: true, acknowledgement: this.#peerSequenceOf(0) }),
      window: 0xffff,
      maximumSegmentSize: this.#offeredSegment(),
      ...(this.#scaled && { windowScale: RECEIVE_SCALE }),
      sackPermitted: this.#selective,
    });
  }

  /** Sends octets of the own stream, which `read` writes. */
  sendData(
    offset: number,
    length: number,
    fin: boolean,
    expected: number,
    read: (into: Uint8Array) => void,
  ): Sent {
    const { local, remote } = this;
    this.#template ??= segmentPacket(local, remote, { sequence: 0, ack: true });
    const segment = { sequence: this.#sequenceOf(offset), fin, ...this.#standing(expected) };
    this.segmentsSent++;
    return this.#kernel.output.send(
      dataPacket(this.#template, local, remote, segment, length, read),
      true,
    );
  }

  /** Acknowledges what came before `expected`, and spans behind it. */
  sendAcknowledgement(offset: number, expected: number, spans: readonly Span[]): void {
    const blocks = (this.#selective ? spans : []).map(
      ({ start, end }) => [this.#peerSequenceOf(start), this.#peerSequenceOf(end)] as const,
    );
    this.#send({ sequence: this.#sequenceOf(offset), blocks, ...this.#standing(expected) });
  }

  sendReset(offset: number, expected: number): void {
    const sequence = this.#sequenceOf(offset);
    this.#send({ sequence, rst: true, ...this.#standing(expected), window: 0 });
  }

  /** Answers a segment that acknowledges what was never sent. Source: RFC 9293 section 3.10.7.3. */
  rejectAcknowledgement({ acknowledgement }: Segment): void {
    this.#send({ sequence: acknowledgement, rst: true });
  }

  /** What every segment of a connection that stands says. */
  #standing(expected: number) {
    const window = this.#scaled ? RECEIVE_WINDOW >> RECEIVE_SCALE : 0xffff;
    return { ack: true, acknowledgement: this.#peerSequenceOf(expected), window };
  }

  #send(segment: SegmentInput): Sent {
    this.segmentsSent++;
    return this.#kernel.output.send(segmentPacket(this.local, this.remote, segment), true);
  }

  #sequenceOf(offset: number): number {
    return (this.#initial + 1 + offset) >>> 0;
  }

  #peerSequenceOf(offset: number): number {
    return (this.#peerInitial + 1 + offset) >>> 0;
  }
}
