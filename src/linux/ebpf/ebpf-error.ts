/** Why the kernel data plane cannot work here, and what to do about it. */
export class EbpfError extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EbpfError';
    this.hint = hint;
  }
}
