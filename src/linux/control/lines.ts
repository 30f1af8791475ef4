/** JSON objects one a line, from pieces of text as a socket gives them. */

/** Characters of a line at most; nobody who means well writes more. */
export const MOST_CHARACTERS = 1 << 20;

export class LineReader {
  #rest = '';
  readonly #most: number;

  constructor(most = MOST_CHARACTERS) {
    this.#most = most;
  }

  /** The lines that are whole now. Undefined: one is too long, and nothing more can be understood. */
  take(text: string): string[] | undefined {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    if (this.#rest.length > this.#most) return undefined;
    if (lines.some((line) => line.length > this.#most)) return undefined;
    return lines.filter((line) => line.trim() !== '');
  }
}

/** The object that a line holds; undefined where it holds none. */
export function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
