/** Lines to work on: the arguments, or else standard input as it comes. */
import { createInterface } from 'node:readline';

export async function* inputLines(args: readonly string[]): AsyncGenerator<string> {
  if (args.length > 0) {
    yield* args;
    return;
  }
  if (process.stdin.isTTY === true) {
    process.stderr.write('reading lines from the terminal; end with Ctrl-D\n');
  }
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() !== '') yield line;
  }
}
