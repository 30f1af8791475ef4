/** File systems that a run has mounted below its folder. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The places of mounts at a path or below it, the inner ones first. Source: proc(5), mountinfo. */
export function mountsBelow(folder: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((place) =>
      place.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((place) => place === folder || place.startsWith(`${folder}/`))
    .reverse();
}

/** Takes them away, those that are in use too. */
export function unmountBelow(folder: string): void {
  for (const place of mountsBelow(folder, readFileSync('/proc/self/mountinfo', 'utf8'))) {
    spawnSync('umount', ['--lazy', place]);
  }
}
