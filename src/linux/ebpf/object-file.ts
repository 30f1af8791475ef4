/**
 * The compiled kernel program: an ELF file as clang writes it, read as far as a loader needs.
 *
 * Sections: `maps` holds five numbers for each map (bpf/maps.h), `tc` the programs one after the
 * other, `.reltc` where they name a map. Anything else that a program refers to is refused, since
 * nothing here would put it in place.
 *
 * Source: System V ABI, "ELF-64 Object File Format"; the kernel's Documentation/bpf/llvm_reloc.rst.
 */
import { EbpfError } from './ebpf-error.ts';

export interface MapDefinition {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

export interface ProgramCode {
  readonly name: string;
  readonly instructions: Uint8Array;
  /** Octets from the first instruction to one that names a map. */
  readonly references: readonly { readonly at: number; readonly map: string }[];
}

export interface ObjectFile {
  readonly licence: string;
  readonly maps: readonly MapDefinition[];
  readonly programs: readonly ProgramCode[];
}

// ELF-64: the machine number of BPF, section types, symbol types, sizes of the structures.
const EM_BPF = 247;
const SHT_SYMTAB = 2;
const SHT_REL = 9;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const RELOCATION = 16;
/** The address of a map, as 64 bits of an instruction of two words. */
const R_BPF_64_64 = 1;
/** Octets of one map definition in bpf/maps.h. */
const DEFINITION = 20;
/** Source registers of `ld_imm64` say what the number is: 1 is a map's descriptor. */
const BPF_PSEUDO_MAP_FD = 1;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly at: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

interface Symbol {
  readonly name: string;
  readonly type: number;
  readonly section: number;
  readonly at: number;
  readonly size: number;
}

/** Throws EbpfError for what is no such file. */
export function readObjectFile(octets: Uint8Array): ObjectFile {
  try {
    return read(octets);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EbpfError(
      'the kernel program is damaged: it ends too early',
      'build it again: npm run build:bpf',
    );
  }
}

function read(octets: Uint8Array): ObjectFile {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const isElf = view.getUint32(0) === 0x7f454c46 && octets[4] === 2 && octets[5] === 1;
  if (!isElf || view.getUint16(18, true) !== EM_BPF) {
    throw new EbpfError(
      'this is no compiled kernel program for little-endian machines',
      'build it: npm run build:bpf',
    );
  }
  const sections = sectionsOf(octets, view);
  const symbols = symbolsOf(octets, view, sections);
  const maps = sections.findIndex(({ name }) => name === 'maps');
  const code = sections.findIndex(({ name }) => name === 'tc');
  const licence = sections.find(({ name }) => name === 'license');
  return {
    licence: licence === undefined ? '' : text(octets, licence.at),
    maps: symbols
      .filter(({ type, section }) => type === STT_OBJECT && section === maps)
      .map((symbol) => definition(view, sections[maps]!, symbol)),
    programs: symbols
      .filter(({ type, section }) => type === STT_FUNC && section === code)
      .map((symbol) => program(octets, view, sections, symbols, symbol)),
  };
}

function sectionsOf(octets: Uint8Array, view: DataView): Section[] {
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const names = table + view.getUint16(62, true) * SECTION_HEADER;
  const strings = Number(view.getBigUint64(names + 24, true));
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION_HEADER;
    return {
      name: text(octets, strings + view.getUint32(at, true)),
      type: view.getUint32(at + 4, true),
      at: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
    };
  });
}

function symbolsOf(octets: Uint8Array, view: DataView, sections: readonly Section[]): Symbol[] {
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  if (table === undefined) return [];
  const strings = sections[table.link]!.at;
  return Array.from({ length: table.size / SYMBOL }, (_, i) => {
    const at = table.at + i * SYMBOL;
    return {
      name: text(octets, strings + view.getUint32(at, true)),
      type: view.getUint8(at + 4) & 15,
      section: view.getUint16(at + 6, true),
      at: Number(view.getBigUint64(at + 8, true)),
      size: Number(view.getBigUint64(at + 16, true)),
    };
  });
}

function definition(view: DataView, section: Section, { name, at }: Symbol): MapDefinition {
  const from = section.at + at;
  if (at + DEFINITION > section.size) throw new RangeError('a map definition is cut short');
  const [type, keySize, valueSize, maxEntries, flags] = [0, 4, 8, 12, 16].map((offset) =>
    view.getUint32(from + offset, true),
  );
  return {
    name,
    type: type!,
    keySize: keySize!,
    valueSize: valueSize!,
    maxEntries: maxEntries!,
    flags: flags!,
  };
}

function program(
  octets: Uint8Array,
  view: DataView,
  sections: readonly Section[],
  symbols: readonly Symbol[],
  { name, section, at, size }: Symbol,
): ProgramCode {
  const references: { at: number; map: string }[] = [];
  for (const table of sections) {
    if (table.type !== SHT_REL || table.info !== section) continue;
    for (let entry = table.at; entry < table.at + table.size; entry += RELOCATION) {
      const where = Number(view.getBigUint64(entry, true)) - at;
      if (where < 0 || where >= size) continue;
      const what = symbols[view.getUint32(entry + 12, true)];
      const isMap = what !== undefined && sections[what.section]?.name === 'maps';
      if (view.getUint32(entry + 8, true) !== R_BPF_64_64 || !isMap) {
        throw new EbpfError(
          `the kernel program '${name}' refers to ${what?.name || 'data'}`,
          'its loader knows maps only; see bpf/maps.h',
        );
      }
      references.push({ at: where, map: what.name });
    }
  }
  const from = sections[section]!.at + at;
  // A copy, also of a Buffer, whose `slice` is a view.
  const instructions = new Uint8Array(octets.subarray(from, from + size));
  return { name, instructions, references };
}

/** The instructions with descriptors of maps where they name them. */
export function linked(code: ProgramCode, descriptor: (map: string) => number): Uint8Array {
  const instructions = code.instructions.slice();
  const view = new DataView(instructions.buffer);
  for (const { at, map } of code.references) {
    instructions[at + 1] = (instructions[at + 1]! & 0x0f) | (BPF_PSEUDO_MAP_FD << 4);
    view.setInt32(at + 4, descriptor(map), true);
  }
  return instructions;
}

function text(octets: Uint8Array, from: number): string {
  const end = octets.indexOf(0, from);
  return String.fromCharCode(...octets.subarray(from, end < 0 ? octets.length : end));
}
