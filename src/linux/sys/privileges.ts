/** What tests and `careof doctor` ask first: may this process do it, and if not, why. */
import { accessSync, constants, readFileSync } from 'node:fs';

/** Numbers of <linux/capability.h>. */
export const CAPABILITY = { NET_ADMIN: 12, NET_RAW: 13, SYS_ADMIN: 21, BPF: 39 } as const;

/** The effective capabilities as bits, from the text of /proc/self/status; 0 where it does not say. */
export function effectiveCapabilities(status: string): bigint {
  const hexadecimal = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hexadecimal === undefined ? 0n : BigInt(`0x${hexadecimal}`);
}

/** Does this thread have the capability, in its own user namespace? */
export function hasCapability(name: keyof typeof CAPABILITY): boolean {
  const bits = effectiveCapabilities(readIfThere('/proc/thread-self/status'));
  return ((bits >> BigInt(CAPABILITY[name])) & 1n) === 1n;
}

/** Why this process cannot make namespaces with TUN devices in them; nothing where it can. */
export function obstacleToNamespaces(): string | undefined {
  if (process.platform !== 'linux') return `not Linux: ${process.platform}`;
  for (const name of ['SYS_ADMIN', 'NET_ADMIN'] as const) {
    if (!hasCapability(name)) return `not root: CAP_${name} is missing`;
  }
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return '/dev/net/tun cannot be opened';
  }
  return undefined;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
