/** The network namespace of this process. */
import { readlinkSync } from 'node:fs';

/** What identifies this network namespace: what is left is the business of one. */
export function networkNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return 'unknown';
  }
}
