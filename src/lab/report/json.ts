/** A run as one JSON object: the interface of `careof lab run --json`. Keys are lower_snake. */
import { formatAddress } from '../../wire/address.ts';
import { bindingsOf } from '../bindings.ts';
import type { Verdict } from '../evaluate.ts';
import type { FlowDisturbance, FlowResult } from '../flow-records.ts';
import type { Handover } from '../handovers.ts';
import type { RunRecord } from '../run-record.ts';
import type { Report } from './report.ts';
import { jsonMilliseconds } from './units.ts';

/** The object, with its keys in the order that careof.md gives. */
export function reportJson(report: Report, version: string): object {
  const { record } = report;
  return {
    careof: version,
    scenario: report.name,
    backend: record.backend.name,
    data_plane: record.backend.name === 'sim' ? 'sim' : record.backend.dataPlane,
    seed: record.seed,
    ok: report.ok,
    duration_ms: jsonMilliseconds(record.ended),
    flows: report.flows.map(flowJson),
    handovers: report.handovers.map(handoverJson),
    expectations: report.verdicts.map(verdictJson),
    counters: Object.fromEntries(
      [...record.counters].map(([node, counters]) => [node, Object.fromEntries(counters)]),
    ),
    bindings: bindingsJson(record),
    files: record.files,
  };
}

function verdictJson({ notJudged, ...verdict }: Verdict): object {
  return { ...verdict, ...(notJudged !== undefined && { not_judged: notJudged }) };
}

function flowJson(flow: FlowResult): object {
  return {
    name: flow.name,
    protocol: flow.protocol,
    from: flow.from,
    to: flow.to,
    sent: flow.sent,
    received: flow.received,
    lost: flow.lost,
    duplicated: flow.duplicated,
    reordered: flow.reordered,
    bytes: flow.bytes,
    digest_ok: flow.digestOk,
    survived: flow.survived,
    interruption_ms: jsonMilliseconds(flow.interruption),
  };
}

function handoverJson(handover: Handover): object {
  const phases = Object.entries(handover.phases).map(([phase, duration]) => [
    `${phase}_ms`,
    jsonMilliseconds(duration),
  ]);
  return {
    node: handover.node,
    at_ms: jsonMilliseconds(handover.at),
    cause: handover.cause,
    from_link: handover.fromLink,
    to_link: handover.toLink,
    phases: Object.fromEntries(phases),
    signalling_bytes: handover.signallingBytes,
    flows: handover.flows.map(disturbanceJson),
  };
}

function disturbanceJson(flow: FlowDisturbance): object {
  const { name, interruption, lost, duplicated, reordered } = flow;
  return { name, interruption_ms: jsonMilliseconds(interruption), lost, duplicated, reordered };
}

function bindingsJson({ events }: RunRecord): object {
  const nodes = [...bindingsOf(events)].filter(([, held]) => held.length > 0);
  return Object.fromEntries(
    nodes.map(([node, held]) => [
      node,
      held.map(({ scope, home, careof, peer, lifetimeSeconds, at }) => ({
        scope,
        home: formatAddress(home),
        careof: formatAddress(careof),
        ...(peer !== undefined && { peer: formatAddress(peer) }),
        ...(lifetimeSeconds !== undefined && { lifetime_s: lifetimeSeconds }),
        at_ms: jsonMilliseconds(at),
      })),
    ]),
  );
}
