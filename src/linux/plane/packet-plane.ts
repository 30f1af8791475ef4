/**
 * The TypeScript data plane of a Linux host: what becomes of one packet.
 *
 *     anchor's TUN --leaving--> table --> host's real routes (raw socket, marked)
 *     link --arriving--> taken out? --> table --> anchor's TUN --> host's stack
 *                                             \--> control side
 *
 * It does for packets what the simulator's `IpInput` and `IpOutput` do around the same table.
 *
 * Supported standards: RFC 2473 sections 7.1 and 8, RFC 8201, RFC 4443.
 */
import type { EntryUse, ForwardingEntry } from '../../core/forwarding/entry.ts';
import { execute, type Notice, type Outcome } from '../../core/forwarding/execute.ts';
import { wholePacket } from '../../core/forwarding/packet-view.ts';
import { MINIMUM_MTU, PathMtus } from '../../core/forwarding/path-mtus.ts';
import type { PathProbes } from '../../core/forwarding/path-probes.ts';
import { ForwardingTable } from '../../core/forwarding/table.ts';
import { tooBig } from '../../core/forwarding/too-big.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { TableSizes } from '../../core/tables.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, isLinkLocal, isMulticast } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { joined } from '../sys/large-packet.ts';
import { finished, isFinished, NO_OFFLOAD, type Offload } from '../sys/offloads.ts';
import { type Arrival, Icmpv6Copies } from './icmpv6-copies.ts';
import { headerKinds, Interception } from './interception.ts';
import { LargePackets } from './large-packets.ts';
import { ErrorTeller } from './network-errors.ts';
import { pathProbes } from './path-probing.ts';
import { Steering } from './steering.ts';
import type { Out, PlaneSurroundings } from './surroundings.ts';
import { TunnelFragments } from './tunnel-fragments.ts';

/** The anchor device, which carries no packets of links. */
export const ANCHOR = 'careof0';

export class PacketPlane {
  readonly table: ForwardingTable;
  readonly pathMtus = new PathMtus();
  readonly steering = new Steering();
  readonly interception = new Interception();
  readonly #host: PlaneSurroundings;
  readonly #errors: ErrorTeller;
  readonly #copies: Icmpv6Copies;
  readonly #large: LargePackets;
  readonly #probes: PathProbes;
  readonly #fragments: TunnelFragments;
  /** Are senders told of sizes? */
  readonly #tells: boolean;

