/** What the operator can mend: a wrong option, a file that is not there, a missing privilege. */
export class CareofError extends Error {
  /** A word for scripts and searches, such as `no-such-file`. */
  readonly id: string;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(id: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CareofError';
    this.id = id;
    this.hint = hint;
  }
}

/** Exit codes, as careof.md promises them. */
export const EXIT = { ok: 0, failed: 1, unfit: 2 } as const;
