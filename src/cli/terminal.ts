/** What the command knows of the terminal that it prints on. */
import { readFileSync } from 'node:fs';
import pc from 'picocolors';
import type { Colors } from 'picocolors/types.d.ts';

/** Charts are made for this width where nobody says how wide the terminal is. */
const USUAL_WIDTH = 100;
const LEAST_WIDTH = 80;
const MOST_WIDTH = 160;

/** Colours for a stream; none where it is no terminal, or NO_COLOR is set (no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }): Colors {
  const wanted = stream.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  return pc.createColors(wanted && process.env.TERM !== 'dumb');
}

export function widthOf(stream: { readonly columns?: number }): number {
  return Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, stream.columns ?? USUAL_WIDTH));
}

/** The version in package.json, which stands above both `src` and `dist`. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A line that is written over and over on standard error, for people who wait. */
export class Progress {
  readonly #enabled: boolean;
  #shownAt = 0;

  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  show(text: () => string): void {
    if (!this.#enabled) return;
    const now = performance.now();
    if (now - this.#shownAt < 100) return;
    this.#shownAt = now;
    process.stderr.write(`\r\x1b[K${text()}`);
  }

  clear(): void {
    if (this.#enabled && this.#shownAt > 0) process.stderr.write('\r\x1b[K');
  }
}
