/** The most that the tables of each node ever held. */
import type { Table, TableSizes } from '../../core/tables.ts';
import type { SimNode } from '../../sim/index.ts';

export class TablePeaks {
  readonly #most = new Map<string, Partial<Record<Table, number>>>();

  get most(): ReadonlyMap<string, TableSizes> {
    return this.#most;
  }

  look(nodes: ReadonlyMap<string, SimNode>): void {
    for (const [name, node] of nodes) {
      const most = this.#most.get(name) ?? {};
      this.#most.set(name, most);
      const sizes = node.sizes();
      for (const name in sizes) {
        const table = name as Table;
        if (sizes[table]! > (most[table] ?? 0)) most[table] = sizes[table]!;
      }
    }
  }
}
