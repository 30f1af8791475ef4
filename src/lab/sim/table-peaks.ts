/** The most that the tables of those nodes ever held of which a scenario expects something. */
import type { Table, TableSizes } from '../../core/tables.ts';
import type { SimNode } from '../../sim/index.ts';
import type { Scenario } from '../scenario/read.ts';

export class TablePeaks {
  readonly #most = new Map<string, Partial<Record<Table, number>>>();

  constructor({ expect }: Scenario) {
    for (const [name, { tables }] of expect.nodes)
      if (tables !== undefined) this.#most.set(name, {});
  }

  get most(): ReadonlyMap<string, TableSizes> {
    return this.#most;
  }

  look(nodes: ReadonlyMap<string, SimNode>): void {
    for (const [name, most] of this.#most) {
      const sizes = nodes.get(name)!.sizes();
      for (const key in sizes) {
        const table = key as Table;
        if (sizes[table]! > (most[table] ?? 0)) most[table] = sizes[table]!;
      }
    }
  }
}
