import { PHASES } from '../../core/events.js';
import { sequenceChart } from './sequence-chart.js';
import { table } from './table.js';
import { grouped, millisecondsText, sizeText, timeText } from './units.js';
/** All lines of a report. */
export function reportText(report, options) {
    const { paint } = options;
    const { record } = report;
    const parts = [
        sequenceChart(record, options),
        flowTable(report.flows, paint),
        handoverBill(report.handovers, paint),
        verdictTable(report, paint),
    ].filter((lines) => lines.length > 0);
    return [
        ...heading(report, options),
        ...parts.flatMap((lines) => ['', ...lines]),
        '',
        summary(report, paint),
    ];
}
function heading({ record, name }, { paint }) {
    const { scenario, seed, without } = record;
    const taken = without.size === 0 ? '' : `, without ${[...without].join(', ')}`;
    const { document, figure } = scenario.seed ?? {};
    const from = document === undefined ? '' : `, after ${document}${figure ? `, ${figure}` : ''}`;
    return [
        paint.bold(`${name}: ${scenario.title}`),
        paint.dim(`simulator, seed ${seed}${from}${taken}`),
    ];
}
function flowTable(flows, paint) {
    if (flows.length === 0)
        return [];
    const rows = flows.map((flow) => [
        flow.name,
        flow.protocol,
        `${flow.from} -> ${flow.to}`,
        flow.protocol === 'tcp' ? sizeText(flow.sent) : grouped(flow.sent),
        flow.protocol === 'tcp' ? sizeText(flow.received) : grouped(flow.received),
        countText(flow.lost),
        countText(flow.duplicated),
        countText(flow.reordered),
        millisecondsText(flow.interruption),
        flow.survived
            ? { text: outcome(flow), style: paint.green }
            : { text: outcome(flow), style: paint.red },
    ]);
    const right = (title) => ({ title, align: 'right' });
    const columns = [
        { title: 'flow' },
        { title: '' },
        { title: 'way' },
        ...['sent', 'received', 'lost', 'dup', 'reord', 'gap ms'].map(right),
        { title: 'outcome' },
    ];
    return table(columns, rows, paint.bold);
}
function outcome(flow) {
    if (!flow.survived)
        return flow.failure ?? 'other octets arrived';
    return flow.digestOk === true ? 'survived, digests equal' : 'survived';
}
const countText = (count) => (count === null ? '-' : grouped(count));
function handoverBill(handovers, paint) {
    if (handovers.length === 0)
        return [];
    const rows = handovers.flatMap((handover) => [
        [
            `${handover.node} at ${timeText(handover.at)}`,
            `${handover.fromLink ?? '-'} -> ${handover.toLink ?? '-'}`,
            ...PHASES.map((phase) => millisecondsText(handover.phases[phase])),
            millisecondsText(handover.total),
            grouped(handover.signallingBytes),
        ],
    ]);
    const right = (title) => ({ title, align: 'right' });
    const columns = [
        { title: 'hand-over' },
        { title: 'from -> to' },
        ...['detect', 'addr.', 'home', 'routab.', 'peer', 'total', 'octets'].map(right),
    ];
    const title = paint.bold('Hand-over bill: phases in milliseconds, signalling in octets');
    return [title, ...table(columns, rows, paint.bold), ...disturbanceTable(handovers, paint)];
}
function disturbanceTable(handovers, paint) {
    const rows = handovers.flatMap(({ node, at, flows }) => flows
        .filter(({ interruption }) => interruption !== null)
        .map((flow) => [
        `${node} at ${timeText(at)}`,
        flow.name,
        millisecondsText(flow.interruption),
        countText(flow.lost),
        countText(flow.duplicated),
        countText(flow.reordered),
    ]));
    if (rows.length === 0)
        return [];
    const right = (title) => ({ title, align: 'right' });
    const columns = [
        { title: 'hand-over' },
        { title: 'flow' },
        ...['gap ms', 'lost', 'dup', 'reord'].map(right),
    ];
    return ['', ...table(columns, rows, paint.bold)];
}
function verdictTable({ verdicts }, paint) {
    if (verdicts.length === 0)
        return [];
    const rows = verdicts.map(({ ok, text, expected, actual, where }) => [
        ok ? { text: 'ok', style: paint.green } : { text: 'FAILED', style: paint.red },
        text,
        expected,
        actual,
        ok ? '' : { text: where, style: paint.dim },
    ]);
    const titles = ['', 'expectation', 'expected', 'actual', ''];
    return table(titles.map((title) => ({ title })), rows, paint.bold).map((line) => line.trimEnd());
}
function summary({ verdicts, ok, record }, paint) {
    const met = verdicts.filter((verdict) => verdict.ok).length;
    const time = timeText(record.ended);
    const text = `${met} of ${verdicts.length} expectations met, ${time} of network time`;
    return ok ? paint.green(text) : paint.red(text);
}
