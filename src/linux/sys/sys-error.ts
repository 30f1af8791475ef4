/**
 * What the kernel refused: the call, the error by name and number, and what can be done about it.
 */
import { constants } from 'node:os';
import { errno } from './libc.ts';

/** What Node does not list, and the usual names where a number has two. */
const MORE_NAMES = {
  EAGAIN: 11,
  ENOTUNIQ: 76,
  EBADFD: 77,
  ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95,
  EKEYREJECTED: 129,
  ENOTSUPP: 524,
};
/** Error names of <errno.h> by their number. */
const NAMES: ReadonlyMap<number, string> = new Map(
  [...Object.entries(constants.errno), ...Object.entries(MORE_NAMES)].map(([name, number]) => [
    number,
    name,
  ]),
);

/** What the names mean, in words that stand in a sentence. */
const MEANINGS: Readonly<Record<string, string>> = {
  EPERM: 'not permitted',
  EACCES: 'not permitted',
  ENOENT: 'there is no such thing',
  ENODEV: 'there is no such device',
  ENXIO: 'there is no such device',
  ESRCH: 'there is no such entry',
  EEXIST: 'it is there already',
  EBUSY: 'it is in use',
  EINVAL: 'the kernel does not take these values',
  ENOSYS: 'this kernel does not have the call',
  EOPNOTSUPP: 'this kernel does not do that',
  ENOTSUPP: 'this kernel does not do that',
  EAFNOSUPPORT: 'this kernel does not have the address family',
  EPROTONOSUPPORT: 'this kernel does not have the protocol',
  ENETUNREACH: 'there is no route',
  EHOSTUNREACH: 'there is no route',
  EADDRNOTAVAIL: 'there is no such address here',
  ENETDOWN: 'the interface is down',
  EMSGSIZE: 'it is too long',
  ENOBUFS: 'the buffer is full',
  ENOMEM: 'no memory is left',
  EMFILE: 'too many files are open in this process',
  ENFILE: 'too many files are open on this machine',
  EBADFD: 'the device is gone',
  EIO: 'the device is down',
};

/** What to do, where the caller knows nothing better. */
const CURES: Readonly<Record<string, string>> = {
  EPERM: 'run as root, or with the capability CAP_NET_ADMIN (and CAP_NET_RAW for raw sockets)',
  EACCES: 'run as root, or with the capability CAP_NET_ADMIN (and CAP_NET_RAW for raw sockets)',
  EMFILE: 'raise the limit: ulimit -n 65536',
};

/** For each error name, what to do about it at this call. */
export type Cures = Readonly<Record<string, string>>;

/** A system call that failed. `code` is the error's name, as in Node's own errors. */
export class SysError extends Error {
  /** Such as `setns /run/netns/a`. */
  readonly call: string;
  readonly errno: number;
  /** Such as `EPERM`. */
  readonly code: string;
  /** What the operator can do, where anything is known. */
  readonly hint: string | undefined;

  constructor(call: string, number: number, cures: Cures = {}, detail?: string) {
    const code = errorName(number);
    const said = detail === undefined || detail === '' ? '' : `; the kernel says: ${detail}`;
    super(`${call}: ${MEANINGS[code] ?? 'failed'} (${code}, errno ${number})${said}`);
    this.name = 'SysError';
    this.call = call;
    this.errno = number;
    this.code = code;
    this.hint = cures[code] ?? CURES[code];
  }
}

/** The name of an error number, such as `EPERM` for 1. */
export const errorName = (number: number): string => NAMES.get(number) ?? `E${number}`;

/** The name of the last call's error. */
export const lastError = (): string => errorName(errno());

/** Gives a call's result back, or throws the `SysError` of it where it is negative. */
export function check(result: number, call: string, cures?: Cures): number {
  if (result < 0) throw new SysError(call, errno(), cures);
  return result;
}
