/** What is wrong with a scenario file, and where. */
import type { z } from 'zod';

/** A way into the file: keys and places in lists. */
export type Path = readonly (string | number)[];

export interface Diagnostic {
  readonly file: string;
  /** Both count from 1, as editors do. */
  readonly line: number;
  readonly column: number;
  /** Such as `nodes.mn.home-agent`; empty where the file as a whole is meant. */
  readonly path: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** `file:line:column: path: message`, as compilers print it and editors jump to it. */
export function diagnosticLine(diagnostic: Diagnostic): string {
  const { file, line, column, path, message } = diagnostic;
  return [`${file}:${line}:${column}`, ...(path === '' ? [] : [path]), message].join(': ');
}

/** `events[0].move` from its parts. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** Something wrong at a path of the data; `atKey` where the key itself is wrong, not its value. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly atKey?: boolean;
}

/** The findings in zod's issues; a union counts by the member that fits best. */
export function findingsOf(issues: readonly z.core.$ZodIssue[], base: Path): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...(issue.path as Path)];
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n');
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        message: messages[index] ?? issue.message,
        atKey: true,
      }));
    }
    if (issue.code === 'invalid_union') {
      const member = issue.errors.find(descended);
      if (member !== undefined) return findingsOf(member, path);
    }
    if (issue.code === 'invalid_key') {
      return [{ path, message: issue.message, atKey: true }];
    }
    return [{ path, message: issue.message }];
  });
}

/** Is the fault inside the value, so that this member of the union was meant? */
function descended(issues: readonly z.core.$ZodIssue[]): boolean {
  return (
    issues.length > 0 &&
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys')
  );
}
