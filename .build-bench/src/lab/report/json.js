/** A run as one JSON object: the interface of `careof lab run --json`. Keys are lower_snake. */
import { formatAddress } from '../../wire/address.js';
import { bindingsOf } from '../bindings.js';
import { jsonMilliseconds } from './units.js';
/** The object, with its keys in the order that careof.md gives. */
export function reportJson(report, version) {
    const { record } = report;
    return {
        careof: version,
        scenario: report.name,
        backend: 'sim',
        data_plane: 'sim',
        seed: record.seed,
        ok: report.ok,
        duration_ms: jsonMilliseconds(record.ended),
        flows: report.flows.map(flowJson),
        handovers: report.handovers.map(handoverJson),
        expectations: report.verdicts,
        counters: Object.fromEntries([...record.counters].map(([node, counters]) => [node, Object.fromEntries(counters)])),
        bindings: bindingsJson(record),
        files: record.files,
    };
}
function flowJson(flow) {
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
function handoverJson(handover) {
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
function disturbanceJson(flow) {
    const { name, interruption, lost, duplicated, reordered } = flow;
    return { name, interruption_ms: jsonMilliseconds(interruption), lost, duplicated, reordered };
}
function bindingsJson({ events }) {
    const nodes = [...bindingsOf(events)].filter(([, held]) => held.length > 0);
    return Object.fromEntries(nodes.map(([node, held]) => [
        node,
        held.map(({ scope, home, careof, peer, lifetimeSeconds, at }) => ({
            scope,
            home: formatAddress(home),
            careof: formatAddress(careof),
            ...(peer !== undefined && { peer: formatAddress(peer) }),
            ...(lifetimeSeconds !== undefined && { lifetime_s: lifetimeSeconds }),
            at_ms: jsonMilliseconds(at),
        })),
    ]));
}
