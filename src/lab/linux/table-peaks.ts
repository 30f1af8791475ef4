/** The most that the tables of hosts ever held, where an expectation asks. */
import type { Table, TableSizes } from '../../core/tables.ts';
import type { Scenario } from '../scenario/read.ts';
import type { LinuxHost } from './host.ts';

export class TablePeaks {
  readonly #most = new Map<string, Partial<Record<Table, number>>>();
  readonly #hosts: readonly (readonly [string, LinuxHost])[];

  constructor({ expect }: Scenario, hosts: ReadonlyMap<string, LinuxHost>) {
    this.#hosts = [...hosts].filter(([name]) => expect.nodes.get(name)?.tables !== undefined);
  }

  get most(): ReadonlyMap<string, TableSizes> {
    return this.#most;
  }

  /** Asks them; the answers come a moment later. */
  look(): void {
    for (const [name, host] of this.#hosts) {
      host.sizes().then((sizes) => this.#note(name, sizes));
    }
  }

  #note(node: string, sizes: TableSizes): void {
    const most = this.#most.get(node) ?? {};
    this.#most.set(node, most);
    for (const [name, size] of Object.entries(sizes)) {
      const table = name as Table;
      most[table] = Math.max(most[table] ?? 0, size);
    }
  }
}
