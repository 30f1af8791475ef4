/**
 * Programs and maps that stay at work when the process ends, by names in a bpffs folder.
 *
 *     FOLDER/LAYOUT/map_NAME          LAYOUT: a digest of what maps hold; other layouts do not mix
 *     FOLDER/LAYOUT/program_NAME_CODE CODE: a digest of the program
 *     FOLDER/link_arriving_IFINDEX    what is attached where
 *     FOLDER/link_leaving_IFINDEX
 *
 * A process of the same layout takes the maps up, with all that is in them; of the same program, that
 * too. Names in a bpffs have no dots.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  bpfPlace,
  createMap,
  getObject,
  loadProgram,
  PROGRAM_TYPE,
  pinObject,
  unmountBpf,
} from '../sys/bpf.ts';
import { close } from '../sys/libc.ts';
import { EbpfError } from './ebpf-error.ts';
import { layoutHeader } from './layout.ts';
import { linked, type MapDefinition, type ObjectFile } from './object-file.ts';

export interface KernelObjects {
  /** Was an earlier process of the same layout here? */
  readonly takenUp: boolean;
  /** Throw EbpfError where the object file has none of that name. */
  map(name: string): number;
  program(name: string): number;
  /** Removes what programs and layouts left that are not in use any more. */
  forgetOthers(): void;
  close(): void;
}

/** Takes up what is pinned and loads what is not. Throws SysError, EbpfError. */
export function openKernelObjects(
  folder: string,
  object: ObjectFile,
  programs: readonly string[],
): KernelObjects {
  const layout = digest([layoutHeader(), JSON.stringify(object.maps)]);
  const here = join(folder, `layout_${layout}`);
  mkdirSync(here, { recursive: true, mode: 0o700 });
  const maps = new Map<string, number>();
  let takenUp = true;
  for (const definition of object.maps) {
    const path = join(here, `map_${definition.name}`);
    const known = getObject(path);
    takenUp &&= known !== undefined;
    maps.set(definition.name, known ?? pinnedMap(path, definition));
  }
  const map = (name: string) => named(maps, name, 'map');
  const code = digest(object.programs.map(({ instructions }) => instructions));
  const programPath = (name: string) => join(here, `program_${name}_${code}`);
  const loaded = new Map<string, number>();
  for (const name of programs) {
    loaded.set(name, getObject(programPath(name)) ?? pinnedProgram(name));
  }

  function pinnedProgram(name: string): number {
    const one = object.programs.find((other) => other.name === name);
    if (one === undefined) throw missing('program', name);
    const program = loadProgram({
      type: PROGRAM_TYPE.schedCls,
      instructions: linked(one, map),
      licence: object.licence,
      name,
    });
    pinObject(program, programPath(name));
    return program;
  }

  return {
    takenUp,
    map,
    program: (name) => named(loaded, name, 'program'),
    forgetOthers: () => {
      for (const name of readdirSync(folder)) {
        if (name.startsWith('layout_') && join(folder, name) !== here)
          removeAll(join(folder, name));
      }
      for (const name of readdirSync(here)) {
        if (name.startsWith('program_') && !name.endsWith(`_${code}`)) unlinkSync(join(here, name));
      }
    },
    close: () => {
      for (const fd of [...maps.values(), ...loaded.values()]) close(fd);
    },
  };
}

/** Removes all that is pinned in a folder, and with it what is attached by links there. */
export function removePins(folder: string): void {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  // Links first, so that nothing is attached that is not there. Other names are the kernel's own.
  for (const name of names) if (name.startsWith('link_')) unlinkSync(join(folder, name));
  for (const name of names) if (name.startsWith('layout_')) removeAll(join(folder, name));
}

/** Removes what is pinned in a folder, wherever its bpffs is, and that; false where there was none. */
export function removeBpf(folder: string): boolean {
  const place = bpfPlace(folder);
  // Links first: programs that are attached by them go with their names.
  if (place !== undefined) removePins(place);
  return unmountBpf(folder);
}

function removeAll(folder: string): void {
  for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
  rmdirSync(folder);
}

function pinnedMap(path: string, definition: MapDefinition): number {
  const fd = createMap(definition);
  pinObject(fd, path);
  return fd;
}

function named(of: ReadonlyMap<string, number>, name: string, kind: string): number {
  const fd = of.get(name);
  if (fd === undefined) throw missing(kind, name);
  return fd;
}

const missing = (kind: string, name: string): EbpfError =>
  new EbpfError(`the kernel program has no ${kind} '${name}'`, 'build it again: npm run build:bpf');

function digest(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}
