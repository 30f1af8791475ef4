/** The flows of a scenario on real hosts: what agents are told to do, and what their reports say. */
import type { Instant } from '../../core/time.ts';
import type { SimNode, Simulation } from '../../sim/index.ts';
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';
import { type Failure, type FlowRecord, TcpRecord, UdpRecord } from '../flow-records.ts';
import type { Plan, PlannedNode } from '../plan.ts';
import { checkedPorts } from '../run/checked-ports.ts';
import { type FlowEnds, flowEndsOf, flowsIn } from '../run/flow-ends.ts';
import type { Scenario } from '../scenario/read.ts';
import { applicationOf } from '../sim/applications.ts';
import { Resolvers } from '../sim/resolvers.ts';
import type { AgentFlow, AgentSource, FlowReport } from './agent/protocol.ts';
import { Stretches } from './stretches.ts';

export class Applications {
  readonly records: FlowRecord[] = [];
  /** The ends of each flow by the key of its packets. */
  readonly endpoints: ReadonlyMap<string, FlowEnds>;
  readonly #flows = new Map<string, TcpFlow | UdpFlow>();
  readonly #multipath: boolean;
  /** Connections go from one server to another; who offers them for that has other code to receive by. */
  readonly #moves: boolean;
  readonly #checked: ReadonlyMap<string, ReadonlySet<number>>;

  constructor(scenario: Scenario, plan: Plan, multipath = false) {
    this.#checked = checkedPorts(plan);
    this.#multipath = multipath;
    this.#moves = scenario.events.some(({ kind }) => kind === 'drain' || kind === 'hand-over');
    this.endpoints = flowEndsOf(scenario, plan, { programs: true });
    for (const ends of flowsIn(this.endpoints)) {
      const { flow: name, text } = ends;
      const flow =
        text.protocol === 'tcp'
          ? new TcpFlow(ends, new TcpRecord(name, text))
          : new UdpFlow(ends, new UdpRecord(name, text));
      this.#flows.set(name, flow);
      this.records.push(flow.record);
    }
  }

