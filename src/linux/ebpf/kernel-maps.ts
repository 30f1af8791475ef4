/**
 * The maps of the kernel program, by their names and with values as TypeScript has them.
 *
 * Source: bpf(2); <linux/bpf.h>.
 */
import type { EntryUse } from '../../core/forwarding/entry.ts';
import { type Address, addressOctets } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import { mapDelete, mapLookup, mapNextKey, mapUpdate, possibleCpus } from '../sys/bpf.ts';
import type { Maps, Row } from './kernel-table.ts';
import {
  bucketLayout,
  GENERATIONS,
  headingLayout,
  ledgerLayout,
  MAX_ID,
  MAX_SHAPES,
  narrowKeyLayout,
  pathMtuLayout,
  ruleLayout,
  settingsLayout,
  shapeLayout,
  TOTALS,
  useLayout,
  wideKeyLayout,
} from './layout.ts';

/** What `settings` holds. */
export interface Settings {
  readonly slowDevice: number;
  readonly anchor: number;
  readonly encapsulationLimit: number;
}

const MAX_U32 = 0xffff_ffff;

export class KernelMaps implements Maps {
  readonly #fd: (name: string) => number;
  readonly #cpus = possibleCpus();
  #settings: Settings;
  #allSlow = 0;
  #pathMtus = 0;

  /** @param fd the descriptor of a map by its name in bpf/maps.h. */
  constructor(fd: (name: string) => number, settings: Settings) {
    this.#fd = fd;
    this.#settings = settings;
  }

