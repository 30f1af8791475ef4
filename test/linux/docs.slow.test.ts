/**
 * The pages of docs/ for operators, followed to the letter: each block is typed on the host that the
 * page is about, and what stands as output must come out (care-of addresses and times aside).
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unmountBpf } from '../../src/linux/sys/bpf.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { HomeAndAway, type HostName } from './home-and-away.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Block {
  readonly kind: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  const found = text.matchAll(/^```(sh|sh background|output|systemd)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, kind, lines]) => ({ kind: kind!, text: lines! }));
}

const DONE = 'what-was-typed-is-done';

/** A shell on a host, whose /etc, /run and /var/lib are its own, as on a machine of its own. */
class Shell {
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
    const give = Date.now() + 60_000;
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

/** Without what differs each time. */
const plain = (text: string): string =>
  text
    .replace(/2001:db8:2:[0-9a-f:]+/g, 'CARE-OF')
    .replace(/\b\d+(s|min|h)\b/g, 'TIME')
    .replace(/ +/g, ' ');

/** Types a block, again and again where its output is told and not there yet. */
async function follow(shell: Shell, { kind, text }: Block, expected: Block | undefined) {
  if (kind === 'sh background') {
    await shell.type(`( ${text.trim()} ) > /run/careof.log 2>&1 &`);
    const alive = 'until careof status > /dev/null; [ $? != 2 ]; do sleep 0.3; done';
    assert.equal((await shell.type(alive)).code, 0);
    return;
  }
  const wanted = expected?.kind === 'output' ? expected.text.trim().split('\n') : [];
  const give = Date.now() + 60_000;
  for (;;) {
    const { code, text: said } = await shell.type(text);
    const missing = wanted.filter((line) => !plain(said).includes(plain(line).trim()));
    if (missing.length === 0) {
      // `careof status` may find something that is not as it should be; nothing else may fail.
      assert.equal(code, 0, `${text}\n${said}`);
      return;
    }
    if (Date.now() > give) {
      const log = (await shell.type('tail -5 /run/careof.log')).text;
      assert.deepEqual(missing, [], `${text}\n${said}\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** All blocks of a page but its end; gives that. */
async function followPage(shell: Shell, page: string): Promise<Block> {
  const blocks = blocksOf(page);
  const end = blocks.pop()!;
  assert.equal(end.text, 'careof down\n', page);
  for (const [index, block] of blocks.entries()) {
    if (block.kind.startsWith('sh')) await follow(shell, block, blocks[index + 1]);
    // The unit that is named must be the one that comes with careof.
    else if (block.kind === 'systemd')
      assert.match(block.text, /^systemctl enable --now careof@\w+\n$/);
  }
  return end;
}

const VISITED = `links: { visited: { prefix: 2001:db8:2::/64 } }
nodes: { ar: { role: access-router, on: [visited], own-addresses: { visited: 2001:db8:2::1 },
               advertises: [visited], ra-interval: [1s, 2s] } }
interfaces: { visited: vis }
`;

test('the pages for operators, followed to the letter', async (t: TestContext) => {
  const obstacle = obstacleToNamespaces();
  if (obstacle !== undefined) {
    t.skip(obstacle);
    return;
  }
  const network = new HomeAndAway('docs');
  const folder = mkdtempSync(join(tmpdir(), 'cf-docs-'));
  const shells: Shell[] = [];
  const shell = async (host: HostName) => {
    const one = new Shell(network.namespace(host));
    shells.push(one);
    await one.prepare();
    return one;
  };
  try {
    writeFileSync(join(folder, 'ar.yaml'), VISITED);
    network.start('ar', ['up', '-c', join(folder, 'ar.yaml'), '--state', join(folder, 'ar')]);
    const [ha, laptop, www] = [await shell('ha'), await shell('laptop'), await shell('www')];
    const ends: [Shell, Block][] = [];
    ends.push([ha, await followPage(ha, 'run-a-home-agent.md')]);
    const key = (await ha.type('base64 /etc/careof/laptop.key')).text.trim();
    await laptop.type(`mkdir /etc/careof; echo ${key} | base64 -d > /etc/careof/laptop.key`);
    ends.push([www, await followPage(www, 'make-a-server-a-correspondent-node.md')]);
    ends.push([laptop, await followPage(laptop, 'run-a-mobile-node.md')]);
    for (const [one, end] of ends.reverse()) {
      await follow(one, end, undefined);
      assert.equal((await one.type('ip link show careof0')).code, 1);
    }
  } finally {
    for (const one of shells) one.close();
    network.remove();
    unmountBpf(join(folder, 'ar', 'bpf'));
    rmSync(folder, { recursive: true });
  }
});
