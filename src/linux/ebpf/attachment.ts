/**
 * Programs on interfaces: by tcx, whose links can be pinned, or where the kernel has none (before
 * Linux 6.6) by a clsact qdisc and the program `tc`.
 *
 * Source: bpf(2), tc-bpf(8); <linux/bpf.h>.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ATTACH_TYPE, createLink, getObject, pinObject, updateLink } from '../sys/bpf.ts';
import { close } from '../sys/libc.ts';
import { SysError } from '../sys/sys-error.ts';
import { EbpfError } from './ebpf-error.ts';

/** Where our filter stands among those of others, by `tc`. */
const TC_PREFERENCE = '90';

export type Way = 'tcx' | 'clsact';

export interface Program {
  readonly fd: number;
  readonly path: string;
}

/** The programs of a node on its interfaces. */
export class Attachments {
  readonly #folder: string;
  readonly way: Way;
  readonly #attached = new Set<string>();

  constructor(folder: string, way: Way) {
    this.#folder = folder;
    this.way = way;
  }

  /** Puts the program there, or in the place of ours that is there; no packet meets neither. */
  attach(ifindex: number, hook: 'arriving' | 'leaving', program: Program): void {
    const name = `link_${hook}_${ifindex}`;
    this.#attached.add(name);
    if (this.way === 'clsact') {
      attachByTc(ifindex, hook, program.path);
      return;
    }
    const path = join(this.#folder, name);
    if (this.#replace(path, program.fd)) return;
    const attachType = hook === 'arriving' ? ATTACH_TYPE.tcxIngress : ATTACH_TYPE.tcxEgress;
    const link = createLink({ program: program.fd, ifindex, attachType });
    try {
      pinObject(link, path);
    } finally {
      close(link);
    }
  }

  /** Is a program of an earlier process there, which goes on until it is replaced? */
  isAttached(ifindex: number, hook: 'arriving' | 'leaving'): boolean {
    const name = `link_${hook}_${ifindex}`;
    return readdirSync(this.#folder).includes(name);
  }

  detach(ifindex: number, hook: 'arriving' | 'leaving'): void {
    const name = `link_${hook}_${ifindex}`;
    this.#attached.delete(name);
    if (this.way === 'clsact') detachByTc(ifindex, hook);
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

  /** Takes everything off. */
  detachAll(): void {
    for (const name of [...this.#attached]) {
      const [, hook, ifindex] = name.split('_');
      this.detach(Number(ifindex), hook as 'arriving' | 'leaving');
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

const direction = (hook: 'arriving' | 'leaving') => (hook === 'arriving' ? 'ingress' : 'egress');

function attachByTc(ifindex: number, hook: 'arriving' | 'leaving', path: string): void {
  const name = nameOf(ifindex);
  const has = tc('qdisc', 'show', 'dev', name).includes('qdisc clsact');
  if (!has) tc('qdisc', 'add', 'dev', name, 'clsact');
  const where = ['dev', name, direction(hook), 'pref', TC_PREFERENCE, 'handle', '1'];
  tc('filter', 'replace', ...where, 'bpf', 'direct-action', 'object-pinned', path);
}

function detachByTc(ifindex: number, hook: 'arriving' | 'leaving'): void {
  const name = nameOf(ifindex);
  if (name !== '') tc('filter', 'del', 'dev', name, direction(hook), 'pref', TC_PREFERENCE);
}

/** The name of an interface in this process's namespace; empty where there is none. */
function nameOf(ifindex: number): string {
  const line = execFileSync('ip', ['-o', 'link', 'show'], { encoding: 'utf8' })
    .split('\n')
    .find((one) => one.startsWith(`${ifindex}:`));
  return line === undefined ? '' : (/^\d+: ([^:@]+)/.exec(line)?.[1] ?? '');
}

function tc(...words: string[]): string {
  try {
    return execFileSync('tc', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    throw new EbpfError(
      `tc ${words.join(' ')} failed${said === '' ? '' : `: ${said}`}`,
      'this kernel has no tcx, and so iproute2 is needed: apt-get install iproute2',
      { cause: error },
    );
  }
}

/** tcx came with Linux 6.6. */
export function wayOfThisKernel(): Way {
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 6) ? 'tcx' : 'clsact';
}