  /** For a program that nothing was attached to yet, or whose other settings are as they were. */
  writeSettings(): void {
    const octets = new Uint8Array(settingsLayout.size);
    const view = new DataView(octets.buffer);
    const limit = Math.min(this.#settings.encapsulationLimit, MAX_U32);
    view.setUint32(settingsLayout.offsetOf('slow_device'), this.#settings.slowDevice, true);
    view.setUint32(settingsLayout.offsetOf('anchor'), this.#settings.anchor, true);
    view.setUint32(settingsLayout.offsetOf('encapsulation_limit'), limit, true);
    view.setUint32(settingsLayout.offsetOf('all_slow'), this.#allSlow, true);
    view.setUint32(settingsLayout.offsetOf('path_mtus'), this.#pathMtus, true);
    mapUpdate(this.#fd('settings'), word(0), octets);
  }

  setBucket(wide: boolean, key: Uint8Array, bucket: Uint8Array | undefined): 'done' | 'full' {
    const map = this.#fd(wide ? 'wide' : 'narrow');
    if (bucket !== undefined) return mapUpdate(map, key, bucket);
    mapDelete(map, key);
    return 'done';
  }

  bucket(wide: boolean, key: Uint8Array): Uint8Array | undefined {
    return mapLookup(this.#fd(wide ? 'wide' : 'narrow'), key, bucketLayout.size);
  }

  /** Deletes the buckets whose keys nobody knows. */
  sweepBuckets(isKnown: (key: Uint8Array) => boolean): void {
    for (const [name, layout] of [
      ['narrow', narrowKeyLayout],
      ['wide', wideKeyLayout],
    ] as const) {
      const orphans = [...keys(this.#fd(name), layout.size)].filter((key) => !isKnown(key));
      for (const key of orphans) mapDelete(this.#fd(name), key);
    }
  }

  /** Writes the list beside the one in use, then switches to it in one write. */
  setShapes(hook: number, shapes: readonly Uint8Array[]): void {
    const heading = mapLookup(this.#fd('headings'), word(hook), headingLayout.size);
    const inUse = heading === undefined ? 0 : wordAt(heading, headingLayout.offsetOf('generation'));
    const generation = (inUse + 1) % GENERATIONS;
    shapes.forEach((shape, i) => {
      const index = (hook * GENERATIONS + generation) * MAX_SHAPES + i;
      mapUpdate(this.#fd('shapes'), word(index), shape);
    });
    const octets = new Uint8Array(headingLayout.size);
    const view = new DataView(octets.buffer);
    view.setUint32(headingLayout.offsetOf('count'), shapes.length, true);
    view.setUint32(headingLayout.offsetOf('generation'), generation, true);
    mapUpdate(this.#fd('headings'), word(hook), octets);
  }

  setAllSlow(hook: number, slow: boolean): void {
    this.#allSlow = slow ? this.#allSlow | (1 << hook) : this.#allSlow & ~(1 << hook);
    this.writeSettings();
  }

  openUse(slot: number): 'done' | 'full' {
    return mapUpdate(this.#fd('uses'), word(slot), new Uint8Array(useLayout.size * this.#cpus));
  }

  closeUse(slot: number): void {
    mapDelete(this.#fd('uses'), word(slot));
  }

  use(slot: number): EntryUse {
    const octets = mapLookup(this.#fd('uses'), word(slot), useLayout.size * this.#cpus);
    let packets = 0n;
    let carried = 0n;
    const view = octets && new DataView(octets.buffer, octets.byteOffset);
    for (let cpu = 0; view !== undefined && cpu < this.#cpus; cpu++) {
      packets += view.getBigUint64(cpu * useLayout.size + useLayout.offsetOf('packets'), true);
      carried += view.getBigUint64(cpu * useLayout.size + useLayout.offsetOf('octets'), true);
    }
    return { packets: Number(packets), octets: Number(carried) };
  }

  /** An id that is too long is not kept: its entry is new to the next process. */
  setLedger(slot: number, row: Row | undefined): void {
    const id = row && new TextEncoder().encode(row.id);
    if (row === undefined || id === undefined || id.length > MAX_ID) {
      mapDelete(this.#fd('ledger'), word(slot));
      return;
    }
    const octets = new Uint8Array(ledgerLayout.size);
    octets.set(row.shape, ledgerLayout.offsetOf('shape'));
    octets.set(row.key, ledgerLayout.offsetOf('key'));
    octets.set(row.rule, ledgerLayout.offsetOf('rule'));
    octets.set(id, ledgerLayout.offsetOf('id'));
    new DataView(octets.buffer).setUint32(ledgerLayout.offsetOf('id_size'), id.length, true);
    mapUpdate(this.#fd('ledger'), word(slot), octets);
  }

  /** What the last process left there. */
  *ledger(): IterableIterator<Row> {
    for (const key of [...keys(this.#fd('ledger'), 4)]) {
      const octets = mapLookup(this.#fd('ledger'), key, ledgerLayout.size);
      if (octets === undefined) continue;
      const member = (name: string, size: number) => {
        const at = ledgerLayout.offsetOf(name);
        return octets.slice(at, at + size);
      };
      const size = wordAt(octets, ledgerLayout.offsetOf('id_size'));
      yield {
        id: new TextDecoder().decode(member('id', Math.min(size, MAX_ID))),
        slot: wordAt(key, 0),
        shape: member('shape', shapeLayout.size),
        key: member('key', wideKeyLayout.size),
        rule: member('rule', ruleLayout.size),
      };
    }
  }

  /** Makes the addresses of this host those of the set. What finds no room is nobody's here. */
  setOwn(addresses: ReadonlySet<Address>): void {
    const wanted = new Map([...addresses].map((one) => [one as string, addressOctets(one)]));
    for (const key of [...keys(this.#fd('own'), 16)]) {
      if (!wanted.delete(String.fromCharCode(...key))) mapDelete(this.#fd('own'), key);
    }
    for (const octets of wanted.values()) mapUpdate(this.#fd('own'), octets, word(1));
  }

  /** @param expires nanoseconds of the boot clock. */
  setPathMtu(destination: Address, mtu: number, expires: bigint): void {
    const octets = new Uint8Array(pathMtuLayout.size);
    const view = new DataView(octets.buffer);
    view.setBigUint64(pathMtuLayout.offsetOf('expires'), expires, true);
    view.setUint32(pathMtuLayout.offsetOf('octets'), mtu, true);
    mapUpdate(this.#fd('path_mtus'), addressOctets(destination), octets);
    if (this.#pathMtus === 1) return;
    this.#pathMtus = 1;
    this.writeSettings();
  }

  setRoundProgram(program: number): void {
    mapUpdate(this.#fd('programs'), word(0), word(program));
  }

  /** All that the program has counted and that is not zero. */
  totals(): Map<LinuxCounter, number> {
    const counts = TOTALS.map((name, i) => [`ebpf.${name}` as const, this.#total(i)] as const);
    return new Map(counts.filter(([, count]) => count > 0));
  }

  #total(index: number): number {
    const octets = mapLookup(this.#fd('totals'), word(index), 8 * this.#cpus)!;
    const view = new DataView(octets.buffer, octets.byteOffset);
    let sum = 0n;
    for (let cpu = 0; cpu < this.#cpus; cpu++) sum += view.getBigUint64(8 * cpu, true);
    return Number(sum);
  }
}

/** All keys of a map that nobody else changes meanwhile. */
function* keys(map: number, size: number): IterableIterator<Uint8Array> {
  for (
    let key = mapNextKey(map, undefined, size);
    key !== undefined;
    key = mapNextKey(map, key, size)
  ) {
    yield key;
  }
}

function word(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value, true);
  return octets;
}

const wordAt = (octets: Uint8Array, at: number): number =>
  new DataView(octets.buffer, octets.byteOffset).getUint32(at, true);
