/** Settings of the kernel's network, in the namespace of this thread: what sysctl(8) shows as net.*. */
import { readFileSync, writeFileSync } from 'node:fs';
import { SysError } from './sys-error.ts';

/** Such as `ipv6/conf/eth0/forwarding`; slashes, since names of interfaces may have dots. */
const pathOf = (name: string): string => {
  if (/(^|\/)\.{1,2}(\/|$)|^\//.test(name)) throw new RangeError(`no setting: ${name}`);
  return `/proc/sys/net/${name}`;
};

/** A setting's text without the end of the line; undefined where this kernel has no such setting. */
export function readSetting(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), 'utf8').trimEnd();
  } catch (error) {
    return absence(`read net/${name}`, error);
  }
}

/** Sets it; gives false where this kernel has no such setting. Throws SysError (EACCES, EINVAL). */
export function writeSetting(name: string, value: string | number): boolean {
  try {
    writeFileSync(pathOf(name), `${value}`);
    return true;
  } catch (error) {
    absence(`write net/${name}`, error);
    return false;
  }
}

function absence(call: string, error: unknown): undefined {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return undefined;
  throw errno === undefined ? error : new SysError(call, -errno);
}
