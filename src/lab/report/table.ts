/** Tables of text with columns that line up, as `ip` and `wg` users expect them: no frames. */

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A cell, or a cell with the style that it is printed in. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** The lines of a table; the last column is not filled up with blanks. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  titleStyle: (text: string) => string = (text) => text,
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => textOf(row[index] ?? '').length)),
  );
  const line = (cells: readonly Cell[], style?: (text: string) => string) =>
    cells
      .map((cell, index) => {
        const text = textOf(cell);
        const blanks = ' '.repeat(Math.max(0, widths[index]! - text.length));
        const painted = (style ?? (typeof cell === 'string' ? undefined : cell.style))?.(text);
        const shown = painted ?? text;
        if (columns[index]!.align === 'right') return blanks + shown;
        return index === cells.length - 1 ? shown : shown + blanks;
      })
      .join('  ');
  return [
    line(
      columns.map(({ title }) => title),
      titleStyle,
    ),
    ...rows.map((row) => line(row)),
  ];
}
