import { chartLines } from './chart-lines.js';
import { wrapped } from './wrapped.js';
/** More columns cannot be read; nodes that no line is about are left out first. */
const MOST_COLUMNS = 7;
/** A chart longer than this is a trace, and there is `--trace` for that. */
const MOST_LINES = 120;
const TIME_WIDTH = 10;
/** Wide enough that most messages fit on one line. */
const TEXT_WIDTH = 46;
const LEAST_STEP = 6;
const MOST_STEP = 12;
/** The lines of the chart. */
export function sequenceChart(record, { width, paint }) {
    const all = chartLines(record);
    const names = columnsOf(record, all);
    const room = Math.floor((width - TIME_WIDTH - TEXT_WIDTH) / names.length);
    const step = Math.max(LEAST_STEP, Math.min(MOST_STEP, room));
    const chart = new Chart(names, step, width, paint);
    const shown = all.slice(0, MOST_LINES);
    const lines = [chart.head(), ...shown.flatMap((line) => chart.line(line))];
    if (all.length > shown.length) {
        lines.push(paint.dim(`... ${all.length - shown.length} more lines: --trace FILE has them all`));
    }
    return lines;
}
/** The nodes that something is told of, in the order of the file. */
function columnsOf(record, lines) {
    const told = new Set(lines.flatMap(({ from, to }) => [from, to]));
    const names = record.plan.nodes.map(({ name }) => name).filter((name) => told.has(name));
    return names.slice(0, MOST_COLUMNS);
}
class Chart {
    #names;
    #step;
    #textWidth;
    #paint;
    constructor(names, step, width, paint) {
        this.#names = names;
        this.#step = step;
        this.#textWidth = width - TIME_WIDTH - names.length * step - 1;
        this.#paint = paint;
    }
    head() {
        const cells = this.#names.map((name) => name.slice(0, this.#step - 1).padEnd(this.#step));
        return this.#paint.bold(`${'time'.padStart(TIME_WIDTH - 2)}  ${cells.join('')}`.trimEnd());
    }
    line(line) {
        const time = (line.at / 1e6).toFixed(4).padStart(TIME_WIDTH - 2);
        const [first = '', ...more] = wrapped(line.text, this.#textWidth);
        const style = this.#style(line.kind);
        const lanes = style(this.#lanes(line));
        const rest = more.map((text) => `${' '.repeat(TIME_WIDTH)}${this.#paint.dim(this.#idle().join(''))} ${style(text)}`);
        return [`${this.#paint.dim(time)}  ${lanes} ${style(first)}`.trimEnd(), ...rest];
    }
    #style(kind) {
        switch (kind) {
            case 'network':
                return this.#paint.yellow;
            case 'milestone':
                return this.#paint.green;
            case 'traffic':
                return this.#paint.cyan;
            case 'signal':
                return (text) => text;
        }
    }
    #idle() {
        return [...this.#names.map(() => `|${' '.repeat(this.#step - 1)}`).join('')];
    }
    /** The columns of one line: an arrow between two nodes, or a mark at one. */
    #lanes({ from, to, kind, lost }) {
        const cells = this.#idle();
        const a = this.#names.indexOf(from) * this.#step;
        const b = this.#names.indexOf(to) * this.#step;
        if (a < 0 && b < 0)
            return kind === 'network' ? cells.map(dashed).join('') : cells.join('');
        if (a === b || a < 0 || b < 0) {
            cells[Math.max(a, b)] = kind === 'signal' ? 'o' : '*';
            return cells.join('');
        }
        const stroke = kind === 'traffic' ? '=' : '-';
        const [left, right] = a < b ? [a, b] : [b, a];
        for (let place = left + 1; place < right; place++)
            cells[place] = stroke;
        // A message that got lost stops half-way.
        if (lost === true) {
            const middle = (left + right) >> 1;
            const [clearFrom, clearTo] = a < b ? [middle + 1, right] : [left + 1, middle];
            for (let place = clearFrom; place < clearTo; place++)
                cells[place] = ' ';
            cells[middle] = 'x';
            return cells.join('');
        }
        if (a < b)
            cells[right - 1] = '>';
        else
            cells[left + 1] = '<';
        return cells.join('');
    }
}
const dashed = (cell) => (cell === ' ' ? '.' : cell);