  /** @param identification of the first packet that is cut into fragments: any number. */
  constructor(
    host: PlaneSurroundings,
    without: ReadonlySet<Mechanism> = new Set(),
    identification = 0,
  ) {
    this.#host = host;
    this.#tells = !without.has('packet-too-big');
    const cuts = !without.has('tunnel-fragments');
    this.#fragments = new TunnelFragments(host, identification, cuts);
    this.table = new ForwardingTable({
      mobilityExemption: !without.has('mobility-header-exemption'),
      isOurs: (destination) => isMulticast(destination) || host.isOwn(destination),
      ...(without.has('encapsulation-limit') && { encapsulationLimit: Number.POSITIVE_INFINITY }),
    });
    this.#errors = new ErrorTeller(host);
    this.#probes = pathProbes(host, this.pathMtus, without);
    const toSender = (octets: Uint8Array) => this.#toSender(octets);
    const sending = { tells: this.#tells, toSender };
    this.#copies = new Icmpv6Copies(host, this.pathMtus, this.#errors, sending, this.#probes);
    this.#large = new LargePackets(host, this.table, this.pathMtus, {
      ended: (outcome) => this.#ended(outcome),
      sendOn: (made, octets, out) => this.#sendOn(made, octets, out),
    });
  }

  /** Adds an entry, or puts it in the place of the one with the same id. Says whether there was room. */
  add(entry: ForwardingEntry): boolean {
    const old = this.table.get(entry.id);
    if (this.table.add(entry) === 'full') {
      this.#host.count('plane.entry_refused');
      return false;
    }
    if (old !== undefined) this.#unfollow(old);
    this.steering.add(entry);
    this.interception.add(entry);
    this.#probes.follow(entry);
    return true;
  }

  remove(id: string): void {
    const gone = this.table.remove(id);
    if (gone === undefined) return;
    this.#unfollow(gone);
    this.#probes.unfollow(id);
  }

  /** The moment has come that `wakeAt` named. */
  tick(): void {
    this.#probes.tick();
  }

  /** Takes out the entries whose time is over, and gives them back. */
  expire(now: Instant): ForwardingEntry[] {
    const gone = this.table.expire(now);
    for (const entry of gone) {
      this.#unfollow(entry);
      this.#probes.unfollow(entry.id);
    }
    return gone;
  }

  use(id: string): EntryUse {
    return this.table.use(id);
  }

  sizes(): TableSizes {
    return {
      forwarding: this.table.size,
      'path-mtus': this.pathMtus.size,
      'probed-paths': this.#probes.size,
      reassembly: this.#fragments.waiting,
    };
  }

  /** Takes what the host routed into the anchor device. */
  leaving(octets: Uint8Array, offload: Offload = NO_OFFLOAD): void {
    const host = this.#host;
    host.count('plane.leaving');
    const whole = wholePacket(octets);
    if (whole === undefined) host.count('plane.malformed');
    // What the kernel says on the anchor device by itself (MLD) is for nobody.
    else if (isOfOneLink(destinationOf(whole))) host.count('plane.not_sent');
    else if (isFinished(offload)) this.send(whole);
    else if (!this.#large.leaving(whole, offload)) {
      const packets = finished(whole, offload);
      if (packets.length === 0) host.count('plane.malformed');
      for (const packet of packets) this.send(packet);
    }
  }

  /** Sends a packet of this host: by the table, then by the real routes. */
  send(octets: Uint8Array): void {
    const host = this.#host;
    if (isOfOneLink(destinationOf(octets))) {
      this.#sendOn(octets, octets, undefined);
      return;
    }
    const outcome = execute(this.table, 'leaving', octets, host.now());
    if (outcome.kind === 'unmatched') {
      this.#sendOn(octets, octets, undefined);
      return;
    }
    this.#ended(outcome);
    if (outcome.kind === 'continue') this.#sendOn(octets, outcome.octets, outcome.out);
    else if (outcome.kind === 'divert') this.#divert(outcome, { link: '' });
  }

  /** Only tells the control side what an entry would: an accelerator has carried the packet. */
  notice(hook: 'arriving' | 'leaving', octets: Uint8Array): void {
    const outcome = execute(this.table, hook, octets, this.#host.now());
    if (outcome.kind !== 'unmatched') this.#tell(outcome.notices);
  }

  /** Takes what came from a link and was kept from the host's stack, which gets what comes out. */
  arriving(octets: Uint8Array, arrival: Arrival, offload: Offload = NO_OFFLOAD): void {
    const host = this.#host;
    const whole = wholePacket(octets);
    if (whole === undefined) {
      host.count('plane.malformed');
      return;
    }
    if (!isFinished(offload)) {
      this.#arrivingUnfinished(whole, arrival, offload);
      return;
    }
    const packet = this.#fragments.whole(whole, (to) => this.interception.wantsUdpParts(to));
    if (packet === undefined) return;
    host.count('plane.arriving');
    const outcome = execute(this.table, 'arriving', packet, host.now());
    this.#ended(outcome);
    if (outcome.kind === 'unmatched') this.#deliver(packet, arrival);
    else if (outcome.kind === 'divert') this.#divert(outcome, arrival);
    else if (outcome.kind === 'continue') {
      const { tunnel } = outcome;
      this.#deliver(outcome.octets, { ...arrival, ...(tunnel && { tunnel }) });
    }
  }

  #arrivingUnfinished(octets: Uint8Array, arrival: Arrival, offload: Offload): void {
    const host = this.#host;
    const large = this.#large.arriving(octets, offload);
    if (large === undefined) {
      const packets = finished(octets, offload);
      if (packets.length === 0) host.count('plane.malformed');
      for (const packet of packets) this.arriving(packet, arrival);
      return;
    }
    host.count('plane.arriving');
    const { outcome, packet } = large;
    this.#ended(outcome);
    if (outcome.kind === 'divert') {
      for (const one of finished(joined(packet), packet.offload)) {
        this.#divert({ ...outcome, octets: one }, arrival);
      }
    } else if (outcome.kind !== 'drop') {
      host.count(host.deliverLarge(packet) ? 'plane.delivered' : 'plane.not_sent');
    }
  }

  /** What becomes of a packet beside its going on. */
  #ended(outcome: Outcome): void {
    if (outcome.kind !== 'unmatched') this.#tell(outcome.notices);
    if (outcome.kind === 'drop') this.#countDrop(outcome);
  }

  /** Looks at a packet of ICMPv6 or ICMP that the host's stack gets too: the control side has a copy. */
  overheard(octets: Uint8Array, arrival: Arrival): void {
    const whole = wholePacket(octets);
    if (whole === undefined || !isIcmp(whole)) return;
    const destination = destinationOf(whole);
    const ours = isMulticast(destination)
      ? this.#host.hears(arrival.link, destination)
      : this.#host.isOwn(destination);
    if (ours) this.#copies.copy(whole, arrival);
  }

  /** The same for what has come out of the table: the stack gets it behind the anchor device. */
  #deliver(octets: Uint8Array, arrival: Arrival): void {
    const host = this.#host;
    if (isIcmp(octets) && host.isOwn(destinationOf(octets))) this.#copies.copy(octets, arrival);
    host.count(host.deliver(octets) ? 'plane.delivered' : 'plane.not_sent');
  }

  /** An error for who sent a packet: a program of this host, or another host. */
  #toSender(octets: Uint8Array): void {
    if (this.#host.isOwn(destinationOf(octets))) this.#host.deliver(octets);
    else this.send(octets);
  }

  /**
   * @param made the packet as it came to the table
   * @param octets what it has become
   */
  #sendOn(made: Uint8Array, octets: Uint8Array, out: Out | undefined): void {
    const host = this.#host;
    const source = sourceOf(octets);
    const destination = destinationOf(octets);
    if (out === undefined && host.isOwn(destination)) {
      this.#loopBack(made, octets);
      return;
    }
    const learned = this.pathMtus.to(destination, Number.POSITIVE_INFINITY, host.now());
    if (octets.length > learned) {
      this.#tooBig(made, octets, learned, out);
      return;
    }
    const whole = this.pathMtus.whole(destination, learned);
    if (made !== octets && octets.length > whole && this.#fragments.send(octets, whole, out))
      return;
    const result = host.send(octets, source, destination, out);
    if (result === 'sent') host.count('plane.sent');
    else if (result === 'no-route') this.#noRoute(made);
    else if (result === 'refused') host.count('plane.not_sent');
    else {
      this.#tooBig(made, octets, host.mtuOf(source, destination, out) ?? MINIMUM_MTU, out);
    }
  }

  /** A tunnel from here to here. What no entry changed the stack itself must find its way for. */
  #loopBack(made: Uint8Array, octets: Uint8Array): void {
    if (made === octets) this.#host.deliver(octets);
    else this.arriving(octets, { link: ANCHOR });
  }

  #noRoute(made: Uint8Array): void {
    this.#host.count('plane.no_route');
    this.#errors.unreachable(made, (octets) => this.#toSender(octets));
  }

  /**
   * The sender is told what is left for it; where that is less than IPv6 promises, the packet goes in
   * fragments. Source: RFC 2473 section 7.1.
   */
  #tooBig(made: Uint8Array, octets: Uint8Array, mtu: number, out: Out | undefined): void {
    const host = this.#host;
    const told = tooBig(made, octets, mtu);
    if (told !== 'fragment') {
      host.count('plane.too_big');
      if (this.#tells) this.#errors.packetTooBig(made, told, (error) => this.#toSender(error));
      return;
    }
    if (!this.#fragments.send(octets, mtu, out)) host.count('plane.not_sent');
  }

  #tell(notices: readonly Notice[]): void {
    for (const notice of notices) this.#host.control({ kind: 'notice', ...notice });
  }

  #divert(
    { octets, reason, tunnel }: Extract<Outcome, { kind: 'divert' }>,
    { link, from }: Arrival,
  ): void {
    this.#host.count('plane.diverted');
    this.#host.control({
      kind: 'packet',
      link,
      // The octets stand in a buffer that is read into again.
      octets: octets.slice(),
      reason,
      ...(tunnel && { tunnel }),
      ...(from && { from }),
    });
  }

  #countDrop({ reason }: Extract<Outcome, { kind: 'drop' }>): void {
    this.#host.count(MEANT.has(reason) ? 'plane.entry_dropped' : 'plane.entry_fault');
  }

  #unfollow(entry: ForwardingEntry): void {
    this.steering.remove(entry);
    this.interception.remove(entry);
  }
}

/** Each version of IP has its own. */
const isIcmp = (octets: Uint8Array): boolean =>
  headerKinds(octets).protocol === (isIpv4Packet(octets) ? PROTOCOL.icmpv4 : PROTOCOL.icmpv6);

const isOfOneLink = (destination: Address): boolean =>
  isMulticast(destination) || isLinkLocal(destination);

/** Reasons that an entry gives, in contrast to what went wrong with one. */
const MEANT: ReadonlySet<string> = new Set(['no-home-agent', 'policy', 'tunnel-source-unverified']);
