/** The applications of a scenario's flows: what sends, what receives, and what both saw. */
import { createHash } from 'node:crypto';
import { type Instant, seconds } from '../../core/time.ts';
import {
  type CloseReason,
  type Kernel,
  pattern,
  type SimNode,
  type Simulation,
  type TcpConnection,
  type UdpSocket,
} from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import { Dialling } from '../dialling.ts';
import { type Failure, type FlowRecord, TcpRecord, UdpRecord } from '../flow-records.ts';
import type { Plan, PlannedNode } from '../plan.ts';
import { type FlowEnds, flowEndsOf, flowsIn } from '../run/flow-ends.ts';
import type { Scenario } from '../scenario/read.ts';
import { type FlowText, firstOctet, LEAST_PAYLOAD } from '../scenario/traffic.ts';
import { dialHost } from './dial-host.ts';
import type { Resolvers } from './resolvers.ts';

export class Applications {
  readonly records: FlowRecord[] = [];
  /** The ends of each flow by the key of its packets. */
  readonly endpoints: ReadonlyMap<string, FlowEnds>;
  readonly #flows: (TcpApplication | UdpApplication)[] = [];

  constructor(simulation: Simulation, scenario: Scenario, plan: Plan, resolvers: Resolvers) {
    this.endpoints = flowEndsOf(scenario, plan, { programs: false });
    for (const ends of flowsIn(this.endpoints)) {
      const { flow: name, text } = ends;
      const record =
        text.protocol === 'tcp' ? new TcpRecord(name, text) : new UdpRecord(name, text);
      this.#flows.push(applicationOf({ simulation, resolvers }, ends, record));
      this.records.push(record);
    }
  }

