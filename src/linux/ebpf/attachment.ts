/**
 * Programs on interfaces: by tcx, whose links can be pinned, or where the kernel has none (before
 * Linux 6.6) by traffic control.
 *
 * Source: bpf(2), tc-bpf(8).
 */
import { readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Hook } from '../../core/forwarding/entry.ts';
import { ATTACH_TYPE, createLink, getObject, pinObject, updateLink } from '../sys/bpf.ts';
import { close } from '../sys/libc.ts';
import {
  addClsact,
  type Classifier,
  removeClassifier,
  replaceClassifier,
} from '../sys/netlink/classifiers.ts';
import type { Request } from '../sys/netlink/request.ts';
import { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { SysError } from '../sys/sys-error.ts';

export type Way = 'tcx' | 'clsact';

/** The programs of a node on its interfaces. */
export class Attachments {
  readonly #folder: string;
  readonly #classifiers: Classifiers | undefined;
  readonly #attached = new Set<string>();

  constructor(folder: string, way: Way) {
    this.#folder = folder;
    this.#classifiers = way === 'clsact' ? new Classifiers() : undefined;
  }

  /** Puts the program there, or in the place of ours that is there; no packet meets neither. */
  attach(ifindex: number, hook: Hook, program: number): void {
    const name = `link_${hook}_${ifindex}`;
    this.#attached.add(name);
    if (this.#classifiers !== undefined) {
      this.#classifiers.attach(ifindex, hook, program);
      return;
    }
    const path = join(this.#folder, name);
    if (this.#replace(path, program)) return;
    const attachType = hook === 'arriving' ? ATTACH_TYPE.tcxIngress : ATTACH_TYPE.tcxEgress;
    const link = createLink({ program, ifindex, attachType });
    try {
      pinObject(link, path);
    } finally {
      close(link);
    }
  }

  /** Is a program of an earlier process there, which goes on until it is replaced? */
  isAttached(ifindex: number, hook: Hook): boolean {
    const name = `link_${hook}_${ifindex}`;
    return readdirSync(this.#folder).includes(name);
  }

  detach(ifindex: number, hook: Hook): void {
    const name = `link_${hook}_${ifindex}`;
    this.#attached.delete(name);
    if (this.#classifiers !== undefined) this.#classifiers.detach(ifindex, hook);
    else if (readdirSync(this.#folder).includes(name)) unlinkSync(join(this.#folder, name));
  }

  /** Takes off what an earlier process attached and this one did not. */
  forgetOthers(): void {
    for (const name of readdirSync(this.#folder)) {
      if (name.startsWith('link_') && !this.#attached.has(name)) {
        unlinkSync(join(this.#folder, name));
      }
    }
  }

  close(): void {
    this.#classifiers?.close();
  }

  /** Takes everything off. */
  detachAll(): void {
    for (const name of [...this.#attached]) {
      const [, hook, ifindex] = name.split('_');
      this.detach(Number(ifindex), hook as Hook);
    }
    this.forgetOthers();
  }

  /** False where nothing is pinned there, or what is pinned lost its interface. */
  #replace(path: string, program: number): boolean {
    const link = getObject(path);
    if (link === undefined) return false;
    try {
      updateLink(link, program);
      return true;
    } catch (error) {
      if (!(error instanceof SysError) || error.code !== 'ENOLINK') throw error;
      unlinkSync(path);
      return false;
    } finally {
      close(link);
    }
  }
}

/** By traffic control; the filter outlives us as a pinned link does. */
class Classifiers {
  readonly #netlink = new Rtnetlink();

  attach(ifindex: number, hook: Hook, program: number): void {
    this.#run(addClsact(ifindex), 'EEXIST');
    this.#netlink.run(replaceClassifier(classifier(ifindex, hook), program));
  }

  detach(ifindex: number, hook: Hook): void {
    this.#run(removeClassifier(classifier(ifindex, hook)), 'ENOENT', 'EINVAL', 'ENODEV');
  }

  close(): void {
    this.#netlink.close();
  }

  #run(request: Request, ...expected: readonly string[]): void {
    try {
      this.#netlink.run(request);
    } catch (error) {
      if (!(error instanceof SysError) || !expected.includes(error.code)) throw error;
    }
  }
}

/** Where our filter stands among those of others. */
const PRIORITY = 90;

const classifier = (ifindex: number, hook: Hook): Classifier => ({
  ifindex,
  direction: hook === 'arriving' ? 'ingress' : 'egress',
  priority: PRIORITY,
  name: `careof_${hook}`,
});

/** tcx came with Linux 6.6. */
export function wayOfThisKernel(): Way {
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 6) ? 'tcx' : 'clsact';
}
