/** Tables of text with columns that line up, as `ip` and `wg` users expect them: no frames. */
const textOf = (cell) => (typeof cell === 'string' ? cell : cell.text);
/** The lines of a table; the last column is not filled up with blanks. */
export function table(columns, rows, titleStyle = (text) => text) {
    const widths = columns.map(({ title }, index) => Math.max(title.length, ...rows.map((row) => textOf(row[index] ?? '').length)));
    const line = (cells, style) => cells
        .map((cell, index) => {
        const text = textOf(cell);
        const blanks = ' '.repeat(Math.max(0, widths[index] - text.length));
        const painted = (style ?? (typeof cell === 'string' ? undefined : cell.style))?.(text);
        const shown = painted ?? text;
        if (columns[index].align === 'right')
            return blanks + shown;
        return index === cells.length - 1 ? shown : shown + blanks;
    })
        .join('  ');
    return [
        line(columns.map(({ title }) => title), titleStyle),
        ...rows.map((row) => line(row)),
    ];
}