  /** Opens what listens on a node, at its start and after each crash. */
  nodeStarted(node: string, kernel: Kernel): void {
    for (const flow of this.#flows) if (flow.receivers.includes(node)) flow.listen(kernel);
  }

  /** Plans what sends. */
  start(nodes: ReadonlyMap<string, SimNode>): void {
    for (const flow of this.#flows) flow.plan(nodes.get(flow.sender)!);
  }

  /** Is there nothing more to wait for? */
  get over(): boolean {
    return this.#flows.every((flow) => flow.over);
  }

  close(at: Instant): void {
    for (const { record } of this.#flows) if (record instanceof TcpRecord) record.close(at);
  }
}

/** The applications of one flow, which write down what they see in the record. */
export function applicationOf(
  around: Pick<Place, 'simulation' | 'resolvers'>,
  ends: FlowEnds,
  record: FlowRecord,
): TcpApplication | UdpApplication {
  const place = { ...around, ...ends };
  return ends.text.protocol === 'tcp'
    ? new TcpApplication(place, ends.text, record as TcpRecord)
    : new UdpApplication(place, ends.text, record as UdpRecord);
}

/** Where a flow's applications are. */
interface Place extends Omit<FlowEnds, 'text'> {
  readonly simulation: Simulation;
  readonly resolvers: Resolvers;
}

/** The two ends of one flow. */
abstract class Application<Protocol extends FlowText['protocol'], Kept extends FlowRecord> {
  readonly record: Kept;
  protected readonly place: Place;
  protected readonly text: Extract<FlowText, { protocol: Protocol }>;

  constructor(place: Place, text: Extract<FlowText, { protocol: Protocol }>, record: Kept) {
    this.place = place;
    this.text = text;
    this.record = record;
  }

  get sender(): string {
    return this.place.from.name;
  }

  get receivers(): readonly string[] {
    const { name, servedBy = [name] } = this.place.to;
    return servedBy;
  }

  abstract get over(): boolean;
  abstract listen(kernel: Kernel): void;
  abstract plan(node: SimNode): void;
}

/**
 * A mobile node's applications use its home address, or another that its home network was renumbered
 * to once that one is deprecated; others use what the kernel chooses.
 */
function sourceOf({ role, identity }: PlannedNode, { interfaces }: Kernel): Address | undefined {
  if (role !== 'mobile-node') return undefined;
  const all = [...interfaces.values()].flatMap(({ addresses }) => [...addresses.values()]);
  const homes = all.filter(({ preferred, deprecated }) => preferred && deprecated !== true);
  return (
    homes.find(({ address }) => address === identity)?.address ?? homes[0]?.address ?? identity
  );
}

/** A download: one end sends a pattern of so many octets, both make a digest of it. */
class TcpApplication extends Application<'tcp', TcpRecord> {
  readonly #hash = createHash('sha256');

  get over(): boolean {
    return this.record.over;
  }

  listen(kernel: Kernel): void {
    const { simulation, port } = this.place;
    kernel.tcp.listen(port, (connection) => {
      // Of the flow and not of the connection: another server may go on with it.
      const hash = this.#hash;
      connection.handlers = {
        onData: (octets) => {
          hash.update(octets);
          this.record.received(octets.length, simulation.now);
        },
        onEnd: () => {
          this.record.receivedAll(hash.digest('hex'));
          connection.close();
        },
        onClose: (reason) => this.#closed(reason),
      };
    });
  }

  plan(node: SimNode): void {
    const { simulation, from, destination, port } = this.place;
    const { start } = this.text;
    simulation.at(start as number as Instant, () => {
      if (!node.running) {
        this.record.failed('unreachable');
        return;
      }
      if (this.text.name !== undefined) {
        this.#dial(this.text.name, node, node.kernel);
        return;
      }
      const source = sourceOf(from, node.kernel);
      const connection = node.kernel.tcp.connect(destination, port, {
        ...(source !== undefined && { source }),
        onClose: (reason) => this.#closed(reason),
      });
      this.#write(connection, 0, node, node.kernel);
    });
  }

  /** Asks for the addresses of a name, and tries them. */
  #dial(name: string, node: SimNode, kernel: Kernel): void {
    const { port, resolvers } = this.place;
    resolvers.of(kernel).ask({ name }, ({ addresses }) => {
      new Dialling(dialHost(kernel, port), addresses, {
        connected: (connection) => {
          connection.handlers = { onClose: (reason) => this.#closed(reason) };
          this.#write(connection, 0, node, kernel);
        },
        failed: (reason = 'unreachable') => this.#closed(reason),
      });
    });
  }

  /** Writes what is due of the octets from `done` on, and comes back for the rest. */
  #write(connection: TcpConnection, done: number, node: SimNode, kernel: Kernel): void {
    const alive = node.running && node.kernel === kernel;
    if (!alive || this.record.over) return;
    const { simulation } = this.place;
    const { start, size, over } = this.text;
    const share = over === undefined ? 1 : (simulation.now - start + WRITE_INTERVAL) / over;
    const due = Math.min(size, Math.ceil(size * share));
    connection.generate(due - done, pattern);
    this.record.sent(due - done);
    if (due < size) {
      simulation.in(WRITE_INTERVAL, () => this.#write(connection, due, node, kernel));
      return;
    }
    connection.close();
    this.record.sentAll(patternDigest(size));
  }

  #closed(reason: CloseReason): void {
    if (reason !== 'closed') this.record.failed(FAILURE[reason]);
  }
}

/** How often a flow that lasts some time writes. */
const WRITE_INTERVAL = seconds(0.5);

const FAILURE: Readonly<Record<Exclude<CloseReason, 'closed'>, Failure>> = {
  refused: 'reset',
  reset: 'reset',
  aborted: 'reset',
  unreachable: 'unreachable',
  'time-out': 'time-out',
};

const DIGEST_STEP = 1 << 16;

/** The digest of the first octets of the pattern that bulk transfers carry. */
function patternDigest(size: number): string {
  const hash = createHash('sha256');
  const octets = new Uint8Array(DIGEST_STEP);
  for (let offset = 0; offset < size; offset += DIGEST_STEP) {
    const part = octets.subarray(0, Math.min(DIGEST_STEP, size - offset));
    pattern(part, offset);
    hash.update(part);
  }
  return hash.digest('hex');
}

/** A stream of datagrams, each with its number and the time it was sent. */
class UdpApplication extends Application<'udp', UdpRecord> {
  #socket: { readonly kernel: Kernel; readonly socket: UdpSocket } | undefined;
  #over = false;
  /** What its datagrams are sent from. */
  readonly #sources = new Set<Address>([this.place.source]);

  get over(): boolean {
    return this.#over;
  }

  listen(kernel: Kernel): void {
    const { simulation, port } = this.place;
    kernel.udp.open({
      port,
      onDatagram: ({ octets, from }) => {
        if (octets.length < LEAST_PAYLOAD) return;
        const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
        if (!this.#sources.has(from)) this.record.misattributed();
        this.record.received(view.getUint32(4), simulation.now);
      },
    });
  }

  plan(node: SimNode): void {
    const { simulation } = this.place;
    const { start, stop, rate } = this.text;
    const send = (index: number): void => {
      const at = Math.round(start + (index * 1e6) / rate);
      if (at >= stop) {
        this.#over = true;
        return;
      }
      simulation.at(at as Instant, () => {
        this.#send(node);
        send(index + 1);
      });
    };
    send(0);
  }

  #send(node: SimNode): void {
    const { simulation, destination, port } = this.place;
    const number = this.record.sent(simulation.now);
    // What a dead node would have sent counts as lost.
    if (!node.running) return;
    const payload = new Uint8Array(this.text.payload);
    const view = new DataView(payload.buffer);
    view.setUint8(0, firstOctet(this.text.quic, number));
    view.setUint32(4, number);
    view.setBigUint64(8, BigInt(simulation.now));
    this.#socketOf(node.kernel).send(destination, port, payload);
  }

  #socketOf(kernel: Kernel): UdpSocket {
    if (this.#socket?.kernel !== kernel) {
      // As connected sockets do, it keeps the source that it began with.
      const { from, destination } = this.place;
      const address = sourceOf(from, kernel) ?? kernel.output.sourceFor(destination);
      if (address !== undefined) this.#sources.add(address);
      const socket = kernel.udp.open({ fragments: true, ...(address && { address }) });
      this.#socket = { kernel, socket };
    }
    return this.#socket.socket;
  }
}
