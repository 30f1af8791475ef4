/**
 * Pages of docs/ for operators, followed to the letter: each block is typed on a host in a namespace, and
 * what stands as output must come out. Blocks are
 *
 *     sh               typed; again and again until what is told behind it comes out
 *     sh background    typed, and left to itself once its daemon answers
 *     output           lines of what the block before says, somewhere in a line (see `plain`)
 *     yaml             more of what the node's part of the file may hold: it must be taken
 *     systemd          names the unit that comes with careof; not typed
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The machine may have others to serve. */
const PATIENCE_MS = 60_000;

export interface Block {
  readonly kind: string;
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  const found = text.matchAll(/^```(sh|sh background|output|yaml|systemd)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, kind, lines]) => ({ kind: kind!, text: lines! }));
}

/** Shows what the daemon said last. */
export const LOG = 'tail -5 /run/careof.log';
const DONE = 'what-was-typed-is-done';

/** A shell on a host, whose /etc, /run and /var/lib are its own, as on a machine of its own. */
export class Shell {
  readonly #bash: ChildProcessWithoutNullStreams;
  #said = '';

  constructor(namespace: string) {
    this.#bash = spawn('ip', ['netns', 'exec', namespace, 'bash'], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    for (const stream of [this.#bash.stdout, this.#bash.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  async prepare(): Promise<void> {
    const careof = join(root, 'bin', 'careof.js');
    const { code, text } = await this.type(`set -e
      mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/lib
      mkdir /run/bin /run/etc; cp -a /etc/. /run/etc; mount --bind /run/etc /etc
      printf '#!/bin/sh\\nexec ${process.execPath} ${careof} "$@"\\n' > /run/bin/careof
      chmod +x /run/bin/careof; PATH=/run/bin:$PATH; set +e`);
    assert.equal(code, 0, text);
  }

  /** Types lines and waits for their end; gives the last one's exit code. */
  async type(lines: string): Promise<{ code: number; text: string }> {
    this.#said = '';
    this.#bash.stdin.write(`${lines}\necho "${DONE} $?"\n`);
    const end = new RegExp(`^${DONE} (\\d+)$`, 'm');
    const give = Date.now() + PATIENCE_MS;
    while (!end.test(this.#said)) {
      if (Date.now() > give) assert.fail(`it does not end:\n${lines}\n${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { code: Number(end.exec(this.#said)![1]), text: this.#said.replace(end, '') };
  }

  close(): void {
    this.#bash.stdin.end('kill %% 2>/dev/null; wait\n');
  }
}

/** Without what differs each time: addresses that hosts make for themselves, times. */
const plain = (text: string): string =>
  text
    .replace(/\b(2001:db8:[12]:[0-9a-f:]{8,}|fe80::[0-9a-f:]+)/g, 'MADE')
    .replace(/\b\d+(s|min|h)\b/g, 'TIME')
    .replace(/ +/g, ' ');

/** Types a block, again and again where its output is told and not there yet. */
export async function follow(shell: Shell, { kind, text }: Block, expected: Block | undefined) {
  if (kind === 'sh background') {
    await shell.type(`( ${text.trim()} ) > /run/careof.log 2>&1 &`);
    const give = Date.now() + PATIENCE_MS;
    while ((await shell.type('careof status > /dev/null')).code === 2) {
      if (Date.now() > give) assert.fail(`${text}\n${(await shell.type(LOG)).text}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return;
  }
  if (kind === 'yaml') {
    const file = 'sed "/^    role:/r /run/more" /etc/careof/*.yaml > /run/more.yaml';
    const typed = `cat > /run/more <<'END'\n${text.replace(/^/gm, '    ')}\nEND\n${file}
      careof up --check -c /run/more.yaml`;
    const { code, text: said } = await shell.type(typed);
    assert.equal(code, 0, `${text}\n${said}`);
    return;
  }
  const wanted = expected?.kind === 'output' ? expected.text.trim().split('\n') : [];
  const give = Date.now() + PATIENCE_MS;
  for (;;) {
    const { code, text: said } = await shell.type(text);
    const missing = wanted.filter((line) => !plain(said).includes(plain(line).trim()));
    if (missing.length === 0) {
      // `careof status` may find something that is not as it should be; nothing else may fail.
      assert.equal(code, 0, `${text}\n${said}`);
      return;
    }
    if (Date.now() > give) {
      const log = (await shell.type(LOG)).text;
      assert.deepEqual(missing, [], `${text}\n${said}\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** All blocks of a page but its end; gives that. */
export async function followPage(shell: Shell, page: string): Promise<Block> {
  const blocks = blocksOf(page);
  const end = blocks.pop()!;
  assert.equal(end.text, 'careof down\n', page);
  for (const [index, block] of blocks.entries()) {
    // The unit that is named must be the one that comes with careof.
    if (block.kind === 'systemd') assert.match(block.text, /^systemctl enable --now careof@\w+\n$/);
    else if (block.kind !== 'output') await follow(shell, block, blocks[index + 1]);
  }
  return end;
}
