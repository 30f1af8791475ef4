/**
 * C structures declared once, in TypeScript: written and read here, and printed as a C header whose
 * assertions have the compiler check every offset.
 *
 * Numbers are in the machine's order, which is little endian wherever this runs (the loader says so
 * otherwise). Members stand at multiples of their size and nothing is padded in secret: a
 * declaration with a hole in it throws.
 */

/** A member: a number, octets, or another structure, once or several times over. */
export type Member =
  | { readonly kind: 'number'; readonly type: keyof typeof SIZES }
  | { readonly kind: 'octets'; readonly size: number; readonly words: boolean }
  | { readonly kind: 'structures'; readonly of: Structure; readonly count: number };

const SIZES = { __u8: 1, __u16: 2, __u32: 4, __s32: 4, __u64: 8 } as const;

export const u8: Member = { kind: 'number', type: '__u8' };
export const u16: Member = { kind: 'number', type: '__u16' };
export const u32: Member = { kind: 'number', type: '__u32' };
export const s32: Member = { kind: 'number', type: '__s32' };
export const u64: Member = { kind: 'number', type: '__u64' };
export const octets = (size: number): Member => ({ kind: 'octets', size, words: false });
/** So many IPv6 addresses, which C sees as words of 8 octets, so that it compares and copies those. */
export const addresses = (count: number): Member => ({
  kind: 'octets',
  size: 16 * count,
  words: true,
});
export const several = (of: Structure, count: number): Member => ({
  kind: 'structures',
  of,
  count,
});

export interface Structure {
  readonly name: string;
  readonly doc: string;
  readonly size: number;
  readonly members: readonly { readonly name: string; readonly at: number; readonly is: Member }[];
  /** The octet at which a member begins. Throws RangeError for one that is not there. */
  offsetOf(member: string): number;
}

/** Declares a structure. Throws RangeError where C would put a hole into it. */
export function structure(
  name: string,
  doc: string,
  members: Readonly<Record<string, Member>>,
): Structure {
  let at = 0;
  const placed = Object.entries(members).map(([member, is]) => {
    const align = alignmentOf(is);
    if (at % align !== 0) throw new RangeError(`struct ${name}: a hole before ${member}`);
    const here = { name: member, at, is };
    at += sizeOf(is);
    return here;
  });
  const align = Math.max(...placed.map(({ is }) => alignmentOf(is)));
  if (at % align !== 0) throw new RangeError(`struct ${name}: a hole at the end`);
  const offsetOf = (member: string): number => {
    const found = placed.find((one) => one.name === member);
    if (found === undefined) throw new RangeError(`struct ${name} has no ${member}`);
    return found.at;
  };
  return { name, doc, size: at, members: placed, offsetOf };
}

function sizeOf(member: Member): number {
  if (member.kind === 'number') return SIZES[member.type];
  return member.kind === 'octets' ? member.size : member.of.size * member.count;
}

function alignmentOf(member: Member): number {
  if (member.kind === 'number') return SIZES[member.type];
  if (member.kind === 'octets') return member.words ? 8 : 1;
  return Math.max(...member.of.members.map(({ is }) => alignmentOf(is)));
}

/** The structure in C, and assertions that the compiler lays it out as this file does. */
export function inC({ name, doc, size, members }: Structure): string {
  const lines = members.map((member) => `\t${declared(member.is, member.name)};`);
  const checks = members.map(
    (member) =>
      `_Static_assert(__builtin_offsetof(struct ${name}, ${member.name}) == ${member.at}, "${name}.${member.name}");`,
  );
  return [
    `/* ${doc} */`,
    `struct ${name} {`,
    ...lines,
    '};',
    ...checks,
    `_Static_assert(sizeof(struct ${name}) == ${size}, "${name}");`,
    '',
  ].join('\n');
}

function declared(member: Member, name: string): string {
  if (member.kind === 'number') return `${member.type} ${name}`;
  if (member.kind === 'structures') return `struct ${member.of.name} ${name}[${member.count}]`;
  return member.words ? `__u64 ${name}[${member.size / 8}]` : `__u8 ${name}[${member.size}]`;
}
