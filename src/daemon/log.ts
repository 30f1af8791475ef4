/** The daemon's own log: one JSON object a line for machines, plain lines for people at a terminal. */

export const LEVELS = ['error', 'warning', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

/** Of syslog, as journald takes them at the beginning of a line. */
const SYSLOG: Readonly<Record<Level, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Lines a second; what is more is counted and not written. */
const MOST_A_SECOND = 200;

export interface LogOptions {
  readonly level: Level;
  readonly node: string;
  /** `text` for a terminal, `journal` for journald, which has times of its own. */
  readonly form: 'json' | 'text' | 'journal';
  readonly write: (line: string) => void;
  /** Milliseconds since 1970-01-01. */
  readonly now: () => number;
}

export class Log {
  readonly #options: LogOptions;
  #second = 0;
  #written = 0;
  #left = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  error(text: string, more: object = {}): void {
    this.#log('error', text, more);
  }

  warning(text: string, more: object = {}): void {
    this.#log('warning', text, more);
  }

  info(text: string, more: object = {}): void {
    this.#log('info', text, more);
  }

  debug(text: string, more: object = {}): void {
    this.#log('debug', text, more);
  }

  wants(level: Level): boolean {
    return LEVELS.indexOf(level) <= LEVELS.indexOf(this.#options.level);
  }

  #log(level: Level, text: string, more: object): void {
    if (!this.wants(level) || !this.#room(level)) return;
    this.#write(level, text, more);
  }

  /** An error is always written: there are few, and nobody wants to miss one. */
  #room(level: Level): boolean {
    const second = Math.floor(this.#options.now() / 1000);
    if (second !== this.#second) {
      const left = this.#left;
      this.#second = second;
      this.#written = 0;
      this.#left = 0;
      if (left > 0) this.#write('warning', `${left} lines were too many for a second`, {});
    }
    this.#written += 1;
    if (this.#written <= MOST_A_SECOND || level === 'error') return true;
    this.#left += 1;
    return false;
  }

  #write(level: Level, text: string, more: object): void {
    const { form, node, write, now } = this.#options;
    const time = new Date(now()).toISOString();
    if (form === 'json') {
      write(`${JSON.stringify({ time, level, node, text, ...more })}\n`);
      return;
    }
    const fields = Object.entries(more).map(([key, value]) => `${key}=${fieldText(value)}`);
    const line = [text, ...fields].join(' ').replaceAll('\n', ' ');
    if (form === 'journal') write(`<${SYSLOG[level]}>${line}\n`);
    else write(`${time.slice(11, 23)} ${level.padEnd(7)} ${line}\n`);
  }
}

const fieldText = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
};
