/** Errors of the layers below as the operator is told of them. */
import { CareofError } from './careof-error.ts';

/** Errors that say what to do (ControlError, SysError, EbpfError), and those of Node's own calls. */
interface Telling {
  readonly id?: string;
  readonly code?: string;
  readonly hint?: string | undefined;
  readonly syscall?: string;
  readonly call?: string;
}

/** The error to be thrown: a fault of our own stays what it is. */
export function operatorError(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof CareofError) return cause;
  const { id, code, hint, syscall, call } = cause as Telling;
  const known = [id, call, syscall, hint].some((one) => one !== undefined);
  if (!known) return cause;
  return new CareofError(id ?? code ?? 'refused', cause.message, hint ?? mendOf(code), { cause });
}

function mendOf(code: string | undefined): string | undefined {
  return code === 'EACCES' || code === 'EPERM' ? 'Run it as root: sudo careof ...' : undefined;
}