  /** What an agent on this node does that starts at this moment of the run. */
  ordersOf(node: string, now: Instant): AgentFlow[] {
    const orders = [...flowsIn(this.endpoints)].flatMap((ends) => [
      ...(isServedBy(ends.from, node) ? sending(ends, now) : []),
      ...(isServedBy(ends.to, node) ? receiving(ends, now, this.#moves) : []),
    ]);
    for (const port of this.#checked.get(node) ?? []) orders.push(answering(port));
    return this.#multipath
      ? orders.map((one) =>
          one.do === 'take' || one.do === 'give' ? { ...one, multipath: true } : one,
        )
      : orders;
  }

  /** The ends of flows on a node that stays in the simulator have the simulator's applications. */
  simulate(node: SimNode, simulation: Simulation): void {
    const resolvers = new Resolvers([]);
    for (const flow of this.#flows.values()) {
      const { from, to } = flow.ends;
      const application = applicationOf({ simulation, resolvers }, flow.ends, flow.record);
      if (to.name === node.name) application.listen(node.kernel);
      if (from.name !== node.name) continue;
      application.plan(node);
      flow.writtenDown = true;
    }
  }

  /** Something that an agent has seen. */
  report(report: FlowReport): void {
    this.#flows.get(report.flow)?.report(report);
  }

  /** Flows that begin now find their sender dead or alive. */
  begin(flow: string, alive: boolean): void {
    if (!alive) this.#flows.get(flow)?.dead();
  }

  /** Is there nothing more to wait for? */
  over(now: Instant): boolean {
    return [...this.#flows.values()].every((flow) => flow.over(now));
  }

  close(at: Instant): void {
    for (const flow of this.#flows.values()) flow.close(at);
  }
}

/** Programs that answer for an address of several servers run on all of them. */
const isServedBy = ({ name, servedBy = [name] }: PlannedNode, node: string): boolean =>
  servedBy.includes(node);

/** Applications of mobile nodes use their home address. */
const sourceOf = ({ role, identity }: PlannedNode): AgentSource =>
  role === 'mobile-node' ? { home: formatAddress(identity) } : {};

function sending(ends: FlowEnds, now: Instant): AgentFlow[] {
  const { flow, port, text, from } = ends;
  const to = formatAddress(ends.destination);
  const ipv4 = text.ipv4 === true && { ipv4: true };
  const base = { flow, port, ...ipv4, do: 'send', to, from: sourceOf(from) } as const;
  if (text.protocol === 'udp') {
    const { protocol, start, stop, rate, payload, quic = false } = text;
    return [{ ...base, protocol, start, stop, rate, payload, quic }];
  }
  const { protocol, start, size, over, program, name } = text;
  // A connection that was there before a crash is not taken up again.
  if (start < now && program !== 'curl') return [];
  const stream = { ...base, protocol, start, size, ...(over !== undefined && { over }) };
  if (program === undefined) return [{ ...stream, ...(name !== undefined && { name }) }];
  return [{ ...stream, do: program === 'curl' ? 'serve' : 'give' }];
}

/** @param moves connections go from one server to another. */
function receiving(ends: FlowEnds, now: Instant, moves: boolean): AgentFlow[] {
  const { flow, port, text, to } = ends;
  const { protocol } = text;
  const ipv4 = text.ipv4 === true;
  const base = { flow, port, ...(ipv4 && { ipv4 }) } as const;
  // Clients over IPv4 are never bound, and stay with their server.
  const movable = moves && to.servedBy !== undefined && !ipv4;
  if (protocol === 'udp' || text.program === undefined)
    return [{ ...base, protocol, do: 'receive', movable }];
  const { start, size, over, program } = text;
  if (start < now && program === 'curl') return [];
  const other = { to: formatAddress(ends.source), from: sourceOf(to) };
  const stream = { ...base, protocol, start, size, ...(over !== undefined && { over }), ...other };
  return [{ ...stream, do: program === 'curl' ? 'fetch' : 'take' }];
}

/** It is no flow, and nobody is told of it. */
const answering = (port: number): AgentFlow => ({
  ...{ flow: `checks of port ${port}`, port, do: 'answer', protocol: 'tcp' },
});

class TcpFlow {
  readonly ends: FlowEnds;
  readonly record: TcpRecord;
  /** What is sent is in the record already. */
  writtenDown = false;
  readonly #stretches = new Stretches();

  constructor(ends: FlowEnds, record: TcpRecord) {
    this.ends = ends;
    this.record = record;
  }

  over(): boolean {
    return this.record.over;
  }

  dead(): void {
    this.record.failed('unreachable');
  }

  report({ sent = [], received = [], sentAll, stretch, ...report }: FlowReport): void {
    if (stretch !== undefined) this.#stretches.add(stretch);
    const { failed, receivedAll = stretch && this.#stretches.digest() } = report;
    for (const [octets] of sent) this.record.sent(octets);
    for (const [octets, at] of received) this.record.received(octets, at as Instant);
    if (sentAll !== undefined) this.record.sentAll(sentAll);
    if (receivedAll !== undefined) this.record.receivedAll(receivedAll);
    if (failed !== undefined) this.record.failed(FAILURE[failed] ?? 'reset');
  }

  close(at: Instant): void {
    this.record.close(at);
  }
}

/** How a socket's error is called here; all others tear a connection down that was there. */
const FAILURE: Readonly<Record<string, Failure>> = {
  ETIMEDOUT: 'time-out',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
};

class UdpFlow {
  readonly ends: FlowEnds;
  readonly record: UdpRecord;
  writtenDown = false;
  /** When datagrams were sent, by their numbers, where their sender lived to tell. */
  readonly #sentAt = new Map<number, number>();
  /** What its datagrams are sent from. */
  readonly #sources: Set<Address>;
  /** Where they came from, and how many. */
  readonly #cameFrom = new Map<Address, number>();

  constructor(ends: FlowEnds, record: UdpRecord) {
    this.ends = ends;
    this.record = record;
    this.#sources = new Set([ends.source]);
  }

  over(now: Instant): boolean {
    const { text } = this.ends;
    return text.protocol === 'udp' && now >= text.stop;
  }

  dead(): void {}

  report({ sent = [], received = [], source, sources = {} }: FlowReport): void {
    for (const [number, at] of sent) this.#sentAt.set(number, at);
    for (const [number, at] of received) this.record.received(number, at as Instant);
    const bound = source === undefined ? undefined : parseAddress(source);
    if (bound !== undefined) this.#sources.add(bound);
    for (const [text, count] of Object.entries(sources)) {
      const from = parseAddress(text);
      if (from !== undefined) this.#cameFrom.set(from, (this.#cameFrom.get(from) ?? 0) + count);
    }
  }

  /** Datagrams are sent at their instants, whether their sender lives or not: then they are lost. */
  close(): void {
    const { text } = this.ends;
    if (text.protocol !== 'udp') return;
    const { start, stop, rate } = text;
    for (let index = 0; !this.writtenDown; index++) {
      const due = Math.round(start + (index * 1e6) / rate);
      if (due >= stop) break;
      this.record.sent((this.#sentAt.get(index) ?? due) as Instant);
    }
    for (const [from, count] of this.#cameFrom) {
      for (let i = 0; i < count && !this.#sources.has(from); i++) this.record.misattributed();
    }
  }
}
