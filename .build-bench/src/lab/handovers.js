/** Hand-overs and what each cost, in the phases that the literature uses. */
import { PHASES } from '../core/events.js';
import { firstAfter } from './gaps.js';
/** All hand-overs of all nodes, in order of time. Where a node begins is no hand-over. */
export function handoversOf(record) {
    const all = [...historiesOf(record).values()].flatMap((history) => ofOneNode(history));
    all.sort((a, b) => a.began - b.began);
    const causes = all.map(({ handover }) => handover.at).sort((a, b) => a - b);
    return all.map(({ handover }) => {
        // What follows the next hand-over of any node is on that one's bill.
        const until = causes[firstAfter(causes, handover.at)] ?? Infinity;
        return { ...handover, flows: disturbed(record, handover.node, handover.at, until) };
    });
}
function ofOneNode({ events, attachments, changes }) {
    const begun = begunHandovers(events);
    const causes = begun.map((one) => causeOf(one, changes));
    return begun.flatMap((one, index) => {
        const at = causes[index];
        if (at === undefined)
            return [];
        const previous = begun[index - 1];
        const until = causes[index + 1] ?? begun[index + 1]?.began ?? Infinity;
        const handover = {
            node: one.node,
            at,
            cause: one.cause,
            fromLink: previous === undefined ? null : linkAt(attachments, previous),
            toLink: linkAt(attachments, one),
            phases: durations(one),
            total: one.spans.size === 0 ? null : lastEnd(one) - at,
            signallingBytes: signalling(events, one, at, until),
        };
        return [{ began: one.began, handover }];
    });
}
function historiesOf(record) {
    const histories = new Map();
    const of = (node) => {
        let history = histories.get(node);
        if (history === undefined) {
            history = { events: [], attachments: [], changes: [] };
            histories.set(node, history);
        }
        return history;
    };
    for (const logged of record.events)
        of(logged.node).events.push(logged);
    for (const attachment of record.attachments)
        of(attachment.node).attachments.push(attachment);
    for (const change of changesOf(record))
        of(change.node).changes.push(change);
    return histories;
}
/** Whatever made nodes move: links that changed under them, a new start, and the operator's word. */
function changesOf({ attachments, scenario }) {
    const told = scenario.events.flatMap((event) => event.kind === 'prefer' || event.kind === 'restart'
        ? [{ at: event.at, node: event.node }]
        : []);
    const changes = [...attachments.filter(({ at }) => at > 0), ...told];
    return changes.sort((a, b) => a.at - b.at);
}
/** The last change before a hand-over began; undefined where the node just began to be somewhere. */
function causeOf(one, changes) {
    const change = changes.findLast(({ at }) => at <= one.began);
    const detection = one.spans.get('movement_detection')?.began ?? one.began;
    return change === undefined && detection === 0
        ? undefined
        : Math.min(change?.at ?? detection, detection);
}
/** Phases that are over at the very moment when the hand-over begins are told before it. */
function begunHandovers(events) {
    const all = [];
    const early = [];
    for (const logged of events) {
        const { at, node, event } = logged;
        if (event.kind === 'handover.began') {
            const { link, reason } = event;
            const place = { node, began: at, interface: link, cause: reason };
            const one = { ...place, spans: new Map(), told: new Set() };
            all.push(one);
            for (const phase of early)
                if (phase.at === at)
                    addPhase(one, phase);
        }
        else if (event.kind === 'handover.phase') {
            const begins = events.some((other) => other.event.kind === 'handover.began' && other.at === at);
            const current = all.at(-1);
            if (begins && current?.began !== at)
                early.push(logged);
            else if (current !== undefined)
                addPhase(current, logged);
        }
    }
    return all;
}
/**
 * Phases with several peers count from the first that began to the last that ended. With one peer
 * only the first counts: what comes later renews what the hand-over made.
 */
function addPhase({ spans, told }, { event }) {
    if (event.kind !== 'handover.phase')
        return;
    const key = `${event.phase} ${event.peer ?? ''}`;
    if (told.has(key))
        return;
    told.add(key);
    const span = spans.get(event.phase);
    spans.set(event.phase, {
        began: Math.min(span?.began ?? Infinity, event.began),
        ended: Math.max(span?.ended ?? 0, event.ended),
    });
}
/** The link that the interface of a hand-over was on when it began. */
function linkAt(attachments, one) {
    const last = attachments.findLast((attachment) => attachment.interface === one.interface && attachment.at <= one.began);
    return last?.link ?? null;
}
function durations(one) {
    const entries = PHASES.map((phase) => {
        const span = one.spans.get(phase);
        return [phase, span === undefined ? null : span.ended - span.began];
    });
    return Object.fromEntries(entries);
}
const lastEnd = (one) => Math.max(...[...one.spans.values()].map(({ ended }) => ended));
/** Messages that come whether a node moves or not. */
const PERIODIC = new Set(['Router Advertisement']);
/** Octets that the node sent and received for its hand-over: to the end of its last phase. */
function signalling(events, one, from, to) {
    const end = one.spans.size === 0 ? to : Math.min(to, lastEnd(one));
    let octets = 0;
    for (const { at, event } of events) {
        if (at < from || at > end || !isSignal(event))
            continue;
        if (!PERIODIC.has(event.message))
            octets += event.octets;
    }
    return octets;
}
const isSignal = (event) => event.kind === 'signal.sent' || event.kind === 'signal.received';
function disturbed(record, node, from, to) {
    const flows = record.flows.filter(({ text }) => text.from === node || text.to === node);
    if (flows.length === 0)
        return [];
    const before = record.scenario.events.map(({ at }) => at).filter((at) => at <= from);
    return flows.map((flow) => flow.disturbance(from, to, before));
}
